"""What differs between the stacks of cdktf and those of its fork, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Path = tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A value at a path that both have in every file of that name."""

    file: str
    path: Path
    ours: str
    forks: str
    reason: str

    @property
    def row(self) -> str:
        """Its row in docs/cdktn.md."""
        return f"| `{self.file}` | `{'.'.join(self.path)}` | `{self.ours}` | `{self.forks}` | {self.reason} |"


_AWS = ("terraform", "required_providers", "aws")
LISTED = (
    Difference("manifest.json", ("version",), "0.21.0", "0.24.0", "the version of cdktf, and of the fork"),
    Difference("cdk.tf.json", ("//", "metadata", "version"), "0.21.0", "0.24.0", "the same; Terraform ignores `//`"),
    Difference("cdk.tf.json", (*_AWS, "version"), "5.100.0", "6.69.1", "the provider that the bindings are made for"),
    Difference(
        "cdk.tf.json",
        (*_AWS, "source"),
        "aws",
        "hashicorp/aws",
        # https://developer.hashicorp.com/terraform/language/providers/requirements#source-addresses
        "the same provider: `hashicorp` is the namespace where none is given",
    ),
)


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Each value in a document that is no object or list, or is an empty one, with its path."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, str(key)))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, str(number)))
    else:
        yield path, value

"""The release file of a stage: the digest of each image that it runs. Git keeps what it was."""

from __future__ import annotations

import difflib
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import environments
from environments.schema import Environment
from ops.errors import OpsError


@dataclass(frozen=True)
class Change:
    """A new digest in a release file, not written yet."""

    path: Path
    digest: str
    previous: str
    before: str
    after: str
    next_step: str

    @property
    def name(self) -> str:
        """The file's name in the project."""
        return f"environments/releases/{self.path.name}"

    @property
    def diff(self) -> str:
        """What changes, as a unified diff; empty if nothing does."""
        lines = (self.before.splitlines(keepends=True), self.after.splitlines(keepends=True))
        return "".join(difflib.unified_diff(*lines, f"a/{self.name}", f"b/{self.name}", n=1))

    def write(self) -> None:
        """Put the new file in the place of the old one, whole or not at all.

        Raises:
            OpsError: Somebody else changed it meanwhile.
        """
        if self.path.read_text(encoding="utf-8") != self.before:
            raise OpsError(f"{self.name} was changed meanwhile; run it again")
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=self.path.parent, delete=False) as file:
            file.write(self.after)
        new = Path(file.name)
        try:
            new.chmod(self.path.stat().st_mode)
            new.replace(self.path)
        except OSError:
            new.unlink()
            raise


def change(environment: Environment, repository: str, digest: str) -> Change:
    """Put a digest into an environment's release file, all else of which stays as it is."""
    path = environments.RELEASES / f"{environment.stage}.json"
    before = path.read_text(encoding="utf-8")
    entry = re.compile(rf'("{re.escape(repository)}"\s*:\s*")([^"]*)(")')
    after = entry.sub(rf"\g<1>{digest}\g<3>", before)
    previous = json.loads(before)[repository]
    return Change(
        path=path,
        digest=digest,
        previous=previous,
        before=before,
        after=after,
        next_step=f"Look next: commit environments/releases/{path.name}, then "
        f"make plan ENV={environment.name} PHASE=services",
    )


def repository_of(environment: Environment, service: str) -> str:
    """The repository of a service's image.

    Raises:
        OpsError: There is no such service.
    """
    repositories = {each.name: each.repository for each in environment.product.services}
    if service not in repositories:
        raise OpsError(
            f"{environment.product.name} has no service {service!r}; known: {', '.join(repositories)} "
            f"(environments/{environment.product.name}.py)"
        )
    return repositories[service]


def tag_of(environment: Environment, digest: str) -> str:
    """The tag that keeps a released image from the registry's lifecycle policy (docs/registry.md)."""
    return f"{environment.registry.release_prefix}{environment.stage}-{digest.removeprefix('sha256:')[:12]}"


def checked(digest: str) -> str:
    """A digest that somebody typed.

    Raises:
        OpsError: It is none.
    """
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise OpsError(f"{digest!r} is no digest: sha256: and 64 hexadecimal digits")
    return digest

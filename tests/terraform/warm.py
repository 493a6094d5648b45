"""`terraform validate`, `plan` and `show` with the schemas of a stack's types, at a fraction of their processor time.

`validate` has one provider process: it configures no provider and reads no state, so nothing of a stack stays in it. It
needs no `init`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from modules.output import LOCK_FILE
from ops.terraform.provider.package import installed
from ops.terraform.provider.process import running
from ops.terraform.provider.schema import used
from ops.terraform.provider.server import attached, whole_schema
from ops.terraform.session import COLLECTOR
from tests.conftest import Stack
from tests.terraform.run import terraform

KINDS = ("resource", "data", "ephemeral")


@dataclass(frozen=True)
class Warm:
    """A running provider."""

    folder: Path
    """An initialized folder, for a run with providers of its own."""
    schema: bytes
    address: str

    def validate(self, folder: Path, types: Collection[str]) -> subprocess.CompletedProcess[str]:
        """Run `terraform validate` in a folder with a stack of these types; one run at a time."""
        with attached(self.schema, types, lambda: nullcontext(self.address)) as variables:
            return terraform(folder, "validate", environment={**os.environ, **variables})

    def cold(self, folder: Path) -> subprocess.CompletedProcess[str]:
        """The same with processes of its own, as after `init`: the reference."""
        (folder / ".terraform").symlink_to(self.folder / ".terraform")
        (folder / LOCK_FILE).write_bytes((self.folder / LOCK_FILE).read_bytes())
        return terraform(folder, "validate", environment=os.environ)


def cached(folder: Path, *arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `plan` or `show` in an initialized folder, whose files name all types. An apply needs `terraform` itself."""
    package = installed(folder)
    schema = package.schema(environment)
    types = used(schema, [path.read_bytes() for path in folder.iterdir() if path.is_file()])
    with attached(schema, types, lambda: running(package.program, environment, folder)) as variables:
        return terraform(folder, *arguments, environment={**environment, **variables})


def types_of(stack: Stack) -> set[str]:
    """The provider's types in a stack."""
    found = {kind for section in KINDS for kind in stack.document.get(section, {})}
    return {kind for kind in found if kind.startswith("aws_")}


@contextmanager
def warm(folder: Path, stack: Path) -> Iterator[Warm]:
    """Initialize a folder with the provider of a stack, and start it.

    Args:
        folder: An empty folder.
        stack: The stack's file.
    """
    (folder / stack.name).write_bytes(stack.read_bytes())
    done = terraform(folder, "init", "-backend=false", "-input=false", environment=dict(os.environ))
    assert done.returncode == 0, done.stderr
    (program,) = folder.glob(".terraform/providers/*/hashicorp/aws/*/*/terraform-provider-aws*")
    with running(program, {**os.environ, **COLLECTOR}) as address:
        yield Warm(folder, whole_schema(address), address)

"""Exports the stacks of an environment: for each a folder with its configuration, the lock file and a page."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from modules.output import LOCK_FILE, PROJECT_LOCK
from modules.phases import ORGANIZATION, PHASES, Phase
from ops import files
from ops.errors import OpsError
from ops.export.configuration import configuration
from ops.export.constructs import Constructs
from ops.gate.documents import read
from ops.gate.folder import STACK_FILE
from ops.gate.lock_file import RESTORE
from ops.gate.model import ScanFailedError
from ops.gate.understood import schema

MAIN = "main.tf"
README = "README.md"
_ORGANIZATION = Phase(
    ORGANIZATION, "organization:OrganizationStack", (), "administrator", "the organization's accounts"
)


@dataclass(frozen=True)
class Exported:
    """A stack that was exported."""

    phase: str
    files: Mapping[str, str]
    """Text by name."""


def export(name: str, out: Path, constructs: Constructs) -> list[Exported]:
    """Export all stacks of an environment, or the organization's.

    Args:
        name: The environment, or `organization`.
        out: The folder that synth wrote.
        constructs: Those of the version whose stacks these are.

    Raises:
        OpsError: A stack isn't synthesized, can't be read, or can't be written as HCL.
    """
    return [_export(name, phase, out, constructs) for phase in _phases(name)]


def is_synthesized(name: str, out: Path) -> bool:
    """Whether a folder that synth wrote has any stack of an environment, or the organization's."""
    return any(_file(out, stack_name(name, phase.name)).is_file() for phase in _phases(name))


def _phases(name: str) -> Sequence[Phase]:
    return (_ORGANIZATION,) if name == ORGANIZATION else PHASES


def _file(out: Path, stack: str) -> Path:
    return out / "stacks" / stack / STACK_FILE


def stack_name(name: str, phase: str) -> str:
    """The stack of a phase of an environment; the organization has one."""
    return ORGANIZATION if name == ORGANIZATION else f"{name}-{phase}"


def _export(name: str, phase: Phase, out: Path, constructs: Constructs) -> Exported:
    stack = stack_name(name, phase.name)
    path = _file(out, stack)
    if not path.is_file():
        raise OpsError(f"{stack} isn't synthesized in {out}; run make synth")
    try:
        content = read(path, stack).content
    except ScanFailedError as error:
        raise OpsError(f"{error.errors[0].where} {error.errors[0].what}; {error.errors[0].fix}") from None
    title = f"{stack}: {phase.summary}.\n`ops export {name}` wrote this; README.md says how to continue with it."
    text = configuration(stack, title, content, partial(constructs.arrange, phase.stack))
    page = _page(name, phase, content)
    return Exported(phase.name, {MAIN: text, LOCK_FILE: files.read(PROJECT_LOCK, RESTORE), README: page})


def _page(name: str, phase: Phase, content: Mapping[str, Any]) -> str:
    """How to continue with a folder without Python."""
    backend = content["terraform"].get("backend", {}).get("s3", {})
    reads = ", ".join(f"`{each}`" for each in phase.reads)
    role = "an administrator" if phase.applied_by == "administrator" else "the deployer"
    return f"""# {stack_name(name, phase.name)}

{phase.summary[0].upper()}{phase.summary[1:]}. Plain Terraform: no Python, cdktf or Node is needed.

| | |
|---|---|
| state | `s3://{backend.get("bucket")}/{backend.get("key")}`, the same as before the export |
| reads the outputs of | {reads or "no other phase"} |
| applied by | {role} |
| AWS provider | {schema.version()} |

The addresses are those of the synthesized stack, so Terraform finds the same resources in the same state.
With credentials of the account, the first plan must be empty:

```sh
terraform init
terraform plan
```

If it isn't empty, don't apply it: the account differs from the code, or the export is older than the state.

From then on, change `{MAIN}` instead of the values, and stop applying this phase with `ops apply`: with two
sources for one state, each undoes the changes of the other. The gate reads synthesized stacks only, so nothing
checks this folder any more.

| file | what it is |
|---|---|
| `{MAIN}` | the configuration; comments say what each part is for, and why a policy needs a wildcard |
| `{LOCK_FILE}` | version and hashes of the AWS provider, for all platforms |
"""


def check_free(exported: list[Exported], target: Path) -> None:
    """Check that nothing of a person's would be lost, or mixed with an export: who continues with one edits its files.

    Args:
        exported: The stacks.
        target: The folder for the phases' folders.

    Raises:
        OpsError: A folder can't be there, or has a configuration that isn't exactly the export's.
    """
    for folder in (*target.parents, target, *(target / stack.phase for stack in exported)):
        if folder.exists() and not folder.is_dir():
            raise OpsError(f"{folder} is a file; name a folder")
    for stack in exported:
        for path in (target / stack.phase).glob("*"):
            ours = path.suffix in {".tf", ".json"} or path.name in stack.files
            if ours and (not path.is_file() or path.read_bytes() != stack.files.get(path.name, "").encode()):
                raise OpsError(f"{path} isn't what the export would write; name another folder, or remove it")


def write(exported: list[Exported], target: Path) -> None:
    """Write a folder for each phase. Files are written beside and then moved, and other files in the folders stay.

    Args:
        exported: The stacks.
        target: The folder for the phases' folders; it is created.

    Raises:
        OSError: A file can't be written.
    """
    target.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".export-", dir=target))
    try:
        written = [*_write(exported, beside)]
        for path in written:
            final = target / path.relative_to(beside)
            final.parent.mkdir(exist_ok=True)
            path.replace(final)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write(exported: list[Exported], folder: Path) -> Iterator[Path]:
    for stack in exported:
        (folder / stack.phase).mkdir()
        for name, text in stack.files.items():
            path = folder / stack.phase / name
            path.write_text(text, encoding="utf-8")
            yield path

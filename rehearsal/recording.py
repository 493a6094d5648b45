"""Records what roles asked for in a rehearsal, beside its report, and how much of their permissions that used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from environments.names import Names
from modules.phases import PHASES
from ops.gate.documents import read
from ops.gate.folder import STACK_FILE
from ops.gate.stacks import EnvironmentStacks
from ops.gate.view import merged_view
from ops.roles.policies import Roles
from ops.roles.recording import Recording, path
from ops.roles.report import rows
from ops.roles.usage import usage

if TYPE_CHECKING:
    from environments.schema import Environment
    from rehearsal.context import Rehearsal


def record(rehearsal: Rehearsal, name: str, out: Path) -> tuple[tuple[str, ...], ...]:
    """Write the requests until now, without those that must be denied; a file for each environment.

    Args:
        rehearsal: The rehearsal.
        name: Its name.
        out: Folder that synth wrote; the recordings go to its reports.

    Returns:
        A row for each role that asked for anything, with the columns of `ops roles`.
    """
    numbered, start, found = [*enumerate(rehearsal.requests())], 0, list[tuple[str, ...]]()
    for environment, end in (*rehearsal.before, (rehearsal.environment, len(numbered))):
        needed = (each for number, each in numbered[start:end] if number not in rehearsal.refused)
        recording, start = Recording.of(needed, Names(environment)), end
        if recording.requests:
            suffix = f"-to-{environment.name}" if rehearsal.before and environment is rehearsal.environment else ""
            recording.write(path(out, f"{name}{suffix}"))
            uses = usage(_roles(environment, out), recording)
            found += rows([each for each in uses if each.requests], recorded=True)
    return tuple(found)


def _roles(environment: Environment, out: Path) -> Roles:
    """The roles of an environment, also of one whose values are in no file."""
    files = {phase.name: out / "stacks" / f"{environment.name}-{phase.name}" / STACK_FILE for phase in PHASES}
    documents = {name: read(file, file.parent.name) for name, file in files.items()}
    return Roles(environment, merged_view(EnvironmentStacks(environment.name, documents)))

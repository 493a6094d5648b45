"""Records what roles asked for in a rehearsal, beside its report, and how much of their permissions that used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from environments.names import Names
from ops.gate.stacks import expected_stacks
from ops.roles.policies import Roles
from ops.roles.recording import Recording, path
from ops.roles.report import rows
from ops.roles.usage import usage

if TYPE_CHECKING:
    from rehearsal.context import Rehearsal


def record(rehearsal: Rehearsal, name: str, out: Path) -> tuple[tuple[str, ...], ...]:
    """Write the requests until now, without those that must be denied; a file for each environment.

    Args:
        rehearsal: The rehearsal.
        name: Its name.
        out: Folder that synth wrote; the recordings go to its reports.

    Returns:
        A row for each role of the first environment that asked for anything, with the columns of `ops roles`.
    """
    numbered, start, found = [*enumerate(rehearsal.requests())], 0, list[tuple[str, ...]]()
    for environment, end in (*rehearsal.before, (rehearsal.environment, len(numbered))):
        needed = (each for number, each in numbered[start:end] if number not in rehearsal.refused)
        recording = Recording.of(needed, Names(environment))
        start = end
        if recording.requests:
            suffix = "" if environment.name in name else f"-to-{environment.name}"
            recording.write(path(out, f"{name}{suffix}"))
            uses = usage(Roles.read(out, environment, expected_stacks()), recording)
            found += rows([each for each in uses if each.requests], recorded=True)
    return tuple(found)

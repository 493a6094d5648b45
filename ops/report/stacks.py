"""Reads the synthesized stacks of environments as the gate reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from environments.schema import Environment
from ops.errors import OpsError
from ops.gate.model import ScanFailedError, ScannedBlock
from ops.gate.stacks import EnvironmentStacks, expected_stacks, select
from ops.gate.view import merged_view


@dataclass(frozen=True)
class Synthesized:
    """One environment: its values, stacks and merged view."""

    environment: Environment
    stacks: EnvironmentStacks
    view: Sequence[ScannedBlock]


def read(out: Path, names: Sequence[str]) -> list[Synthesized]:
    """Read the stacks of environments.

    Args:
        out: Folder that synth wrote.
        names: Names of environments; none means all whose values are valid.

    Raises:
        OpsError: Stacks are missing or can't be read, or an environment is unknown.
    """
    try:
        expected = expected_stacks()
        chosen = select(out, names or [*expected.environments], expected).environment_stacks
        return [Synthesized(expected.values[stacks.name], stacks, merged_view(stacks)) for stacks in chosen]
    except ScanFailedError as error:
        first, *more = error.errors
        also = f" (and {len(more)} more)" if more else ""
        raise OpsError(f"{first.where}: {first.what}{also}; {first.fix}") from None

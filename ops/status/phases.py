"""The status of each phase: when it was applied, by whom and from which commit, and what has changed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from modules.phases import PHASES, Phase
from ops.aws.states import ApplyRecord, States
from ops.errors import OpsError
from ops.gate.folder import digest
from ops.stored import parse
from ops.tasks.running import minute
from ops.terraform.report import PhaseResult, Report
from ops.terraform.stack import Stack

if TYPE_CHECKING:
    from environments.schema import Environment


COLUMNS = ("phase", "applied by", "status", "last apply", "commit", "caller", "code", "drift", "exit criteria")
"""Of the table in the terminal and on the page of `make report`."""


@dataclass(frozen=True)
class PhaseStatus:
    """The status of a phase."""

    phase: str
    applied_by: str
    """The role that applies it: administrator or deployer."""
    applied: bool
    status: str
    """`applied`, `not applied`, or the phases that it is waiting for."""
    code: str = ""
    """Whether the synthesized stack is the applied one."""
    drift: str = ""
    """The result of the last `make drift`, and its age."""
    criteria: str = ""
    """How many exit criteria pass, fail and are unknown; empty without --verify."""
    record: ApplyRecord | None = None
    """The record of its last apply."""

    def as_data(self) -> dict[str, object]:
        """The phase for a program."""
        return asdict(self)

    @property
    def row(self) -> tuple[str, ...]:
        """A text for each of `COLUMNS`."""
        record, unknown = self.record, "unknown" if self.applied else "-"
        cells = (
            _minute(record.applied_at) if record else unknown,
            f"{(record.commit or 'unknown')[:12]}{' with changes' if record.dirty else ''}" if record else unknown,
            record.caller.partition("/")[2] or record.caller if record else unknown,
        )
        rest = (each or "-" for each in (self.code, self.drift, self.criteria))
        return (self.phase, self.applied_by, self.status, *cells, *rest)


def table(found: Sequence[PhaseStatus]) -> list[list[str]]:
    """The heads, and a row for each phase; without columns that are empty for all."""
    columns = zip(COLUMNS, *(each.row for each in found), strict=True)
    kept = [column for column in columns if set(column[1:]) != {"-"}]
    return [list(row) for row in zip(*kept, strict=True)]


def statuses(environment: Environment, states: States, out: Path, now: datetime) -> list[PhaseStatus]:
    """The status of all phases in order.

    Raises:
        OpsError: AWS's response is an error, or a state is damaged.
    """
    applied = {phase.name: states.applied(phase.name) for phase in PHASES}
    drift = drift_report(environment, out, now)
    return [
        _standing(environment, states, out, phase, drift.get(phase.name, "unknown; make drift compares"))
        if applied[phase.name]
        else PhaseStatus(phase.name, phase.applied_by, applied=False, status=_waiting(phase, applied))
        for phase in PHASES
    ]


def drift_report(environment: Environment, out: Path, now: datetime) -> dict[str, str]:
    """The result of the last `make drift` by phase; empty if there was none.

    Raises:
        OpsError: The report isn't readable.
    """
    path = out / "reports" / f"run-drift-{environment.name}.json"
    try:
        report = parse(Report, path.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        raise OpsError(f"{path} isn't a report of drift ({error}); remove it, or run make drift again") from None
    age = _ago(now - report.started_at)
    return {each.phase: f"{_found(each)}, {age}" for each in report.phases}


def _standing(environment: Environment, states: States, out: Path, phase: Phase, drift: str) -> PhaseStatus:
    record = states.record(phase.name)
    other = f" as {record.environment}" if record and record.environment != environment.name else ""
    return PhaseStatus(
        phase.name,
        phase.applied_by,
        applied=True,
        status=f"applied{other}",
        code=_code(Stack(environment, phase, out).file, record) if record else "unknown",
        drift=drift,
        record=record,
    )


def _code(file: Path, record: ApplyRecord) -> str:
    if not file.exists():
        return "not synthesized"
    return "as applied" if digest(file) == record.stack_sha256 else "differs from the applied stack"


def _waiting(phase: Phase, applied: Mapping[str, bool]) -> str:
    # The first phase creates the bucket of all states.
    needed = dict.fromkeys((PHASES[0].name, *phase.reads)) if phase != PHASES[0] else ()
    missing = [name for name in needed if not applied[name]]
    return f"waiting for {', '.join(missing)}" if missing else "not applied"


def _minute(text: str) -> str:
    try:
        return minute(datetime.fromisoformat(text))
    except ValueError:
        return text


def _found(phase: PhaseResult) -> str:
    counts = ", ".join(f"{count} to {verb}" for verb, count in phase.counts.items())
    return f"{phase.result} ({counts})" if counts else str(phase.result)


def _ago(age: timedelta) -> str:
    hours = int(age.total_seconds()) // 3600
    return f"{hours // 24} days ago" if hours >= 48 else f"{hours} hours ago" if hours else "within the hour"

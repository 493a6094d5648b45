"""The status of each phase: when it was applied, by whom and from which commit, and what has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from modules.phases import PHASES, Phase
from ops.aws.states import ApplyRecord, States
from ops.errors import OpsError
from ops.gate.folder import digest
from ops.stored import parse
from ops.terraform.report import PhaseResult, Report
from ops.terraform.stack import Stack

if TYPE_CHECKING:
    from environments.schema import Environment


@dataclass(frozen=True)
class PhaseStatus:
    """The status of a phase."""

    phase: str
    applied: bool
    says: str
    """When and by whom it was applied, or what it is waiting for."""
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
        else PhaseStatus(phase.name, applied=False, says=_waiting(phase, applied))
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
    return PhaseStatus(
        phase.name,
        applied=True,
        says=_history(environment, record) if record else "applied; there is no readable record of the apply",
        code=_code(Stack(environment, phase, out).file, record) if record else "",
        drift=drift,
        record=record,
    )


def _history(environment: Environment, record: ApplyRecord) -> str:
    commit = record.commit[:12] if record.commit else "an unknown commit"
    other = f" as {record.environment}" if record.environment != environment.name else ""
    return (
        f"applied{other} {record.applied_at} from {commit}{' with changes' if record.dirty else ''} by {record.caller}"
    )


def _code(file: Path, record: ApplyRecord) -> str:
    if not file.exists():
        return "not synthesized"
    return "as applied" if digest(file) == record.stack_sha256 else "differs from the applied stack"


def _waiting(phase: Phase, applied: Mapping[str, bool]) -> str:
    # The first phase creates the bucket of all states.
    needed = dict.fromkeys((PHASES[0].name, *phase.reads)) if phase != PHASES[0] else ()
    missing = [name for name in needed if not applied[name]]
    return (
        f"not applied; waiting for {', '.join(missing)}" if missing else f"not applied; next, by the {phase.applied_by}"
    )


def _found(phase: PhaseResult) -> str:
    counts = ", ".join(f"{count} to {verb}" for verb, count in phase.counts.items())
    return f"{phase.result} ({counts})" if counts else str(phase.result)


def _ago(age: timedelta) -> str:
    hours = int(age.total_seconds()) // 3600
    return f"{hours // 24} days ago" if hours >= 48 else f"{hours} hours ago" if hours else "within the hour"

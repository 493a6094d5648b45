"""The results of a command over phases: as a table for you, and as a JSON file for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from ops import files
from ops.stored import parse


class Result(StrEnum):
    """The result of a phase."""

    CHANGES = "changes"
    NO_CHANGES = "no changes"
    APPLIED = "applied"
    DESTROYED = "destroyed"
    NOTHING_SAVED = "nothing saved"
    WAITING = "waiting"
    NOT_APPLIED = "not applied"
    NOT_BEGUN = "not begun"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"
    FAILED = "failed"

    @property
    def good(self) -> bool:
        """Whether phases that depend on it may begin."""
        return self in {
            Result.CHANGES,
            Result.NO_CHANGES,
            Result.APPLIED,
            Result.DESTROYED,
            Result.WAITING,
            Result.NOT_APPLIED,
        }


_DONE = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "forget": "forgotten",
    "import": "imported",
    "move": "moved",
}


@dataclass(frozen=True)
class AttributeDrift:
    """An attribute whose value in the account isn't the code's. Secrets are hidden."""

    address: str
    attribute: str
    """Its name, as in `tags.Owner` or `rule[main].priority`."""
    account: str
    """The value in the account."""
    code: str
    """The value in the code."""

    def __str__(self) -> str:
        return f"{self.address} {self.attribute}: {self.account} in the account, {self.code} in the code"


@dataclass(frozen=True)
class PhaseResult:
    """The result of one phase, with its details."""

    phase: str
    result: Result
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of resources by action: create, update, replace, delete, forget, import, move."""
    seconds: float = 0.0
    waits_for: tuple[str, ...] = ()
    """What you must do first: phases to apply, or a command such as `cutover prepare`."""
    message: str = ""
    drift: tuple[AttributeDrift, ...] = ()
    """What differs, for a comparison with the account."""

    @property
    def line(self) -> str:
        """The result in one line, such as `changes  3 to create  12 s` or `waiting for network`."""
        done = self.result in {Result.APPLIED, Result.DESTROYED}
        counts = ", ".join(f"{count} {_DONE[verb] if done else f'to {verb}'}" for verb, count in self.counts.items())
        if not counts and self.result in {Result.CHANGES, Result.APPLIED}:
            counts = "outputs only"
        status = f"{self.result} for {', '.join(self.waits_for)}" if self.waits_for else self.result.value
        parts = [status, counts, f"{self.seconds:.0f} s" if self.seconds >= 1 else ""]
        return "  ".join(part for part in parts if part)


@dataclass(frozen=True)
class Report:
    """The results of a command over the phases of an environment."""

    command: str
    environment: str
    started_at: datetime
    commit: str
    phases: tuple[PhaseResult, ...]
    waiting_code: int = 0
    """Exit code if nothing but a wait is left: a plan may end so, and a rollout then isn't complete."""

    @property
    def of(self) -> dict[str, PhaseResult]:
        """The results by phase."""
        return {each.phase: each for each in self.phases}

    @property
    def messages(self) -> dict[str, tuple[str, ...]]:
        """The phases of each message."""
        texts = dict.fromkeys(each.message for each in self.phases if each.message)
        return {text: tuple(each.phase for each in self.phases if each.message == text) for text in texts}

    @property
    def exit_code(self) -> int:
        """0: all succeeded; 1: a phase was refused; 2: a phase failed, was interrupted or did not begin.

        `waiting_code` if phases are waiting.
        """
        results = {each.result for each in self.phases}
        if results & {Result.FAILED, Result.INTERRUPTED, Result.NOTHING_SAVED}:
            return 2
        if Result.REFUSED in results:
            return 1
        if Result.NOT_BEGUN in results:
            return 2
        return self.waiting_code if Result.WAITING in results else 0

    def as_json(self) -> str:
        """The report for programs."""
        data = {
            "version": 1,
            "command": self.command,
            "environment": self.environment,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "seconds": round((datetime.now(UTC) - self.started_at).total_seconds(), 1),
            "commit": self.commit,
            "exit_code": self.exit_code,
            "phases": [{**asdict(each), "seconds": round(each.seconds, 1)} for each in self.phases],
        }
        return json.dumps(data, indent=2) + "\n"

    def write(self, out: Path) -> Path:
        """Write the report to a file; return its path."""
        path = _path(out, self.command, self.environment)
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, self.as_json())
        return path

    def lines(self) -> Iterator[str]:
        """The messages of phases, and a summary of all. A message of several phases is one line with their names."""
        for message, phases in self.messages.items():
            yield f"{', '.join(phases)}: {message}"
        counts = counted([each.result.value for each in self.phases])
        yield f"{self.command} of {self.environment}: " + ", ".join(f"{count} {what}" for what, count in counts.items())


def took(out: Path, command: str, environment: str) -> dict[str, float]:
    """Seconds that each phase took in the last run of a command; empty if there is no readable report."""
    try:
        report = parse(Report, _path(out, command, environment).read_bytes())
    except (OSError, ValueError):
        return {}
    return {each.phase: each.seconds for each in report.phases}


def _path(out: Path, command: str, environment: str) -> Path:
    return out / "reports" / f"run-{command}-{environment}.json"


def to_do(counts: Mapping[str, int]) -> str:
    """What a plan would do, such as `3 to create, 1 to update`."""
    return ", ".join(f"{count} to {verb}" for verb, count in counts.items()) or "outputs only"


def counted(verbs: Sequence[str]) -> dict[str, int]:
    """The number of times that each verb occurs."""
    return {verb: verbs.count(verb) for verb in dict.fromkeys(verbs)}

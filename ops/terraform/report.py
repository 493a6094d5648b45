"""What a run over phases came to: for people a table, for programs one JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path


class Result(StrEnum):
    """How a phase went."""

    CHANGES = "changes"
    NO_CHANGES = "no changes"
    APPLIED = "applied"
    DESTROYED = "destroyed"
    NOTHING_SAVED = "nothing saved"
    WAITS = "waits"
    NOT_APPLIED = "not applied"
    NOT_BEGUN = "not begun"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"
    FAILED = "failed"

    @property
    def good(self) -> bool:
        """Whether what comes after it may go on."""
        return self in {
            Result.CHANGES,
            Result.NO_CHANGES,
            Result.APPLIED,
            Result.DESTROYED,
            Result.WAITS,
            Result.NOT_APPLIED,
        }


_DONE = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "forget": "forgotten",
}


@dataclass(frozen=True)
class PhaseResult:
    """How one phase went."""

    phase: str
    result: Result
    counts: Mapping[str, int] = field(default_factory=dict)
    """Resources by what happens to them: create, update, replace, delete, forget."""
    seconds: float = 0.0
    waits_for: tuple[str, ...] = ()
    """What must be done first: phases to apply, or a command such as `cutover prepare`."""
    message: str = ""

    @property
    def line(self) -> str:
        """In one line."""
        done = self.result in {Result.APPLIED, Result.DESTROYED}
        counts = ", ".join(f"{count} {_DONE[verb] if done else f'to {verb}'}" for verb, count in self.counts.items())
        if not counts and self.result in {Result.CHANGES, Result.APPLIED}:
            counts = "outputs only"
        waits = f"for {', '.join(self.waits_for)}" if self.waits_for else ""
        parts = [self.result.value, waits, counts, f"{self.seconds:.0f} s" if self.seconds >= 1 else ""]
        return "  ".join(part for part in parts if part)


@dataclass(frozen=True)
class Report:
    """How a command went over the phases of an environment."""

    command: str
    environment: str
    started_at: datetime
    commit: str
    phases: tuple[PhaseResult, ...]

    @property
    def of(self) -> dict[str, PhaseResult]:
        """The results by phase."""
        return {each.phase: each for each in self.phases}

    @property
    def exit_code(self) -> int:
        """0: all went well; 1: something was refused; 2: something failed, was interrupted or did not even begin."""
        results = {each.result for each in self.phases}
        if results & {Result.FAILED, Result.INTERRUPTED, Result.NOTHING_SAVED}:
            return 2
        if Result.REFUSED in results:
            return 1
        return 2 if Result.NOT_BEGUN in results else 0

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
        """Put it among the reports; answer where."""
        path = _path(out, self.command, self.environment)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(self.as_json(), encoding="utf-8")
        fresh.replace(path)
        return path

    def lines(self) -> Iterator[str]:
        """What the board has not shown: what there is to know about single phases, and the sum of all."""
        for each in self.phases:
            if each.message:
                yield f"{each.phase}: {each.message}"
        counts = counted([each.result.value for each in self.phases])
        yield f"{self.command} of {self.environment}: " + ", ".join(f"{count} {what}" for what, count in counts.items())


def took(out: Path, command: str, environment: str) -> dict[str, float]:
    """Seconds that each phase took when a command ran last; nothing where no report can be read."""
    try:
        phases = json.loads(_path(out, command, environment).read_bytes())["phases"]
        return {each["phase"]: float(each["seconds"]) for each in phases}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def _path(out: Path, command: str, environment: str) -> Path:
    return out / "reports" / f"run-{command}-{environment}.json"


def counted(verbs: Sequence[str]) -> dict[str, int]:
    """How often each verb stands there."""
    return {verb: verbs.count(verb) for verb in dict.fromkeys(verbs)}

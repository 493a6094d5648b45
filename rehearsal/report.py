"""The report of a rehearsal, as JSON and Markdown; written after each step, so that it also shows a failure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ops.printable import printable
from ops.roles.report import COLUMNS
from ops.terraform.report import PhaseResult

PROVES = (
    "that AWS's API accepts the configuration, a second apply changes nothing, order and rollback work, and the "
    "applied policies let each role do its part"
)
DOES_NOT_PROVE = (
    "what isn't evaluated: the first credentials (state and account), sessions of Identity Center, AWS's own services, "
    "grants of keys, the image registry itself, and how fast a changed policy applies",
    "whether tasks start, targets are healthy and alarms go off by themselves (the emulator returns what it is given)",
    "whether an image's digest exists, and whether DNS resolves",
    "AWS's quotas, prices and times",
)


UNEMULATED: dict[str, str] = {}
"""Resources that the emulator can't create, with the reason, so that none is left out silently."""


@dataclass(frozen=True)
class StepResult:
    """The result of one step."""

    name: str
    passed: bool
    seconds: float
    evidence: str
    """What was observed, or why it failed."""
    phases: tuple[PhaseResult, ...] = ()
    planning: dict[str, float] | None = None
    criteria: tuple[Mapping[str, object], ...] = ()
    """Exit criteria that it checked, as `verify` reports them."""
    plans: tuple[Mapping[str, object], ...] = ()
    """The plan gate's reports of the plans that it applied."""

    @property
    def line(self) -> str:
        """The result as one line of text."""
        return f"{'pass' if self.passed else 'fail'}  {self.name} ({self.seconds:.0f} s): {printable(self.evidence)}"


@dataclass
class RehearsalReport:
    """The result of a rehearsal."""

    environment: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    roles: tuple[tuple[str, ...], ...] = ()
    """How much of their permissions roles used, with the columns of `ops roles`."""
    steps: list[StepResult] = field(default_factory=list)
    not_reached: list[str] = field(default_factory=list)
    """Names of steps that weren't tried, because an earlier one failed."""

    @property
    def passed(self) -> bool:
        """Whether every step passed."""
        return all(step.passed for step in self.steps)

    def write(self, folder: Path) -> None:
        """Write both forms to a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        data = {
            "version": 1,
            "environment": self.environment,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "seconds": round(sum(step.seconds for step in self.steps), 1),
            "passed": self.passed,
            "proves": PROVES,
            "does_not_prove": DOES_NOT_PROVE,
            "unemulated": UNEMULATED,
            "steps": [asdict(step) for step in self.steps],
            "not_reached": self.not_reached,
            "roles": [dict(zip(COLUMNS, row, strict=True)) for row in self.roles],
        }
        name = f"rehearsal-{self.environment}"
        (folder / f"{name}.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
        (folder / f"{name}.md").write_text("\n".join(map(printable, self._lines())) + "\n", encoding="utf-8")

    def _lines(self) -> Iterator[str]:
        yield f"# Rehearsal of {self.environment}: {'pass' if self.passed else 'fail'}"
        yield ""
        yield "| step | status | seconds | evidence |"
        yield "|---|---|---:|---|"
        for step in self.steps:
            seen = " ".join(step.evidence.split()).replace("|", "\\|")
            yield f"| {step.name} | {'pass' if step.passed else '**fail**'} | {step.seconds:.0f} | {seen} |"
        yield from (f"| {name} | not reached |  |  |" for name in self.not_reached)
        for step in (each for each in self.steps if each.phases):
            yield from ("", f"## {step.name[0].upper()}{step.name[1:]}", "", "| phase | | seconds | of it planning |")
            yield "|---|---|---:|---:|"
            for phase in step.phases:
                planning = f"{step.planning[phase.phase]:.0f}" if step.planning and phase.phase in step.planning else ""
                yield f"| {phase.phase} | {phase.result} | {phase.seconds:.0f} | {planning} |"
        if self.roles:
            yield from ("", "## What roles used of their permissions", "")
            yield f"| {' | '.join(COLUMNS)} |"
            yield f"|---|{'---:|' * (len(COLUMNS) - 1)}"
            yield from (f"| {' | '.join(row)} |" for row in self.roles)
            yield from ("", "`ops roles` shows each statement, with the calls that needed it.")
        yield from ("", f"It proves {PROVES}. It does not prove:", "")
        yield from (f"- {each}" for each in DOES_NOT_PROVE)
        left_out = [f"- `{name}`: {why}" for name, why in UNEMULATED.items()] or ["- none"]
        yield from ("", "Resources that the emulator can't create:", "", *left_out)

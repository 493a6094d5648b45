"""The steps of a deployment, and their results; without anything that loads slowly, for `--help`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """A step, in the order in which they run."""

    IMAGE = "image"
    """Promote or check the image, and write the release file."""
    STACKS = "stacks"
    """Synthesize and gate the environment's stacks."""
    PLAN = "plan"
    APPLY = "apply"
    DEPLOY = "deploy"
    """Start CodeDeploy's deployment; ECS starts those of other services when phase services is applied."""
    WATCH = "watch"
    """Follow the deployment to its end, and show what runs."""


class Outcome(StrEnum):
    """The result of a step."""

    DONE = "done"
    NO_CHANGES = "no changes"
    SKIPPED = "skipped"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The deployment continues, and its result isn't known."""
    INTERRUPTED = "interrupted"
    NOT_BEGUN = "not begun"


@dataclass(frozen=True)
class StepResult:
    """A step, and its result."""

    step: Step
    result: Outcome
    detail: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        # The command prints an error by itself.
        done = self.result in {Outcome.DONE, Outcome.NO_CHANGES}
        return f"{self.step:<8}{self.result:<12}{self.detail if done else ''}".rstrip()


def before(step: Step | None) -> frozenset[Step]:
    """The steps before one; none without one."""
    steps = list(Step)
    return frozenset(steps[: steps.index(step)] if step else ())


def not_begun(results: Iterable[StepResult], steps: Iterable[Step]) -> list[StepResult]:
    """The results, and one for each step that has none."""
    found = {each.step: each for each in results}
    return [found.get(step) or StepResult(step, Outcome.NOT_BEGUN) for step in steps]

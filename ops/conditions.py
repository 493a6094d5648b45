"""A checked condition: pass, fail or unknown, with evidence; for `verify`, `golive`, a cutover and a promotion.

A condition is a function that returns its evidence, or raises FailedError, UnknownError or SkippedError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress

from ops.aws.errors import AwsError, code, is_absence, reason
from ops.errors import AbsentError, OpsError, RefusedError

Subject = TypeVar("Subject")
PARALLEL = 8
"""Conditions checked in parallel: AWS throttles describe calls by account and region."""


class Status(StrEnum):
    """Whether a condition holds."""

    PASS = "pass"  # noqa: S105  (no password)
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    """It doesn't apply; the evidence says why."""


class FailedError(Exception):
    """The condition fails; the message is the evidence."""


class UnknownError(Exception):
    """Whether the condition holds is unknown; the message is why."""


class SkippedError(Exception):
    """The condition doesn't apply; the message is why."""


@dataclass(frozen=True)
class Condition(Generic[Subject]):
    """A condition that must hold for a subject."""

    name: str
    check: Callable[[Subject], str]
    """Returns the evidence, or raises FailedError, UnknownError or SkippedError. Its docstring is the meaning."""
    phase: str = ""
    """The phase after which it holds."""
    requirements: tuple[str, ...] = ()
    over_http: bool = False
    """Whether it is checked over HTTP instead of with AWS's API."""

    @property
    def meaning(self) -> str:
        """What holds if it passes, in one sentence."""
        check = self.check.func if isinstance(self.check, partial) else self.check
        return (check.__doc__ or "").partition("\n")[0]


@dataclass(frozen=True)
class ConditionResult:
    """The result of a condition's check."""

    name: str
    phase: str
    requirements: tuple[str, ...]
    meaning: str
    status: Status
    evidence: str

    @property
    def passed(self) -> bool:
        """Whether the condition holds, or doesn't apply."""
        return self.status in {Status.PASS, Status.SKIPPED}

    def as_data(self) -> dict[str, object]:
        """The result for a program; `light` is what `status` was called before 0.2."""
        return {**asdict(self), "light": self.status}

    def __str__(self) -> str:
        return f"{self.status:<7}  {self.name}: {self.evidence}"


def holds(problems: Iterable[str], evidence: str) -> str:
    """The evidence, if there are no problems.

    Raises:
        FailedError: There are problems; all are listed.
    """
    if found := "; ".join(problems):
        raise FailedError(found)
    return evidence


def run(
    conditions: Sequence[Condition[Subject]],
    subject: Subject,
    *,
    at_once: int = PARALLEL,
    done: Callable[[ConditionResult], None] = lambda _: None,
) -> list[ConditionResult]:
    """Check conditions, and return their results in the conditions' order.

    Args:
        conditions: What must hold.
        subject: What they must hold of.
        at_once: How many conditions to check side by side.
        done: Called with each result when it is known.
    """

    def one(condition: Condition[Subject]) -> ConditionResult:
        status, evidence = _checked(condition, subject)
        meaning, requirements = condition.meaning, condition.requirements
        result = ConditionResult(condition.name, condition.phase, requirements, meaning, status, evidence)
        done(result)
        return result

    with ThreadPoolExecutor(at_once) as pool:
        try:
            return list(pool.map(one, conditions))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def watched(
    conditions: Sequence[Condition[Subject]], subject: Subject, *, at_once: int = PARALLEL
) -> list[ConditionResult]:
    """Check conditions, with a progress bar on a terminal's stderr."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Checking", total=len(conditions))
        return run(conditions, subject, at_once=at_once, done=lambda _: progress.advance(bar))


def worst(results: Iterable[ConditionResult]) -> Status:
    """Fail if a result is fail, else unknown if a result is unknown, else pass; skipped if all are."""
    statuses = {result.status for result in results}
    order = (Status.FAIL, Status.UNKNOWN, Status.PASS, Status.SKIPPED)
    return next((status for status in order if status in statuses), Status.PASS)


def require(results: Sequence[ConditionResult], refusal: str) -> None:
    """Refuse to go on unless all conditions hold or don't apply.

    Args:
        results: Their results.
        refusal: What isn't done, as in "not promoted".

    Raises:
        RefusedError: One fails; all that don't hold are named.
        OpsError: None fails, and one is unknown.
    """
    missing = [result for result in results if not result.passed]
    if worst(results) is Status.FAIL:
        raise RefusedError(f"{refusal}: " + "; ".join(result.name for result in missing))
    if missing:
        raise OpsError(f"{refusal}; unknown: " + "; ".join(f"{each.name}: {each.evidence}" for each in missing))


def exit_code(results: Iterable[ConditionResult]) -> int:
    """0 if all pass or don't apply, 1 if any fails, 2 if none fails and any is unknown."""
    return {Status.PASS: 0, Status.SKIPPED: 0, Status.FAIL: 1, Status.UNKNOWN: 2}[worst(results)]


def summary(results: Iterable[ConditionResult]) -> str:
    """A count of each status."""
    counts = Counter(result.status for result in results)
    shown = [status for status in Status if counts[status] or status is not Status.SKIPPED]
    return ", ".join(f"{counts[status]} {status}" for status in shown)


def _checked(condition: Condition[Any], subject: object) -> tuple[Status, str]:
    try:
        return Status.PASS, condition.check(subject)
    except (FailedError, AbsentError) as error:
        return Status.FAIL, str(error)
    except AwsError as error:
        return (Status.FAIL if is_absence(error.code) else Status.UNKNOWN), str(error)
    except (SkippedError, UnknownError, OpsError) as error:
        return (Status.SKIPPED if isinstance(error, SkippedError) else Status.UNKNOWN), str(error)
    except (BotoCoreError, ClientError) as error:
        return (Status.FAIL if is_absence(code(error)) else Status.UNKNOWN), reason(error)
    except (LookupError, TypeError, ValueError) as error:
        # AWS's responses have few required fields. An unexpected response must not hide the other results.
        return Status.UNKNOWN, f"AWS's response doesn't have the expected form ({type(error).__name__}: {error})"

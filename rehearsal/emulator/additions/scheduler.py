"""EventBridge Scheduler: the expressions that it accepts."""

from __future__ import annotations

from collections.abc import Callable

from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule

from environments.schema.schedules import ScheduleError, check
from rehearsal.emulator.additions.registry import corrects

_WHY = "moto accepts any text as a schedule"
_SOURCE = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"


def _check(expression: str) -> None:
    """Refuse what isn't in the grammar."""
    try:
        check(expression)
    except ScheduleError as error:
        raise ValidationException(f"Invalid Schedule Expression {expression}. ({error})") from error


@corrects(EventBridgeSchedulerBackend, "create_schedule", "scheduler", "CreateSchedule", why=_WHY, source=_SOURCE)
def create_schedule(
    original: Callable[..., Schedule], backend: EventBridgeSchedulerBackend, **given: object
) -> Schedule:
    """Create a schedule whose expression Scheduler accepts."""
    _check(str(given["schedule_expression"]))
    return original(backend, **given)


@corrects(EventBridgeSchedulerBackend, "update_schedule", "scheduler", "UpdateSchedule", why=_WHY, source=_SOURCE)
def update_schedule(
    original: Callable[..., Schedule], backend: EventBridgeSchedulerBackend, **given: object
) -> Schedule:
    """Change a schedule to an expression that Scheduler accepts."""
    _check(str(given["schedule_expression"]))
    return original(backend, **given)

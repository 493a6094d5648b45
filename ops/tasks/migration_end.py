"""How a migration goes: its states, its lines, and its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from environments.names import Names
from environments.schema import Environment
from ops import ecs
from ops.aws import Aws, AwsError, explained
from ops.ecs import AwsObject, NoContainerError
from ops.errors import OpsError
from ops.tasks.log_lines import Line, LogLines
from ops.tasks.waiting import looks, pause
from ops.tasks.workloads import MIGRATION, workload

LAST_LOOKS = 2
"""Looks at the logs after the end: what a container says last reaches CloudWatch seconds later."""

UNLISTED_LOOKS = 20
"""So many looks in a row ECS may not list the task: it does a moment after RunTask, and for an hour after its end.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
"""
FAILED = 1
"""Exit code of a migration that failed without one that a process can have."""
_LARGEST_EXIT_CODE = 255

ADVICE = {
    "CannotPullContainer": "the image can't be pulled: is its digest in the repository, and does phase network stand?",
    "ResourceInitializationError": "ECS couldn't prepare the task, most often because a secret has no value or its "
    "execution role may not read it: python -m ops secrets status {environment}",
    "OutOfMemory": "it needs more memory: migration.memory in environments/",
}
"""What to do, by a word of ECS's reason.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""


@dataclass(frozen=True)
class Ended:
    """How a migration ended."""

    task: str
    code: int | None
    """The container's exit code; none if it never ran."""
    reason: str
    lines: int
    """How many it wrote."""
    migrated: bool
    """Whether its container ended by itself, with exit code 0."""

    @property
    def exit_code(self) -> int:
        """What the command ends with: the container's exit code, but 0 only if it migrated.

        A shell sees the last eight bits of a code only, so that 256 would be 0.
        """
        if self.migrated:
            return 0
        return self.code if self.code and 0 < self.code <= _LARGEST_EXIT_CODE else FAILED

    def __str__(self) -> str:
        if self.code is None:
            return "its container never ran"
        stopped = "" if self.migrated or self.code else ", but the task was stopped before that: it counts as failed"
        return f"exit code {self.code}{stopped}"

    def advice(self, environment: str) -> str:
        """What to do about it, as far as ECS's reason tells; empty if it doesn't."""
        known = (text for word, text in ADVICE.items() if word in self.reason)
        return next(known, "").format(environment=environment)


def follow(
    aws: Aws,
    environment: Environment,
    task: str,
    *,
    seconds: float,
    told: Callable[[str], None],
    line: Callable[[Line], None],
) -> Ended:
    """Wait for the end of a migration. Its lines go to `line` as they come, and what happens otherwise to `told`.

    Raises:
        OpsError: The time is up, or ECS can't be asked or doesn't list the task; it may go on.
    """
    lines = _Lines(aws, workload(environment, MIGRATION).log_group, task, told, line)
    cluster, client, status, unlisted = Names(environment).prefix, aws.client("ecs"), "", 0
    for _ in looks(seconds):
        with explained(f"look at task {task}"):
            answer = client.describe_tasks(cluster=cluster, tasks=[task])
        found = ecs.task(answer, task)
        unlisted = 0 if found else unlisted + 1
        if unlisted > UNLISTED_LOOKS:
            raise OpsError(f"ECS doesn't list task {task}{_why(answer)}; how it ended is unknown: its lines may say it")
        if found and found["lastStatus"] != status:
            status = found["lastStatus"]
            told(f"task {task}: {status}")
        lines.pass_on()
        if found and status in ecs.ENDED:
            for _ in range(LAST_LOOKS):
                pause()
                lines.pass_on()
            return _ended(task, found, lines.count)
    raise OpsError(f"task {task} still runs after {seconds / 60:.0f} minutes; nothing was stopped")


class _Lines:
    """Passes a task's lines on. That they can't be read is told once, and hides no exit code."""

    def __init__(
        self, aws: Aws, group: str, task: str, told: Callable[[str], None], line: Callable[[Line], None]
    ) -> None:
        streams = {"logStreamNames": [ecs.log_stream(MIGRATION, task)]}
        self._lines = LogLines(aws, group, since=datetime.fromtimestamp(0, UTC), streams=streams)
        self._told, self._line, self._trouble = told, line, ""
        self.count = 0

    def pass_on(self) -> None:
        try:
            for each in self._lines.new():
                self.count += 1
                self._line(each)
        except AwsError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                self._told(self._trouble)


def _why(answer: AwsObject) -> str:
    reasons = ", ".join(each.get("reason", "") for each in answer.get("failures", ()))
    return f" ({reasons})" if reasons else ""


def _ended(task: str, described: AwsObject, lines: int) -> Ended:
    stopped = described.get("stoppedReason", "")
    try:
        own = ecs.container(described, MIGRATION)
    except NoContainerError as error:
        return Ended(task, None, "; ".join(filter(None, (str(error), stopped))), lines, migrated=False)
    reasons = filter(None, (own.reason, stopped))
    migrated = own.exit_code == 0 and not own.reason and ecs.ended_by_itself(described)
    return Ended(task, own.exit_code, "; ".join(dict.fromkeys(reasons)), lines, migrated)

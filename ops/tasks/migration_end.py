"""How a migration goes: its states, its lines, and its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops.aws import Aws, AwsError, explained
from ops.errors import OpsError
from ops.tasks.log_lines import Line, LogLines
from ops.tasks.waiting import looks, pause
from ops.tasks.workloads import MIGRATION, workload

LAST_LOOKS = 2
"""Looks at the logs after the end: what a container says last reaches CloudWatch seconds later."""

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
        OpsError: The time is up, or ECS can't be asked; the task goes on.
    """
    lines = _Lines(aws, workload(environment, MIGRATION).log_group, task, told, line)
    cluster, ecs, status = Names(environment).prefix, aws.client("ecs"), ""
    for _ in looks(seconds):
        with explained(f"look at task {task}"):
            found = ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
        # A task may be seen a moment after RunTask only.
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
        if found and found[0]["lastStatus"] != status:
            status = found[0]["lastStatus"]
            told(f"task {task}: {status}")
        lines.pass_on()
        if status == "STOPPED":
            for _ in range(LAST_LOOKS):
                pause()
                lines.pass_on()
            return _ended(task, found[0], lines.count)
    raise OpsError(f"task {task} still runs after {seconds / 60:.0f} minutes; nothing was stopped")


class _Lines:
    """Passes a task's lines on. That they can't be read is told once, and hides no exit code."""

    def __init__(
        self, aws: Aws, group: str, task: str, told: Callable[[str], None], line: Callable[[Line], None]
    ) -> None:
        stream = f"{MIGRATION}/{MIGRATION}/{task}"
        self._lines = LogLines(aws, group, since=datetime.fromtimestamp(0, UTC), streams={"logStreamNames": [stream]})
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


def _ended(task: str, described: dict[str, Any], lines: int) -> Ended:
    container: dict[str, Any] = next(iter(described.get("containers", [])), {})
    reasons = filter(None, (container.get("reason"), described.get("stoppedReason")))
    return Ended(task, container.get("exitCode"), "; ".join(dict.fromkeys(reasons)), lines)

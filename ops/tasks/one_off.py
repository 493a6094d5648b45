"""One-off tasks: migrations, scheduled tasks that you start by hand, and commands; each is followed to its end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from environments.names import Names
from environments.schema import Environment
from ops.aws import ecs
from ops.aws.ecs import EcsTask, NoContainerError
from ops.aws.errors import AwsError, explained, only
from ops.aws.session import Aws
from ops.aws.waiting import pause, polls
from ops.errors import OpsError, RefusedError
from ops.tasks.log_lines import Line, LogLines
from ops.tasks.running import MIGRATION, Workload, tasks, workload

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import NetworkConfigurationTypeDef

LAST_LOOKS = 2
"""Reads of the logs after the end: a container's last lines reach CloudWatch seconds later."""
OVERRIDES = 8192
"""Limit of characters of a command, with the JSON around it.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""
FAILED = 1
"""Exit code of a failed task whose container has no exit code that a process can have."""
_LARGEST_EXIT_CODE = 255

ADVICE = {
    "CannotPullContainer": "the image can't be pulled: is its digest in the repository, and is phase network applied?",
    "ResourceInitializationError": "ECS couldn't start the task, usually because a secret has no value or its "
    "execution role may not read it: bin/ops secrets status {environment}",
    "OutOfMemory": "it needs more memory: {memory} in environments/",
}
"""What to do, by a word in ECS's reason.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""


@dataclass(frozen=True)
class Prepared:
    """A task that can be run."""

    definition: str
    """ARN of the task definition."""
    image: str
    network: NetworkConfigurationTypeDef
    """The service's own."""
    command: tuple[str, ...] = ()
    """What the container runs in place of the task definition's command; empty: that one."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables in addition to the task definition's; no secrets: CloudTrail records them."""

    @property
    def revision(self) -> str:
        """Task definition and revision, as in `aep-migration-prod:7`."""
        return ecs.id_of(self.definition)


@dataclass(frozen=True)
class Ended:
    """How a task ended."""

    task: str
    code: int | None
    """Its container's exit code; None if it never ran."""
    reason: str
    lines: int
    """Number of lines that it logged."""
    succeeded: bool
    """Whether its container ended by itself, with exit code 0."""

    @property
    def exit_code(self) -> int:
        """The command's exit code: the container's, but 0 only if it succeeded.

        A shell sees only the last eight bits of a code: 256 would be 0.
        """
        if self.succeeded:
            return 0
        return self.code if self.code and 0 < self.code <= _LARGEST_EXIT_CODE else FAILED

    def __str__(self) -> str:
        if self.code is None:
            return "its container never ran"
        stopped = "" if self.succeeded or self.code else ", but the task was stopped before that: it counts as failed"
        return f"exit code {self.code}{stopped}"

    def advice(self, environment: str, work: Workload) -> str:
        """What to do, by ECS's reason; empty if the reason isn't known."""
        known = (text for word, text in ADVICE.items() if word in self.reason)
        memory = "migration.memory" if work.name == MIGRATION else f"memory of {work.name}"
        return next(known, "").format(environment=environment, memory=memory)


class OneOff:
    """Tasks of one workload that no service and no schedule starts."""

    def __init__(self, aws: Aws, environment: Environment, work: Workload) -> None:
        """Calls no AWS API."""
        self.work, self._aws, self._environment = work, aws, environment
        self._cluster, self._ecs = Names(environment).prefix, aws.client("ecs")

    def prepare(self, command: Sequence[str] = (), variables: Mapping[str, str] | None = None) -> Prepared:
        """Find the task definition: the newest, or the running one of a service.

        Args:
            command: What the container runs in place of the task definition's command.
            variables: Environment variables in addition to the task definition's; no secrets.

        Raises:
            OpsError: The task definition, its container or the service doesn't exist, or the command is too long.
        """
        service = Names(self._environment).service(self.work.service.name)
        found = None if self._is_service else ecs.task_definition(self._ecs, self.work.family)
        user = ecs.service(self._ecs, self._cluster, service)
        if user is None or not user.networks:
            raise OpsError(f"there is no service {service}, whose network {self.work.name} uses; apply phase services")
        found = found or ecs.task_definition(self._ecs, user.task_definition)
        image = found.container(self.work.name)["image"]
        prepared = Prepared(found.arn, image, user.networks[0], tuple(command), variables or {})
        if command and len(json.dumps(self._overrides(prepared))) > OVERRIDES:
            raise OpsError(f"the command is longer than the {OVERRIDES:,} characters that ECS takes; use a file for it")
        return prepared

    def refuse_another(self) -> None:
        """Check that no other task of a scheduled task or the migration runs; a service has tasks of its own.

        Raises:
            RefusedError: One runs.
            AwsError: ECS's response is an error.
        """
        name = self.work.name
        if self._is_service:
            return
        for task in tasks(self._aws, self._environment, self.work):
            raise RefusedError(
                f"a {name} runs already: task {task.id} ({task.status}), started by {task.started_by or 'unknown'}; "
                f"to follow it: bin/ops logs {self._environment.name} {name} --follow"
            )

    def start(self, prepared: Prepared) -> str:
        """Run the task and return its id.

        Raises:
            OpsError: ECS refuses the call, or has no capacity for the task.
        """
        overrides: Any = {"overrides": self._overrides(prepared)} if prepared.command else {}
        with explained(f"run {prepared.revision}"):
            response = self._ecs.run_task(
                cluster=self._cluster,
                taskDefinition=prepared.definition,
                launchType="FARGATE",
                count=1,
                networkConfiguration=prepared.network,
                startedBy=_starter(self._aws.caller.arn),
                enableECSManagedTags=True,
                propagateTags="TASK_DEFINITION",
                **overrides,
            )
        if failures := response.get("failures"):
            why = "; ".join(f"{each.get('reason')} {each.get('detail', '')}".rstrip() for each in failures)
            raise OpsError(f"ECS started no task: {why}")
        return EcsTask.parse(only(response["tasks"], "tasks that it ran")).id

    def stop(self, task: str, reason: str) -> None:
        """Stop a task: its containers get SIGTERM and, after the stop timeout, SIGKILL.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html

        Raises:
            AwsError: ECS refuses, or doesn't respond.
        """
        with explained(f"stop task {task}, since {reason}"):
            self._ecs.stop_task(cluster=self._cluster, task=task, reason=reason)

    def stop_command(self, task: str) -> str:
        """The AWS CLI's command that stops the task. `ops` has none: half a migration may be worse than a long one."""
        return f"aws ecs stop-task --cluster {self._cluster} --task {task} --region {self._environment.region}"

    def follow(
        self, task: str, *, seconds: float, progress: Callable[[str], None], line: Callable[[Line], None]
    ) -> Ended:
        """Wait for the end of a task.

        Args:
            task: Id of the task.
            seconds: How long to wait.
            progress: Called with each change of the task's status, and with errors of its logs.
            line: Called with each line that the task logs.

        Raises:
            OpsError: The time is over, or ECS's response is an error or doesn't list the task. The task may still run.
        """
        lines = _Lines(self._aws, self.work, task, progress, line)
        status, unlisted = "", 0
        for _ in polls(seconds):
            found, why = ecs.task(self._ecs, self._cluster, task)
            unlisted = 0 if found else unlisted + 1
            if unlisted > ecs.UNLISTED_POLLS:
                why = f" ({why})" if why else ""
                raise OpsError(f"ECS doesn't list task {task}{why}; how it ended is unknown; its log lines may show it")
            if found and found.status != status:
                status = found.status
                progress(f"task {task}: {status}")
            lines.pass_on()
            if found and found.ended:
                for _ in range(LAST_LOOKS):
                    pause()
                    lines.pass_on()
                return _ended(found, self.work.name, lines.count)
        raise OpsError(f"task {task} still runs after {seconds / 60:.0f} minutes; it was not stopped")

    @property
    def _is_service(self) -> bool:
        return self.work.name == self.work.service.name

    def _overrides(self, prepared: Prepared) -> dict[str, object]:
        override: dict[str, object] = {"name": self.work.name, "command": [*prepared.command]}
        if prepared.variables:
            override["environment"] = [{"name": name, "value": value} for name, value in prepared.variables.items()]
        return {"containerOverrides": [override]}


def startable(environment: Environment, name: str, command: Sequence[str]) -> Workload:
    """The workload that you may start by hand; calls no AWS API.

    Raises:
        OpsError: There is none of that name.
        RefusedError: It is the migration, or a service without a command.
    """
    work = workload(environment, name)
    if name == MIGRATION:
        raise RefusedError(
            f"the migration has a command of its own, which takes a snapshot first: bin/ops migrate {environment.name}"
        )
    if name == work.service.name and not command:
        raise RefusedError(
            f"{name} is a service, whose tasks run already; add the command to run in its image: bin/ops run "
            f"{environment.name} {name} -- COMMAND"
        )
    return work


def _starter(arn: str) -> str:
    """The caller's role and session, in the characters that ECS allows.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """
    return re.sub(r"[^A-Za-z0-9_/-]", "-", arn.rpartition(":")[2])[:128]


class _Lines:
    """Passes a task's log lines on. Log errors are reported once and don't change the exit code."""

    def __init__(
        self, aws: Aws, work: Workload, task: str, progress: Callable[[str], None], line: Callable[[Line], None]
    ) -> None:
        streams = {"logStreamNames": [ecs.log_stream(work.name, task)]}
        self._lines = LogLines(aws, work.log_group, since=datetime.fromtimestamp(0, UTC), streams=streams)
        self._progress, self._line, self._error = progress, line, ""
        self.count = 0

    def pass_on(self) -> None:
        try:
            for each in self._lines.new():
                self.count += 1
                self._line(each)
        except AwsError as error:
            if str(error) != self._error:
                self._error = str(error)
                self._progress(self._error)


def _ended(task: EcsTask, name: str, lines: int) -> Ended:
    try:
        own = task.container(name)
    except NoContainerError as error:
        return Ended(task.id, None, "; ".join(filter(None, (str(error), task.stopped_reason))), lines, succeeded=False)
    reasons = filter(None, (own.reason, task.stopped_reason))
    succeeded = own.exit_code == 0 and not own.reason and task.ended_by_itself
    return Ended(task.id, own.exit_code, "; ".join(dict.fromkeys(reasons)), lines, succeeded)

"""The database's migration: a snapshot, a one-off task, its log lines, and its end."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from environments.names import Names
from environments.schema import Environment
from ops.aws import ecs
from ops.aws.ecs import EcsTask, NoContainerError
from ops.aws.errors import AwsError, explained, only
from ops.aws.session import Aws
from ops.aws.waiting import pause, polls, shown
from ops.command import say
from ops.errors import OpsError, RefusedError
from ops.tasks.log_lines import Line, LogLines
from ops.tasks.running import MIGRATION, tasks, workload

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import NetworkConfigurationTypeDef
    from types_boto3_rds import RDSClient

SNAPSHOT_SECONDS = 2 * 60 * 60
"""Seconds that a snapshot may take; the first snapshot of a large database is the slowest."""
LAST_LOOKS = 2
"""Reads of the logs after the end: a container's last lines reach CloudWatch seconds later."""

FAILED = 1
"""Exit code of a failed migration whose container has no exit code that a process can have."""
_LARGEST_EXIT_CODE = 255

ADVICE = {
    "CannotPullContainer": "the image can't be pulled: is its digest in the repository, and is phase network applied?",
    "ResourceInitializationError": "ECS couldn't start the task, usually because a secret has no value or its "
    "execution role may not read it: python -m ops secrets status {environment}",
    "OutOfMemory": "it needs more memory: migration.memory in environments/",
}
"""What to do, by a word in ECS's reason.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""


@dataclass(frozen=True)
class Prepared:
    """A migration that can be run."""

    definition: str
    """ARN of the task definition."""
    image: str
    network: NetworkConfigurationTypeDef
    """The service's own."""

    @property
    def revision(self) -> str:
        """Task definition and revision, as in `aep-migration-prod:7`."""
        return ecs.id_of(self.definition)


class Migration:
    """The migration of one environment."""

    def __init__(self, aws: Aws, environment: Environment) -> None:
        """Calls no AWS API.

        Raises:
            OpsError: The product has no migration.
        """
        if not environment.product.migration:
            raise OpsError(f"{environment.product.name} has no migration: see product.migration in docs/settings.md")
        self.values = environment.product.migration
        self._aws, self._environment = aws, environment
        self._work = workload(environment, MIGRATION)
        self._cluster, self._ecs = Names(environment).prefix, aws.client("ecs")

    def prepare(self) -> Prepared:
        """Find the task definition, and check that no migration runs.

        Raises:
            OpsError: The task definition, its container or the service doesn't exist.
            RefusedError: A migration runs already: two would run the same steps twice.
        """
        service = Names(self._environment).service(self._work.service.name)
        found = ecs.task_definition(self._ecs, self._work.family)
        user = ecs.service(self._ecs, self._cluster, service)
        if user is None or not user.networks:
            raise OpsError(f"there is no service {service}, whose network the migration uses; apply phase services")
        for task in tasks(self._aws, self._environment, self._work):
            raise RefusedError(
                f"a migration runs already: task {task.id} ({task.status}), started by {task.started_by or 'unknown'}; "
                f"to follow it: python -m ops logs {self._environment.name} {MIGRATION} --follow"
            )
        return Prepared(found.arn, found.container(self._work.name)["image"], user.networks[0])

    def start(self, prepared: Prepared) -> str:
        """Run the task and return its id.

        Raises:
            OpsError: ECS refuses the call, or has no capacity for the task.
            RefusedError: Another migration started at the same time; this one was stopped at once.
        """
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
            )
        if failures := response.get("failures"):
            why = "; ".join(f"{each.get('reason')} {each.get('detail', '')}".rstrip() for each in failures)
            raise OpsError(f"ECS started no task: {why}")
        ours = EcsTask.parse(only(response["tasks"], "tasks that it ran")).id
        for other in tasks(self._aws, self._environment, self._work):
            if other.id != ours:
                with explained(f"stop task {ours}, since task {other.id} started at the same time"):
                    self._ecs.stop_task(cluster=self._cluster, task=ours, reason="another migration was started too")
                raise RefusedError(
                    f"task {other.id} started at the same time, by {other.started_by or 'unknown'}; this one was "
                    f"stopped; to see which runs: python -m ops tasks {self._environment.name} {MIGRATION}"
                )
        return ours

    def stop_command(self, task: str) -> str:
        """The AWS CLI's command that stops the task. `ops` has none: half a migration may be worse than a long one."""
        return f"aws ecs stop-task --cluster {self._cluster} --task {task} --region {self._environment.region}"


def _starter(arn: str) -> str:
    """The caller's role and session, in the characters that ECS allows."""
    return re.sub(r"[^\w/-]", "-", arn.rpartition(":")[2])[:128]


@dataclass(frozen=True)
class Ended:
    """How a migration ended."""

    task: str
    code: int | None
    """The container's exit code; None if it never ran."""
    reason: str
    lines: int
    """Number of lines that it logged."""
    migrated: bool
    """Whether its container ended by itself, with exit code 0."""

    @property
    def exit_code(self) -> int:
        """The command's exit code: the container's, but 0 only if it migrated.

        A shell sees only the last eight bits of a code: 256 would be 0.
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
        """What to do, by ECS's reason; empty if the reason isn't known."""
        known = (text for word, text in ADVICE.items() if word in self.reason)
        return next(known, "").format(environment=environment)


def follow(
    aws: Aws,
    environment: Environment,
    task: str,
    *,
    seconds: float,
    progress: Callable[[str], None],
    line: Callable[[Line], None],
) -> Ended:
    """Wait for the end of a migration.

    Args:
        aws: The account.
        environment: The environment.
        task: Id of the task.
        seconds: How long to wait.
        progress: Called with each change of the task's status, and with errors of its logs.
        line: Called with each line that the task logs.

    Raises:
        OpsError: The time is over, or ECS's response is an error or doesn't list the task. The task may still run.
    """
    lines = _Lines(aws, workload(environment, MIGRATION).log_group, task, progress, line)
    cluster, client, status, unlisted = Names(environment).prefix, aws.client("ecs"), "", 0
    for _ in polls(seconds):
        found, why = ecs.task(client, cluster, task)
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
            return _ended(found, lines.count)
    raise OpsError(f"task {task} still runs after {seconds / 60:.0f} minutes; it was not stopped")


class _Lines:
    """Passes a task's log lines on. Log errors are reported once and don't change the exit code."""

    def __init__(
        self, aws: Aws, group: str, task: str, progress: Callable[[str], None], line: Callable[[Line], None]
    ) -> None:
        streams = {"logStreamNames": [ecs.log_stream(MIGRATION, task)]}
        self._lines = LogLines(aws, group, since=datetime.fromtimestamp(0, UTC), streams=streams)
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


def _ended(task: EcsTask, lines: int) -> Ended:
    try:
        own = task.container(MIGRATION)
    except NoContainerError as error:
        return Ended(task.id, None, "; ".join(filter(None, (str(error), task.stopped_reason))), lines, migrated=False)
    reasons = filter(None, (own.reason, task.stopped_reason))
    migrated = own.exit_code == 0 and not own.reason and task.ended_by_itself
    return Ended(task.id, own.exit_code, "; ".join(dict.fromkeys(reasons)), lines, migrated)


def snapshot_id(environment: Environment, revision: str) -> str:
    """A snapshot's name, as in `aep-prod-before-migration-7-20251104-123105`."""
    number = revision.rpartition(":")[2]
    return f"{Names(environment).prefix}-before-migration-{number}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def take_snapshot(aws: Aws, environment: Environment, identifier: str) -> None:
    """Create a snapshot of the database and wait until it is available. It stays until you delete it.

    Raises:
        AwsError: There is no usable snapshot; the database was not changed.
    """
    rds, database = aws.client("rds"), Names(environment).prefix
    with explained(f"create a snapshot of the database {database} (migration.snapshot in environments/ requires one)"):
        rds.create_db_snapshot(DBInstanceIdentifier=database, DBSnapshotIdentifier=identifier)
    say(f"snapshot {identifier}: creating")
    try:
        _wait_for_snapshot(rds, identifier)
    except KeyboardInterrupt:
        say(f"RDS continues the snapshot {identifier}; no migration ran")
        raise


def _wait_for_snapshot(rds: RDSClient, identifier: str) -> None:
    with shown(f"snapshot {identifier}") as show:
        for _ in polls(SNAPSHOT_SECONDS):
            with explained(f"read the snapshot {identifier}"):
                found = rds.describe_db_snapshots(DBSnapshotIdentifier=identifier)["DBSnapshots"]
            snapshot = only(found, f"snapshots {identifier}")
            if snapshot["Status"] == "available":
                say(f"snapshot {identifier}: available")
                return
            if snapshot["Status"] == "failed":
                raise AwsError(f"the snapshot {identifier} failed; see the database's events in RDS")
            show(f"snapshot {identifier}: {snapshot.get('PercentProgress', 0)} %")
    raise AwsError(f"the snapshot {identifier} isn't available after {SNAPSHOT_SECONDS // 3600} hours")

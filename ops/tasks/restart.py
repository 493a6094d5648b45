"""Redeploys services with their current task definitions: tasks read their secrets when they start."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from environments.names import Names
from environments.schema import Environment
from ops.aws import codedeploy, ecs
from ops.aws.errors import AwsError, is_absence
from ops.aws.session import Aws
from ops.aws.waiting import shown
from ops.errors import OpsError
from ops.tasks.running import tasks, workload

if TYPE_CHECKING:
    from types_boto3_codedeploy import CodeDeployClient

WAIT = 15 * 60
"""Seconds that a deployment may take: new tasks, their health checks, and draining the previous tasks."""


class Result(StrEnum):
    """How a deployment ended."""

    DONE = "redeployed"
    BEGUN = "deployment started"
    ABSENT = "no such service yet"
    FAILED = "failed"


@dataclass(frozen=True)
class Restart:
    """The result for one service."""

    service: str
    result: Result
    detail: str = ""
    earlier_tasks: int = 0
    """Previous tasks that still run."""

    def __str__(self) -> str:
        count = self.earlier_tasks
        still = f"; {count} previous {'task' if count == 1 else 'tasks'} still running" if count else ""
        return f"{self.service}: {self.result}{f': {self.detail}' if self.detail else ''}{still}"


def restart(aws: Aws, environment: Environment, services: Iterable[str], *, wait: bool) -> list[Restart]:
    """Redeploy each service and, with `wait`, wait until it is stable.

    A failure of one service doesn't stop the others.
    """
    begun = [_Deployment(aws, environment, service) for service in services]
    return [deployment.result(wait=wait) for deployment in begun]


class _Deployment:
    def __init__(self, aws: Aws, environment: Environment, service: str) -> None:
        self._aws, self._environment, self._service = aws, environment, service
        names = Names(environment)
        self._ecs, self._cluster, self._name = aws.client("ecs"), names.prefix, names.service(service)
        self._id, self._earlier = "", set[str]()
        self._wait: Callable[[Callable[[str], None]], None] = self._wait_for_ecs
        try:
            self._ended = self._begin()
        except OpsError as error:
            self._ended = Restart(service, Result.FAILED, str(error))

    def _begin(self) -> Restart | None:
        current = self._current()
        if current is None:
            return Restart(self._service, Result.ABSENT)
        self._earlier = self._running()
        spec = self._environment.product.service(self._service)
        if spec.deployment == "blue_green" and spec.port is not None:
            client = self._aws.client("codedeploy")
            self._id = codedeploy.deploy(client, self._name, current.task_definition, spec.name, spec.port)
            self._wait = partial(self._wait_for_codedeploy, client)
        else:
            self._id = ecs.deploy(self._ecs, self._cluster, self._name)
        return None

    def _current(self) -> ecs.EcsService | None:
        try:
            return ecs.service(self._ecs, self._cluster, self._name)
        except AwsError as error:
            if is_absence(error.code):  # There is no cluster yet.
                return None
            raise

    def _wait_for_ecs(self, show: Callable[[str], None]) -> None:
        ecs.wait_until_deployed(
            self._ecs,
            self._cluster,
            self._name,
            self._id,
            seconds=WAIT,
            progress=lambda ours: show(f"{self._name}: {ours.running} of {ours.desired} new tasks run"),
        )

    def _wait_for_codedeploy(self, client: CodeDeployClient, show: Callable[[str], None]) -> None:
        codedeploy.wait(
            client,
            self._id,
            seconds=codedeploy.SECONDS,
            progress=lambda ours: show(f"{self._name}: CodeDeploy's deployment {ours.id} is in progress"),
        )

    def result(self, *, wait: bool) -> Restart:
        if self._ended:
            return self._ended
        if not wait:
            return Restart(self._service, Result.BEGUN)
        try:
            with shown(f"{self._name}: waiting for its new tasks") as show:
                self._wait(show)
        except AwsError as error:
            problem = f"the deployment continues; its result is unknown: {error}"
        except OpsError as error:
            problem = str(error)
        else:
            return Restart(self._service, Result.DONE)
        return Restart(self._service, Result.FAILED, problem, self._still_running())

    def _running(self) -> set[str]:
        return {task.id for task in tasks(self._aws, self._environment, workload(self._environment, self._service))}

    def _still_running(self) -> int:
        """Previous tasks that still run; 0 if ECS's response is an error: the failure is reported already."""
        try:
            return len(self._earlier & self._running())
        except AwsError:
            return 0

"""Deploy services anew, with what they run already: tasks read their secrets when they start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from environments.names import Names
from environments.schema import Environment
from ops import ecs
from ops.aws import Aws, AwsError, explained
from ops.tasks.running import tasks
from ops.tasks.waiting import looks, shown
from ops.tasks.workloads import workload

WAIT = 15 * 60
"""Seconds that a deployment may take: new tasks, their health checks, and the drain of the earlier ones."""


class Result(StrEnum):
    """How a deployment ended."""

    DONE = "deployed anew"
    BEGUN = "deployment begun"
    ABSENT = "not there yet"
    BY_CODEDEPLOY = "not deployed: CodeDeploy deploys it"
    FAILED = "failed"


@dataclass(frozen=True)
class Restart:
    """What became of one service."""

    service: str
    result: Result
    detail: str = ""
    earlier_tasks: int = 0
    """Tasks that ran before and still run."""

    def __str__(self) -> str:
        still = f"; {self.earlier_tasks} earlier task(s) still run" if self.earlier_tasks else ""
        return f"{self.service}: {self.result}{f': {self.detail}' if self.detail else ''}{still}"


def restart(aws: Aws, environment: Environment, services: Iterable[str], *, wait: bool) -> list[Restart]:
    """Deploy each service anew and, with `wait`, wait until it is steady. What fails for one stops no other."""
    begun = [_Deployment(aws, environment, service) for service in services]
    return [deployment.result(wait=wait) for deployment in begun]


class _Deployment:
    def __init__(self, aws: Aws, environment: Environment, service: str) -> None:
        self._aws, self._environment, self._service = aws, environment, service
        self._names, self._ecs = Names(environment), aws.client("ecs")
        self._id, self._earlier = "", set[str]()
        try:
            self._ended = self._begin()
        except AwsError as error:
            self._ended = Restart(service, Result.FAILED, str(error))

    def _begin(self) -> Restart | None:
        cluster, name = self._names.prefix, self._names.service(self._service)
        if self._environment.product.service(self._service).deployment == "blue_green":
            return Restart(self._service, Result.BY_CODEDEPLOY)
        with explained(f"deploy {name} anew"):
            try:
                described = ecs.active_service(self._ecs.describe_services(cluster=cluster, services=[name]))
            except self._ecs.exceptions.ClusterNotFoundException:
                described = None
            if described is None:
                return Restart(self._service, Result.ABSENT)
            self._earlier = self._running()
            updated = self._ecs.update_service(cluster=cluster, service=name, forceNewDeployment=True)
        primary = ecs.primary(updated["service"])
        if primary is None:
            raise AwsError(f"ECS lists no new deployment of {name}")
        self._id = primary["id"]
        return None

    def result(self, *, wait: bool) -> Restart:
        if self._ended:
            return self._ended
        if not wait:
            return Restart(self._service, Result.BEGUN)
        try:
            problem = self._wait()
        except AwsError as error:
            problem = f"the deployment goes on, unwatched: {error}"
        if problem is None:
            return Restart(self._service, Result.DONE)
        return Restart(self._service, Result.FAILED, problem, self._still_running())

    def _wait(self) -> str | None:
        """What went wrong; none if all is well."""
        cluster, name = self._names.prefix, self._names.service(self._service)
        with shown(f"{name}: waiting for its new tasks") as show:
            for _ in looks(WAIT):
                with explained(f"watch the deployment of {name}"):
                    described = ecs.active_service(self._ecs.describe_services(cluster=cluster, services=[name]))
                if described is None:
                    return "the service was deleted"
                ours = next((each for each in described["deployments"] if each["id"] == self._id), None)
                # What the circuit breaker gave up on is soon no longer listed.
                if ours is None or ours.get("rolloutState") == "FAILED":
                    return (ours or {}).get("rolloutStateReason") or "ECS gave the deployment up and went back"
                if ours.get("rolloutState") == "COMPLETED":
                    return None
                show(f"{name}: {ours.get('runningCount', 0)} of {ours.get('desiredCount', 0)} new tasks run")
        return f"not steady after {WAIT // 60} minutes; it may still become so"

    def _running(self) -> set[str]:
        return {task.id for task in tasks(self._aws, self._environment, workload(self._environment, self._service))}

    def _still_running(self) -> int:
        """Zero where ECS can't be asked: what failed is told already."""
        try:
            return len(self._earlier & self._running())
        except AwsError:
            return 0

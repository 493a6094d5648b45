"""The last good task definition of a service, put back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops import ecs
from ops.aws import Aws, code, explained
from ops.command import say
from ops.cutover.watch import CLOCK, Time
from ops.errors import OpsError, RefusedError
from ops.journal import Journal

SECONDS = 900
"""How long a deployment may take until it is steady."""
LOOK_SECONDS = 10
REVISIONS_A_CALL = 20
_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<name>[^@:]+)@(?P<digest>\S+)")


@dataclass(frozen=True)
class Step:
    """From which revision to which."""

    running: str
    earlier: str

    def __str__(self) -> str:
        return f"{_short(self.running)} → {_short(self.earlier)}"


def check(environment: Environment, service: str) -> None:
    """Refuse what can't be rolled back here, before anything is asked of AWS.

    Raises:
        OpsError: The environment has no such service, or not ECS but CodeDeploy deploys it.
    """
    values = {each.name: each for each in environment.product.services}
    if service not in values:
        raise OpsError(f"unknown service {service!r}; {environment.name} has {', '.join(sorted(values))}")
    if values[service].deployment != "rolling":
        raise OpsError(
            f"CodeDeploy deploys {service}: stop its deployment with a rollback, or deploy the earlier revision "
            f"there (aws deploy list-deployments --application-name {Names(environment).service(service)})"
        )


class ServiceRollback:
    """One service of an environment."""

    def __init__(self, aws: Aws, environment: Environment, service: str) -> None:
        """Make it; `check` has to allow it."""
        names = Names(environment)
        self._aws, self._ecs = aws, aws.client("ecs")
        self._cluster, self._service = names.prefix, names.service(service)

    def step(self) -> Step:
        """Find the newest revision before the running one that was deployed with success, its images still there.

        Raises:
            RefusedError: There is none.
            AwsError: AWS doesn't say.
        """
        running = self._look()["taskDefinition"]
        earlier = next((each for each in self._deployed() if _revision(each) < _revision(running)), None)
        if earlier is None:
            raise RefusedError(
                f"no revision before {_short(running)} was deployed to {self._service} with success in the 90 days "
                "that ECS remembers; go back by the release file instead: python -m ops release rollback"
            )
        self._check_images(earlier)
        return Step(running, earlier)

    def go(self, step: Step, journal: Journal, *, time: Time = CLOCK, tell: Callable[[str], None] = say) -> None:
        """Deploy the earlier revision, and wait until the service is steady on it.

        Raises:
            RefusedError: ECS gave the deployment up.
            OpsError: It takes too long; ECS goes on.
            AwsError: AWS refuses, or doesn't answer.
        """
        log = partial(journal.append, "service", before=_short(step.running), after=_short(step.earlier), must=False)
        log("intended")
        try:
            with explained(f"update {self._service}"):
                self._ecs.update_service(cluster=self._cluster, service=self._service, taskDefinition=step.earlier)
            tell("waiting until it is steady")
            self._wait(step, time)
        except (OpsError, KeyboardInterrupt) as error:
            outcome = "failed" if isinstance(error, RefusedError) else "unknown"
            log(outcome, evidence={"reason": str(error) or "interrupted"})
            raise
        log("done")

    def _wait(self, step: Step, time: Time) -> None:
        begun, ours = time.elapsed(), False
        while time.elapsed() - begun < SECONDS:
            described = self._look()
            deployments = described["deployments"]
            primary = ecs.primary(described)
            mine = [each for each in deployments if each["taskDefinition"] == step.earlier]
            failed = next((each for each in mine if each.get("rolloutState") == "FAILED"), None)
            # The first look may come before ECS has made the deployment.
            if failed or (ours and primary and primary not in mine):
                why = (failed or primary or {}).get("rolloutStateReason", "no reason given")
                raise RefusedError(f"{self._service} runs {_short((primary or described)['taskDefinition'])}: {why}")
            ours = ours or primary in mine
            if ours and primary and primary.get("rolloutState") == "COMPLETED":
                return
            time.sleep(LOOK_SECONDS)
        raise OpsError(f"{self._service} isn't steady after {SECONDS} s; ECS goes on: python -m ops tasks shows how")

    def _look(self) -> Any:  # noqa: ANN401  (boto3's answers are dictionaries)
        with explained(f"look at the service {self._service}"):
            found = ecs.active_service(self._ecs.describe_services(cluster=self._cluster, services=[self._service]))
        if found is None:
            raise OpsError(f"there is no service {self._service} in the cluster {self._cluster}; apply services first")
        return found

    def _deployed(self) -> Iterator[str]:
        """Task definitions of successful deployments, newest first.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
        """
        revisions = [each["targetServiceRevisionArn"] for each in self._deployments()]
        for some in ecs.parts(revisions, REVISIONS_A_CALL):
            with explained(f"look at revisions of {self._service}"):
                answer = self._ecs.describe_service_revisions(serviceRevisionArns=some)
            found = {each["serviceRevisionArn"]: each["taskDefinition"] for each in answer["serviceRevisions"]}
            yield from (found[each] for each in some if each in found)

    def _deployments(self) -> list[dict[str, Any]]:
        """Successful deployments, newest first. AWS promises no order; botocore doesn't join this call's pages.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html
        """
        asked = {"cluster": self._cluster, "service": self._service, "status": ["SUCCESSFUL"]}
        found: list[dict[str, Any]] = []
        more: dict[str, str] | None = {}
        while more is not None:
            with explained(f"list the deployments of {self._service}"):
                answer = self._ecs.list_service_deployments(**asked, **more)
            found += answer["serviceDeployments"]
            more = {"nextToken": answer["nextToken"]} if answer.get("nextToken") else None
        return sorted(found, key=_created, reverse=True)

    def _check_images(self, task_definition: str) -> None:
        with explained(f"look at {_short(task_definition)}"):
            containers = self._ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"][
                "containerDefinitions"
            ]
        for image in filter(None, (_IMAGE.fullmatch(each["image"]) for each in containers)):
            registry = self._aws.client("ecr", region=image["region"])
            with explained(f"look for the image of {_short(task_definition)}"):
                if not _exists(registry, image):
                    raise RefusedError(
                        f"{_short(task_definition)} needs {image['name']}@{image['digest']}, and the registry doesn't "
                        "have it any more; promote it again, or go back to another release"
                    )


def _exists(registry: Any, image: re.Match[str]) -> bool:  # noqa: ANN401
    from botocore.exceptions import ClientError  # noqa: PLC0415  (loads slowly)

    try:
        registry.describe_images(
            registryId=image["account"], repositoryName=image["name"], imageIds=[{"imageDigest": image["digest"]}]
        )
    except ClientError as error:
        if code(error) in ("ImageNotFoundException", "RepositoryNotFoundException"):
            return False
        raise
    return True


def _created(deployment: dict[str, Any]) -> float:
    created: datetime | None = deployment.get("createdAt")
    return created.timestamp() if created else 0


def _revision(task_definition: str) -> int:
    return int(task_definition.rpartition(":")[2])


def _short(task_definition: str) -> str:
    """Family and revision, without the rest of the ARN."""
    return task_definition.rpartition("/")[2]

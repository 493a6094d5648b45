"""Deploys the applied revision of a blue/green service: an apply registers it, and CodeDeploy starts its tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.names import Names
from environments.schema import Environment
from ops.aws import codedeploy, ecs
from ops.aws.waiting import CLOCK, Time
from ops.command import say
from ops.errors import OpsError, RefusedError
from ops.services import named
from ops.tasks.running import workload

if TYPE_CHECKING:
    from types_boto3_codedeploy import CodeDeployClient

    from ops.aws.session import Aws


@dataclass(frozen=True)
class Deploy:
    """The running revision of a service, and the applied one."""

    service: str
    """Its name in AWS."""
    running: str
    applied: str
    container: str
    port: int
    _client: CodeDeployClient

    def __str__(self) -> str:
        return f"{ecs.id_of(self.running)} → {ecs.id_of(self.applied)}"

    @property
    def needed(self) -> bool:
        """Whether the applied revision doesn't run yet."""
        return self.running != self.applied

    def go(self, *, time: Time = CLOCK, progress: Callable[[str], None] = say) -> None:
        """Deploy the applied revision, and wait until all requests go to its tasks.

        Raises:
            RefusedError: The deployment failed, or an alarm stopped it; all requests go to the previous tasks.
            OpsError: It takes too long; CodeDeploy continues.
            AwsError: CodeDeploy refuses, for example because a deployment is in progress, or doesn't respond.
        """
        id_ = codedeploy.deploy(self._client, self.service, self.applied, self.container, self.port)
        progress(f"waiting for CodeDeploy's deployment {id_}")
        codedeploy.wait(self._client, id_, seconds=codedeploy.SECONDS, clock=time)


def check(environment: Environment, service: str) -> None:
    """Refuse a service that an apply deploys, before any AWS call.

    Raises:
        OpsError: The environment has no such service.
        RefusedError: CodeDeploy doesn't deploy it.
    """
    if named(environment, service).deployment != "blue_green":
        raise RefusedError(f"ECS deploys {service} when phase services is applied; only blue/green services need this")


def deploy_of(aws: Aws, environment: Environment, service: str) -> Deploy:
    """Find the newest revision of a service, which the last apply registered; after `check`.

    Raises:
        RefusedError: It has another image than the release file.
        OpsError: There is no such service in AWS.
        AwsError: AWS doesn't respond.
    """
    names, spec, client = Names(environment), environment.product.service(service), aws.client("ecs")
    found = ecs.service(client, names.prefix, names.service(service))
    if found is None:
        raise OpsError(f"there is no service {names.service(service)} in {names.prefix}; apply services first")
    newest = ecs.task_definition(client, workload(environment, service).family)
    image, wanted = newest.container(service)["image"], environment.releases[spec.repository]
    if not image.endswith(f"@{wanted}"):
        raise RefusedError(
            f"{ecs.id_of(newest.arn)} has the image {image}, not {wanted} of the release file; plan and apply phase "
            "services first"
        )
    return Deploy(
        names.service(service), found.task_definition, newest.arn, service, spec.port or 0, aws.client("codedeploy")
    )

"""What a service runs."""

from __future__ import annotations

from collections.abc import Iterator

from environments.names import Names
from environments.schema import Environment
from ops import ecs
from ops.aws import Aws, explained
from ops.ecs import AwsObject

_DEPLOYMENTS = (("deployments", "rolloutState", "COMPLETED"), ("taskSets", "stabilityStatus", "STEADY_STATE"))
"""Where ECS tells of its own deployments and of CodeDeploy's, and how it calls one that is done.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
"""


def running(aws: Aws, environment: Environment, service: str, repository: str) -> set[str]:
    """Digests of a repository's images that a service runs, in deployments that are done.

    Raises:
        AwsError: ECS can't be asked.
        NoContainerError: A task definition that it runs has no container of the service.
    """
    names, client = Names(environment), aws.client("ecs")
    with explained(f"ask what {names.service(service)} runs"):
        answer = client.describe_services(cluster=names.prefix, services=[names.service(service)])
        definitions = [
            client.describe_task_definition(taskDefinition=each)["taskDefinition"]
            for each in sorted({arn for each in answer["services"] for arn in _definitions(each)})
        ]
    # Another container of the same image may be another release.
    images = [ecs.container_definition(each, service)["image"].partition("@") for each in definitions]
    return {digest for name, _, digest in images if digest and name.endswith(f"/{repository}")}


def _definitions(service: AwsObject) -> Iterator[str]:
    for kind, state, done in _DEPLOYMENTS:
        for each in service.get(kind, ()):
            if each["runningCount"] and each.get(state) == done:
                yield each["taskDefinition"]

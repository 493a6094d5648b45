"""What a service runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops.aws import Aws, explained

_DEPLOYMENTS = (("deployments", "rolloutState", "COMPLETED"), ("taskSets", "stabilityStatus", "STEADY_STATE"))
"""Where ECS tells of its own deployments and of CodeDeploy's, and how it calls one that is done.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
"""


def running(aws: Aws, environment: Environment, service: str, repository: str) -> set[str]:
    """Digests of a repository's images that a service runs, in deployments that are done.

    Raises:
        AwsError: ECS can't be asked.
    """
    names, ecs = Names(environment), aws.client("ecs")
    with explained(f"ask what {names.service(service)} runs"):
        answer = ecs.describe_services(cluster=names.prefix, services=[names.service(service)])
        definitions = [
            ecs.describe_task_definition(taskDefinition=each)["taskDefinition"]
            for each in sorted({arn for each in answer["services"] for arn in _definitions(each)})
        ]
    images = [container["image"].partition("@") for each in definitions for container in each["containerDefinitions"]]
    return {digest for name, _, digest in images if digest and name.endswith(f"/{repository}")}


def _definitions(service: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for kind, state, done in _DEPLOYMENTS:
        for each in service.get(kind, ()):
            if each["runningCount"] and each[state] == done:
                yield each["taskDefinition"]

"""Which images of the release file are in the registry that tasks pull from."""

from __future__ import annotations

from environments.schema import Environment
from ops.aws.session import Aws
from ops.registry.repository import repository as open_repository
from ops.release.file import tag_of


def is_released(aws: Aws, environment: Environment, repository: str) -> bool:
    """Whether the registry has the release tag of the image in the release file: then its copy is complete.

    Raises:
        OpsError: The registry refuses, or doesn't respond.
    """
    account = environment.registry.source_account or environment.account_id
    registry = open_repository(aws, account, environment.region, repository)
    return registry.find(tag_of(environment, environment.releases[repository])) is not None


def unreleased(aws: Aws, environment: Environment) -> tuple[str, ...]:
    """The first service of each repository whose image in the release file isn't in the registry yet.

    Raises:
        OpsError: The registry refuses, or doesn't respond.
    """
    first = {service.repository: service.name for service in reversed(environment.product.services)}
    return tuple(
        service.name
        for service in environment.product.services
        if first[service.repository] == service.name and not is_released(aws, environment, service.repository)
    )

"""Which images of the release file are in the registry that tasks pull from."""

from __future__ import annotations

from environments.schema import Environment
from ops.aws.session import Aws
from ops.registry.repository import Repository
from ops.registry.repository import repository as open_repository
from ops.release.file import tag_of


def is_released(aws: Aws, environment: Environment, repository: str) -> bool:
    """Whether the registry has the release tag of the image in the release file: then its copy is complete.

    Raises:
        OpsError: The registry refuses, or doesn't respond.
    """
    return _opened(aws, environment, repository).find(tag_of(environment, environment.releases[repository])) is not None


def unreleased(aws: Aws, environment: Environment) -> tuple[str, ...]:
    """The first service of each repository that lacks the image in the release file: ECS pulls it by digest.

    Raises:
        OpsError: The registry refuses, or doesn't respond.
    """
    first = {service.repository: service.name for service in reversed(environment.product.services)}
    return tuple(
        name
        for repository, name in sorted(first.items(), key=lambda each: each[1])
        if _opened(aws, environment, repository).find(environment.releases[repository]) is None
    )


def _opened(aws: Aws, environment: Environment, repository: str) -> Repository:
    account = environment.registry.source_account or environment.account_id
    return open_repository(aws, account, environment.region, repository)

"""From one environment's repositories to the next one's: who may read what, with whose credentials."""

from __future__ import annotations

from dataclasses import dataclass

import environments
from environments.schema import Environment
from ops.aws.errors import AwsError
from ops.aws.session import Aws, WrongAccountError, connect
from ops.errors import OpsError
from ops.registry.repository import Repository, repository

NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound")


@dataclass(frozen=True)
class Route:
    """Two environments, with clients of their accounts."""

    target: Environment
    """Where images go."""
    origin: Environment
    """Where they come from."""
    aws: Aws
    """Clients of the target's account, which may read the origin's repositories."""
    of_origin: Aws | str
    """Clients of the origin's account, or in words why there are none: a pipeline of production has none."""

    def repositories(self, name: str) -> tuple[Repository, Repository]:
        """Where to pull from and where to push to: one and the same in the same-repository variant.

        Raises:
            OpsError: The release tag can't be put into the origin's repository.
        """
        target, origin = self.target, self.origin
        if not target.registry.source_account:
            return (
                repository(self.aws, origin.account_id, origin.region, name),
                repository(self.aws, target.account_id, target.region, name),
            )
        if isinstance(self.of_origin, str):
            raise OpsError(
                f"{target.name} runs images from {origin.name}'s repositories, so its release tag is put there, and "
                f"{self.of_origin}; sign in to the AWS CLI profile {origin.cli_profile}, and bring no credentials in "
                "environment variables"
            )
        same = repository(self.of_origin, target.registry.source_account, target.region, name)
        return same, same


def route(target: Environment, given: str | None) -> Route:
    """The route to an environment, after the callers' accounts were checked.

    Args:
        target: Where images go.
        given: Where they come from, if several environments would do.

    Raises:
        OpsError: There is no such environment, or its account or the target's can't be reached.
    """
    origin = origin_of(target, given)
    return Route(target, origin, connect(target), _connect_if_possible(origin))


def origin_of(target: Environment, given: str | None) -> Environment:
    """The environment that another one takes images from: the one that lets it read its repositories.

    Raises:
        OpsError: There is none, or there are several.
    """
    able = {
        each.name: each
        for each in map(environments.load, environments.known())
        if each.stage != target.stage
        and (each.account_id == target.registry.source_account or target.account_id in each.registry.readers)
    }
    name = next(iter(able)) if given is None and len(able) == 1 else given
    if name in able:
        return able[name]
    if able:
        raise OpsError(f"images of {target.name} come from {' or '.join(able)}; choose: --from {next(iter(able))}")
    raise OpsError(
        f"no environment lets {target.name} have its images; put its account {target.account_id} into "
        "registry.readers of the one that they come from"
    )


def _connect_if_possible(origin: Environment) -> Aws | str:
    """Clients of an account, or why there are no credentials for it; that AWS says no to them is an error."""
    try:
        return connect(origin)
    except WrongAccountError:
        return f"these credentials are not {origin.name}'s"
    except AwsError as error:
        if error.code in NO_CREDENTIALS:
            return f"there are no credentials for {origin.name}"
        raise

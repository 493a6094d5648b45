"""The route of an image from one environment's repositories to another's, with the credentials for both."""

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
    """The environment to copy images to."""
    origin: Environment
    """The environment to copy images from."""
    aws: Aws
    """Clients of the target's account, which may read the origin's repositories."""
    of_origin: Aws | str
    """Clients of the origin's account, or the reason why there are none: a pipeline of production has none."""

    def repositories(self, name: str) -> tuple[Repository, Repository]:
        """The repositories to pull from and to push to; the same object in the same-repository variant.

        Raises:
            OpsError: The origin's repository can't be tagged without credentials.
        """
        target, origin = self.target, self.origin
        if not target.registry.source_account:
            return (
                repository(self.aws, origin.account_id, origin.region, name),
                repository(self.aws, target.account_id, target.region, name),
            )
        if isinstance(self.of_origin, str):
            raise OpsError(
                f"{target.name} runs images from {origin.name}'s repositories, so the release tag belongs there, and "
                f"{self.of_origin}; sign in to the AWS CLI profile {origin.cli_profile}, and unset credentials in "
                "environment variables"
            )
        same = repository(self.of_origin, target.registry.source_account, target.region, name)
        return same, same


def route(target: Environment, given: str | None) -> Route:
    """The route to an environment; checks the accounts of the credentials.

    Args:
        target: The environment to copy images to.
        given: The environment to copy them from, if there are several.

    Raises:
        OpsError: There is no such environment, or its account or the target's can't be reached.
    """
    origin = origin_of(target, given)
    return Route(target, origin, connect(target), _connect_if_possible(origin))


def origin_of(target: Environment, given: str | None) -> Environment:
    """The environment of the same product whose repositories the target may read.

    Raises:
        OpsError: There is none, or there are several.
    """
    able = origins(target)
    name = next(iter(able)) if given is None and len(able) == 1 else given
    if name in able:
        return able[name]
    if able:
        raise OpsError(f"images of {target.name} come from {' or '.join(able)}; choose: --from {next(iter(able))}")
    raise OpsError(
        f"no environment shares its images with {target.name}; add its account {target.account_id} to "
        "registry.readers of the environment that they come from, or, if there is none before it, set the image with: "
        f"bin/ops release set {target.name} SERVICE DIGEST"
    )


def origins(target: Environment) -> dict[str, Environment]:
    """The environments of the same product whose repositories the target may read, by name."""
    return {
        each.name: each
        for each in environments.load_each().environments
        if each.product.name == target.product.name
        and each.stage != target.stage
        and (each.account_id == target.registry.source_account or target.account_id in each.registry.readers)
    }


def _connect_if_possible(origin: Environment) -> Aws | str:
    """Clients of an account, or why there are no credentials for it. Credentials that AWS refuses are an error."""
    try:
        return connect(origin)
    except WrongAccountError:
        return f"the credentials aren't {origin.name}'s"
    except AwsError as error:
        if error.code in NO_CREDENTIALS:
            return f"there are no credentials for {origin.name}"
        raise

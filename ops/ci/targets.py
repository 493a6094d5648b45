"""Which environments workflows work on, and the GitHub environments of their jobs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import environments
from environments.schema import Environment
from ops.command import load
from ops.errors import AbsentError, OpsError

VARIABLE = "ROLLOUT_ENVIRONMENTS"
"""GitHub's repository variable with the environments to roll out, separated by spaces.

It is a variable and no value: a new repository rolls out nothing until you say so, and a product's values don't depend
on how it is rolled out.
"""
WHERE = "change it in Settings → Secrets and variables → Actions → Variables (docs/ci.md)"


@dataclass(frozen=True)
class Target:
    """An environment, and the GitHub environments of its jobs (`environments/schema/account.py`)."""

    environment: str
    plan_environment: str
    """That of the planner's jobs, without reviewers."""
    deploy_environment: str
    """That of the deployer's jobs; its reviewers approve."""


def chosen(names: Sequence[str]) -> tuple[Environment, ...]:
    """The environments to roll out, in the order that you gave.

    Raises:
        OpsError: There is no such environment, its values are wrong, names are separated by commas, or two have the
            same account, names and state: they are sizes of one environment.
    """
    if listed := next((name for name in names if "," in name), None):
        raise OpsError(
            f"{VARIABLE} has {listed!r}: separate environments with spaces, as in 'staging prod-starter'; {WHERE}"
        )
    try:
        found = tuple(load(name) for name in dict.fromkeys(names))
    except AbsentError as error:
        raise OpsError(f"{VARIABLE}: {error}; {WHERE}") from None
    for one, other in combinations(found, 2):
        if one.prefix == other.prefix:
            raise OpsError(
                f"{VARIABLE} has {one.name} and {other.name}, which share account, names and state: each rollout of "
                f"one would undo the other's; name one of them; {WHERE}"
            )
    return found


def outputs(given: Sequence[Environment], only: str | None = None) -> dict[str, str]:
    """What later jobs read: lists as JSON for a matrix, or what they need of one environment.

    Args:
        given: The environments to roll out.
        only: The one that a dispatch names.

    Raises:
        OpsError: The named environment isn't one of them.
    """
    if only is not None:
        return _one(given, only)
    protected = [environment for environment in given if environment.protected]
    lists = {
        "all": given,
        "first": [environment for environment in given if not environment.protected],
        "protected": protected,
        "rehearse": [size for each in protected for size in sorted((each, *environments.sizes(each)), key=_name)],
    }
    return {name: json.dumps([asdict(target(each)) for each in found]) for name, found in lists.items()}


def _name(environment: Environment) -> str:
    return environment.name


def _one(given: Sequence[Environment], only: str) -> dict[str, str]:
    for environment in given:
        if environment.name == only:
            file = environments.release_file(environment)
            return {**asdict(target(environment)), "release_file": environments.shown(file)}
    known = ", ".join(environment.name for environment in given) or "none"
    raise OpsError(f"{only!r} isn't rolled out by workflows ({VARIABLE}: {known}); name one of these, or {WHERE}")


def target(environment: Environment) -> Target:
    """An environment with its GitHub environments."""
    access = environment.access
    return Target(environment.name, access.github_plan_environment, access.github_environment)

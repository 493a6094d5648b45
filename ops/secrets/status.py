"""The status of an environment's secrets, and which are missing or extra. Nothing here reads a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from environments.names import Names
from environments.schema import Environment
from ops.aws.errors import AwsError, code, explained
from ops.aws.session import Aws
from ops.errors import OpsError
from ops.iam.mfa import PRINCIPAL
from ops.iam.policy import IamStatement, read

CURRENT = "AWSCURRENT"
"""Label of the version that tasks get.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
"""
EVERYBODY = "every principal that IAM allows"
_UNLIKE = frozenset({"arnnotequals", "arnnotlike", "stringnotequals", "stringnotlike"})


class State(StrEnum):
    """Whether a secret has a value that tasks can read."""

    SET = "set"
    EMPTY = "no value"
    ABSENT = "missing"
    DELETED = "being deleted"


@dataclass(frozen=True)
class Container:
    """A secret in Secrets Manager, without its value."""

    name: str
    state: State
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Labels of each version, by its id; versions without a label aren't listed."""

    @property
    def version(self) -> str:
        """Id of the current version; empty if there is none."""
        return self.labelled(CURRENT)

    def labelled(self, label: str) -> str:
        """Id of the version with a label; empty if none has it."""
        return next((version for version, its in self.labels.items() if label in its), "")


@dataclass(frozen=True)
class Status:
    """One secret of the product."""

    name: str
    state: State
    changed: datetime | None
    """When its current value was set."""
    readers: tuple[str, ...] | None
    """Roles that its policy doesn't deny; None if the caller may not read the policy."""
    needed_by: tuple[str, ...]
    """Services whose tasks don't start without it."""

    @property
    def blocks(self) -> bool:
        """Whether a service can't start because of it."""
        return bool(self.needed_by) and self.state is not State.SET


def container(aws: Aws, environment: Environment, name: str) -> Container:
    """Read the state of one secret.

    Raises:
        AwsError: Secrets Manager's response is an error.
    """
    client = aws.client("secretsmanager")
    with explained(f"read the secret {Names(environment).secret(name)}"):
        try:
            described = client.describe_secret(SecretId=Names(environment).secret(name))
        except client.exceptions.ResourceNotFoundException:
            return Container(name, State.ABSENT)
    found = Container(name, State.EMPTY, described.get("VersionIdsToStages", {}))
    if described.get("DeletedDate"):
        return replace(found, state=State.DELETED)
    return replace(found, state=State.SET) if found.version else found


def existing(aws: Aws, environment: Environment, name: str) -> Container:
    """The same of a secret whose versions can be changed.

    Raises:
        OpsError: The secret doesn't exist or is being deleted, or Secrets Manager's response is an error.
    """
    found, secret = container(aws, environment, name), Names(environment).secret(name)
    if found.state in (State.ABSENT, State.DELETED):
        how = "apply phase secrets first"
        if found.state is State.DELETED:
            how = f"take it back first: aws secretsmanager restore-secret --secret-id {secret}"
        raise OpsError(f"{secret} is {found.state}; {how}")
    return found


def statuses(aws: Aws, environment: Environment) -> list[Status]:
    """Read the status of every secret of the product.

    Raises:
        AwsError: Secrets Manager's response is an error.
    """
    found = []
    for secret in environment.product.secrets:
        seen = container(aws, environment, secret.name)
        there = seen.state is not State.ABSENT
        found.append(
            Status(
                name=secret.name,
                state=seen.state,
                changed=_changed(aws, environment, seen) if seen.version else None,
                readers=_readers(aws, environment, secret.name) if there else (),
                needed_by=readers_of(environment, secret.name),
            )
        )
    return found


def readers_of(environment: Environment, name: str) -> tuple[str, ...]:
    """The services that read a secret."""
    return tuple(service.name for service in environment.product.services if name in service.secrets)


def _changed(aws: Aws, environment: Environment, seen: Container) -> datetime | None:
    """When the current version was created: DescribeSecret's LastChangedDate changes with the policy and tags too."""
    with explained(f"list the versions of {seen.name}"):
        versions = aws.client("secretsmanager").list_secret_version_ids(SecretId=Names(environment).secret(seen.name))
    return next((each["CreatedDate"] for each in versions["Versions"] if each["VersionId"] == seen.version), None)


def _readers(aws: Aws, environment: Environment, name: str) -> tuple[str, ...] | None:
    try:
        with explained(f"read the policy of {name}"):
            response = aws.client("secretsmanager").get_resource_policy(SecretId=Names(environment).secret(name))
    except AwsError as error:
        if isinstance(error.__cause__, Exception) and code(error.__cause__).startswith("AccessDenied"):
            return None
        raise
    return tuple(policy_readers(response.get("ResourcePolicy") or "{}"))


def policy_readers(policy: str) -> Iterator[str]:
    """Names of the roles that a secret's policy excepts from its denial to read the value."""
    denials = [each for each in read(policy) if not each.allows and each.about("secretsmanager:GetSecretValue")]
    spared = [names for denial in denials if (names := _spared(denial))]
    left = [name for name in spared[0] if all(name in names for names in spared)] if spared else [EVERYBODY]
    yield from (name.rpartition("/")[2] for name in left)


def _spared(denial: IamStatement) -> list[str]:
    """ARNs of the roles that a denial excepts; empty if it excepts none."""
    by_condition = [
        arn
        for test, key, arns in denial.conditions
        if test.lower() in _UNLIKE and key.lower() == PRINCIPAL
        for arn in arns
    ]
    return by_condition or [identifier for kind, identifier in denial.not_principals if kind == "AWS"]


def missing(aws: Aws, environment: Environment) -> tuple[str, ...]:
    """Secrets that a service reads and that have no value: its tasks don't start. One call for each secret.

    Raises:
        AwsError: Secrets Manager's response is an error.
    """
    needed = (secret.name for secret in environment.product.secrets if readers_of(environment, secret.name))
    return tuple(name for name in needed if container(aws, environment, name).state is not State.SET)


@dataclass(frozen=True)
class Compared:
    """The names of an environment's secrets: existing, missing and extra."""

    environment: str
    there: tuple[str, ...]
    missing: tuple[str, ...]
    """In the values, but not in Secrets Manager."""
    extra: tuple[str, ...]
    """In Secrets Manager, but not in the values."""


def compared(aws: Aws, environment: Environment) -> Compared:
    """List the secrets below the environment's path, and compare them with its values.

    Raises:
        AwsError: Secrets Manager's response is an error: the deployer may not list secrets, for instance.
    """
    path = f"{Names(environment).path}/"
    with explained(f"list the secrets of {environment.name} (administrators may)"):
        pages = (
            aws.client("secretsmanager")
            .get_paginator("list_secrets")
            .paginate(Filters=[{"Key": "name", "Values": [path]}])
        )
        names = [each["Name"] for page in pages for each in page["SecretList"]]
    there = {name.removeprefix(path) for name in names if name.startswith(path)}
    wanted = {secret.name for secret in environment.product.secrets}
    return Compared(
        environment.name, tuple(sorted(there)), tuple(sorted(wanted - there)), tuple(sorted(there - wanted))
    )

"""Who makes a call: the identity behind an access key, as policies and GetCallerIdentity name it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from moto.core.responses import BaseResponse
from moto.core.utils import unix_time, utcnow
from moto.iam import models as iam
from moto.sts.models import STSBackend, sts_backends
from moto.utilities.utils import get_partition

from ops.iam.conditions import RequestContext
from rehearsal.emulator.additions.registry import kept
from rehearsal.emulator.settings import SESSION, account_of, role_of


@dataclass(frozen=True)
class Caller:
    """An IAM user, or a session of one or of a role."""

    account_id: str
    arn: str
    """As GetCallerIdentity reports it: of a user, or of a role's session."""
    principal_arn: str
    """What `aws:PrincipalArn` is: the user's ARN, or the role's and not the session's.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    user_id: str
    user: str | None = None
    """Name of the IAM user; none for a role's session."""
    since: datetime | None = None
    """When its temporary credentials were issued; none for access keys of a user."""
    mfa_at: datetime | None = None
    """When the IAM user showed MFA; none if it didn't. A role's session never has it."""
    session_policies: tuple[str, ...] = ()
    """JSON of the policies that were passed when the session was created."""
    tags: tuple[tuple[str, str], ...] = ()
    """The session's tags: names and values."""
    vpc: str = ""
    """Id of the VPC that it calls from: that of a task. Empty for callers elsewhere."""


def caller_of(response: BaseResponse) -> Caller:
    """The caller of a call that moto handles."""
    return caller(response.access_key, str(response.headers.get("x-amz-security-token", "")), response.region)


def caller(key: str, token: str, region: str) -> Caller:
    """Who signs with an access key. Unknown keys belong to the emulator's own account.

    Args:
        key: The access key's id.
        token: The session token, if any.
        region: Of the endpoint.
    """
    account_id, partition = iam.get_account_id_from(key), get_partition(region)
    if account_of(key) is not None:
        return _given(account_id, partition, role_of(token))
    if key in (known := sessions(sts_backends[account_id][partition])):
        return known[key]
    user = iam.iam_backends[account_id][partition].get_user_from_access_key_id(key)
    if user is None:
        return _given(account_id, partition, role_of(""))
    return Caller(account_id, user.arn, user.arn, user.id, user.name)


def sessions(backend: STSBackend) -> dict[str, Caller]:
    """Who has the temporary credentials that STS gave out, by access key id."""
    return kept(backend, "sessions", dict)


def _given(account_id: str, partition: str, role: str) -> Caller:
    """The session of a role that `settings.credentials` means; the role needn't exist."""
    name = role.rpartition("/")[2]
    return Caller(
        account_id,
        f"arn:{partition}:sts::{account_id}:assumed-role/{name}/{SESSION}",
        f"arn:{partition}:iam::{account_id}:role/{role}",
        f"AROAEMULATOR:{SESSION}",
        since=utcnow(),
    )


def context(caller: Caller, region: str, **more: str) -> RequestContext:
    """The condition keys of a call.

    The keys of MFA belong to an IAM user: `aws:MultiFactorAuthPresent` is in every session of one,
    `aws:MultiFactorAuthAge` in one that showed MFA. "The temporary credentials returned by AssumeRole do not include
    MFA information in the context"; neither do those of Identity Center, nor those of GitHub's jobs.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html

    Args:
        caller: Who calls.
        region: Of the endpoint.
        more: Keys of the service, with `__` for the colon.
    """
    return RequestContext.of({**dict(_global(caller, region)), **{key.replace("__", ":"): more[key] for key in more}})


def _global(caller: Caller, region: str) -> Iterator[tuple[str, str]]:
    now = utcnow()
    yield "aws:PrincipalArn", caller.principal_arn
    yield "aws:PrincipalAccount", caller.account_id
    yield "aws:PrincipalType", "User" if caller.user else "AssumedRole"
    yield "aws:PrincipalIsAWSService", "false"
    yield "aws:ViaAWSService", "false"
    yield "aws:userid", caller.user_id
    yield "aws:RequestedRegion", region
    yield "aws:CurrentTime", f"{now:%Y-%m-%dT%H:%M:%SZ}"
    yield "aws:EpochTime", str(int(unix_time()))
    yield "aws:SourceIp", "127.0.0.1"
    # On AWS every call uses TLS.
    yield "aws:SecureTransport", "true"
    yield from ((f"aws:PrincipalTag/{name}", value) for name, value in caller.tags)
    if caller.user:
        yield "aws:username", caller.user
    if caller.since:
        yield "aws:TokenIssueTime", f"{caller.since:%Y-%m-%dT%H:%M:%SZ}"
    if caller.user and (caller.since or caller.mfa_at):
        yield "aws:MultiFactorAuthPresent", str(caller.mfa_at is not None).lower()
    if caller.mfa_at:
        yield "aws:MultiFactorAuthAge", str((now - caller.mfa_at) // timedelta(seconds=1))

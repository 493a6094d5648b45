"""STS: who may assume a role, for how long, and with which MFA."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import unix_time, utcnow
from moto.iam.models import IAMBackend, Role, iam_backends
from moto.sts.models import AssumedRole, sts_backends
from moto.sts.responses import TokenResponse
from moto.utilities.utils import get_partition

from environments.arns import account_of
from ops.iam.conditions import RequestContext
from ops.iam.evaluation import Decision, Document, Policies, Request, evaluate
from ops.iam.policy import IamStatement
from rehearsal.emulator import trail, web_identity
from rehearsal.emulator.additions.registry import AwsError, corrects, parameters
from rehearsal.emulator.callers import Caller, caller_of, context, sessions

HOUR = 3600
SHORTEST, LONGEST = 900, 43_200
LONGEST_USER_SESSION = 129_600
"""Limits of DurationSeconds. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html"""
_ANYTHING = Document("anything", (IamStatement(actions=("*",), resources=("*",)),))
Answer = Any
Call = Callable[..., Answer]


class DeniedError(AwsError):
    """AccessDenied, which AWS returns with status 403."""

    def __init__(self, message: str) -> None:
        super().__init__("AccessDenied", message)


def _answers_denials(call: Call) -> Call:
    """Return AccessDenied with its own status: moto would return 400, since AWS's model of STS doesn't have it."""

    @wraps(call)
    def answered(original: Call, response: TokenResponse) -> Answer:
        try:
            return call(original, response)
        except DeniedError as error:
            _, headers, body = response.serialized(ActionResult(error))
            return body, {**headers, "status": 403}

    return answered


@corrects(
    TokenResponse,
    "assume_role",
    "sts",
    "AssumeRole",
    why="moto lets every caller assume any role, even one that doesn't exist, for any duration",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html",
)
@_answers_denials
def assume_role(original: Call, response: TokenResponse) -> Answer:
    """Evaluate the role's trust policy.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html
    """
    caller, arn = caller_of(response), str(response._get_param("RoleArn"))
    seconds = _duration(response, HOUR, LONGEST)
    role = _role(arn)
    shown = _showing_mfa(caller, response)
    keys = {
        "sts__RoleSessionName": response._get_param("RoleSessionName"),
        "sts__ExternalId": response._get_param("ExternalId"),
        "sts__SourceIdentity": response._get_param("SourceIdentity"),
    }
    asked = context(shown, response.region, **{key: str(value) for key, value in keys.items() if value})
    for action in _actions(response):
        decision = _decided(role, shown.arn, caller.account_id, action, asked)
        if decision is None or not decision.allowed:
            denied = decision is not None and decision.explicit
            why = " with an explicit deny in a resource-based policy" if denied else ""
            raise DeniedError(f"User: {caller.arn} is not authorized to perform: {action} on resource: {arn}{why}")
    _refuse_long(seconds, role, chained=caller.user is None)
    result = original(response)
    assumed = _given_out(result, role, response)
    trail.role_assumed(shown, assumed, response.region, serial=response._get_param("SerialNumber"))
    return result


@corrects(
    TokenResponse,
    "assume_role_with_web_identity",
    "sts",
    "AssumeRoleWithWebIdentity",
    why="moto doesn't check the token",
)
@_answers_denials
def assume_role_with_web_identity(original: Call, response: TokenResponse) -> Answer:
    """Verify the token with its provider's keys, and evaluate the role's trust policy for its claims.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
    """
    arn, token = str(response._get_param("RoleArn")), str(response._get_param("WebIdentityToken"))
    role, host = _role(arn), web_identity.issuer(token).removeprefix("https://")
    seconds = _duration(response, HOUR, LONGEST)
    provider = _iam(arn).open_id_providers.get(f"{arn.partition(':role/')[0]}:oidc-provider/{host}")
    if provider is None:
        raise AwsError("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for https://{host}")
    claims = web_identity.verified(token)
    if not {*_texts(claims.get("aud"))} & {*provider.client_id_list}:
        raise AwsError("InvalidIdentityToken", "Incorrect token audience")
    for claim in ("sub", "exp"):
        if claim not in claims:
            raise AwsError("InvalidIdentityToken", f"Missing a required claim: {claim}")
    if float(claims["exp"]) < unix_time():
        raise AwsError(
            "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time"
        )
    named = {"sub": claims.get("sub"), "aud": claims.get("azp", claims.get("aud")), "amr": claims.get("amr")}
    keys = {f"{host}:{claim}": _texts(value) for claim, value in named.items() if value is not None}
    asked = RequestContext.of({**keys, "aws:RequestedRegion": response.region})
    action = "sts:AssumeRoleWithWebIdentity"
    decision = _decided(role, provider.arn, account_of(provider.arn), action, asked)
    if decision is None or not decision.allowed:
        raise DeniedError(f"Not authorized to perform {action}")
    _refuse_long(seconds, role, chained=False)
    result = original(response)
    _given_out(result, role, response)
    return result


@corrects(
    TokenResponse,
    "get_session_token",
    "sts",
    "GetSessionToken",
    why="moto gives every caller the same key, which belongs to no account",
)
@_answers_denials
def get_session_token(original: Call, response: TokenResponse) -> Answer:
    """A session of an IAM user, with or without MFA.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    """
    caller = caller_of(response)
    if caller.user is None or caller.since:
        raise DeniedError("Cannot call GetSessionToken with session credentials")
    _duration(response, LONGEST, LONGEST_USER_SESSION)
    shown = _showing_mfa(caller, response)
    result = original(response)
    key = _iam(caller.arn).create_temp_access_key()
    credentials = result.result["Credentials"]
    credentials |= {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}
    sessions(sts_backends[caller.account_id][caller.arn.split(":")[1]])[key.access_key_id] = replace(
        shown, since=utcnow()
    )
    return result


@corrects(
    TokenResponse,
    "get_caller_identity",
    "sts",
    "GetCallerIdentity",
    why="moto returns a user for every key that it did not issue",
)
def get_caller_identity(original: Call, response: TokenResponse) -> Answer:
    """Return the identity that policies see."""
    caller = caller_of(response)
    return ActionResult({"UserId": caller.user_id, "Account": caller.account_id, "Arn": caller.arn})


def _actions(response: TokenResponse) -> Iterator[str]:
    """What the trust policy has to allow.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    yield "sts:AssumeRole"
    if any(name.startswith(("Tags.", "TransitiveTagKeys.")) for name in response.querystring):
        yield "sts:TagSession"
    if response._get_param("SourceIdentity"):
        yield "sts:SetSourceIdentity"


def _iam(arn: str) -> IAMBackend:
    return iam_backends[account_of(arn)][arn.split(":")[1]]


def _role(arn: str) -> Role | None:
    if not re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:role/.+", arn):
        raise AwsError("ValidationError", f"{arn} is invalid")
    return next((role for role in _iam(arn).get_roles() if role.arn == arn), None)


def _decided(role: Role | None, principal: str, account: str, action: str, asked: RequestContext) -> Decision | None:
    """What a role's trust policy says, whatever the caller's own policies allow; none without such a role.

    Raises:
        ValueError: It has a form that AWS doesn't accept.
    """
    if role is None:
        return None
    policies = Policies(identity=(_ANYTHING,), resource=(Document.of(role.arn, role.assume_role_policy_document),))
    request = Request(
        principal=principal,
        account=account,
        action=action,
        resource=role.arn,
        owner=account_of(role.arn),
        context=asked.known,
    )
    return evaluate(request, policies)


def _showing_mfa(caller: Caller, response: TokenResponse) -> Caller:
    """The caller, after its MFA device's code was checked. Any six digits are the right code.

    Only an IAM user has a device: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html
    """
    serial, code = response._get_param("SerialNumber"), response._get_param("TokenCode")
    if serial is None and code is None:
        return caller
    if serial is None or code is None:
        raise DeniedError(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        )
    if not re.fullmatch(r"\d{6}", code):
        raise AwsError("ValidationError", "Value at 'tokenCode' failed to satisfy constraint: six digits")
    devices = _iam(caller.arn).get_user(caller.user).mfa_devices if caller.user else {}
    if serial not in devices:
        raise DeniedError("MultiFactorAuthentication failed with invalid MFA one time pass code.")
    return replace(caller, mfa_at=utcnow())


def _duration(response: TokenResponse, default: int, longest: int) -> int:
    seconds = int(response._get_param("DurationSeconds") or default)
    if not SHORTEST <= seconds <= longest:
        bound = f"less than or equal to {longest}" if seconds > longest else f"greater than or equal to {SHORTEST}"
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: "
            f"Member must have value {bound}",
        )
    return seconds


def _refuse_long(seconds: int, role: Role | None, *, chained: bool) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining ."""
    if chained and seconds > HOUR:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )
    if role and seconds > int(role.max_session_duration or HOUR):
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


def _given_out(result: Any, role: Role | None, response: TokenResponse) -> AssumedRole:  # noqa: ANN401
    """Store the owner of issued credentials, with the session's policies and tags."""
    assumed: AssumedRole = result.result["Credentials"]
    given = parameters(response)
    backend = sts_backends[assumed.account_id][get_partition(assumed.region_name)]
    sessions(backend)[assumed.access_key_id] = Caller(
        assumed.account_id,
        assumed.arn,
        role.arn if role else assumed.role_arn,
        assumed.user_id,
        since=utcnow(),
        session_policies=tuple(_session_policies(given)),
        tags=tuple((each["Key"], each["Value"]) for each in given.get("Tags") or ()),
    )
    return assumed


def _session_policies(given: Mapping[str, Any]) -> Iterator[str]:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session ."""
    if given.get("Policy"):
        yield given["Policy"]
    for each in given.get("PolicyArns") or ():
        # A policy of AWS is in every account's backend.
        arn = each["arn"]
        policies = _iam(given["RoleArn"]).managed_policies
        if arn not in policies:
            raise AwsError("ValidationError", f"{arn} doesn't exist")
        yield next(version.document for version in policies[arn].versions if version.is_default)


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]

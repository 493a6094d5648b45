"""Who may assume a role, as AWS decides it: by the role's trust policy, and by what the caller can show."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from itertools import count

import pytest
from botocore.exceptions import ClientError
from joserfc.jwk import RSAKey

from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.tokens import AUDIENCE, ISSUER, Tokens
from tests.emulator.aws import Aws
from tests.emulator.people import User, allow, refusal, role, session, user

pytestmark = pytest.mark.slow

# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
MFA = {"Bool": "aws:MultiFactorAuthPresent=true"}
RECENT_MFA = {**MFA, "NumericLessThan": "aws:MultiFactorAuthAge=3600"}
HOST = ISSUER.removeprefix("https://")
SUBJECT = "repo:example/infrastructure:environment:production"
# https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
SSO = "aws-reserved/sso.amazonaws.com/eu-west-2/AWSReservedSSO_platform-lead_1234567890abcdef"
_accounts = count(210000000000)


@pytest.fixture(scope="module")
def people(emulator: Emulator) -> Aws:
    """The account that people sign in to."""
    return Aws(str(next(_accounts)), emulator.endpoint)


@pytest.fixture(scope="module")
def lead(people: Aws) -> User:
    return user(people, "lead")


def denied(aws: Aws, role_arn: str, keys: Mapping[str, str] | None = None, **more: object) -> str:
    """The message of the denial, which has AWS's code and status."""
    with pytest.raises(ClientError) as error:
        session(aws, role_arn, keys, **more)
    code, status, message = refusal(error)
    assert (code, status) == ("AccessDenied", 403)
    return message


def test_a_user_with_mfa_may_and_without_may_not(aws: Aws, lead: User) -> None:
    target = role(aws, "one", allow({"AWS": lead.arn}, **RECENT_MFA))
    said = denied(aws, target, lead.keys)
    assert said == f"User: {lead.arn} is not authorized to perform: sts:AssumeRole on resource: {target}"
    keys = session(aws, target, lead.keys, **lead.mfa)
    assert aws("sts", keys).get_caller_identity()["Arn"] == f"arn:aws:sts::{aws.account}:assumed-role/one/session"


def test_a_session_token_carries_mfa_only_if_it_was_shown(people: Aws, aws: Aws, lead: User) -> None:
    target = role(aws, "one", allow({"AWS": lead.arn}, **RECENT_MFA))
    client = people("sts", lead.keys)
    assert session(aws, target, client.get_session_token(**lead.mfa)["Credentials"])
    without = client.get_session_token()["Credentials"]
    denied(aws, target, without)
    # The key is there and false, which a condition for false sees; with access keys it isn't there at all.
    unshown = role(aws, "two", allow({"AWS": lead.arn}, Bool="aws:MultiFactorAuthPresent=false"))
    assert session(aws, unshown, without)
    denied(aws, unshown, lead.keys)
    assert people("sts", without).get_caller_identity()["Arn"] == lead.arn
    with pytest.raises(ClientError, match=r"AccessDenied.*session credentials"):
        people("sts", without).get_session_token()


def test_a_roles_session_never_carries_mfa(people: Aws, aws: Aws, lead: User) -> None:
    """Not even one that was assumed with MFA."""
    between = role(people, "engineer", allow({"AWS": lead.arn}, **RECENT_MFA))
    keys = session(people, between, lead.keys, **lead.mfa)
    for name, condition in {"bool": MFA, "age": {"NumericLessThan": "aws:MultiFactorAuthAge=3600"}}.items():
        denied(aws, role(aws, name, allow({"AWS": between}, **condition)), keys)
    # Both keys are missing, so that Null holds, and IfExists asks nothing.
    assert session(aws, role(aws, "null", allow({"AWS": between}, Null="aws:MultiFactorAuthAge=true")), keys)
    lax = role(aws, "lax", allow({"AWS": between}, BoolIfExists="aws:MultiFactorAuthPresent=true"))
    assert session(aws, lax, keys)
    assert session(aws, role(aws, "plain", allow({"AWS": between})), keys)


def test_identity_center_shows_no_mfa_and_is_matched_by_the_principals_arn(aws: Aws, people: Aws) -> None:
    with_mfa = role(people, "asking", allow({"AWS": aws.account}, **MFA))
    name, account = SSO.rpartition("/")[2], {"AWS": f"arn:aws:iam::{aws.account}:root"}
    keys = Aws(aws.account, aws.endpoint, role=SSO)
    assert keys("sts").get_caller_identity()["Arn"] == f"arn:aws:sts::{aws.account}:assumed-role/{name}/emulator"
    with pytest.raises(ClientError, match="AccessDenied"):
        session(keys, with_mfa)
    for number, (pattern, may) in enumerate(
        {
            "sso.amazonaws.com/*/AWSReservedSSO_platform-lead_*": True,
            "sso.amazonaws.com/AWSReservedSSO_platform-lead_*": False,
            "sso.amazonaws.com/*/AWSReservedSSO_platform-engineer_*": False,
        }.items()
    ):
        condition = {"ArnLike": f"aws:PrincipalArn=arn:aws:iam::{aws.account}:role/aws-reserved/{pattern}"}
        target = role(people, f"named-{number}", allow(account, **condition))
        if may:
            assert session(keys, target)
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                session(keys, target)


@pytest.mark.parametrize("device", ["another user's", "no user's", "a role's"])
def test_only_its_own_device_shows_mfa(device: str, people: Aws, aws: Aws, lead: User) -> None:
    target = role(aws, "one", allow({"AWS": [lead.arn, people.account]}, **MFA))
    serial, keys = f"arn:aws:iam::{people.account}:mfa/none", lead.keys
    if device == "another user's":
        serial = user(people, f"other-{aws.account}").device
    elif device == "a role's":
        between = role(people, f"between-{aws.account}", allow({"AWS": lead.arn}))
        serial, keys = lead.device, session(people, between, lead.keys)
    said = denied(aws, target, keys, SerialNumber=serial, TokenCode="123456")
    assert said == "MultiFactorAuthentication failed with invalid MFA one time pass code."


def test_serial_number_and_code_go_together(aws: Aws, lead: User) -> None:
    target = role(aws, "one", allow({"AWS": lead.arn}))
    assert "must provide both" in denied(aws, target, lead.keys, SerialNumber=lead.device)
    with pytest.raises(ClientError, match=r"ValidationError.*tokenCode"):
        session(aws, target, lead.keys, SerialNumber=lead.device, TokenCode="abcdef")


def test_principals_are_named_by_user_role_session_account_or_everybody(people: Aws, aws: Aws, lead: User) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html."""
    between = role(people, "with-path", allow({"AWS": lead.arn}), path="/team/")
    keys = session(people, between, lead.keys)
    sessions = f"arn:aws:sts::{people.account}:assumed-role/with-path"
    root, other = f"arn:aws:iam::{people.account}:root", f"arn:aws:iam::{aws.account}:root"
    for number, (principal, a_user, a_session) in enumerate(
        [
            ({"AWS": lead.arn}, True, False),
            ({"AWS": between}, False, True),
            ({"AWS": f"{sessions}/session"}, False, True),
            ({"AWS": f"{sessions}/another"}, False, False),
            ({"AWS": root}, True, True),
            ({"AWS": people.account}, True, True),
            ({"AWS": other}, False, False),
            ({"AWS": [other, lead.arn]}, True, False),
            ({"AWS": "*"}, True, True),
            ({"Service": "ecs-tasks.amazonaws.com"}, False, False),
        ]
    ):
        target = role(aws, f"one-{number}", allow(principal))
        for caller, may in ((lead.keys, a_user), (keys, a_session)):
            if may:
                assert session(aws, target, caller)
            else:
                denied(aws, target, caller)


def test_the_principals_arn_is_the_roles_and_not_the_sessions(people: Aws, aws: Aws, lead: User) -> None:
    between = role(people, "writer", allow({"AWS": lead.arn}), path="/team/")
    keys, account = session(people, between, lead.keys), {"AWS": people.account}
    for number, (value, may) in enumerate(
        {
            between: True,
            f"arn:aws:iam::{people.account}:role/*": True,
            f"arn:aws:iam::{people.account}:role/writer": False,
            f"arn:aws:sts::{people.account}:assumed-role/writer/session": False,
            f"arn:aws:iam::{people.account}:user/*": False,
        }.items()
    ):
        target = role(aws, f"one-{number}", allow(account, ArnLike=f"aws:PrincipalArn={value}"))
        if may:
            assert session(aws, target, keys)
        else:
            denied(aws, target, keys)


def test_a_denial_wins_and_a_condition_without_its_key_fails(aws: Aws, lead: User) -> None:
    shut = {**allow({"AWS": "*"}, BoolIfExists="aws:MultiFactorAuthPresent=false"), "Effect": "Deny"}
    target = role(aws, "one", allow({"AWS": lead.arn}), shut)
    assert denied(aws, target, lead.keys).endswith("with an explicit deny in a resource-based policy")
    assert session(aws, target, lead.keys, **lead.mfa)
    for name, condition in {
        "region": {"StringEquals": "aws:RequestedRegion=eu-west-1"},
        "organization": {"StringEquals": "aws:PrincipalOrgID=o-example"},
        "external": {"StringEquals": "sts:ExternalId=one"},
    }.items():
        denied(aws, role(aws, name, allow({"AWS": lead.arn}, **condition)), lead.keys)
    assert session(aws, f"arn:aws:iam::{aws.account}:role/external", lead.keys, ExternalId="one")
    tagging = role(aws, "tagging", allow({"AWS": lead.arn}))
    denied(aws, tagging, lead.keys, Tags=[{"Key": "a", "Value": "1"}])


def test_a_role_that_is_not_there_cannot_be_assumed(aws: Aws, lead: User) -> None:
    gone = f"arn:aws:iam::{aws.account}:role/gone"
    assert denied(aws, gone, lead.keys).endswith(f"on resource: {gone}")
    with pytest.raises(ClientError, match=r"ValidationError.*is invalid"):
        session(aws, "arn:aws:iam::role/nowhere-to-be", lead.keys)


def test_sessions_last_as_long_as_the_role_allows_and_an_hour_in_a_chain(people: Aws, aws: Aws, lead: User) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining."""
    between = role(people, f"long-{aws.account}", allow({"AWS": lead.arn}), seconds=43200)
    target = role(aws, "long", allow({"AWS": [lead.arn, between]}), seconds=7200)
    keys = session(people, between, lead.keys, DurationSeconds=43200)
    assert session(aws, target, lead.keys, DurationSeconds=7200) and session(aws, target, keys, DurationSeconds=3600)
    for caller, seconds, said in (
        (lead.keys, 7201, "exceeds the MaxSessionDuration set for this role"),
        (keys, 3601, "exceeds the 1 hour session limit for roles assumed by role chaining"),
        (lead.keys, 43201, "less than or equal to 43200"),
    ):
        with pytest.raises(ClientError, match=f"ValidationError.*{said}"):
            session(aws, target, caller, DurationSeconds=seconds)


def test_the_accounts_own_credentials_are_a_session_of_the_role_that_aws_makes_in_it(people: Aws, aws: Aws) -> None:
    own = f"arn:aws:iam::{people.account}:role/OrganizationAccountAccessRole"
    identity = people("sts").get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{people.account}:assumed-role/OrganizationAccountAccessRole/emulator"
    assert session(people, role(aws, "one", allow({"AWS": own})))
    denied(people, role(aws, "two", allow({"AWS": people.account}, **MFA)))


def test_githubs_jobs_come_in_by_their_tokens_claims(aws: Aws, control: Control, github: Tokens) -> None:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_Errors."""
    provider = aws("iam").create_open_id_connect_provider(Url=ISSUER, ClientIDList=[AUDIENCE])
    trusted = {"Federated": provider["OpenIDConnectProviderArn"]}
    action = "sts:AssumeRoleWithWebIdentity"
    statement = allow(trusted, action)
    statement["Condition"] = {"StringEquals": {f"{HOST}:aud": AUDIENCE, f"{HOST}:sub": [SUBJECT]}}
    target = role(aws, "deployer", statement)
    mfa = role(aws, "asking", allow(trusted, action, **MFA))

    def come_in(role_arn: str, token: str) -> str:
        given = {"RoleSessionName": "job", "WebIdentityToken": token}
        answer = aws("sts").assume_role_with_web_identity(RoleArn=role_arn, **given)
        return str(aws("sts", answer["Credentials"]).get_caller_identity()["Arn"])

    def refused(role_arn: str, token: str) -> tuple[str, int]:
        with pytest.raises(ClientError) as error:
            come_in(role_arn, token)
        return refusal(error)[:2]

    good = github.sign(sub=SUBJECT)
    assert come_in(target, good) == f"arn:aws:sts::{aws.account}:assumed-role/deployer/job"
    denied_, invalid, expired = ("AccessDenied", 403), ("InvalidIdentityToken", 400), ("ExpiredTokenException", 400)
    other = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True)
    header, body, signature = good.split(".")
    for name, (role_arn, token, answer) in {
        "a branch's job": (target, github.sign(sub="repo:example/infrastructure:ref:refs/heads/main"), denied_),
        "a longer name": (target, github.sign(sub=f"{SUBJECT}-plan"), denied_),
        "a role that asks for MFA": (mfa, good, denied_),
        "a role that doesn't exist": (f"{target}-gone", good, denied_),
        "another audience": (target, github.sign(sub=SUBJECT, aud="another"), invalid),
        "another issuer": (target, github.sign(sub=SUBJECT, iss="https://gitlab.com"), invalid),
        "another key": (target, github.sign(other, sub=SUBJECT), invalid),
        "other claims": (target, f"{header}.{github.sign(sub=SUBJECT).split('.')[1]}.{signature}", invalid),
        "no signature": (target, f"{header}.{body}.", invalid),
        "no algorithm": (target, f"{_part(alg='none', typ='JWT')}.{body}.", invalid),
        "a secret key's algorithm": (target, f"{_part(alg='HS256', typ='JWT')}.{body}.{signature}", invalid),
        "no subject": (target, github.sign(), invalid),
        "no expiry": (target, github.sign(sub=SUBJECT, exp=None), invalid),
        "no token": (target, "none", invalid),
        "past": (target, github.sign(sub=SUBJECT, exp=int(time.time()) - 1), expired),
    }.items():
        assert refused(role_arn, token) == answer, name
    # A job doesn't come in by AssumeRole, nor a user by a token's statement.
    denied(aws, target)
    # Without the provider's keys, AWS trusts none of its tokens.
    control.seed_issuer(ISSUER, "http://127.0.0.1:1")
    assert refused(target, good) == invalid


def _part(**claims: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")

"""What the own policies of resources deny, and to whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from environments.arns import account_of
from environments.names import Names
from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.gate.permissions.statements import OWN_POLICIES, Arns, Documents, PlacedStatement
from ops.iam.conditions import PolicyCondition, RequestContext, holds
from ops.iam.mfa import AGE, PRESENT

_OUTSIDE = ("aws:SourceVpc", "aws:SourceVpce", "aws:VpcSourceIp", "aws:SourceArn", "aws:SourceAccount", "aws:username")
"""Keys that a request from Terraform lacks: it comes from outside the VPC, and not from a service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""


@dataclass(frozen=True)
class DenyingResource:
    """A resource whose own policy denies something."""

    block: ScannedBlock
    arn: str
    denials: tuple[PlacedStatement, ...]


def denying(index: Index, names: Names) -> Iterator[DenyingResource]:
    """All resources of an environment whose own policies deny something.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    documents = Documents(index, Arns(index, names.place))
    for block in index.all(*OWN_POLICIES):
        if denials := tuple(each for each in documents.own(block) or () if not each.allows):
            yield DenyingResource(block, documents.arns.of(block) or "", denials)


@dataclass(frozen=True)
class Calling:
    """A role's session that calls a service."""

    role_arn: str
    account_arn: str
    contexts: tuple[RequestContext, ...]
    """The possible condition keys of its requests."""


def calling(names: Names, role: str, keys: Iterable[RequestContext]) -> Calling:
    """Terraform's requests with a role: over TLS, from outside the VPC, without MFA.

    AWS doesn't document whether `aws:MultiFactorAuthPresent` is missing in a role's session or false: both count.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html

    Args:
        names: The environment's names.
        role: Purpose of the role.
        keys: The possible condition keys of the service itself.
    """
    environment = names.environment
    known = {
        "aws:PrincipalArn": names.role_arn(role),
        "aws:PrincipalAccount": environment.account_id,
        "aws:PrincipalType": "AssumedRole",
        "aws:PrincipalIsAWSService": "false",
        "aws:RequestedRegion": environment.region,
        "aws:SecureTransport": "true",
    }
    sessions = (
        RequestContext.of(known, absent={PRESENT, AGE, *_OUTSIDE}, whole=False),
        RequestContext.of({**known, PRESENT: "false"}, absent={AGE, *_OUTSIDE}, whole=False),
    )
    contexts = tuple(session.joined(own) for session in sessions for own in keys)
    return Calling(names.role_arn(role), names.account_arn, contexts)


def stopped(denial: PlacedStatement, target: DenyingResource, action: str, by: Calling) -> str:
    """How a denial stops an action on a resource or an object in it; empty if it surely doesn't."""
    # A repository's policy names no resource: it applies to the repository.
    anywhere = not (denial.resources or denial.not_resources) or any("&" in each for each in denial.resources)
    resources = (target.arn, f"{target.arn}/object")
    about = denial.about(action) if anywhere else any(denial.covers(action, resource) for resource in resources)
    if not about or not _addresses(denial, by):
        return ""
    outcomes = [_all_hold(denial, context) for context in by.contexts]
    if all(outcome is False for outcome in outcomes):
        return ""
    return "denies it" if True in outcomes else "may deny it"


def _all_hold(denial: PlacedStatement, context: RequestContext) -> bool | None:
    outcomes = [_holds(condition, context) for condition in denial.conditions]
    if False in outcomes:
        return False
    return None if None in outcomes else True


def _holds(condition: PolicyCondition, context: RequestContext) -> bool | None:
    """Whether a condition holds; None if that depends on a value that is unknown until apply."""
    outcome = holds(condition.test, condition.key, condition.values, context)
    if not any("&" in value for value in condition.values):
        return outcome
    decided = "not" not in condition.test.lower()
    return outcome if outcome is decided else None


def _addresses(denial: PlacedStatement, by: Calling) -> bool:
    """Whether a denial applies to a role. NotPrincipal exempts a role only if it names the account too.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    if denial.not_principals:
        return not {by.role_arn, by.account_arn} <= {identifier for _, identifier in denial.not_principals}
    who = {identifier for kind, identifier in denial.principals if kind == "AWS"}
    own = {"*", by.role_arn, by.account_arn, account_of(by.role_arn)}
    return bool(who & own) or any("&" in each for each in who)

"""Checks that no resource's own policy denies an action that applying a phase needs.

`AdministratorAccess` doesn't override a Deny in the policy of a secret, key, bucket, topic, queue or repository: `data`
writes `DATABASE_URL`, whose policy denies that to all but its writers. A Deny counts unless its conditions surely fail
for Terraform's session. The table of permissions and the deployer's tests check what identity policies allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from environments.arns import account_of
from environments.names import Names
from environments.schema import Environment
from modules.phases import PHASES, Phase
from ops.gate.applying.needs import Use, uses
from ops.gate.index import Index, shown
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.permissions.statements import OWN_POLICIES, Arns, Documents, PlacedStatement
from ops.iam.conditions import PolicyCondition, RequestContext, holds
from ops.iam.mfa import AGE, PRESENT

__all__ = ["CHECKS", "STOPPED", "who_applies_can"]

STOPPED = "ROLLOUT_APPLY_STOPPED"
_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"
CHECKS = {
    STOPPED: Check(STOPPED, "No resource's own policy stops the role that applies a phase", _SOURCE, own=True),
}


def who_applies_can(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare what resources' own policies deny with the actions that each phase needs.

    Args:
        view: The merged view of all stacks of one environment.
        environment: Its values.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    ledger, names, index = Ledger(), Names(environment), Index(view)
    for target in denying(index, names):
        ledger.examine(STOPPED, (denial.block.block for denial in target.denials))
        for phase in PHASES:
            blocks = [block for block in view if block.block.stack == names.stack(phase.name)]
            for use in uses(blocks, target.block, index):
                for denial, what in _stops(target, use, phase, names):
                    ledger.wrong(STOPPED, denial.block.block, what)
    return ledger.records()


def _stops(target: DenyingResource, use: Use, phase: Phase, names: Names) -> Iterator[tuple[PlacedStatement, str]]:
    """The denials that stop a use, each with a description."""
    by, on = calling(names, phase.role, use.keys), shown(target.block)
    needs = f"{phase.name} is applied by {phase.role}, and {use.by} needs"
    for denial in target.denials:
        words = f"{shown(denial.block)} {denial.sid}".strip()
        if use.actions is None:
            # Unknown actions may include the denied ones.
            if any(stopped(denial, target, action, by) for action in denial.actions or ("*",)):
                table = "the actions that it calls are unknown (ops/gate/applying/needs.py)"
                yield denial, f"{needs} {on}; {table}, and {words} denies something"
            continue
        for action in use.actions:
            if how := stopped(denial, target, action, by):
                yield denial, f"{needs} {action} on {on}: {words} {how}"


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

"""Checks that no resource's own policy denies an action that applying a phase needs.

`AdministratorAccess` doesn't override a Deny in the policy of a secret, key, bucket, topic, queue or repository: `data`
writes `DATABASE_URL`, whose policy denies that to all but its writers. A Deny counts unless its conditions surely fail
for Terraform's session. The table of permissions and the deployer's tests check what identity policies allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from environments.names import Names
from environments.schema import Environment
from modules.phases import PHASES, Phase
from ops.gate.applying.needs import Use, uses
from ops.gate.index import Index, shown
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.permissions.statements import OWN_POLICIES, Documents, PlacedStatement
from ops.iam.conditions import RequestContext
from ops.iam.matching import Question, applies, caller_of
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
    ledger, names, index = Ledger(), Names(environment), Index.of(view)
    of_stack: dict[str, list[ScannedBlock]] = {}
    for block in view:
        of_stack.setdefault(block.block.stack, []).append(block)
    for target in denying(index, names):
        ledger.examine(STOPPED, (denial.block.block for denial in target.denials))
        for phase in PHASES:
            for use in uses(of_stack.get(names.stack(phase.name), ()), target.block, index):
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
    documents = Documents.of(index, names.place)
    for block in index.all(*OWN_POLICIES):
        if denials := tuple(each for each in documents.own(block) or () if not each.allows):
            yield DenyingResource(block, documents.arns.of(block) or "", denials)


@dataclass(frozen=True)
class Calling:
    """A role's session that calls a service."""

    role_arn: str
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
    return Calling(names.role_arn(role), contexts)


def stopped(denial: PlacedStatement, target: DenyingResource, action: str, by: Calling) -> str:
    """How a denial stops an action on a resource or an object in it; empty if it surely doesn't."""
    # A denial on an ARN that only AWS knows is about the resource itself.
    if any("&" in each for each in denial.resources):
        denial = replace(denial, resources=())
    resources, caller = (target.arn, f"{target.arn}/object"), caller_of(by.role_arn)
    outcomes = {
        applies(denial, Question(action, resource, context, caller))
        for context in by.contexts
        for resource in resources
    }
    if outcomes == {False}:
        return ""
    return "denies it" if True in outcomes else "may deny it"

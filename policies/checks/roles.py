"""Roles, and the rules on events that report their use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ops.iam import mfa
from ops.iam.conditions import PolicyCondition
from ops.iam.policy import IamStatement
from policies.rule import Resource, rule
from policies.statements import of_policy, of_role

_HOUR = 3600
_YOUNGER = ("NumericLessThan", "NumericLessThanEquals")
_IDENTITY_CENTER = re.compile(r"arn:[\w-]+:iam::\d{12}:role/aws-reserved/sso\.amazonaws\.com/.+")
_NAMED_OUTRIGHT = re.compile(r"arn:.+|\d{12}|\*")
_READ = re.compile(r"[\w-]+:(Describe|Get|List|View)[\w*]*|cloudtrail:LookupEvents|kms:Decrypt")
_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+")
_STARTS_TASKS = frozenset({"ecr", "kms", "logs", "secretsmanager"})
_NAMED = frozenset({"ecr", "secretsmanager"})
"""Services whose resources an execution role must name one by one."""


@rule(
    "CKV_ROLLOUT_48",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html",
    on="aws_iam_role",
)
def administrator_has_recent_mfa(role: Resource) -> Iterator[str]:
    """An administrator's role requires recent MFA, and its sessions are short."""
    policies = [each.text("policy_arn") for each in role.users("aws_iam_role_policy_attachment")]
    if not any(each.endswith("/AdministratorAccess") for each in policies):
        return
    if role.number("max_session_duration", _HOUR) > _HOUR:
        yield f"max_session_duration is {role.number('max_session_duration')}, must be {_HOUR} or less"
    for statement in _trust(role):
        # Identity Center requires MFA itself; an environment that relies on this accepts the risk by name.
        named = mfa.named(statement)
        if not statement.allows or (named and all(_IDENTITY_CENTER.fullmatch(who) for _, who in named)):
            continue
        asked = {(test, key.lower()): values for test, key, values in statement.conditions}
        if asked.get(("Bool", mfa.PRESENT)) != ("true",):
            yield "can be assumed without MFA; add the condition Bool aws:MultiFactorAuthPresent"
        ages = [age for test in _YOUNGER for age in asked.get((test, mfa.AGE), ())]
        if not any(age.isdigit() and int(age) <= _HOUR for age in ages):
            yield f"can be assumed with an old MFA; add NumericLessThan aws:MultiFactorAuthAge of {_HOUR} or less"


@rule(
    "CKV_ROLLOUT_89",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html",
    on="aws_iam_role",
)
def only_who_can_is_asked_for_mfa(role: Resource) -> Iterator[str]:
    """A role's trust policy requires MFA only of IAM users."""
    trust = _trust(role)
    yield from mfa.shut_out(trust)
    for statement in trust:
        for kind, who in mfa.named(statement) if statement.allows and mfa.asks(statement) else ():
            if kind == "AWS" and not _NAMED_OUTRIGHT.fullmatch(who):
                yield f"{statement.label} requires MFA of {who}, which can't be resolved; write its ARN"


def _trust(role: Resource) -> list[IamStatement]:
    """The statements of a role's trust policy, with references to roles and services resolved."""
    return [
        replace(
            each,
            principals=tuple((kind, _principal(role, who)) for kind, who in each.principals),
            conditions=tuple(
                PolicyCondition(test, key, tuple(_principal(role, value) for value in values))
                for test, key, values in each.conditions
            ),
        )
        for each in of_policy(role, "assume_role_policy") or ()
    ]


def _principal(role: Resource, text: str) -> str:
    """A principal's ARN; for a role in the stacks, a placeholder."""
    block = None if _NAMED_OUTRIGHT.fullmatch(text) else role.follow(text)
    return f"arn::iam::000000000000:role/{block.name}" if block and block.kind == "aws_iam_role" else text


@rule(
    "CKV_ROLLOUT_49",
    source="https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html",
    on="aws_organizations_policy",
)
def guardrails_are_attached(policy: Resource) -> Iterator[str]:
    """An organization's policy is attached to something."""
    if not any(policy.users("aws_organizations_policy_attachment")):
        yield "isn't attached to a unit or an account, so it has no effect"


@rule(
    "CKV_ROLLOUT_50",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html",
    on="aws_cloudwatch_event_rule",
)
def event_rule_tells(event: Resource) -> Iterator[str]:
    """A rule on events is enabled and has a target."""
    if event.text("state") == "DISABLED":
        yield "is DISABLED; remove state"
    if not any(event.users("aws_cloudwatch_event_target")):
        yield "has no aws_cloudwatch_event_target, so nothing receives the event"


@rule(
    "CKV_ROLLOUT_87",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
    on="aws_iam_role",
)
def planner_reads(role: Resource) -> Iterator[str]:
    """A planner's role only reads; it may assume a role of another account by name (`ROLLOUT_REQUEST` checks which)."""
    if role.text("name").endswith("-planner"):
        for each in of_role(role):
            for action in _allowed(each):
                if not _READ.fullmatch(action) and not (action == "sts:AssumeRole" and _names_roles(each)):
                    yield f"{each.label} of its policies allows {action}; a plan only reads"


@rule(
    "CKV_ROLLOUT_88",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html",
    on="aws_iam_role",
)
def execution_role_is_narrow(role: Resource) -> Iterator[str]:
    """An execution role may only use its own image, log group and secrets."""
    tasks = role.users("aws_ecs_task_definition")
    if not any((task.follow(task.get("execution_role_arn")) or task).name == role.name for task in tasks):
        return
    for each in of_role(role):
        pattern = bool(each.not_resources) or any(set("*?") & set(resource) for resource in each.resources)
        for action in _allowed(each):
            service = action.partition(":")[0]
            if service not in _STARTS_TASKS:
                yield f"{each.label} of its policies allows {action}; ECS needs {', '.join(sorted(_STARTS_TASKS))}"
            elif service in _NAMED and action != "ecr:GetAuthorizationToken" and pattern:
                yield f"{each.label} of its policies allows {action} on a pattern; name each resource"


def _names_roles(statement: IamStatement) -> bool:
    """Whether it applies to roles by their ARNs, without a pattern."""
    return not statement.not_resources and all(_ROLE.fullmatch(resource) for resource in statement.resources)


def _allowed(statement: IamStatement) -> tuple[str, ...]:
    """The actions that a statement allows, as it names them."""
    if not statement.allows:
        return ()
    return ("all actions but some",) if statement.not_actions else statement.actions

"""The cap on deployer and planner: whatever their own policies say, they get no more than this."""

from __future__ import annotations

from collections.abc import Iterator

from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from constructs import Construct

from environments.names import Names
from modules.constructs.deployer_services_policy import passed_roles, snapshot_database
from modules.constructs.planner_policy import READS
from modules.constructs.state_access import read_state, write_state
from modules.policy import Statement, document

_DEPLOYS = (
    "acm:*",
    "application-autoscaling:*",
    "cloudwatch:*",
    "codedeploy:*",
    "ecr:*",
    "ecs:*",
    "elasticloadbalancing:*",
    "logs:*",
    "route53:*",
    "scheduler:*",
    "secretsmanager:*",
)
"""Services of the deployer's phases."""

# What decides who may do what, what it costs and what is seen. Reads stay allowed.
_GUARDED = {
    "iam": "Add Attach Change Create Deactivate Delete Detach Disable Enable Put Remove Reset Set Tag Untag Update "
    "Upload",
    "kms": "Cancel Create Delete Disable Enable Import Put Replicate Retire Revoke Schedule Tag Untag Update",
    "budgets": "Create Delete Execute Modify Tag Untag Update",
    "cloudtrail": "Add Create Delete Put Remove Start Stop Update",
    "config": "Delete Put Start Stop",
    "guardduty": "Accept Archive Create Decline Delete Disable Disassociate Stop Tag Untag Update",
    "securityhub": "Batch Create Delete Disable Disassociate Enable Update",
    "access-analyzer": "Apply Create Delete Update",
    "account": "",
    "organizations": "",
    "sns": "Add Create Delete Remove Set Subscribe Tag Unsubscribe Untag",
    "events": "Delete Disable Enable Put Remove Tag Untag",
}


class PermissionsBoundary:
    """A managed policy; it grants nothing by itself."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, state_key_arn: str) -> None:
        """Make the policy.

        Args:
            scope: The stack.
            id_: Id of the policy and its document.
            names: The environment's names.
            state_key_arn: Key of Terraform's state.
        """
        statements = [*_most(names, state_key_arn), *_never(names)]
        IamPolicy(
            scope,
            id_,
            name=names.resource("boundary"),
            description="Caps the deployer and the planner",
            policy=document(scope, id_, *statements),
        )
        self.arn = f"${{aws_iam_policy.{id_}.arn}}"


def _most(names: Names, state_key_arn: str) -> Iterator[Statement]:
    """What they may have at most."""
    because = "a boundary grants nothing: the roles' own policies name the resources"
    deploys = {action.partition(":")[0] for action in _DEPLOYS}
    reads = [action for action in READS if action.partition(":")[0] not in deploys]
    yield Statement(sid="Deploy", actions=_DEPLOYS, resources=["*"], because=because)
    yield Statement(sid="Read", actions=[*reads, "ec2:GetSecurityGroupsForVpc"], resources=["*"], because=because)
    yield from read_state(names, key_arn=state_key_arn)
    yield from write_state(names, key_arn=state_key_arn)
    yield snapshot_database(names)
    yield Statement(
        sid="SecretsKey",
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=[names.arn("kms", "key/*")],
        conditions=[
            ("StringEquals", "kms:ViaService", [names.host("secretsmanager")]),
        ],
    )
    yield Statement(
        sid="PassRoles",
        actions=["iam:PassRole"],
        resources=[role for roles in passed_roles(names).values() for role in roles],
        conditions=[("StringEquals", "iam:PassedToService", sorted(passed_roles(names)))],
    )
    if names.environment.edge.zone.role:
        yield Statement(sid="OtherZone", actions=["sts:AssumeRole"], resources=[names.environment.edge.zone.role])


def _never(names: Names) -> Iterator[Statement]:
    """What they never may, whoever widens the rest."""
    guarded = [
        f"{service}:{verb}*" for service, verbs in _GUARDED.items() for verb in (verbs.split() if verbs else [""])
    ]
    yield Statement(sid="NeverGuards", effect="Deny", actions=guarded, resources=["*"])
    yield Statement(
        sid="NeverSecretsOrShells",
        effect="Deny",
        actions=[
            "secretsmanager:GetSecretValue",
            "secretsmanager:BatchGetSecretValue",
            "secretsmanager:DeleteResourcePolicy",
            "secretsmanager:DeleteSecret",
            "secretsmanager:PutResourcePolicy",
            "ecs:ExecuteCommand",
        ],
        resources=["*"],
    )
    yield Statement(
        sid="NeverAuditLogs",
        effect="Deny",
        actions=["logs:Associate*", "logs:Delete*", "logs:Disassociate*", "logs:Put*"],
        resources=[f"{names.log_group_arn(owner)}*" for owner in ("trail", "flow-log")],
    )

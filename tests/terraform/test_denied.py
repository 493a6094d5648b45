"""What an operator reads when the deployer's policy lacks one action: Terraform applies with it, and AWS denies it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from environments.names import Names
from ops.gate.stacks import expected_stacks
from ops.iam.policy import IamStatement
from ops.roles.policies import Roles
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import environment as emulated
from tests.conftest import Stack
from tests.emulator import people
from tests.emulator.aws import Aws
from tests.emulator.people import allow
from tests.products import HERE, values
from tests.terraform.run import terraform

PAGE = Path(__file__).parents[2] / "docs" / "rehearsal.md"
MINI, NAME, REMOVED = HERE / "mini", "mini-demo", "codedeploy:CreateApplication"
_KIND = "aws_codedeploy_app"


@pytest.mark.slow
@pytest.mark.requirement("R1.2")
def test_an_operator_reads_which_permission_the_deployer_lacks(
    outputs: Callable[[Path], Path], stacks_of: Callable[[Path], dict[str, Stack]], tmp_path: Path
) -> None:
    """Terraform applies the application of CodeDeploy with the deployer's policies, without and with one action."""
    with values(MINI):
        expected = expected_stacks()
        roles = Roles.read(outputs(MINI), expected.values[NAME], expected)
    names, environment = Names(expected.values[NAME]), expected.values[NAME]
    policies = {each.name: each.statements for each in roles.roles[names.role_arn("deployer")].identity}
    folder = stack(tmp_path, stacks_of(MINI)[names.stack("services")], environment.region)
    with Emulator.start(environment.account_id, tmp_path / "log", tmp_path / "access.jsonl") as emulator:
        aws = Aws(environment.account_id, emulator.endpoint)
        role = people.role(aws, names.role("deployer"), allow({"AWS": aws.account}))
        keys = people.session(aws, role)
        variables = emulated(emulator.endpoint, aws.account, os.environ) | {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
        initialized = terraform(folder, "init", "-input=false", environment=variables)
        assert initialized.returncode == 0, initialized.stderr

        def apply(removed: str = "") -> tuple[int, str]:
            for number, statements in enumerate(policies.values()):
                attach(aws, names.role("deployer"), f"part-{number}", without(statements, removed))
            done = terraform(folder, "apply", "-auto-approve", "-input=false", environment=variables)
            return done.returncode, done.stderr

        code, said = apply(REMOVED)
        assert code == 1
        assert shown(said) in PAGE.read_text(encoding="utf-8"), shown(said)
        assert apply() == (0, "")


def stack(folder: Path, services: Stack, region: str) -> Path:
    """A stack with the applications of the services phase."""
    content = {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "5.100.0"}}},
        "provider": {
            "aws": [{"region": region, "default_tags": services.document["provider"]["aws"][0]["default_tags"]}]
        },
        "resource": {_KIND: {name: dict(body) for name, body in services.resources(_KIND).items()}},
    }
    (folder / "main.tf.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def without(statements: Iterable[IamStatement], removed: str) -> Iterator[IamStatement]:
    """Statements without one action."""
    for each in statements:
        yield replace(each, actions=tuple(action for action in each.actions if action != removed))


def attach(aws: Aws, role: str, name: str, statements: Iterable[IamStatement]) -> None:
    """Attach a managed policy, or another version of it."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [_json(each) for each in statements]})
    iam, arn = aws("iam"), f"arn:aws:iam::{aws.account}:policy/{name}"
    try:
        iam.create_policy(PolicyName=name, PolicyDocument=document)
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    except iam.exceptions.EntityAlreadyExistsException:
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)


def _json(statement: IamStatement) -> Mapping[str, Any]:
    conditions: dict[str, dict[str, list[str]]] = {}
    for test, key, wanted in statement.conditions:
        conditions.setdefault(test, {})[key] = list(wanted)
    return {
        "Effect": "Allow" if statement.allows else "Deny",
        "Action": list(statement.actions),
        "Resource": list(statement.resources),
        **({"Condition": conditions} if conditions else {}),
    }


def shown(output: str) -> str:
    """Terraform's message without the request's id and without the place in the file."""
    message = next(line for line in output.splitlines() if "Error: " in line)
    return re.sub(r"RequestID: [\w-]*", "RequestID: …", message[message.index("Error: ") :])

"""Roles in a rehearsal: what is needed and denied fails it, what must be denied is tried, each alert is checked."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.validate import ParamValidator

from environments.names import Names
from ops.errors import OpsError
from rehearsal import alerts
from rehearsal.access import NEGATIVE, nothing_needed_was_denied
from rehearsal.context import Rehearsal
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import credentials
from rehearsal.emulator.settings import environment as emulated
from rehearsal.rollout import StepError
from rehearsal.task_calls import TaskRole
from tests.cases import every_case
from tests.emulator import people
from tests.emulator.access import document, statement_of
from tests.emulator.aws import Aws
from tests.emulator.people import allow
from tests.products import HERE, subjects

ROOT = Path(__file__).parents[2]
CALLS = [row for row in tomllib.loads(NEGATIVE.read_text(encoding="utf-8"))["never"] if "call" in row]


@dataclass
class Asked:
    """A rehearsal in which roles asked for these."""

    allowed: tuple[bool, ...]
    refused: range = range(0)
    started: float = field(default_factory=lambda: time.monotonic() - 100)

    def requests(self) -> list[dict[str, Any]]:
        return [
            {
                "operation": f"ecs:Operation{number}",
                "principal": "arn:aws:sts::1:assumed-role/deployer/s",
                "role": "arn:aws:iam::1:role/deployer",
                "reason": "no identity-based policy allows it",
                "allowed": allowed,
                "seconds": 0.5,
            }
            for number, allowed in enumerate(self.allowed)
        ]


def seen(asked: Asked) -> str:
    return nothing_needed_was_denied(cast("Rehearsal", asked)).text


@pytest.mark.requirement("R0.3")
def test_a_denied_request_fails_a_rehearsal_unless_it_must_be_denied() -> None:
    assert "2 requests of 1 roles and users" in seen(Asked((True, True)))
    assert "1.0 s of processor time, 1.0 % of the rehearsal" in seen(Asked((True, True)))
    assert "3 requests" in seen(Asked((True, False, True), range(1, 2)))
    with pytest.raises(StepError, match=r"^ecs:Operation2 by arn:.*deployer/s: no identity-based policy allows it$"):
        seen(Asked((True, False, False), range(1, 2)))
    with pytest.raises(StepError, match="no request was evaluated"):
        seen(Asked(()))


@every_case("row", CALLS, ids=lambda row: f"{row['role']} {row['call']['operation']}")
def test_each_call_that_must_be_denied_is_one_of_aws(row: dict[str, Any]) -> None:
    service, _, operation = row["call"]["operation"].partition(".")
    client: Any = boto3.client(cast("Any", service), region_name="us-east-1")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    report = ParamValidator().validate(row["call"]["with"], model.input_shape)
    assert not report.has_errors(), report.generate_report()


def test_the_table_has_calls_of_each_role_that_a_rehearsal_has_a_session_of() -> None:
    roles = {name for row in CALLS for name in ([row["role"]] if isinstance(row["role"], str) else row["role"])}
    assert roles == {"deployer", "planner", "*-task", "*-execution"}
    assert len(CALLS) >= 25


@pytest.mark.requirement("R1.3")
def test_each_use_of_break_glass_needs_one_alert_that_names_who() -> None:
    who = ("777788889999", "arn:aws:iam::777788889999:mfa/lead")
    assert alerts.of_administrator([f"Of account: {who[0]}\nMFA device: {who[1]}"], who).startswith("Of account: 7777")
    for messages in ([], ["Of account: 777788889999"], [f"{who[0]} {who[1]}"] * 2):
        with pytest.raises(OpsError, match="alerts for one use of break-glass; expected one with 777788889999"):
            alerts.of_administrator(messages, who)


@pytest.fixture(scope="module")
def evaluating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("evaluated")
    with Emulator.start("610987654321", folder / "log", folder / "access.jsonl") as running:
        yield running


@pytest.mark.slow
def test_channels_of_ecs_exec_are_evaluated(evaluating: Emulator) -> None:
    """boto3 has no model of Session Manager's message gateway, so the emulator has one."""
    aws = Aws("310987654321", evaluating.endpoint)
    arn = people.role(aws, "app-task", allow({"Service": "ecs-tasks.amazonaws.com"}))
    allowed = document(statement_of("ssmmessages:CreateControlChannel", "ssmmessages:OpenControlChannel"))
    aws("iam").put_role_policy(RoleName="app-task", PolicyName="own", PolicyDocument=allowed)
    control = Control(evaluating.endpoint, aws.account)
    role = TaskRole(
        cast("Any", SimpleNamespace(control=control, vpc_id="", environment=SimpleNamespace(region="us-east-1"))), arn
    )
    for method in ("POST", "GET"):
        assert list(role.channel(method, "/v1/control-channel/one")) == []
        (why,) = role.channel(method, "/v1/data-channel/one")
        assert "is not authorized to perform: ssmmessages:" in why
        assert "DataChannel" in why


@pytest.mark.slow
@pytest.mark.requirement("R1.2")
def test_an_operator_reads_which_permission_is_missing(evaluating: Emulator) -> None:
    """The message has what AWS says: who, which action on what, and which kind of policy lacks it."""
    environment = subjects(HERE / "mini")[0].environment
    names, aws = Names(environment), Aws(environment.account_id, evaluating.endpoint)
    role = people.role(aws, names.role("deployer"), allow({"AWS": aws.account}))
    owner: Any = {name.lower(): value for name, value in credentials(environment.account_id).items()}
    ecs = boto3.client("ecs", region_name=environment.region, endpoint_url=evaluating.endpoint, **owner)
    ecs.create_cluster(clusterName=names.prefix)
    keys = people.session(aws, role)
    variables = emulated(evaluating.endpoint, environment.account_id) | {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
        "ENVIRONMENTS": str(HERE / "mini"),
    }

    def tasks(*actions: str) -> tuple[int, str]:
        policy = document(statement_of(*actions))
        aws("iam").put_role_policy(RoleName=names.role("deployer"), PolicyName="own", PolicyDocument=policy)
        command = [sys.executable, "-m", "ops", "tasks", environment.name]
        done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    code, said = tasks("ecs:ListTasks", "ecs:DescribeTasks")
    assert code == 0, said
    code, said = tasks("ecs:DescribeTasks")
    assert code == 2
    assert "AccessDeniedException" in said
    assert f"assumed-role/{names.role('deployer')}/session is not authorized to perform: ecs:ListTasks" in said
    assert "because no identity-based policy allows the ecs:ListTasks action" in said
    assert len(said.splitlines()) == 1

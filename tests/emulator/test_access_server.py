"""Permissions in a running emulator: sessions of STS, tasks in a VPC, and what isn't evaluated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.client import Control, OrderError
from rehearsal.emulator.process import Emulator
from rehearsal.people import READS_ZONE
from tests.emulator import people
from tests.emulator.access import document, statement_of
from tests.emulator.aws import REGION, Aws
from tests.emulator.people import allow

pytestmark = pytest.mark.slow
_accounts = count(310000000000)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluated") / "access.jsonl"


@pytest.fixture(scope="module")
def evaluating(records: Path) -> Iterator[Emulator]:
    with Emulator.start("111122223333", records.with_name("log"), records) as running:
        yield running


@pytest.fixture
def aws(evaluating: Emulator) -> Aws:
    return Aws(str(next(_accounts)), evaluating.endpoint)


@pytest.fixture
def role(aws: Aws) -> str:
    """A role that the account's principals may assume, and that may list and describe clusters."""
    arn = people.role(aws, "one", allow({"AWS": aws.account}))
    policy = document(statement_of("ecs:ListClusters", "ecs:DescribeClusters"))
    aws("iam").put_role_policy(RoleName="one", PolicyName="clusters", PolicyDocument=policy)
    return arn


def denied(error: pytest.ExceptionInfo[ClientError]) -> str:
    code, status, message = people.refusal(error)
    assert (code, status) == ("AccessDeniedException", 400), message
    return message


def test_a_roles_session_is_evaluated_and_the_first_credentials_are_not(aws: Aws, role: str, records: Path) -> None:
    keys = people.session(aws, role)
    aws("ecs", keys).list_clusters()
    with pytest.raises(ClientError) as refused:
        aws("ecs", keys).list_services(cluster="a")
    session = f"arn:aws:sts::{aws.account}:assumed-role/one/session"
    assert denied(refused).startswith(f"User: {session} is not authorized to perform: ecs:ListServices")
    aws("ecs").list_task_definitions()
    found = [json.loads(line) for line in records.read_text(encoding="utf-8").splitlines()]
    own = [(each["operation"], each["allowed"]) for each in found if each["principal"] == session]
    assert own == [("ecs:ListClusters", True), ("ecs:ListServices", False)]


def test_a_gap_of_the_emulator_is_named(aws: Aws, role: str) -> None:
    with pytest.raises(ClientError, match="rds:DeleteDBProxy: nothing says which") as refused:
        aws("rds", people.session(aws, role)).delete_db_proxy(DBProxyName="one")
    assert people.refusal(refused)[0] == "EmulatorGap"


def test_policies_of_a_session_limit_it(aws: Aws, role: str) -> None:
    inline = document(statement_of("ecs:List*"))
    arn = aws("iam").create_policy(PolicyName="listing", PolicyDocument=inline)["Policy"]["Arn"]
    for given in ({"Policy": inline}, {"PolicyArns": [{"arn": arn}]}):
        ecs = aws("ecs", people.session(aws, role, **given))
        ecs.list_clusters()
        with pytest.raises(ClientError) as refused:
            ecs.describe_clusters(clusters=["a"])
        assert "because no session policy allows" in denied(refused)


def test_an_iam_user_needs_a_policy_to_assume_a_role_of_another_account(aws: Aws, evaluating: Emulator) -> None:
    home = Aws(str(next(_accounts)), evaluating.endpoint)
    user = people.user(home, "person")
    arn = people.role(aws, "target", allow({"AWS": user.arn}, Bool="aws:MultiFactorAuthPresent=true"))
    with pytest.raises(ClientError) as refused:
        people.session(home, arn, user.keys, **user.mfa)
    assert "because no identity-based policy allows the sts:AssumeRole action" in people.refusal(refused)[2]
    policy = document(statement_of("sts:AssumeRole", on=arn))
    home("iam").put_user_policy(UserName="person", PolicyName="roles", PolicyDocument=policy)
    people.session(home, arn, user.keys, **user.mfa)
    with pytest.raises(ClientError) as refused:
        people.session(home, arn, user.keys)
    assert "because no resource-based policy allows the sts:AssumeRole action" in people.refusal(refused)[2]


def test_a_task_calls_through_the_endpoints_of_its_vpc(aws: Aws) -> None:
    trust = allow({"Service": "ecs-tasks.amazonaws.com"}, StringEquals=f"aws:SourceAccount={aws.account}")
    arn = people.role(aws, "task", trust)
    policy = document(statement_of("logs:*"))
    aws("iam").put_role_policy(RoleName="task", PolicyName="logs", PolicyDocument=policy)
    vpc = aws("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    aws("ec2").create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.logs",
        PolicyDocument=document(statement_of("logs:DescribeLogGroups"), principal="*"),
    )
    control = Control(aws.endpoint or "", aws.account)
    logs = aws("logs", control.task_credentials(arn, vpc))
    logs.describe_log_groups()
    with pytest.raises(ClientError) as refused:
        logs.create_log_group(logGroupName="/one")
    assert "because no VPC endpoint policy allows the logs:CreateLogGroup action" in denied(refused)
    identity = aws("sts", control.task_credentials(arn, vpc)).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{aws.account}:assumed-role/task/task"


def test_ecs_assumes_only_roles_that_trust_it(aws: Aws, role: str) -> None:
    control = Control(aws.endpoint or "", aws.account)
    with pytest.raises(OrderError, match=f"ECS can't assume {role}"):
        control.task_credentials(role, "vpc-1")
    other = people.role(aws, "other", allow({"Service": "ecs-tasks.amazonaws.com"}, StringEquals="aws:SourceAccount=1"))
    with pytest.raises(OrderError, match=f"ECS can't assume {other}"):
        control.task_credentials(other, "vpc-1")
    with pytest.raises(OrderError, match="has no role"):
        control.task_credentials(f"{role}-none", "vpc-1")


def test_a_seeded_role_may_do_everything_or_what_it_is_given(aws: Aws) -> None:
    trusted = people.role(aws, "writer", allow({"AWS": aws.account}))
    control = Control(aws.endpoint or "", aws.account)
    control.seed_role(aws.account, "zone", [trusted])
    control.seed_role(aws.account, "reader", [trusted], READS_ZONE)
    aws("iam").put_role_policy(
        RoleName="writer", PolicyName="zone", PolicyDocument=document(statement_of("sts:AssumeRole"))
    )
    writer, reader = (
        aws("route53", people.session(aws, f"arn:aws:iam::{aws.account}:role/{name}", people.session(aws, trusted)))
        for name in ("zone", "reader")
    )
    writer.create_hosted_zone(Name="example.com", CallerReference="1")
    assert len(reader.list_hosted_zones()["HostedZones"]) == 1
    with pytest.raises(ClientError, match="CreateHostedZone"):
        reader.create_hosted_zone(Name="example.net", CallerReference="2")

"""The command asks a real API: here the emulator, elsewhere AWS."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from environments import load
from environments.names import Names
from environments.schema import Environment
from modules.output import OUT
from ops.__main__ import app
from ops.aws.session import Aws
from ops.conditions import ConditionResult, Status, run
from ops.verify.context import Context
from ops.verify.criteria import chosen
from rehearsal.context import seed_zone
from rehearsal.emulator.client import Control
from tests.ops.verify_responses import PREVIOUS, Canned, asks, records

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is written there."""
    monkeypatch.chdir(tmp_path)


def verify(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["verify", *arguments])
    return done.exit_code, done.stdout, done.stderr


def repositories(account: Aws, environment: Environment) -> None:
    """What the phase registry makes, as far as it is asked about."""
    client = account.client("ecr")
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 30},
        "action": {"type": "expire"},
    }
    for service in environment.product.services:
        client.create_repository(
            repositoryName=service.repository,
            imageTagMutability="IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": True},
        )
        client.put_lifecycle_policy(
            repositoryName=service.repository, lifecyclePolicyText=json.dumps({"rules": [rule]})
        )


@pytest.mark.requirement("R1.6")
def test_what_is_there_is_green_and_what_isnt_is_red(account: Aws, prod: Environment) -> None:
    topic = account.client("sns").create_topic(Name=Names(prod).resource("alerts"))["TopicArn"]
    for email in prod.alerts.email:
        account.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=email)
    code, out, _ = verify("prod", "account")
    assert code == 0, out
    assert out.splitlines()[0] == "account"
    assert f"  pass     caller-is-the-account: {account.caller.arn}, account {prod.account_id}" in out.splitlines()
    assert out.splitlines()[-1] == f"{out.count('  pass  ')} pass, 0 fail, 0 unknown"

    code, out, _ = verify("prod", "account", "network")
    assert (code, out.count("there are 0 VPCs named aep-prod")) == (1, 5)
    assert "  pass     caller-is-the-account" in out


def test_what_aws_refuses_to_say_has_an_exit_code_of_its_own(account: Aws, control: Control, prod: Environment) -> None:
    repositories(account, prod)
    control.fail("ecr", "DescribeRepositories", "AccessDeniedException", 1)
    code, out, _ = verify("prod", "registry", "--json")
    (result,) = json.loads(out)
    assert (code, result["status"], result["light"]) == (2, "unknown", "unknown")
    report = json.loads((OUT / "reports" / "verify-prod.json").read_text(encoding="utf-8"))
    assert report["results"] == [result]
    assert datetime.fromisoformat(report["started_at"]).tzinfo
    assert result["evidence"].startswith("AccessDeniedException: ")

    # Throttled calls are tried again.
    control.fail("ecr", "DescribeRepositories", "ThrottlingException", 2)
    code, out, _ = verify("prod", "registry")
    assert code == 0, out


@pytest.mark.requirement("R1.4")
def test_another_account_is_refused_before_anything_is_asked(
    account: Aws, prod: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(prod, account_id="999900001111")
    monkeypatch.setattr("ops.verify.command.load", lambda _: other)
    code, out, err = verify("prod", "account")
    assert (code, out) == (2, "")
    assert "of account 111122223333, but prod is account 999900001111" in err


def test_ctrl_c_ends_it_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    context = Canned(load("prod"))
    context.answers["ecr", "describe_repositories"] = interrupted
    asks(monkeypatch, context)
    assert verify("prod", "registry") == (130, "", "interrupted\n")


def test_another_phase_is_one_clear_line() -> None:
    code, out, err = verify("prod", "nets")
    assert (code, out) == (2, "")
    assert err.startswith("error: unknown phase 'nets'; ")


@pytest.mark.parametrize("wrong", [("--connect-to", "a:b"), ("--ca-file", "missing.pem")])
def test_wrong_options_are_one_clear_line(wrong: tuple[str, str]) -> None:
    code, out, err = verify("prod", "edge", *wrong)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {wrong[0]} is ")
    assert wrong[1] in err


@pytest.mark.requirement("R10.1")
def test_public_dns_is_read_in_the_zone_of_another_account(account: Aws, control: Control, prod: Environment) -> None:
    names, zone = Names(prod), prod.edge.zone
    assert zone.id and zone.role
    # Of the default VPC, which has an internet gateway.
    subnets = account.client("ec2").describe_subnets()["Subnets"][:2]
    balancer = account.client("elbv2").create_load_balancer(
        Name=names.prefix, Subnets=[each["SubnetId"] for each in subnets]
    )["LoadBalancers"][0]["DNSName"]
    seed_zone(prod, control)
    writer: Any = account.assuming(zone.role, "test").client("route53")
    for share, light, says in ((0, Status.PASS, "0 % of app.nav"), (10, Status.FAIL, "DNS sends 10 %")):
        shares = records(prod.edge.host, [(share, balancer), (100 - share, PREVIOUS)])[:2]
        changes = [{"Action": "UPSERT", "ResourceRecordSet": record} for record in shares]
        writer.change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch={"Changes": changes})
        (result,) = run(chosen(["cutover"]), Context(account, prod))
        assert (result.status, result.evidence[:14]) == (light, says)


def test_an_empty_account_is_red_everywhere_and_never_a_traceback(account: Aws, prod: Environment) -> None:
    results: list[ConditionResult] = run(chosen(over_http=False), Context(account, prod))
    green = {result.name for result in results if result.status is Status.PASS}
    assert green == {"caller-is-the-account"}

"""The records that the command writes are those that Terraform would write."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import environments
from environments.names import Names
from environments.schema import Cutover, PreviousTarget
from modules.bindings import aws
from modules.bindings.engine import App, S3Backend, TerraformStack
from modules.constructs.dns import WeightedRecords
from ops.aws.dns import describe, replacement
from ops.cutover.prepare import undone
from ops.cutover.records import AliasTarget
from ops.cutover.rollback import back
from ops.journal import Journal
from tests.cases import every_case
from tests.ops.cutover_fakes import CNAME, SHARES, Route53, shared


def from_terraform(weight: int, kinds: tuple[str, ...], folder: Path) -> list[dict[str, Any]]:
    """What Terraform's resources ask Route 53 for."""
    prod = environments.load("prod")
    previous = PreviousTarget(**vars(SHARES.previous), dual_stack="AAAA" in kinds)
    app = App(outdir=str(folder))
    stack = TerraformStack(app, "cutover")
    aws.AwsProvider(stack, "aws", region="us-east-1")
    S3Backend(stack, bucket="state", key="cutover", region="us-east-1")
    WeightedRecords(
        stack,
        "application",
        spec=Cutover(weight=weight, previous=previous),
        names=Names(replace(prod, edge=replace(prod.edge, host=SHARES.host))),
        zone_id="Z1",
        record_writer=None,
        target=(SHARES.current.dns_name, SHARES.current.zone_id),
    )
    app.synth()
    written = json.loads((folder / "stacks" / "cutover" / "cdk.tf.json").read_text(encoding="utf-8"))
    resources = written["resource"]["aws_route53_record"]
    return [
        {
            "Name": record["name"],
            "Type": record["type"],
            "SetIdentifier": record["set_identifier"],
            "Weight": record["weighted_routing_policy"]["weight"],
            "AliasTarget": {
                "HostedZoneId": record["alias"]["zone_id"],
                "DNSName": record["alias"]["name"],
                "EvaluateTargetHealth": record["alias"]["evaluate_target_health"],
            },
        }
        for record in resources.values()
    ]


@pytest.mark.requirement("R10.4")
@pytest.mark.parametrize("kinds", [("A",), ("A", "AAAA")])
@pytest.mark.parametrize("weight", [0, 1, 50, 99, 100])
def test_they_are_terraforms(weight: int, kinds: tuple[str, ...], tmp_path: Path) -> None:
    def by(record: dict[str, Any]) -> tuple[str, str]:
        return record["Type"], record["SetIdentifier"]

    assert replace(SHARES, kinds=kinds).at(weight) == sorted(from_terraform(weight, kinds, tmp_path), key=by)


def test_a_weight_is_read_however_route_53_writes_names() -> None:
    for record in (listed := shared(30)):
        record["AliasTarget"]["DNSName"] = f"dualstack.{record['AliasTarget']['DNSName'].upper()}."
    assert SHARES.weight(listed) == 30


@every_case(
    "wrong",
    [
        {"Weight": 31},
        {"SetIdentifier": "other"},
        {"AliasTarget": {**shared(30)[0]["AliasTarget"], "EvaluateTargetHealth": False}},
        {"AliasTarget": {**shared(30)[0]["AliasTarget"], "DNSName": "elsewhere.example.net"}},
    ],
)
def test_anything_else_has_no_weight(wrong: dict[str, Any]) -> None:
    listed = shared(30)
    assert SHARES.weight([{**listed[0], **wrong}, listed[1]]) is None
    assert SHARES.weight(listed[:1]) is None
    assert SHARES.weight([*listed, {**listed[0], "SetIdentifier": "third"}]) is None


def test_what_stands_is_deleted_as_it_stands() -> None:
    changes = replacement([CNAME], SHARES.at(0))
    assert changes[0] == {"Action": "DELETE", "ResourceRecordSet": CNAME}
    assert [change["Action"] for change in changes[1:]] == ["CREATE", "CREATE"]


@pytest.mark.requirement("R10.4")
def test_a_health_check_that_another_owner_set_is_kept_by_steps_and_the_rollback(tmp_path: Path) -> None:
    listed = shared(10)
    listed[1]["HealthCheckId"] = "hc-1"
    route53 = Route53(*listed)
    zone = route53.zone()
    for weight in (50, 100):
        zone.move(zone.read(), weight)
        found = zone.read()
        assert (found.weight, [record.get("HealthCheckId") for record in found.records]) == (weight, [None, "hc-1"])
    back(zone, zone.read(), Journal("aep-prod", command="test", caller="me", folder=tmp_path))
    found = zone.read()
    assert (found.weight, [record.get("HealthCheckId") for record in found.records]) == (0, [None, "hc-1"])
    assert "health check hc-1" in describe(found.records)
    assert not any("HealthCheckId" in record for record in undone(zone, found) or ())


@pytest.mark.requirement("R10.4")
def test_a_deleted_health_check_stops_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    listed = shared(10)
    listed[1]["HealthCheckId"] = "hc-1"
    route53 = Route53(*listed)
    route53.health_checks = set()
    zone = route53.zone()
    zone.move(zone.read(), 0)
    assert zone.read().weight == 0
    assert "health check hc-1 of aep-prod-previous (A): a health check was deleted" in capsys.readouterr().err


def test_the_records_name_the_load_balancer_when_nothing_else_does() -> None:
    listed = shared(30)
    listed[0]["AliasTarget"]["DNSName"] = "newest.elb.amazonaws.com."
    adopted = SHARES.adopting(listed)
    assert adopted and adopted.current == AliasTarget("newest.elb.amazonaws.com", SHARES.current.zone_id)
    assert adopted.weight(listed) == 30
    assert SHARES.adopting([CNAME]) is None

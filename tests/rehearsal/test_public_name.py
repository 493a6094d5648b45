"""A rehearsal begins as a rollout does: the public name exists, and its plain record gives way first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from environments import load
from environments.schema import Environment, IamUser, PermissionSet, Zone
from ops.rollout.people import DEPLOYER, PLANNER
from rehearsal.context import Rehearsal, emulated_environment, seed
from rehearsal.day import WAITS, day
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import credentials
from rehearsal.people import SUFFIX
from rehearsal.rollout import Rollout, public_records
from rehearsal.values import variables
from tests.emulator.aws import Aws

pytestmark = pytest.mark.slow
STARTER = load("prod-starter")
CUTOVER, PREVIOUS = STARTER.cutover, STARTER.cutover.previous
assert PREVIOUS and STARTER.edge.zone.role
BEFORE = f"{PREVIOUS.dns_name}."
OTHER_ACCOUNT = STARTER.edge.zone.role.split(":")[4]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator.start(STARTER.account_id, tmp_path_factory.mktemp("emulator") / "log") as running:
        yield running


@pytest.fixture
def rehearsal(own_output: Path) -> Iterator[Rehearsal]:
    """A rehearsal in which only what cutover reads of edge exists."""
    with emulated_environment(STARTER, own_output, "public-name") as rehearsal:
        aws, names = rehearsal.session.aws, rehearsal.names
        subnets = [each["SubnetId"] for each in aws.client("ec2").describe_subnets()["Subnets"][:2]]
        balancers = aws.client("elbv2").create_load_balancer(Name=names.prefix, Subnets=subnets)["LoadBalancers"]
        outputs = {
            "zone_id": STARTER.edge.zone.id,
            "load_balancer_dns_name": balancers[0]["DNSName"],
            "load_balancer_zone_id": balancers[0]["CanonicalHostedZoneId"],
        }
        state = {
            "version": 4,
            "terraform_version": "1.11.4",
            "serial": 1,
            "lineage": "edge",
            "outputs": {name: {"value": value, "type": "string"} for name, value in outputs.items()},
            "resources": [],
        }
        key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
        aws.client("kms").create_alias(AliasName=names.alias("state"), TargetKeyId=key)
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=names.state_bucket)
        s3.put_object(Bucket=names.state_bucket, Key=names.state_key("edge"), Body=json.dumps(state).encode())
        deployer, planner = STARTER.access.deployers[0], STARTER.access.planners[0]
        assert isinstance(deployer, IamUser)
        assert isinstance(planner, PermissionSet)
        of_center = f"aws-reserved/sso.amazonaws.com/AWSReservedSSO_{planner.name}_{SUFFIX}"
        people = {DEPLOYER: deployer.arn, PLANNER: f"arn:aws:iam::{planner.account_id}:role/{of_center}"}
        for purpose, arn in people.items():
            rehearsal.control.seed_role(STARTER.account_id, names.role(purpose), (arn,))
        rehearsal.sign_in(DEPLOYER)
        yield rehearsal


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (STARTER, ["A"]),
        (replace(STARTER, cutover=replace(CUTOVER, previous=replace(PREVIOUS, dual_stack=True))), ["A", "AAAA"]),
        (replace(STARTER, cutover=replace(CUTOVER, previous=None)), []),
        (replace(STARTER, edge=replace(STARTER.edge, zone=Zone(name="navralabs.com", kind="created"))), []),
    ],
    ids=["alias", "dual stack", "nothing before", "a new zone"],
)
def test_the_name_leads_to_the_previous_target(
    environment: Environment, expected: list[str], emulator: Emulator
) -> None:
    control = Control(emulator.endpoint, environment.account_id)
    control.reset()
    seed(environment, control)
    client = Aws(OTHER_ACCOUNT, emulator.endpoint)("route53")
    zones = client.list_hosted_zones()["HostedZones"]
    records = [
        record
        for zone in zones
        for record in client.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        if record["Name"] == f"{environment.edge.host}."
    ]
    assert [record["Type"] for record in records] == expected
    assert all(record["AliasTarget"]["DNSName"] == BEFORE for record in records)
    assert not any("SetIdentifier" in record for record in records)


@pytest.mark.requirement("R10.1")
def test_a_rollout_prepares_the_name_when_the_plan_says_so(rehearsal: Rehearsal) -> None:
    rehearsal.take(rehearsal.source)
    assert ["SetIdentifier" in record for record in public_records(rehearsal)] == [False]
    rollout = Rollout(rehearsal)
    (result,) = rollout.run(["cutover"])
    assert rollout.prepared
    assert result.counts == {"create": 2}
    assert sorted(record["Weight"] for record in public_records(rehearsal)) == [0, 100]


@pytest.mark.requirement("R10.1")
def test_go_live_day_prepares_the_name_before_cutover_is_planned(rehearsal: Rehearsal) -> None:
    today = day(rehearsal)
    today.synthesize()
    today.log.variables = {**variables(), **credentials(STARTER.account_id, rehearsal.names.role("deployer"))}
    today.roll_out("Roll out", "cutover", expect=(WAITS,))
    today.prepare()
    today.roll_out("Continue", "cutover")
    typed = [entry.command for entry in today.log.entries if not isinstance(entry, str)]
    assert typed[2:5] == [
        "bin/ops rollout prod-starter cutover --approve-widening",
        "bin/ops cutover prepare prod-starter --dry-run",
        "bin/ops cutover prepare prod-starter",
    ]
    assert "cutover        applied  2 created" in today.log.said

"""One reader of the public zone and of the name's records."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from environments import load
from environments.names import Names
from environments.schema import Environment, Zone
from ops.aws import dns
from ops.aws.session import Aws
from ops.errors import OpsError
from rehearsal.by_hand import health_check
from rehearsal.rollout import StepError
from tests.cases import every_case

NAME = "example.com"
HOST = f"app.{NAME}"
STAGING = load("staging")
CREATED = replace(STAGING, edge=replace(STAGING.edge, zone=Zone(name=NAME, kind="created")))
EXISTING = replace(CREATED, edge=replace(CREATED.edge, zone=Zone(name=NAME, kind="existing", id="Z0EXAMPLE0VALUES")))
BALANCER = "new-1.us-east-1.elb.amazonaws.com"
PREVIOUS = "old-1.us-east-1.elb.amazonaws.com"


def zone(id_: str, name: str = NAME, *, private: bool = False) -> dict[str, Any]:
    return {"Id": f"/hostedzone/{id_}", "Name": f"{name}.", "Config": {"PrivateZone": private}}


class Pages:
    """Route 53, which lists one thing a page."""

    def __init__(self, *zones: dict[str, Any], records: list[dict[str, Any]] | None = None) -> None:
        self.zones, self.records, self.asked = zones, records or [], 0

    def list_hosted_zones_by_name(self, *, DNSName: str, HostedZoneId: str = "") -> dict[str, Any]:  # noqa: N803
        self.asked += 1
        ids = [each["Id"] for each in self.zones]
        at = ids.index(HostedZoneId) if HostedZoneId else 0
        assert HostedZoneId or DNSName == NAME
        rest = self.zones[at + 1 :]
        following = {"NextDNSName": rest[0]["Name"], "NextHostedZoneId": rest[0]["Id"]} if rest else {}
        return {"HostedZones": list(self.zones[at : at + 1]), "IsTruncated": bool(rest), **following}

    def list_resource_record_sets(
        self,
        *,
        HostedZoneId: str,  # noqa: N803
        StartRecordName: str,  # noqa: N803
        StartRecordType: str,  # noqa: N803
        StartRecordIdentifier: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        self.asked += 1
        assert HostedZoneId == "Z1"
        places = [(each["Name"], each["Type"], each.get("SetIdentifier", "")) for each in self.records]
        start = (StartRecordName, StartRecordType, StartRecordIdentifier)
        at = places.index(start) if start in places else 0
        rest = places[at + 1 :]
        following = (
            {"NextRecordName": rest[0][0], "NextRecordType": rest[0][1], "NextRecordIdentifier": rest[0][2]}
            if rest
            else {}
        )
        return {"ResourceRecordSets": self.records[at : at + 1], "IsTruncated": bool(rest), **following}


class Account:
    """An account whose state bucket has one state, or fails."""

    def __init__(self, outputs: dict[str, Any] | None = None, error: str = "NoSuchKey") -> None:
        self.outputs, self.error = outputs, error

    def quick_s3(self) -> Account:
        return self

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket and Key.endswith("edge.tfstate")
        if self.outputs is None:
            raise ClientError({"Error": {"Code": self.error, "Message": "planted"}}, "GetObject")
        outputs = {name: {"value": value, "type": "string"} for name, value in self.outputs.items()}
        state = {"version": 4, "serial": 1, "lineage": "l", "outputs": outputs, "resources": []}
        return {"Body": BytesIO(json.dumps(state).encode())}


def found(account: Account, route53: Pages, environment: Environment = CREATED) -> str:
    return dns.zone_id(cast("Aws", account), environment, cast("Any", route53))


@pytest.mark.parametrize("environment", [CREATED, EXISTING])
def test_the_zone_is_the_one_that_edge_publishes(environment: Environment) -> None:
    route53 = Pages(zone("Z1PRIVATE", private=True), zone("Z2"), zone("Z3"))
    assert found(Account({"zone_id": "Z0PUBLISHED"}), route53, environment) == "Z0PUBLISHED"
    assert not route53.asked


@every_case("error", ["NoSuchKey", "NoSuchBucket", "AccessDenied", "InternalError"])
def test_without_the_state_the_values_name_it_or_its_name_does(error: str) -> None:
    account = Account(error=error)
    assert found(account, Pages(), EXISTING) == "Z0EXAMPLE0VALUES"
    assert found(account, Pages(zone("Z2"))) == "Z2"
    assert found(Account({}), Pages(zone("Z2"))) == "Z2"


def test_a_private_zone_of_the_same_name_is_never_used() -> None:
    assert found(Account(), Pages(zone("Z1", private=True), zone("Z2"), zone("Z3", "zzz.example.com"))) == "Z2"
    with pytest.raises(dns.NoZoneError, match=r"no public zone example\.com; apply the phase edge first"):
        found(Account(), Pages(zone("Z1", private=True)))


def test_a_zone_of_a_later_name_is_another() -> None:
    with pytest.raises(dns.NoZoneError):
        found(Account(), Pages(zone("Z3", "zzz.example.com")))
    with pytest.raises(dns.NoZoneError):
        found(Account(), Pages())


def test_two_public_zones_of_one_name_are_rejected_with_both_ids() -> None:
    route53 = Pages(zone("Z1", private=True), zone("Z2"), zone("Z3"), zone("Z4", "zzz.example.com"))
    with pytest.raises(OpsError, match=r"2 public zones are named example\.com: Z2, Z3; delete"):
        found(Account(), route53)


def alias(target: str, kind: str = "A", weight: int | None = None, name: str = HOST) -> dict[str, Any]:
    routing = {} if weight is None else {"SetIdentifier": target, "Weight": weight}
    where = {"DNSName": f"dualstack.{target.upper()}.", "HostedZoneId": "Z2", "EvaluateTargetHealth": False}
    return {"Name": f"{name}.", "Type": kind, "AliasTarget": where, **routing}


def test_records_of_the_name_are_read_from_all_pages_and_no_others() -> None:
    own = [alias(BALANCER, weight=10), alias(PREVIOUS, weight=90), alias(PREVIOUS, "AAAA")]
    text = {"Name": f"{HOST}.", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"one"'}]}
    route53 = Pages(
        records=[*own, text, alias(PREVIOUS, name="zzz.example.com"), alias(PREVIOUS, name="zzzz.example.com")]
    )
    assert list(dns.records(cast("Any", route53), "Z1", HOST).records) == own
    assert route53.asked == 4, "the pages of later names aren't asked for"


@every_case(
    ("records", "expected"),
    [
        ([], {}),
        ([alias(BALANCER)], {"A": 100}),
        ([alias(PREVIOUS)], {"A": 0}),
        ([alias(BALANCER, weight=10), alias(PREVIOUS, weight=90)], {"A": 10}),
        ([alias(BALANCER, weight=100), alias(PREVIOUS, "AAAA")], {"A": 100, "AAAA": 0}),
        ([alias(BALANCER, weight=0)], {"A": 100}),
        ([alias(BALANCER, weight=0), alias(PREVIOUS, weight=0)], {"A": 50}),
        (
            [{"Name": f"{HOST}.", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": f"{BALANCER}."}]}],
            {"CNAME": 100},
        ),
    ],
)
def test_shares_are_told_apart_by_type(records: list[dict[str, Any]], expected: dict[str, int]) -> None:
    assert dns.shares(records, BALANCER) == expected


@every_case(
    "date", ["Sun, 29 Nov 2026 07:34:01 GMT", "Sun, 29 Nov 2026 07:34:01 -0000", "Sun, 29 Nov 2026 07:34:01 GMT, again"]
)
def test_the_time_of_a_response_is_in_utc(date: str) -> None:
    """A second header `Date`, as a proxy may add it, is joined to the first, and Python then reads no zone."""
    found = dns._responded_at({"ResponseMetadata": {"HTTPHeaders": {"date": date}}})
    assert found == datetime(2026, 11, 29, 7, 34, 1, tzinfo=UTC)


def test_the_account_page_takes_no_private_zone_either() -> None:
    page = (Path(__file__).parents[2] / "docs" / "account.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"list-hosted-zones-by-name[^\n]*\\\n  --query '([^']+)'", page)
    name = "staging.navralabs.com"
    listed = [zone("Z1", name, private=True), zone("Z2", name), zone("Z3", f"www.{name}")]
    jmespath = import_module("jmespath")  # without types
    assert jmespath.search(query, {"HostedZones": listed}) == ["/hostedzone/Z2"]
    assert jmespath.search(query, {"HostedZones": listed[2:]}) == []


class TestOnEmulatedAws:
    """A split view: private zones of the same name, in the account whose zone Terraform created."""

    def create(self, account: Aws, reference: str, *, private: bool = False) -> str:
        options: dict[str, Any] = {}
        if private:
            vpc = account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
            options = {"HostedZoneConfig": {"PrivateZone": True}, "VPC": {"VPCRegion": "us-east-1", "VPCId": vpc}}
        created = account.client("route53").create_hosted_zone(Name=NAME, CallerReference=reference, **options)
        return str(created["HostedZone"]["Id"].removeprefix("/hostedzone/"))

    def publish(self, account: Aws, zone_id: str) -> None:
        names, client = Names(CREATED), account.client("s3")
        outputs = {"zone_id": {"value": zone_id, "type": "string"}}
        state = {"version": 4, "serial": 1, "lineage": "l", "outputs": outputs, "resources": []}
        client.create_bucket(Bucket=names.state_bucket)
        client.put_object(Bucket=names.state_bucket, Key=names.state_key("edge"), Body=json.dumps(state).encode())

    def test_the_public_zone_is_found_between_private_ones(self, account: Aws) -> None:
        self.create(account, "1", private=True)
        public = self.create(account, "2")
        self.create(account, "3", private=True)
        zone = dns.PublicZone(account, CREATED, "test")
        assert (zone.id, zone.records(CREATED.edge.host).records) == (public, ())

    def test_a_health_check_that_the_rehearsal_sets_by_hand_is_missed_when_a_change_drops_it(
        self, account: Aws
    ) -> None:
        environment = replace(CREATED, edge=replace(CREATED.edge, host=HOST))
        client, zone_id = account.client("route53"), self.create(account, "1")
        current, previous = Names(environment).weighted_records
        address: dict[str, Any] = {"Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
        records = [
            {"Name": f"{HOST}.", "SetIdentifier": name, "Weight": weight, **address}
            for name, weight in ((current, 0), (previous, 100))
        ]
        zone = dns.PublicZone(account, environment, "test")
        zone.change(HOST, "created", dns.replacement([], records))
        with health_check(client, zone_id, environment):
            present = zone.records(HOST).records
            assert [each.get("HealthCheckId") is not None for each in present] == [False, True]
            zone.change(HOST, "kept", dns.replacement(present, dns.with_health_checks(records, present)))
        present = zone.records(HOST).records
        assert not dns.health_checks(present)
        with pytest.raises(StepError, match="was dropped"), health_check(client, zone_id, environment):
            zone.change(HOST, "dropped", dns.replacement(zone.records(HOST).records, records))

    def test_of_two_public_zones_the_published_one_is_used_and_else_none(self, account: Aws) -> None:
        ids = {self.create(account, "1"), self.create(account, "2")}
        with pytest.raises(OpsError, match="2 public zones") as raised:
            dns.zone_id(account, CREATED, account.client("route53"))
        assert all(id_ in str(raised.value) for id_ in ids)
        for published in ids:
            self.publish(account, published)
            assert dns.zone_id(account, CREATED, account.client("route53")) == published

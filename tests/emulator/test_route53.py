"""Route 53's own rules, seen through boto3 alone.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.aws import Aws

pytestmark = pytest.mark.slow

HOST = "app.example.com."
ELB = "Z35SXDOTRQ7X7K"
NETWORK, ELSEWHERE = "Z26RNL4JYFTOTI", "Z215JYRZR1TBD5"
"""Hosted zones of network load balancers in us-east-1, and of application load balancers in eu-central-1.

https://docs.aws.amazon.com/general/latest/gr/elb.html
"""
Record = dict[str, Any]


def record(kind: str = "A", name: str = HOST, **fields: Any) -> Record:
    values = {"A": "192.0.2.1", "AAAA": "2001:db8::1", "CNAME": "old.example.net", "TXT": '"one"'}
    return {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": values[kind]}], **fields}


def alias(target: str = "old-1.us-east-1.elb.amazonaws.com", zone: str = ELB, **fields: Any) -> Record:
    where = {"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": False}
    return {"Name": HOST, "Type": "A", "AliasTarget": where, **fields}


def weighted(identifier: str, weight: int = 0, **fields: Any) -> Record:
    return alias(f"{identifier}-1.us-east-1.elb.amazonaws.com", SetIdentifier=identifier, Weight=weight, **fields)


class Zone:
    """A public zone with some records."""

    def __init__(self, aws: Aws, *records: Record) -> None:
        self.client = aws("route53")
        created = self.client.create_hosted_zone(Name="example.com", CallerReference="one")["HostedZone"]
        self.id = created["Id"].removeprefix("/hostedzone/")
        if records:
            self.change(*(("CREATE", each) for each in records))

    def change(self, *changes: tuple[str, Record]) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": each} for action, each in changes]}
        self.client.change_resource_record_sets(HostedZoneId=self.id, ChangeBatch=batch)

    def records(self) -> list[Record]:
        listed = self.client.list_resource_record_sets(HostedZoneId=self.id)["ResourceRecordSets"]
        return [each for each in listed if each["Type"] not in ("NS", "SOA")]


NOT_WEIGHTED = (
    "InvalidChangeBatch",
    "[RRSet with DNS name app.example.com., type A, SetIdentifier new cannot be created as a non-weighted set exists "
    "with the same name and type.]",
)
OTHERS = (
    "InvalidChangeBatch",
    "[RRSet with DNS name app.example.com., type A cannot be created as other RRSets exist with the same name and "
    "type.]",
)
REFUSED: dict[str, tuple[list[Record], list[tuple[str, Record]], tuple[str, str]]] = {
    "weighted beside plain": ([alias()], [("CREATE", weighted("new"))], NOT_WEIGHTED),
    "weighted beside plain, by UPSERT": ([alias()], [("UPSERT", weighted("new"))], NOT_WEIGHTED),
    "weighted before the plain one is deleted": (
        [alias()],
        [("CREATE", weighted("new")), ("DELETE", alias())],
        NOT_WEIGHTED,
    ),
    "plain beside weighted": ([weighted("old", 100)], [("CREATE", alias())], OTHERS),
    "plain beside weighted, by UPSERT": ([weighted("old", 100)], [("UPSERT", record())], OTHERS),
    "weighted beside latency": (
        [alias(SetIdentifier="eu", Region="eu-central-1")],
        [("UPSERT", weighted("new"))],
        NOT_WEIGHTED,
    ),
    "latency beside weighted": (
        [weighted("old")],
        [("CREATE", alias(SetIdentifier="eu", Region="eu-central-1"))],
        ("InvalidChangeBatch", "SetIdentifier eu cannot be created as a non-latency set exists"),
    ),
    "CNAME beside an address": (
        [record()],
        [("UPSERT", record("CNAME"))],
        (
            "InvalidChangeBatch",
            "[RRSet of type CNAME with DNS name app.example.com. is not permitted as it conflicts with other records "
            "with the same DNS name in zone example.com.]",
        ),
    ),
    "an address beside a CNAME": (
        [record("CNAME")],
        [("CREATE", weighted("new"))],
        (
            "InvalidChangeBatch",
            "RRSet of type A with DNS name app.example.com. is not permitted because a conflicting RRSet of type  "
            "CNAME with the same DNS name already exists in zone example.com.",
        ),
    ),
    "text beside a CNAME": (
        [record("CNAME")],
        [("CREATE", record("TXT"))],
        ("InvalidChangeBatch", "RRSet of type TXT with DNS name app.example.com. is not permitted"),
    ),
    "CNAME at the apex": (
        [],
        [("CREATE", record("CNAME", "example.com"))],
        ("InvalidChangeBatch", "is not permitted at apex in zone example.com."),
    ),
    "CREATE of what exists": (
        [record()],
        [("CREATE", record(ResourceRecords=[{"Value": "192.0.2.2"}]))],
        (
            "InvalidChangeBatch",
            "[Tried to create resource record set [name='app.example.com.', type='A'] but it already exists]",
        ),
    ),
    "a set identifier twice": (
        [weighted("new", 10)],
        [("CREATE", weighted("new", 20))],
        ("InvalidChangeBatch", "[name='app.example.com.', type='A', set-identifier='new'] but it already exists]"),
    ),
    "a set identifier twice in one batch": (
        [],
        [("CREATE", weighted("new", 10)), ("CREATE", weighted("new", 20))],
        ("InvalidChangeBatch", "invalid set of changes for a resource record set 'A app.example.com.'"),
    ),
    "DELETE of what isn't there": (
        [],
        [("DELETE", record())],
        (
            "InvalidChangeBatch",
            "[Tried to delete resource record set [name='app.example.com.', type='A'] but it was not found]",
        ),
    ),
    "DELETE with another value": (
        [record()],
        [("DELETE", record(ResourceRecords=[{"Value": "192.0.2.2"}]))],
        ("InvalidChangeBatch", "but the values provided do not match the current values]"),
    ),
    "DELETE with another TTL": ([record()], [("DELETE", record(TTL=61))], ("InvalidChangeBatch", "do not match")),
    "DELETE with another weight": (
        [weighted("old", 10)],
        [("DELETE", weighted("old", 11))],
        ("InvalidChangeBatch", "do not match"),
    ),
    "DELETE of an alias that looks at its target's health": (
        [alias()],
        [("DELETE", alias() | {"AliasTarget": {**alias()["AliasTarget"], "EvaluateTargetHealth": True}})],
        ("InvalidChangeBatch", "do not match"),
    ),
    "DELETE twice": (
        [record()],
        [("DELETE", record()), ("DELETE", record())],
        ("InvalidChangeBatch", "invalid set of changes"),
    ),
    "a name outside of the zone": (
        [],
        [("CREATE", record(name="app.example.org"))],
        ("InvalidChangeBatch", "[RRSet with DNS name app.example.org. is not permitted in zone example.com.]"),
    ),
    "a name that only ends like the zone's": (
        [],
        [("CREATE", record(name="myexample.com"))],
        ("InvalidChangeBatch", "is not permitted in zone example.com."),
    ),
    "a weight above 255": ([], [("CREATE", weighted("new", 256))], ("InvalidInput", "Value '256'")),
    "an alias with a TTL": (
        [],
        [("CREATE", alias(TTL=60))],
        (
            "InvalidInput",
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            "TrafficPolicyInstanceId], but found more than one in Change with [Action=CREATE, Name=app.example.com., "
            "Type=A, SetIdentifier=null]",
        ),
    ),
    "values without a TTL": (
        [],
        [("CREATE", {name: value for name, value in record().items() if name != "TTL"})],
        ("InvalidInput", "but found none in Change with [Action=CREATE"),
    ),
    "a weight without an identifier": (
        [],
        [("CREATE", alias(Weight=1))],
        ("InvalidInput", "Missing field 'SetIdentifier'"),
    ),
    "an identifier without a policy": (
        [],
        [("CREATE", alias(SetIdentifier="new"))],
        ("InvalidInput", "but found none"),
    ),
    "two policies": (
        [],
        [("CREATE", weighted("new", Region="us-east-1"))],
        ("InvalidInput", "but found more than one"),
    ),
    "two TTLs in a weighted group": (
        [record(SetIdentifier="old", Weight=1)],
        [("CREATE", record(SetIdentifier="new", Weight=1, TTL=300))],
        (
            "InvalidChangeBatch",
            "[RRSet with DNS name app.example.com., type A, SetIdentifier new cannot be created as weighted sets must "
            "contain the same TTL.]",
        ),
    ),
    "an alias of a record that isn't there": (
        [],
        [("CREATE", alias("www.example.com", zone="own"))],
        ("InvalidChangeBatch", "type A in zone own, but that target was not found]"),
    ),
    "an alias of a record of another type": (
        [record("TXT", "www.example.com")],
        [("CREATE", alias("www.example.com", zone="own"))],
        ("InvalidChangeBatch", "but that target was not found]"),
    ),
    "an alias with the wrong zone": (
        [],
        [("CREATE", alias(zone="own"))],
        (
            "InvalidChangeBatch",
            "[Tried to create an alias that targets old-1.us-east-1.elb.amazonaws.com., type A in zone own, but the "
            "alias target name does not lie within the target zone, ",
        ),
    ),
    "an alias with the zone of another region": (
        [],
        [("CREATE", alias(zone=ELSEWHERE))],
        (
            "InvalidChangeBatch",
            f"type A in zone {ELSEWHERE}, but the alias target name does not lie within the target zone, ",
        ),
    ),
    "an alias with the zone of another type of load balancer": (
        [],
        [("UPSERT", alias("dualstack.old-1.us-east-1.elb.amazonaws.com", NETWORK))],
        ("InvalidChangeBatch", "the alias target name does not lie within the target zone, "),
    ),
    "an alias of an internal load balancer with the wrong zone": (
        [],
        [("CREATE", alias("internal-old-1.us-east-1.elb.amazonaws.com", ELSEWHERE))],
        ("InvalidChangeBatch", "the alias target name does not lie within the target zone, "),
    ),
    "an alias of a network load balancer with the wrong zone": (
        [],
        [("CREATE", alias("old-1.elb.us-east-1.amazonaws.com", ELB))],
        ("InvalidChangeBatch", "the alias target name does not lie within the target zone, "),
    ),
    "an alias of a load balancer that is no address": (
        [],
        [("CREATE", alias(Type="CNAME"))],
        ("InvalidChangeBatch", f"type CNAME in zone {ELB}, but that target was not found]"),
    ),
    "an address that is none": (
        [],
        [("CREATE", record(ResourceRecords=[{"Value": "192.0.2.256"}]))],
        ("InvalidChangeBatch", "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"),
    ),
    "a name as an address": (
        [],
        [("UPSERT", record(ResourceRecords=[{"Value": "old.example.net"}]))],
        ("InvalidChangeBatch", "encountered with 'old.example.net'"),
    ),
    "an IPv4 address as an IPv6 address": (
        [],
        [("CREATE", record("AAAA", ResourceRecords=[{"Value": "192.0.2.1"}]))],
        ("InvalidChangeBatch", "Value is not a valid IPv6 address"),
    ),
    "a CNAME with two values": (
        [],
        [("CREATE", record("CNAME", ResourceRecords=[{"Value": "a.example.net"}, {"Value": "b.example.net"}]))],
        ("InvalidChangeBatch", "type CNAME"),
    ),
    "a TTL above 31 bits": ([], [("CREATE", record(TTL=2**31))], ("InvalidInput", "Value '2147483648' at 'ttl'")),
    "a label of 64 characters": (
        [],
        [("CREATE", record(name=f"{'a' * 64}.example.com"))],
        ("InvalidChangeBatch", f"DomainLabelTooLong (Domain label is too long) encountered with '{'a' * 64}'"),
    ),
    "a name of more than 255 characters": (
        [],
        [("CREATE", record(name=f"{'a-long-label.' * 20}example.com"))],
        ("InvalidChangeBatch", "Domain name is too long"),
    ),
    "an empty label": (
        [],
        [("CREATE", record(name="app..example.com"))],
        ("InvalidChangeBatch", "DomainLabelEmpty (Domain label is empty)"),
    ),
    "two primaries": (
        [alias(SetIdentifier="one", Failover="PRIMARY")],
        [("CREATE", alias(SetIdentifier="two", Failover="PRIMARY"))],
        ("InvalidChangeBatch", "SetIdentifier two cannot be created"),
    ),
    "two primaries in one batch": (
        [],
        [("CREATE", alias(SetIdentifier=each, Failover="PRIMARY")) for each in ("one", "two")],
        ("InvalidChangeBatch", "SetIdentifier one cannot be created"),
    ),
    "a region twice": (
        [alias(SetIdentifier="one", Region="eu-central-1")],
        [("UPSERT", alias(SetIdentifier="two", Region="eu-central-1"))],
        ("InvalidChangeBatch", "SetIdentifier two cannot be created"),
    ),
    "a place twice": (
        [alias(SetIdentifier="one", GeoLocation={"CountryCode": "DE"})],
        [("UPSERT", alias(SetIdentifier="two", GeoLocation={"CountryCode": "DE"}))],
        ("InvalidChangeBatch", "SetIdentifier two cannot be created"),
    ),
}


@pytest.mark.parametrize(("existing", "changes", "error"), REFUSED.values(), ids=REFUSED)
def test_a_batch_is_refused_whole(
    existing: list[Record], changes: list[tuple[str, Record]], error: tuple[str, str], aws: Aws
) -> None:
    zone = Zone(aws, *existing)
    before = zone.records()
    own = [(action, _own_zone(each, zone.id)) for action, each in changes]
    with pytest.raises(ClientError) as raised:
        zone.change(("CREATE", record(name="other.example.com")), *own)
    said = raised.value.response["Error"]
    assert said["Code"] == error[0], said
    assert error[1].replace("zone own", f"zone {zone.id}") in said["Message"]
    assert zone.records() == before


def _own_zone(given: Record, zone_id: str) -> Record:
    target = given.get("AliasTarget", {})
    return (
        {**given, "AliasTarget": {**target, "HostedZoneId": zone_id}} if target.get("HostedZoneId") == "own" else given
    )


@pytest.mark.parametrize("kind", ["NS", "SOA"])
def test_a_zone_keeps_its_own_name_servers_and_authority(kind: str, aws: Aws) -> None:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/SOA-NSrecords.html"""
    zone = Zone(aws)
    listed = zone.client.list_resource_record_sets(HostedZoneId=zone.id)["ResourceRecordSets"]
    (own,) = [each for each in listed if each["Type"] == kind]
    with pytest.raises(ClientError, match=r"InvalidChangeBatch.*A HostedZone must contain") as raised:
        zone.change(("DELETE", own))
    assert f"{kind} record" in str(raised.value)
    zone.change(("DELETE", own), ("CREATE", {**own, "TTL": 3600}))
    delegation = {**own, "Name": "sub.example.com.", "Type": "NS", "ResourceRecords": [{"Value": "ns1.example.net"}]}
    zone.change(("CREATE", delegation))
    zone.change(("DELETE", delegation))


TAKEN: dict[str, list[Record]] = {
    "a network load balancer": [alias("new-1.elb.us-east-1.amazonaws.com", NETWORK)],
    "an internal load balancer of another region": [alias("internal-x-1.eu-central-1.elb.amazonaws.com", ELSEWHERE)],
    "a load balancer with both kinds of addresses": [alias("dualstack.x-1.us-east-1.elb.amazonaws.com", Type="AAAA")],
    "a distribution": [alias("d111111abcdef8.cloudfront.net", "Z2FDTNDATAQYW2")],
    "two addresses": [record(ResourceRecords=[{"Value": "192.0.2.1"}, {"Value": "192.0.2.2"}])],
    "the longest label and time": [record(name=f"{'a' * 63}.example.com", TTL=2**31 - 1)],
    "a primary and a secondary": [
        alias(SetIdentifier=each.lower(), Failover=each) for each in ("PRIMARY", "SECONDARY")
    ],
    "two regions": [alias(SetIdentifier=each, Region=each) for each in ("us-east-1", "eu-central-1")],
}


@pytest.mark.parametrize("records", TAKEN.values(), ids=TAKEN)
def test_records_that_are_taken(records: list[Record], aws: Aws) -> None:
    assert len(Zone(aws, *records).records()) == len(records)


REPLACED: dict[str, tuple[list[Record], list[tuple[str, Record]], Callable[[list[Record]], object], object]] = {
    "a plain alias by weighted ones": (
        [alias()],
        [("DELETE", alias()), ("CREATE", weighted("new", 0)), ("CREATE", weighted("old", 100))],
        lambda found: {each["SetIdentifier"]: each["Weight"] for each in found},
        {"new": 0, "old": 100},
    ),
    "a plain CNAME by weighted addresses": (
        [record("CNAME")],
        [("DELETE", record("CNAME")), ("UPSERT", weighted("old", 255))],
        lambda found: [(each["Type"], each["Weight"]) for each in found],
        [("A", 255)],
    ),
    "addresses of both kinds": (
        [alias(), {**alias(), "Type": "AAAA"}],
        [("DELETE", alias()), ("UPSERT", weighted("old", 1))],
        lambda found: [(each["Type"], each.get("Weight")) for each in found],
        [("A", 1), ("AAAA", None)],
    ),
    "a weighted record by UPSERT": (
        [weighted("new", 0)],
        [("UPSERT", weighted("new", 10))],
        lambda found: [each["Weight"] for each in found],
        [10],
    ),
    "the TTL of a whole weighted group": (
        [record(SetIdentifier="old", Weight=1), record(SetIdentifier="new", Weight=1)],
        [
            ("UPSERT", record(SetIdentifier="old", Weight=1, TTL=300)),
            ("UPSERT", record(SetIdentifier="new", Weight=1, TTL=300)),
        ],
        lambda found: [each["TTL"] for each in found],
        [300, 300],
    ),
}


@pytest.mark.parametrize(("existing", "changes", "seen", "expected"), REPLACED.values(), ids=REPLACED)
def test_a_batch_is_made_whole(
    existing: list[Record],
    changes: list[tuple[str, Record]],
    seen: Callable[[list[Record]], object],
    expected: object,
    aws: Aws,
) -> None:
    zone = Zone(aws, *existing)
    zone.change(*changes)
    assert seen(zone.records()) == expected


def test_names_are_kept_in_lower_case_with_a_dot_at_the_end(aws: Aws) -> None:
    zone = Zone(aws, {**alias("Old-1.us-east-1.ELB.amazonaws.com"), "Name": "App.Example.com"})
    (found,) = zone.records()
    assert (found["Name"], found["AliasTarget"]["DNSName"]) == (HOST, "old-1.us-east-1.elb.amazonaws.com.")


def test_an_alias_may_lead_to_a_record_of_its_own_zone_and_batch(aws: Aws) -> None:
    zone = Zone(aws)
    www = record(name="www.example.com")
    zone.change(("CREATE", alias("www.example.com", zone=zone.id)), ("CREATE", www))
    assert [each["Name"] for each in zone.records()] == [HOST, "www.example.com."]


def test_an_alias_leads_to_no_other_hosted_zone(aws: Aws) -> None:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html"""
    zone = Zone(aws)
    other = zone.client.create_hosted_zone(Name="example.org", CallerReference="two")["HostedZone"]["Id"]
    with pytest.raises(ClientError, match="but that target was not found"):
        zone.change(("CREATE", alias("www.example.org", zone=other.removeprefix("/hostedzone/"))))


def test_there_are_a_hundred_weighted_records_of_a_name_and_type_and_no_more(aws: Aws) -> None:
    zone = Zone(aws)
    zone.change(*(("CREATE", weighted(f"n{number}")) for number in range(100)))
    with pytest.raises(ClientError, match="Exceeded limit on number of weighted RRSets"):
        zone.change(("CREATE", weighted("one-more")))


def test_zones_are_listed_by_name_from_a_name_on_private_ones_too_in_pages(aws: Aws) -> None:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByName.html"""
    client = aws("route53")
    network = {"VPCRegion": "us-east-1", "VPCId": aws("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]}
    private = client.create_hosted_zone(
        Name="example.com", CallerReference="private", HostedZoneConfig={"PrivateZone": True}, VPC=network
    )["HostedZone"]["Id"]
    public = [
        client.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]["Id"]
        for name in ("example.com", "zzz.example.com", "example.org", "example.biz")
    ]
    listed: list[dict[str, Any]] = []
    following: dict[str, Any] = {"DNSName": "example.com"}
    while following:
        page = client.list_hosted_zones_by_name(**following, MaxItems="1")
        listed += page["HostedZones"]
        assert len(page["HostedZones"]) == 1
        following = (
            {"DNSName": page["NextDNSName"], "HostedZoneId": page["NextHostedZoneId"]} if page["IsTruncated"] else {}
        )
    assert [each["Name"] for each in listed] == ["example.com.", "example.com.", "zzz.example.com.", "example.org."]
    assert {each["Id"]: each["Config"]["PrivateZone"] for each in listed[:2]} == {private: True, public[0]: False}
    assert client.list_hosted_zones_by_name(DNSName="example.net")["HostedZones"][0]["Name"] == "example.org."
    assert len(client.list_hosted_zones_by_name()["HostedZones"]) == 5

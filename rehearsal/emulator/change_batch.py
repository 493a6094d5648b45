"""Route 53's rules for a batch of changes, on plain records. Loads no moto, so that tests' small Route 53 uses it too.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html: a batch is made whole or
not at all; API_ResourceRecordSet.html and API_AliasTarget.html, beside it, have the rules of a record. The texts of
errors are AWS's own where public reports quote them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from environments.schema.load_balancers import zone_of

Record = Mapping[str, Any]
"""A resource record set, as the API has it."""
SIMPLE = "simple"
_POLICIES = {
    "Weight": "weighted",
    "Region": "latency",
    "Failover": "failover",
    "GeoLocation": "geolocation",
    "GeoProximityLocation": "geoproximity",
    "CidrRoutingConfig": "cidr",
    "MultiValueAnswer": "multivalue answer",
}
"""Routing policies by their field. Records of one name and type have the same policy.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
"""
WEIGHTS = range(256)
"""https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html#Route53-Type-ResourceRecordSet-Weight"""
WEIGHTED_MOST = 100
"""Weighted records of one name and type; the same page."""
_NUMBERS = {"Weight": WEIGHTS, "TTL": range(2**31)}
"""https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html#Route53-Type-ResourceRecordSet-TTL"""
_ONE_EACH = {"failover": "Failover", "latency": "Region", "geolocation": "GeoLocation"}
"""Routing policies by the field that has another value in each record of one name and type; the same page."""
_LABEL_LONGEST, _NAME_LONGEST = 63, 255
"""Bytes: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html"""
_ADDRESSES: Mapping[str, tuple[Callable[[str], object], str]] = {
    "A": (IPv4Address, "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"),
    "AAAA": (IPv6Address, "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"),
}
"""By type: what reads a value. https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html"""
_ONE_VALUE = ("CNAME", "SOA")
"""https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecord.html"""
_APEX = {
    "NS": "A HostedZone must contain at least one NS record for the zone itself.",
    "SOA": "A HostedZone must contain exactly one SOA record.",
}
"""What stays: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/SOA-NSrecords.html"""


class BatchError(Exception):
    """A batch that Route 53 refuses, with the code and the message of AWS."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def changed(
    records: Sequence[Record],
    changes: Sequence[Mapping[str, Any]],
    *,
    zone: str,
    zone_id: str = "",
    other_zones: Collection[str] = (),
    health_checks: Collection[str] | None = None,
) -> list[Record]:
    """The records of a zone after a batch; those that it leaves alone are the same objects.

    Args:
        records: What is in the zone.
        changes: The batch's changes; a later one sees what an earlier one did.
        zone: The zone's domain.
        zone_id: Its id, for aliases of its own records.
        other_zones: Ids of other hosted zones of customers, which an alias can't reach.
        health_checks: Ids of the account's health checks; none if they aren't known.

    Raises:
        BatchError: The batch is refused, so that nothing changes.
    """
    given = [(str(change["Action"]), _stored(change["ResourceRecordSet"])) for change in changes]
    for action, record in given:
        _check_input(action, record)
        check = record.get("HealthCheckId")
        if action != "DELETE" and check and health_checks is not None and check not in health_checks:
            # A health check can be deleted while records name it:
            # https://docs.aws.amazon.com/Route53/latest/APIReference/API_DeleteHealthCheck.html
            raise BatchError("NoSuchHealthCheck", f"No health check exists with the specified ID: {check}")
    domain = _name(zone)
    problems = [*_contradictions(given), *(problem for _, record in given for problem in _malformed(record))]
    after = list(records)
    for action, record in given:
        found = [other for other in after if identity(other) == identity(record)]
        problems += _refusals(action, record, found, after, domain)
        after = [other for other in after if other not in found]
        if action != "DELETE":
            after.append(record)
    written = [record for _, record in given if record in after]
    problems += [problem for record in written for problem in _in_its_group(record, after)]
    problems += [problem for record in written for problem in _alias(record, after, zone_id, domain, other_zones)]
    apex_before, apex_after = (
        {identity(each)[1] for each in found if identity(each)[0] == domain} for found in (records, after)
    )
    problems += [problem for kind, problem in _APEX.items() if kind in apex_before - apex_after]
    if problems:
        raise BatchError("InvalidChangeBatch", f"[{', '.join(dict.fromkeys(problems))}]")
    return after


def identity(record: Record) -> tuple[str, str, str]:
    """What makes a record the same one: name, type and set identifier."""
    return _name(record["Name"]), record["Type"], record.get("SetIdentifier") or ""


def _refusals(
    action: str, record: Record, found: Sequence[Record], records: Sequence[Record], domain: str
) -> Iterator[str]:
    """Why one change can't be made to the records as they are when its turn comes."""
    name, kind, identifier = identity(record)
    which = f"[name='{name}', type='{kind}'" + (f", set-identifier='{identifier}']" if identifier else "]")
    if action == "DELETE":
        if not found:
            yield f"Tried to delete resource record set {which} but it was not found"
        elif _says(found[0]) != _says(record):
            yield f"Tried to delete resource record set {which} but the values provided do not match the current values"
        return
    if action == "CREATE" and found:
        yield f"Tried to create resource record set {which} but it already exists"
    if name != domain and not name.endswith(f".{domain}"):
        yield f"RRSet with DNS name {name} is not permitted in zone {domain}"
        return
    if kind == "CNAME" and name == domain:
        yield f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {domain}"
    others = [other for other in records if _name(other["Name"]) == name and other not in found]
    if kind == "CNAME" and any(other["Type"] != "CNAME" for other in others):
        yield (
            f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the "
            f"same DNS name in zone {domain}"
        )
    if kind != "CNAME" and any(other["Type"] == "CNAME" for other in others):
        yield (
            f"RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type  CNAME "
            f"with the same DNS name already exists in zone {domain}"
        )
    policy, same = _policy(record), [other for other in others if other["Type"] == kind]
    if policy == SIMPLE and same:
        yield (
            f"RRSet with DNS name {name}, type {kind} cannot be created as other RRSets exist with the same name and "
            "type."
        )
    elif any(_policy(other) != policy for other in same):
        yield (
            f"RRSet with DNS name {name}, type {kind}, SetIdentifier {identifier} cannot be created as a non-{policy} "
            "set exists with the same name and type."
        )


def _in_its_group(record: Record, records: Sequence[Record]) -> Iterator[str]:
    """What records of one name, type and policy have in common, or don't, once the whole batch is made."""
    policy, (name, kind, identifier) = _policy(record), identity(record)
    group = [other for other in records if identity(other)[:2] == (name, kind) and _policy(other) == policy]
    field = _ONE_EACH.get(policy)
    if field and sum(other[field] == record[field] for other in group) > 1:
        yield (
            f"RRSet with DNS name {name}, type {kind}, SetIdentifier {identifier} cannot be created as another "
            f"{policy} set has the same {field}."
        )
    if policy != "weighted":
        return
    if len({other["TTL"] for other in group if "TTL" in other}) > 1 and "TTL" in record:
        yield (
            f"RRSet with DNS name {name}, type {kind}, SetIdentifier {identifier} cannot be created as weighted sets "
            "must contain the same TTL."
        )
    if len(group) > WEIGHTED_MOST:
        yield f"Exceeded limit on number of weighted RRSets for {name}, type {kind} in this zone."


def _alias(
    record: Record, records: Sequence[Record], zone_id: str, domain: str, other_zones: Collection[str]
) -> Iterator[str]:
    """An alias reaches AWS's own resources, and records of the same type in its own zone.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
    """
    alias = record.get("AliasTarget")
    if not alias:
        return
    target, kind, zone = _name(alias["DNSName"]), record["Type"], alias["HostedZoneId"]
    tried = f"Tried to create an alias that targets {target}, type {kind} in zone {zone}, but"
    balancers = _balancers_zone(target)
    outside = zone == zone_id and target != domain and not target.endswith(f".{domain}")
    if outside or balancers not in {None, zone}:
        yield f"{tried} the alias target name does not lie within the target zone"
    if balancers == zone:
        found = kind in _ADDRESSES
    elif balancers or zone == zone_id or zone in other_zones:
        own = records if zone == zone_id else ()
        found = any(_name(other["Name"]) == target and other["Type"] == kind and other is not record for other in own)
    else:
        found = True
    if not found:
        yield f"{tried} that target was not found"


def _balancers_zone(target: str) -> str | None:
    """The hosted zone in which a load balancer has its name, of addresses only; none for other names.

    https://docs.aws.amazon.com/general/latest/gr/elb.html and, for types,
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias.html
    """
    return zone_of(target.rstrip(".").removeprefix("dualstack.").removeprefix("internal-"))


def _contradictions(given: Sequence[tuple[str, Record]]) -> Iterator[str]:
    """Records that a batch changes more than once, other than to delete one and write it again.

    Source, of two deletions: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
    """
    actions: dict[tuple[str, str, str], list[str]] = {}
    for action, record in given:
        actions.setdefault(identity(record), []).append(action)
    for (name, kind, _), done in actions.items():
        if len(done) > 1 and done not in (["DELETE", "CREATE"], ["DELETE", "UPSERT"]):
            yield f"The request contains an invalid set of changes for a resource record set '{kind} {name}'"


def _malformed(record: Record) -> Iterator[str]:
    """What is wrong with a record's name and values."""
    name, kind, _ = identity(record)
    labels = name.rstrip(".").split(".")
    if not all(labels):
        yield f"FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with '{name}'"
    for label in labels:
        if len(label) > _LABEL_LONGEST:
            yield f"FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '{label}'"
    if len(name) > _NAME_LONGEST:
        yield f"FATAL problem: DomainNameTooLong (Domain name is too long) encountered with '{name}'"
    values = [each["Value"] for each in record.get("ResourceRecords") or ()]
    if kind in _ONE_VALUE and len(values) > 1:
        yield f"RRSet of type {kind} with DNS name {name} can have one value only"
    read, problem = _ADDRESSES.get(kind, (str, ""))
    for value in values:
        try:
            read(value)
        except ValueError:
            yield f"Invalid Resource Record: FATAL problem: {problem} encountered with '{value}'"


def _check_input(action: str, record: Record) -> None:
    """What is wrong with a record by itself."""
    where = (
        f"in Change with [Action={action}, Name={record['Name']}, Type={record['Type']}, "
        f"SetIdentifier={record.get('SetIdentifier') or 'null'}]"
    )
    answers = "[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"
    plain = [name for name in ("TTL", "ResourceRecords") if record.get(name) is not None]
    if "AliasTarget" in record and plain:
        raise BatchError(
            "InvalidInput", f"Invalid request: Expected exactly one of {answers}, but found more than one {where}"
        )
    if "AliasTarget" not in record and len(plain) < 2:
        raise BatchError("InvalidInput", f"Invalid request: Expected exactly one of {answers}, but found none {where}")
    policies = _policies(record)
    if len(policies) > 1 or (not policies and record.get("SetIdentifier")):
        found = "more than one" if policies else "none"
        raise BatchError(
            "InvalidInput",
            f"Invalid request: Expected exactly one of [{', '.join(_POLICIES)}], but found {found} {where}",
        )
    if policies and not record.get("SetIdentifier"):
        raise BatchError("InvalidInput", f"Invalid request: Missing field 'SetIdentifier' {where}")
    for field, allowed in _NUMBERS.items():
        if int(record.get(field) or 0) not in allowed:
            raise BatchError(
                "InvalidInput",
                f"1 validation error detected: Value '{record[field]}' at '{field.lower()}' failed to satisfy "
                f"constraint: Member must have value between {allowed[0]} and {allowed[-1]}",
            )


def _policies(record: Record) -> list[str]:
    """The fields that give it a routing policy; MultiValueAnswer may be false."""
    return [name for name in _POLICIES if record.get(name) is not None and record[name] is not False]


def _policy(record: Record) -> str:
    return next((_POLICIES[name] for name in _policies(record)), SIMPLE)


def _stored(record: Record) -> dict[str, Any]:
    """A record as Route 53 keeps it: names are in lower case and end with a dot.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
    """
    stored = {**record, "Name": _name(record["Name"])}
    if "AliasTarget" in record:
        stored["AliasTarget"] = {**record["AliasTarget"], "DNSName": _name(record["AliasTarget"]["DNSName"])}
    return stored


def _says(record: Record) -> dict[str, Any]:
    """All that a DELETE must repeat; the order of values makes no difference."""
    values = sorted(value["Value"] for value in record.get("ResourceRecords") or ())
    return {**_stored(record), "TTL": int(record.get("TTL") or 0), "ResourceRecords": values}


def _name(name: str) -> str:
    return f"{name.lower().rstrip('.')}."

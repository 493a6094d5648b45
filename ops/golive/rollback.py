"""Evidence that a rollback of DNS was tested: an entry of the journal, and CloudTrail's record of the same change.

You can type a line into a file, so the entry only says where to look. CloudTrail's event history can't be changed:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from environments.arns import account_of, partition
from environments.names import Names
from ops.aws import dns
from ops.aws.errors import explained
from ops.conditions import FailedError, UnknownError
from ops.cutover.records import shares
from ops.stored import parse

if TYPE_CHECKING:
    from environments.schema import Environment
    from ops.aws.session import Aws
    from ops.journal import Entry

CLOCKS_DIFFER = timedelta(minutes=5)
"""How much the times of an entry and of its event may differ: AWS refuses calls of a clock that is more wrong.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""
DELIVERED_AFTER = timedelta(minutes=15)
"""Until when CloudTrail may not list an event yet.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
"""
_CALL = "ChangeResourceRecordSets"
Share = tuple[str, str, str, int]
"""Name, type, set identifier and weight of a record."""


@dataclass(frozen=True)
class _RecordSet:
    name: str
    type: str
    setIdentifier: str = ""  # noqa: N815  (AWS's names)
    weight: int = -1


@dataclass(frozen=True)
class _Change:
    action: str
    resourceRecordSet: _RecordSet  # noqa: N815


@dataclass(frozen=True)
class _Batch:
    changes: list[_Change] = field(default_factory=list)


@dataclass(frozen=True)
class _Parameters:
    hostedZoneId: str = ""  # noqa: N815
    changeBatch: _Batch = field(default_factory=_Batch)  # noqa: N815


@dataclass(frozen=True)
class _Identity:
    arn: str = ""


@dataclass(frozen=True)
class _Event:
    """What is read of an event; other fields exist.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/logging-using-cloudtrail.html#understanding-route-53-entries-in-cloudtrail
    """

    eventTime: str  # noqa: N815
    recipientAccountId: str = ""  # noqa: N815
    errorCode: str | None = None  # noqa: N815
    userIdentity: _Identity = field(default_factory=_Identity)  # noqa: N815
    requestParameters: _Parameters | None = None  # noqa: N815


@dataclass(frozen=True)
class ExpectedChange:
    """The change of records that the event of a rollback has."""

    account: str
    """Account of the caller of Route 53: that of the zone."""
    caller: str
    zone: str
    deleted: frozenset[Share]
    created: frozenset[Share]


def tested(
    entries: Sequence[Entry], environment: Environment, aws: Aws, zone: dns.PublicZone, *, endpoint: str, place: str
) -> str:
    """The newest rollback that counts, as text.

    Args:
        entries: The journal's rollbacks, newest first.
        environment: The environment.
        aws: Its account.
        zone: Its public zone.
        endpoint: The endpoint that this command calls.
        place: Where the journal is.

    Raises:
        FailedError: None counts; the message says why.
        UnknownError: CloudTrail may not list it yet.
        AwsError: AWS refuses, or doesn't respond.
    """
    if not entries:
        raise FailedError(f"{place} has no rollback; test one: docs/runbooks/cutover.md")
    # By Route 53's clock: this machine's may be wrong.
    now, refusals, soon = zone.records(environment.edge.host).at, list[str](), ""
    for entry in entries:
        at = entry.time
        problem = _elsewhere(entry, environment, dns.plain_id(zone.id), endpoint) or _late(at, now, environment)
        if not problem:
            problem = "; ".join(_unconfirmed(entry, environment, aws, at))
            if not problem:
                return (
                    f"{entry.at}: {entry.before} % to {entry.after} % by {entry.caller} on {endpoint}, as CloudTrail "
                    f"confirms for {entry.zone} in account {entry.account}"
                )
            if now - at < DELIVERED_AFTER:
                soon = f"{entry.at}: {problem}; it lists a call up to 15 minutes later: run golive again then"
        refusals.append(f"{entry.at}: {problem}")
    if soon:
        raise UnknownError(soon)
    more = f" (and {len(refusals) - 3} more)" if len(refusals) > 3 else ""
    raise FailedError(f"no rollback counts: {'; '.join(refusals[:3])}{more}; test one: docs/runbooks/cutover.md")


def _elsewhere(entry: Entry, environment: Environment, zone: str, endpoint: str) -> str:
    """Why an entry isn't one of this environment on this AWS; empty if it is."""
    if entry.endpoint != endpoint:
        return f"it ran on {entry.endpoint}, not on {endpoint}"
    if entry.account != environment.account_id:
        return f"it names account {entry.account or 'none'}, not {environment.account_id}"
    if entry.zone != zone:
        return f"it names hosted zone {entry.zone or 'none'}, not {zone}"
    return ""


def _late(at: datetime, now: datetime, environment: Environment) -> str:
    """Why an entry's time doesn't count; empty if it does."""
    days = environment.cutover.rollback_test_days
    if at > now + CLOCKS_DIFFER:
        return f"its time is after AWS's, {now.isoformat(timespec='seconds')}"
    if at < now - timedelta(days=days):
        return f"it is older than {days} days (cutover.rollback_test_days)"
    return ""


def expected(entry: Entry, environment: Environment) -> ExpectedChange:
    """The change that a rollback made, according to its entry."""
    names, wanted, role = Names(environment), shares(environment), environment.edge.zone.role
    before = wanted.at(entry.before) if isinstance(entry.before, int) else []
    caller, account = entry.caller, environment.account_id
    if role:
        # Route 53 is called with a session of the zone's role: `ops.aws.dns.client`.
        account, session = account_of(role), f"{role.rpartition('/')[2]}/{names.resource('cutover')}"
        caller = partition(environment.region).arn("sts", f"assumed-role/{session}", account_id=account)
    return ExpectedChange(
        account=account,
        caller=caller,
        zone=entry.zone,
        deleted=frozenset(map(_of_api, before)),
        created=frozenset(map(_of_api, wanted.at(0))),
    )


def _unconfirmed(entry: Entry, environment: Environment, aws: Aws, at: datetime) -> Sequence[str]:
    """What CloudTrail's closest event has that differs from the entry; empty if one is the same."""
    wanted = expected(entry, environment)
    found = [list(_differences(event, wanted)) for event in _events(aws, environment, at)]
    if not found:
        return [f"CloudTrail has no {_CALL} within 5 minutes of it"]
    closest = min(found, key=len)
    return [f"CloudTrail's {_CALL} of that time differs: {', '.join(closest)}"] if closest else []


def _differences(event: _Event, wanted: ExpectedChange) -> Iterator[str]:
    given = event.requestParameters or _Parameters()
    by_action: dict[str, set[Share]] = defaultdict(set)
    for change in given.changeBatch.changes:
        record = change.resourceRecordSet
        by_action[change.action].add((dns.plain(record.name), record.type, record.setIdentifier, record.weight))
    if event.errorCode:
        yield f"it failed with {event.errorCode}"
    if event.recipientAccountId != wanted.account:
        yield f"account {event.recipientAccountId}, not {wanted.account}"
    if event.userIdentity.arn != wanted.caller:
        yield f"caller {event.userIdentity.arn}, not {wanted.caller}"
    if dns.plain_id(given.hostedZoneId) != wanted.zone:
        yield f"hosted zone {given.hostedZoneId}, not {wanted.zone}"
    if by_action != {"DELETE": wanted.deleted, "CREATE": wanted.created}:
        was = f"{_shown(by_action['DELETE'])} → {_shown(by_action['CREATE'] | by_action['UPSERT'])}"
        yield f"records {was}, not {_shown(wanted.deleted)} → {_shown(wanted.created)}"


def _events(aws: Aws, environment: Environment, at: datetime) -> Iterator[_Event]:
    """CloudTrail's events of changed records around a time.

    Route 53 is a global service: its events are those of one region, us-east-1 in AWS's commercial partition.
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/logging-using-cloudtrail.html#route-53-events-in-cloudtrail-event-history
    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    """
    region = partition(environment.region).global_region("route53")
    client = dns.zone_account(aws, environment, "verify").client("cloudtrail", region_name=region)
    with explained(f"look up CloudTrail's events of {_CALL} in {region}"):
        pages = client.get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": _CALL}],
            StartTime=at - CLOCKS_DIFFER,
            EndTime=at + CLOCKS_DIFFER,
        )
        for page in pages:
            for found in page["Events"]:
                try:
                    yield parse(_Event, found["CloudTrailEvent"])
                except ValueError:  # CloudTrail shortens a large event.
                    continue


def _of_api(record: dns.Record) -> Share:
    return dns.plain(record["Name"]), record["Type"], record["SetIdentifier"], record["Weight"]


def _shown(records: Iterable[Share]) -> str:
    return "(" + ", ".join(f"{identifier or name} {weight}" for name, _, identifier, weight in sorted(records)) + ")"

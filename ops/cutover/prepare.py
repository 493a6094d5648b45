"""Replaces a plain record by weighted ones before Terraform's first apply of the phase `cutover`, and undoes it.

AWS refuses weighted records beside a plain one, and Terraform can't delete a record that it doesn't manage
(docs/adr/0020). Each direction is one change: made completely or not at all, and only if the records haven't changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from environments.schema import Environment
from ops.aws.dns import PublicZone, Record, describe, in_the_way, is_plain, longest_ttl, same
from ops.aws.errors import AwsError
from ops.aws.session import Aws
from ops.cutover.records import PresentRecords, Zone
from ops.cutover.watch import OverruledError
from ops.errors import RefusedError
from ops.journal import Entry, Journal

RECORD = "aws_route53_record"
"""Terraform's type of what the phase `cutover` plans."""
COMMAND = "cutover prepare"
"""The command, and its name in the journal."""
PREPARE, UNDO = "prepare", "undo"
"""Events in the journal."""
_TTL = "ttl"
_AT = "replaced_at"


def wanted(zone: Zone, present: PresentRecords, *, any_target: bool = False) -> list[Record] | None:
    """The records that replace the present ones; none if there is no plain record to replace.

    Args:
        zone: Where the records are.
        present: The records now.
        any_target: Whether a plain record may lead to any target, not only the previous one.

    Raises:
        RefusedError: The present records can't be replaced.
    """
    if obstacle := zone.shares.obstacle(present.records, any_target=any_target):
        raise RefusedError(obstacle)
    return zone.shares.at(0) if present.records and present.weight is None else None


def undone(zone: Zone, present: PresentRecords) -> list[Record] | None:
    """The plain records that replace weighted ones; none if there are no weighted records.

    Raises:
        RefusedError: They send traffic to the current target, or aren't a cutover's.
    """
    if present.weight == 0:
        return zone.shares.plain()
    if present.weight is not None:
        raise RefusedError(f"{zone.shares.host} has {present}; run rollback dns first")
    if obstacle := zone.shares.obstacle(present.records, any_target=True):
        raise RefusedError(obstacle)
    return None


def replace(
    zone: Zone, present: PresentRecords, records: Sequence[Record], journal: Journal, *, event: str = PREPARE
) -> PresentRecords:
    """Replace the present records by `records`, in one change.

    Raises:
        AwsError: Route 53 refuses, or doesn't respond.
        OverruledError: Another command changes the records at the same time.
        JournalError: The journal can't be written.
    """
    before, evidence = present.weight, {"records": present.records, _TTL: longest_ttl(present.records)}
    intended = zone.shares.weight(records)
    journal.append(event, "intended", before=before, after=intended, evidence=evidence, here=True)
    problem: AwsError | None = None
    try:
        zone.replace(COMMAND, present.records, records)
    except AwsError as error:
        problem = error
    try:
        found = zone.read()
    except AwsError as error:
        journal.append(event, "unknown", before=before, evidence={"error": str(problem or error)}, must=False)
        raise (problem or error) from None
    done = same(found.records, records)
    seen = evidence | {_AT: found.at.isoformat()} | ({"error": str(problem)} if problem else {})
    journal.append(event, "done" if done else "failed", before=before, after=found.weight, evidence=seen, must=False)
    if done:
        return found
    if problem and found.records == present.records:
        raise problem
    raise OverruledError(f"the records of {zone.shares.host} were changed by another command: now {found}")


def kept_until(entries: Sequence[Entry]) -> datetime | None:
    """Until when resolvers may cache replaced plain records; none if the journal has none with a TTL.

    By Route 53's clock. A cutover must not start earlier: users of such resolvers would arrive later, all at once.
    """
    ends = [
        datetime.fromisoformat(at) + timedelta(seconds=ttl)
        for entry in entries
        if (entry.event, entry.outcome) == (PREPARE, "done")
        and isinstance(ttl := entry.evidence.get(_TTL), int)
        and isinstance(at := entry.evidence.get(_AT), str)
        and ttl
    ]
    return max(ends, default=None)


def blocked(aws: Aws, environment: Environment) -> str | None:
    """Why weighted records can't be created yet, and what to do; none if they can.

    AWS refuses a weighted record beside a plain one of the same name and type, whatever the plan says:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-weighted-alias.html

    Raises:
        AwsError: Route 53 doesn't respond.
        OpsError: There is no zone of that name, or more than one.
        RefusedError: Records with another routing policy exist, which no command replaces.
    """
    previous, zone = environment.cutover.previous, PublicZone(aws, environment, "plan")
    kinds = previous.record_types if previous else ("A",)
    obstacles = {host: in_the_way(zone.records(host).records, kinds) for host in environment.edge.names}
    host, found = next(((host, found) for host, found in obstacles.items() if found), ("", []))
    if not found:
        return None
    if not is_plain(found):
        raise RefusedError(f"AWS refuses weighted records of {host} beside {describe(found)}; remove those first")
    what = (
        f"waiting for {COMMAND}: {host} has a plain record ({describe(found)}), and AWS refuses weighted ones beside it"
    )
    if previous is None:
        return f"{what}; name its load balancer in cutover.previous, then bin/ops {COMMAND} {environment.name}"
    if host not in environment.moved_hosts:
        return f"{what}; remove it, or list {host} in cutover.previous.hosts if the previous load balancer serves it"
    return f"{what}; bin/ops {COMMAND} {environment.name} replaces it in one change, then plan again"

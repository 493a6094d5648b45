"""Weighted records in the place of a plain one, before Terraform's first apply of the phase `cutover`; and back.

AWS refuses weighted records beside a plain one, and Terraform can't delete a record that it doesn't manage
(docs/adr/0020). Each way is one change: made whole or not at all, and only if the records are as they were read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ops.aws import AwsError
from ops.cutover.records import replacement, same
from ops.cutover.watch import OverruledError
from ops.cutover.zone import Answer, Zone
from ops.dns import Record
from ops.errors import RefusedError
from ops.journal import Entry, Journal

COMMAND = "cutover prepare"
"""As it is typed, and as the journal has it."""
PREPARE, UNDO = "prepare", "undo"
"""Events in the journal."""
_TTL = "ttl"
_AT = "replaced_at"


def wanted(zone: Zone, stand: Answer, *, any_target: bool = False) -> list[Record] | None:
    """The records that replace what is there; none if there is nothing plain to replace.

    Args:
        zone: Where the records are.
        stand: What they say now.
        any_target: Whether a plain record may name another target than the previous one.

    Raises:
        RefusedError: What is there can't be replaced.
    """
    if obstacle := zone.shares.obstacle(stand.records, any_target=any_target):
        raise RefusedError(obstacle)
    return zone.shares.at(0) if stand.records and stand.weight is None else None


def undone(zone: Zone, stand: Answer) -> list[Record] | None:
    """The plain records that replace weighted ones again; none if there are plain ones, or none at all.

    Raises:
        RefusedError: They give traffic to the current target, or aren't a cutover's.
    """
    if stand.weight == 0:
        return zone.shares.plain()
    if stand.weight is not None:
        raise RefusedError(f"{zone.shares.host} has {stand}; take it back first: rollback dns")
    if obstacle := zone.shares.obstacle(stand.records, any_target=True):
        raise RefusedError(obstacle)
    return None


def replace(zone: Zone, stand: Answer, records: Sequence[Record], journal: Journal, *, event: str = PREPARE) -> Answer:
    """Replace what is there by `records`, in one change.

    Raises:
        AwsError: Route 53 refuses, or doesn't answer.
        OverruledError: Another command changes the records at the same time.
        JournalError: It can't be written down.
    """
    before, evidence = stand.weight, {"records": stand.records, _TTL: longest_ttl(stand.records)}
    journal.append(event, "intended", before=before, after=zone.shares.weight(records), evidence=evidence)
    problem: AwsError | None = None
    try:
        zone.change(COMMAND, replacement(stand.records, records))
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
    if problem and found.records == stand.records:
        raise problem
    raise OverruledError(f"the records of {zone.shares.host} were changed by another command: now {found}")


def longest_ttl(records: Sequence[Record]) -> int:
    """Seconds for which resolvers may keep records; 0 for aliases, which have the 60 seconds of a load balancer.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
    """
    return max((int(record.get("TTL", 0)) for record in records), default=0)


def kept_until(entries: Sequence[Entry]) -> datetime | None:
    """Until when resolvers may keep plain records that were replaced; none if the journal knows of none with a TTL.

    By Route 53's own clock. A cutover must not begin before: their users would come later, all at once and unwatched.
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

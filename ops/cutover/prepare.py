"""Weighted records in the place of a plain one, before Terraform's first apply of the phase `cutover`; and back.

AWS refuses weighted records beside a plain one, and Terraform can't delete a record that it doesn't manage
(docs/adr/0020). Each way is one change: made whole or not at all, and only if the records are as they were read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from environments.schema import Environment
from ops.aws.dns import PublicZone, Record, describe, in_the_way, is_plain, longest_ttl, same
from ops.aws.errors import AwsError
from ops.aws.session import Aws
from ops.cutover.records import Answer, Zone
from ops.cutover.watch import OverruledError
from ops.errors import RefusedError
from ops.journal import Entry, Journal

RECORD = "aws_route53_record"
"""Terraform's type of what the phase `cutover` plans."""
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
        zone.replace(COMMAND, stand.records, records)
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


def blocked(aws: Aws, environment: Environment) -> str | None:
    """Why weighted records can't be written yet, and what to do; none if they can.

    AWS refuses a weighted record beside a plain one of the same name and type, whatever the plan says:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-weighted-alias.html

    Raises:
        AwsError: Route 53 can't be asked.
        OpsError: The zone isn't there, or its name has two.
        RefusedError: Records with another routing policy are in the way, which no command replaces.
    """
    host, previous = environment.edge.host, environment.cutover.previous
    records = PublicZone(aws, environment, "plan").records(host).records
    found = in_the_way(records, previous.record_types if previous else ("A",))
    if not found:
        return None
    if not is_plain(found):
        raise RefusedError(f"AWS refuses weighted records of {host} beside {describe(found)}; remove those first")
    what = (
        f"waiting for {COMMAND}: {host} has a plain record ({describe(found)}), and AWS refuses weighted ones beside it"
    )
    if previous is None:
        return f"{what}; name its load balancer in cutover.previous, then python -m ops {COMMAND} {environment.name}"
    return f"{what}; python -m ops {COMMAND} {environment.name} replaces it in one change, then plan again"

"""Back to where the traffic came from, in one change: no watch, no lock, no journal that must be there."""

from __future__ import annotations

from ops.aws import AwsError
from ops.cutover.records import describe, is_plain, replacement, same
from ops.cutover.watch import OverruledError
from ops.cutover.zone import Answer, Zone
from ops.dns import Record
from ops.errors import RefusedError
from ops.journal import Journal, Position

TRIES = 3
"""A running cutover may change the records at the same moment."""


def already(zone: Zone, stand: Answer) -> bool:
    """Whether all traffic goes to the previous target already.

    Raises:
        RefusedError: The name has only records that aren't a cutover's, and they lead elsewhere.
    """
    shares = zone.shares
    if stand.weight is not None or not stand.records or shares.own(stand.records):
        return stand.weight == 0
    if is_plain(stand.records) and shares.obstacle(stand.records) is None:
        return True
    raise RefusedError(
        f"{shares.host} has no record of a cutover's to take back, and names {describe(stand.records)} instead of "
        f"{shares.previous.dns_name}; the owner of that record must change it"
    )


def back(zone: Zone, stand: Answer, journal: Journal, *, run: str = "") -> Answer:
    """Give everything to the previous target.

    Args:
        zone: Where the records are.
        stand: What they say now.
        journal: Where it is written down, if that is possible.
        run: Id of the cutover that this ends.

    Raises:
        AwsError: Route 53 refuses, or doesn't answer.
        OverruledError: Somebody else changes the records again and again.
    """

    def log(outcome: str, before: Position, after: Position, **evidence: str) -> None:
        journal.append("back", outcome, before=before, after=after, evidence=evidence, run=run, must=False)

    if already(zone, stand):
        log("done", 0, 0, found=str(stand))
        return stand
    log("intended", stand.weight, 0)
    for _ in range(TRIES):
        problem: AwsError | None = None
        try:
            zone.change("rollback dns", replacement(zone.shares.own(stand.records), _wanted(zone, stand)))
        except AwsError as error:
            problem = error
        found = _read(zone, problem)
        if same(zone.shares.own(found.records), _wanted(zone, found)):
            log("done", stand.weight, 0, **({"error": str(problem)} if problem else {}))
            return found
        if found.records == stand.records:
            break
        stand = found
    log("failed", stand.weight, found.weight)
    raise problem or OverruledError(f"somebody else changes the records too; they say {describe(found.records)}")


def _wanted(zone: Zone, stand: Answer) -> list[Record]:
    """The records that give everything back, but of types that have somebody else's: Route 53 would refuse them all."""
    own = zone.shares.own(stand.records)
    others = {record["Type"] for record in stand.records if record not in own}
    return [record for record in zone.shares.at(0) if record["Type"] not in others]


def _read(zone: Zone, problem: AwsError | None) -> Answer:
    """What came of a change; if that can't be told, the change's own problem says more."""
    try:
        return zone.read()
    except AwsError as error:
        raise (problem or error) from None

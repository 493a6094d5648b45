"""What the journal tells of a cutover that hasn't ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ops.journal import Entry

ROLLBACK = "rollback dns"
"""The command that ends whichever cutover is open."""


@dataclass(frozen=True)
class Run:
    """One cutover, from the weight before its first step to its goal."""

    id: str
    origin: int
    goal: int
    since: str
    """When it was begun: UTC, ISO 8601."""
    returning: bool = False
    """Whether a breach was found, so that it must go back and not on."""


def steps(stops: Iterable[int], *, above: int, goal: int) -> list[int]:
    """The weights still to come: the stops between the present one and the goal, then the goal."""
    return [*sorted({stop for stop in stops if above < stop < goal}), *([goal] if goal > above else [])]


def open_run(entries: Sequence[Entry]) -> Run | None:
    """The cutover that was begun last, if it hasn't ended."""
    run = None
    for entry in entries:
        if entry.event == "start" and isinstance(entry.before, int) and isinstance(entry.after, int):
            run = Run(entry.run, entry.before, entry.after, entry.at)
        elif run and (entry.event == "back" or (entry.event, entry.outcome) == ("watch", "breached")):
            run = Run(run.id, run.origin, run.goal, run.since, returning=True)
        if entry.event == "end" or (entry.command, entry.outcome) == (ROLLBACK, "done"):
            run = None
    return run

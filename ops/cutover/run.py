"""The cutover itself: steps, watches, and the way back.

The journal is written before and after each change, and Route 53 is read after each: what it says is the truth,
whatever error came back. Wherever this is interrupted, `resume` finds out from both where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ops.aws.errors import AwsError
from ops.aws.waiting import CLOCK, Time
from ops.command import say
from ops.cutover.records import Answer, Zone
from ops.cutover.watch import SIGNED_OUT, OverruledError, Watch
from ops.errors import OpsError, RefusedError
from ops.journal import Entry, Journal

ROLLBACK = "rollback dns"
"""The command that ends whichever cutover is open."""
BACK_PAUSES = (1, 2, 5, 10, 30)
"""Seconds between the tries to go back: that must not fail for a hiccup."""


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


@dataclass(frozen=True)
class Result:
    """How a cutover ended."""

    outcome: str
    """`done`, or `back` where it was before."""
    weight: int
    """What DNS says now, in percent."""
    reason: str = ""
    """Why it went back."""


class Cutover:
    """Moves one environment's traffic."""

    def __init__(
        self,
        zone: Zone,
        watch: Watch,
        journal: Journal,
        *,
        stops: Sequence[int],
        ready: Callable[[], None] = lambda: None,
        time: Time = CLOCK,
        tell: Callable[[str], None] = say,
    ) -> None:
        """Make it.

        Args:
            zone: Where the records are.
            watch: Judges each step.
            journal: Where each is written down.
            stops: Weights to stop at.
            ready: Called before each step and its watch; raises if the step can't be watched to its end.
            time: For the pauses.
            tell: Says to the person what happens.
        """
        self._zone, self._watch, self._journal = zone, watch, journal
        self._stops, self._ready, self._time, self._tell = stops, ready, time, tell

    def start(self, run: Run, stand: Answer) -> Result:
        """Move traffic from what stands to the run's goal.

        Raises:
            OverruledError: Somebody else changes the records.
            OpsError: It can't go on; the weight stays at the last step, and the run open.
        """
        self._log(run, "start", "open", (run.origin, run.goal), must=True)
        return self._guarded(run, lambda: self._climb(run, stand))

    def resume(self, run: Run) -> Result:
        """Go on with a run that was interrupted: back if it was on its way back, else with a watch of where it stands.

        Raises:
            OverruledError: DNS says what this run never wrote.
            OpsError: As for `start`.
        """
        stand = self._zone.read()
        self._log(run, "resume", "found", (None, stand.weight), {"records": str(stand)}, must=not run.returning)
        return self._guarded(run, lambda: self._go_on(run, stand))

    def _go_on(self, run: Run, stand: Answer) -> Result:
        own = {run.origin, *steps(self._stops, above=run.origin, goal=run.goal)}
        if stand.weight is not None and stand.weight not in own:
            raise OverruledError(f"DNS says {stand}, and this cutover writes {', '.join(map(str, sorted(own)))} only")
        if run.returning:
            return self._back(run, stand, "it was on its way back")
        self._ready()
        if stand.weight is not None and stand.weight > run.origin and (reason := self._wrong(run, stand)):
            return self._back(run, stand, reason)
        return self._climb(run, stand)

    def _climb(self, run: Run, stand: Answer) -> Result:
        if obstacle := self._zone.shares.obstacle(stand.records):
            raise RefusedError(obstacle)
        if stand.weight is None:
            stand = self._move(run, "share out", stand, 0)
        for step in steps(self._stops, above=stand.weight or 0, goal=run.goal):
            self._ready()
            stand = self._move(run, "step", stand, step)
            if reason := self._wrong(run, stand):
                return self._back(run, stand, reason)
        return self._end(run, Result("done", stand.weight or 0))

    def _wrong(self, run: Run, stand: Answer) -> str:
        """Watch a step: empty if it is good, else why it isn't."""
        verdict = self._watch.over(stand)
        outcome = "breached" if verdict.reason else "passed"
        self._log(run, "watch", outcome, (stand.weight, stand.weight), verdict.evidence)
        return verdict.reason

    def _back(self, run: Run, stand: Answer, reason: str) -> Result:
        self._tell(f"going back to {run.origin} %: {reason}")
        for pause in (*BACK_PAUSES, None):
            try:
                if stand.weight != run.origin:
                    self._move(run, "back", stand, run.origin)
                break
            except AwsError as error:
                if pause is None or error.code in SIGNED_OUT:
                    raise
                self._tell(f"{error}; trying again in {pause} s")
                self._time.sleep(pause)
        return self._end(run, Result("back", run.origin, reason))

    def _move(self, run: Run, event: str, stand: Answer, weight: int) -> Answer:
        """Change the weight, and see what came of it."""
        self._log(run, event, "intended", (stand.weight, weight), must=event != "back")
        problem: AwsError | None = None
        try:
            self._zone.move(stand, weight)
        except AwsError as error:
            problem = error
        try:
            found = self._zone.read()
        except AwsError as error:
            self._log(run, event, "unknown", (stand.weight, None), {"error": str(problem or error)})
            raise (problem or error) from None
        evidence = {"error": str(problem)} if problem else {}
        if found.weight == weight:
            self._log(run, event, "done", (stand.weight, weight), evidence)
            self._tell(f"{event}: {stand} → {found}")
            return found
        self._log(run, event, "failed", (stand.weight, found.weight), evidence)
        if problem and found.records == stand.records:
            raise problem
        raise OverruledError(f"somebody else changed the records from {stand} to {found}")

    def _guarded(self, run: Run, work: Callable[[], Result]) -> Result:
        """Write down how it was left, whatever ends it."""
        try:
            return work()
        except OverruledError as error:
            self._leave(run, "end", "overruled", str(error))
            raise
        except (OpsError, KeyboardInterrupt) as error:
            self._leave(run, "stop", "left", str(error) or "interrupted")
            raise

    def _leave(self, run: Run, event: str, outcome: str, reason: str) -> None:
        try:
            stand: Answer | None = self._zone.read()
        except OpsError:
            stand = None
        self._log(run, event, outcome, (None, stand.weight if stand else None), {"reason": reason})
        self._tell(f"left as it is: {stand or 'Route 53 does not say how; `cutover status` will'}")

    def _end(self, run: Run, result: Result) -> Result:
        evidence = {"reason": result.reason} if result.reason else {}
        self._log(run, "end", result.outcome, (run.origin, result.weight), evidence)
        return result

    def _log(
        self,
        run: Run,
        event: str,
        outcome: str,
        change: tuple[int | None, int | None],
        evidence: Mapping[str, object] | None = None,
        *,
        must: bool = False,
    ) -> None:
        """Write to the journal. Only what leads to more traffic has to be on the disk."""
        self._journal.append(
            event, outcome, before=change[0], after=change[1], evidence=evidence, run=run.id, must=must
        )

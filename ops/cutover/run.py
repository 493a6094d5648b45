"""The cutover: steps, watches, and the rollback.

The journal is written before and after each change. Route 53 is read after each change, since a call may fail although
the change was made. `resume` reads both to continue after an interruption at any point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from modules.interrupts import deferred
from ops.aws.errors import AwsError
from ops.aws.waiting import CLOCK, Time
from ops.command import say
from ops.cutover.records import PresentRecords, Zone
from ops.cutover.watch import SIGNED_OUT, OverruledError, Watch
from ops.errors import OpsError, RefusedError
from ops.journal import Entry, Journal

ROLLBACK = "rollback dns"
"""The command that ends an open cutover."""
BREACHED, INTERRUPTED = "breached", "interrupted"
NOT_PASSED = (BREACHED, INTERRUPTED)
"""Outcomes of a watch after which the cutover rolls back."""
BACK_PAUSES = (1, 2, 5, 10, 30)
"""Seconds between attempts to roll back, which must survive a short outage."""


@dataclass(frozen=True)
class Run:
    """One cutover, from the weight before its first step to its goal."""

    id: str
    origin: int
    goal: int
    since: str
    """Start: UTC, ISO 8601."""
    returning: bool = False
    """Whether a breach was found, or a step was interrupted, so that it must roll back."""


def steps(stops: Iterable[int], *, above: int, goal: int) -> list[int]:
    """The remaining weights: the stops between the present weight and the goal, then the goal."""
    return [*sorted({stop for stop in stops if above < stop < goal}), *([goal] if goal > above else [])]


def open_run(entries: Sequence[Entry]) -> Run | None:
    """The last cutover, if it hasn't ended."""
    run = None
    for entry in entries:
        if entry.event == "start" and isinstance(entry.before, int) and isinstance(entry.after, int):
            run = Run(entry.run, entry.before, entry.after, entry.at)
        elif run and (entry.event == "back" or (entry.event == "watch" and entry.outcome in NOT_PASSED)):
            run = Run(run.id, run.origin, run.goal, run.since, returning=True)
        if entry.event == "end" or (entry.command, entry.outcome) == (ROLLBACK, "done"):
            run = None
    return run


@dataclass(frozen=True)
class CutoverOutcome:
    """How a cutover ended."""

    outcome: str
    """`done`, or `back` after a rollback."""
    weight: int
    """Present weight, in percent."""
    reason: str = ""
    """Why it rolled back."""


class Cutover:
    """Moves one environment's traffic."""

    def __init__(
        self,
        zone: Zone,
        watch: Watch,
        journal: Journal,
        *,
        stops: Sequence[int],
        stay: bool = False,
        ready: Callable[[], None] = lambda: None,
        time: Time = CLOCK,
        progress: Callable[[str], None] = say,
    ) -> None:
        """Create it.

        Args:
            zone: The zone with the records.
            watch: Judges each step.
            journal: Records each change.
            stops: Weights to stop at.
            stay: Whether a step that hasn't passed stays when the command is interrupted; otherwise it is rolled back.
            ready: Called before each step and its watch; raises if the step can't be watched to its end.
            time: For the pauses.
            progress: Called with a text at each event.
        """
        self._zone, self._watch, self._journal = zone, watch, journal
        self._stops, self._stay, self._ready, self._time, self._progress = stops, stay, ready, time, progress
        self._passed: int | None = None
        """The last weight that passed its watch; none before the first."""
        self._returning = False

    def start(self, run: Run, present: PresentRecords) -> CutoverOutcome:
        """Move traffic from the present weight to the run's goal.

        Raises:
            OverruledError: Another command changes the records.
            OpsError: It can't continue; the weight stays at the last step, and the run open.
        """
        self._log(run, "start", "open", (run.origin, run.goal), must=True)
        return self._guarded(run, lambda: self._raise_weight(run, present))

    def resume(self, run: Run) -> CutoverOutcome:
        """Continue an interrupted run: finish its rollback if one was in progress, else watch the present weight first.

        Raises:
            OverruledError: DNS has a weight that this run never sets.
            OpsError: As for `start`.
        """
        present = self._zone.read()
        self._log(run, "resume", "found", (None, present.weight), {"records": str(present)}, must=not run.returning)
        return self._guarded(run, lambda: self._go_on(run, present))

    def _go_on(self, run: Run, present: PresentRecords) -> CutoverOutcome:
        own = {run.origin, *steps(self._stops, above=run.origin, goal=run.goal)}
        if present.weight is not None and present.weight not in own:
            raise OverruledError(f"DNS has {present}, but this cutover only sets {', '.join(map(str, sorted(own)))}")
        if run.returning:
            return self._back(run, present, "a rollback was in progress")
        self._ready()
        if present.weight is not None and present.weight > run.origin and (reason := self._wrong(run, present)):
            return self._back(run, present, reason)
        return self._raise_weight(run, present)

    def _raise_weight(self, run: Run, present: PresentRecords) -> CutoverOutcome:
        if obstacle := self._zone.shares.obstacle(present.records):
            raise RefusedError(obstacle)
        if present.weight is None:
            present = self._move(run, "share out", present, 0)
        for step in steps(self._stops, above=present.weight or 0, goal=run.goal):
            self._ready()
            present = self._move(run, "step", present, step)
            if reason := self._wrong(run, present):
                return self._back(run, present, reason)
        return self._end(run, CutoverOutcome("done", present.weight or 0))

    def _wrong(self, run: Run, present: PresentRecords) -> str:
        """Watch a step: empty if it passes, else the reason why it doesn't."""
        verdict = self._watch.over(present)
        with deferred():
            outcome = BREACHED if verdict.reason else "passed"
            self._returning = bool(verdict.reason)
            self._log(run, "watch", outcome, (present.weight, present.weight), verdict.evidence)
            self._passed = self._passed if verdict.reason else present.weight
        return verdict.reason

    def _back(self, run: Run, present: PresentRecords, reason: str) -> CutoverOutcome:
        """Roll back, and end the run. No signal interrupts that."""
        self._returning = True
        with deferred(last=True):
            return self._moved_back(run, present, reason)

    def _moved_back(self, run: Run, present: PresentRecords, reason: str) -> CutoverOutcome:
        self._progress(f"rolling back to {run.origin} %: {reason}")
        if present.weight != run.origin:
            self._tried(lambda: self._move(run, "back", present, run.origin))
        return self._end(run, CutoverOutcome("back", run.origin, reason))

    def _move(self, run: Run, event: str, present: PresentRecords, weight: int) -> PresentRecords:
        """Change the weight, and read the records to see whether it changed; signals wait until that is known."""
        with deferred():
            return self._moved(run, event, present, weight)

    def _moved(self, run: Run, event: str, present: PresentRecords, weight: int) -> PresentRecords:
        self._log(run, event, "intended", (present.weight, weight), must=event != "back")
        problem: AwsError | None = None
        try:
            self._zone.move(present, weight)
        except AwsError as error:
            problem = error
        try:
            found = self._zone.read()
        except AwsError as error:
            self._log(run, event, "unknown", (present.weight, None), {"error": str(problem or error)})
            raise (problem or error) from None
        evidence = {"error": str(problem)} if problem else {}
        if found.weight == weight:
            self._log(run, event, "done", (present.weight, weight), evidence)
            self._progress(f"{event}: {present} → {found}")
            return found
        self._log(run, event, "failed", (present.weight, found.weight), evidence)
        if problem and found.records == present.records:
            raise problem
        raise OverruledError(f"another command changed the records from {present} to {found}")

    def _guarded(self, run: Run, work: Callable[[], CutoverOutcome]) -> CutoverOutcome:
        """Record in the journal how the run ended; roll back if it was interrupted before a step had passed."""
        self._passed, self._returning = run.origin, run.returning
        try:
            try:
                return work()
            except KeyboardInterrupt as error:
                with deferred(last=True):
                    self._stop(run, str(error) or "interrupted")
                raise
        except OpsError as error:
            event, outcome = ("end", "overruled") if isinstance(error, OverruledError) else ("stop", "left")
            with deferred(last=True):
                self._leave(run, event, outcome, str(error))
            raise

    def _stop(self, run: Run, reason: str) -> None:
        """End an interrupted run where it may end: at a weight that has passed, or after a rollback.

        Raises:
            OverruledError: Another command changes the records.
            OpsError: It can't roll back.
        """
        present = self._tried(self._zone.read)
        own = present.weight in steps(self._stops, above=run.origin, goal=run.goal)
        moved = own and present.weight != self._passed
        if not (self._returning or (moved and not self._stay)):
            self._leave(run, "stop", "left", reason)
            return
        self._log(run, "watch", INTERRUPTED, (present.weight, present.weight), {"reason": reason})
        self._back(run, present, reason)

    def _tried(self, work: Callable[[], PresentRecords]) -> PresentRecords:
        """Do something that must survive a short outage.

        Raises:
            AwsError: The credentials have expired, or the last attempt failed.
        """
        for pause in BACK_PAUSES:
            try:
                return work()
            except AwsError as error:
                if error.code in SIGNED_OUT:
                    raise
                self._progress(f"{error}; trying again in {pause} s")
                self._time.sleep(pause)
        return work()

    def _leave(self, run: Run, event: str, outcome: str, reason: str) -> None:
        try:
            present: PresentRecords | None = self._zone.read()
        except OpsError:
            present = None
        self._log(run, event, outcome, (None, present.weight if present else None), {"reason": reason})
        self._progress(f"left unchanged: {present or 'unknown, since Route 53 did not respond; see `cutover status`'}")

    def _end(self, run: Run, result: CutoverOutcome) -> CutoverOutcome:
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
        """Write to the journal. With `must`, which more traffic needs, an error stops the run."""
        self._journal.append(
            event, outcome, before=change[0], after=change[1], evidence=evidence, run=run.id, must=must
        )

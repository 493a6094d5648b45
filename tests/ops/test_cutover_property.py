"""Whatever fails and whenever: no weight that no step wrote, and a journal that tells what DNS says."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ops.aws.dns import ALL
from ops.cutover.rollback import back
from ops.cutover.run import Cutover, CutoverOutcome, Run, open_run
from ops.cutover.watch import OverruledError, Sample, Signals, Watch
from ops.errors import OpsError
from ops.journal import Entry, Journal, path, read
from tests.ops.cutover_fakes import (
    BAD,
    CNAME,
    GOOD,
    INTERRUPTIONS,
    SILENT,
    Clock,
    Faults,
    Killed,
    Looks,
    Route53,
    listening,
    shared,
)

STOPS = (10, 50, 100)
LEGAL = frozenset({0, *STOPS})
KINDS = ("failed", "lost", "throttled", "expired", *INTERRUPTIONS, "killed")

faults = st.dictionaries(st.integers(1, 40), st.sampled_from(KINDS), max_size=3)
health = st.sampled_from(
    [lambda _: GOOD, lambda _: SILENT, lambda weight: BAD if weight >= 50 else GOOD, lambda weight: BAD]
)


class FragileJournal(Journal):
    """Its process may die right before and right after each line. What it says was done or found is true."""

    route53: Route53

    def append(self, event: str, outcome: str, **rest: Any) -> None:
        self.route53.faults.next()
        super().append(event, outcome, **rest)
        if outcome not in ("open", "intended") and rest["after"] is not None:
            assert rest["after"] == (self.route53.weight or 0)
        self.route53.faults.next()


class CutoverMachine(RuleBasedStateMachine):
    """Cutovers, resumptions and rollbacks, each with faults, on machines whose clocks and disks are bad."""

    @initialize(plain=st.booleans())
    def begin(self, plain: bool) -> None:
        self.folder = Path(tempfile.mkdtemp())
        # What a disk does with it is another test's; it takes most of the time.
        self.disk = patch("ops.journal.os.fsync")
        self.disk.start()
        self.route53 = Route53(*([CNAME] if plain else shared(0)), faults=Faults())
        self.zone, self.skew = self.route53.zone(), timedelta()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)
            self.disk.stop()

    def journal(self, command: str) -> FragileJournal:
        def now() -> datetime:
            return datetime(2026, 1, 1, tzinfo=UTC) + self.skew

        journal = FragileJournal("prod", command=command, caller="me", folder=self.folder, now=now)
        journal.route53 = self.route53
        return journal

    def cutover(self, seen: Callable[[int], Sample], *, stay: bool = False) -> Cutover:
        time = Clock(self.route53.faults).time
        signals = cast(Signals, Looks(self.route53, seen))
        watch = Watch(self.zone, signals, seconds=600, time=time, progress=_silent)
        return Cutover(self.zone, watch, self.journal("cutover"), stops=STOPS, stay=stay, time=time, progress=_silent)

    def attempt(
        self, planned: Mapping[int, str], work: Callable[[], CutoverOutcome | None], *, stay: bool = False
    ) -> None:
        """Do something; if nothing stops it, the journal's last word is what DNS says."""
        self.route53.faults.plan(dict(planned))
        begun = len(read("prod", self.folder))
        try:
            with listening():
                ended = work()
        except KeyboardInterrupt:
            self.is_judged(read("prod", self.folder)[begun:], stay=stay)
            return
        except (OpsError, Killed):
            return
        finally:
            self.route53.faults.plan({})
        self.tells_the_same()
        assert ended is None or ended.weight == self.route53.weight

    def is_judged(self, entries: list[Entry], *, stay: bool) -> None:
        """After an interruption, traffic is where it was before, or at a step that passed; or it was to stay."""
        passed = {entry.after for entry in entries if (entry.event, entry.outcome) == ("watch", "passed")}
        begun = {entry.before or 0 for entry in entries if entry.event == "start"}
        resumed = {self.origin} if any(entry.event == "resume" for entry in entries) else set()
        if entries and not stay:
            assert (self.route53.weight or 0) in passed | begun | resumed
        if open_run(read("prod", self.folder)) is None and entries:
            self.tells_the_same()

    def tells_the_same(self) -> None:
        last = read("prod", self.folder)[-1]
        assert last.after == (self.route53.weight or 0)
        assert open_run(read("prod", self.folder)) is None

    @property
    def open(self) -> Run | None:
        return open_run(read("prod", self.folder))

    @precondition(lambda self: not self.open)
    @rule(goal=st.sampled_from(STOPS), seen=health, planned=faults, stay=st.booleans())
    def run(self, goal: int, seen: Callable[[int], Sample], planned: dict[int, str], stay: bool) -> None:
        present = self.zone.read()
        if (present.weight or 0) < goal:
            run = Run("1", present.weight or 0, goal, "now")
            self.attempt(planned, lambda: self.cutover(seen, stay=stay).start(run, present), stay=stay)

    @precondition(lambda self: self.open)
    @rule(seen=health, planned=faults, stay=st.booleans())
    def resume(self, seen: Callable[[int], Sample], planned: dict[int, str], stay: bool) -> None:
        run = self.open
        assert run
        self.origin = run.origin
        self.attempt(planned, lambda: self.cutover(seen, stay=stay).resume(run), stay=stay)

    @rule(planned=faults)
    def roll_back(self, planned: dict[int, str]) -> None:
        def work() -> None:
            back(self.zone, self.zone.read(), self.journal("rollback dns"))

        self.attempt(planned, work)

    @rule(kept=st.floats(0, 1))
    def cut_the_journal_short(self, kept: float) -> None:
        file = path("prod", self.folder)
        if file.exists():
            whole = file.read_bytes()
            file.write_bytes(whole[: int(len(whole) * kept)])

    @rule(hours=st.integers(-48, 48))
    def set_the_clock(self, hours: int) -> None:
        self.skew = timedelta(hours=hours)

    @rule(weight=st.sampled_from(sorted(LEGAL)))
    def apply_terraform_meanwhile(self, weight: int) -> None:
        if self.route53.weight is not None:
            self.route53.records = shared(weight)

    @rule(seen=health)
    def recover(self, seen: Callable[[int], Sample]) -> None:
        """Nothing fails any more: what is open can be ended, and all of it can be taken back."""
        if run := self.open:
            with suppress(OverruledError):
                self.cutover(seen).resume(run)
            self.tells_the_same()
        back(self.zone, self.zone.read(), self.journal("rollback dns"))
        assert self.route53.weight in (0, None)
        self.tells_the_same()

    @invariant()
    def weights_are_a_steps_and_add_up(self) -> None:
        if not hasattr(self, "route53") or self.route53.records == [CNAME]:
            return
        assert self.route53.weight in LEGAL
        assert sum(record["Weight"] for record in self.route53.records) == ALL


def _silent(_: str) -> None:
    """Ignore the message."""


TestCutover = pytest.mark.requirement("R10.4", "R10.5")(CutoverMachine.TestCase)
TestCutover.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)


class LongerMachine(CutoverMachine):
    """The same, for longer."""


TestCutoverForLonger = pytest.mark.slow(LongerMachine.TestCase)
TestCutoverForLonger.settings = settings(max_examples=300, stateful_step_count=25, deadline=None)

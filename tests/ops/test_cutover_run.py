"""Steps, watches and the way back, against a small Route 53 with its real rules."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest

from ops.aws.errors import AwsError
from ops.cutover.rollback import back
from ops.cutover.run import Cutover, CutoverOutcome, Run, open_run, steps
from ops.cutover.watch import OverruledError, Sample, Signals, Watch
from ops.errors import RefusedError
from ops.journal import Entry, Journal, JournalError, read, rollbacks
from tests.ops.cutover_fakes import (
    BAD,
    CNAME,
    GOOD,
    INTERRUPTIONS,
    SILENT,
    Clock,
    Killed,
    Looks,
    Route53,
    listening,
    shared,
)

STOPS = (10, 50, 100)
WATCH = 600


@pytest.fixture(autouse=True)
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a disk is most of the time that these tests would take."""
    monkeypatch.setattr("ops.journal.os.fsync", lambda _: None)


class Stage:
    """A cutover with everything around it."""

    def __init__(
        self, folder: Path, route53: Route53, seen: Callable[[int], Sample] = lambda _: GOOD, *, stay: bool = False
    ) -> None:
        self.stay = stay
        self.folder, self.route53, self.clock = folder, route53, Clock(route53.faults)
        self.told: list[str] = []
        self.signed_out = False
        """From the first step on."""
        self.zone = route53.zone()
        self.watch(seen)

    def watch(self, seen: Callable[[int], Sample]) -> None:
        signals = cast(Signals, Looks(self.route53, seen))
        time, progress = self.clock.time, self.told.append
        watch = Watch(self.zone, signals, seconds=WATCH, time=time, progress=progress)
        self.cutover = Cutover(
            self.zone,
            watch,
            self.journal("cutover run"),
            stops=STOPS,
            stay=self.stay,
            ready=self.ready,
            time=time,
            progress=progress,
        )

    def ready(self) -> None:
        if self.signed_out and self.route53.weight:
            raise AwsError("there is no terminal to ask on")

    def journal(self, command: str) -> Journal:
        return Journal("prod", command=command, caller="arn:aws:sts::1:caller", folder=self.folder)

    def start(self, goal: int = 100) -> CutoverOutcome:
        present = self.zone.read()
        return self.cutover.start(Run("1", present.weight or 0, goal, "now"), present)

    def resume(self) -> CutoverOutcome:
        run = open_run(self.entries)
        assert run
        return self.cutover.resume(run)

    def roll_back(self) -> None:
        back(self.zone, self.zone.read(), self.journal("rollback dns"))

    @property
    def entries(self) -> list[Entry]:
        return read("prod", self.folder)

    @property
    def story(self) -> list[tuple[str, str, Any]]:
        return [(entry.event, entry.outcome, entry.after) for entry in self.entries]


@pytest.mark.requirement("R10.4")
def test_traffic_moves_in_watched_steps_each_written_down_before_and_after(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(CNAME))
    assert stage.start() == CutoverOutcome("done", 100)
    assert stage.route53.weight == 100
    changes = [("share out", 0), ("step", 10), ("step", 50), ("step", 100)]
    expected: list[tuple[str, str, Any]] = [("start", "open", 100)]
    for event, weight in changes:
        expected += [(event, "intended", weight), (event, "done", weight)]
        expected += [("watch", "passed", weight)] if event == "step" else []
    assert stage.story == [*expected, ("end", "done", 100)]
    assert stage.clock.now >= 3 * WATCH
    assert {entry.caller for entry in stage.entries} == {"arn:aws:sts::1:caller"}


def test_a_plain_record_gives_way_in_one_change(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(CNAME))
    stage.start(goal=10)
    first = stage.route53.batches[0]
    assert [change["Action"] for change in first] == ["DELETE", "CREATE", "CREATE"]
    assert [change["ResourceRecordSet"].get("Weight") for change in first] == [None, 0, 100]


@pytest.mark.requirement("R10.4")
@pytest.mark.parametrize(("bad_from", "origin"), [(10, 0), (50, 0), (100, 0), (50, 10)])
def test_a_breach_takes_traffic_back_to_where_it_was(tmp_path: Path, bad_from: int, origin: int) -> None:
    stage = Stage(tmp_path, Route53(*shared(origin)), lambda weight: BAD if weight >= bad_from else GOOD)
    assert stage.start() == CutoverOutcome("back", origin, BAD.breaches[0])
    assert stage.route53.weight == origin
    assert stage.story[-4:] == [
        ("watch", "breached", bad_from),
        ("back", "intended", origin),
        ("back", "done", origin),
        ("end", "back", origin),
    ]


@pytest.mark.requirement("R10.4")
def test_no_step_begins_without_credentials_for_its_watch(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)))
    stage.signed_out = True
    with pytest.raises(AwsError, match="no terminal"):
        stage.start()
    assert stage.route53.weight == 10, "watched to its end, and left there"
    assert stage.story[-2:] == [("watch", "passed", 10), ("stop", "left", 10)]
    with pytest.raises(AwsError, match="no terminal"):
        stage.resume()
    stage.signed_out = False
    assert stage.resume() == CutoverOutcome("done", 100)


@pytest.mark.requirement("R10.4")
def test_silence_is_no_good_news(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)), lambda _: SILENT)
    result = stage.start()
    assert (result.outcome, stage.route53.weight) == ("back", 0)
    assert result.reason == "no pass in 1200 s: 0 requests arrived, the minimum is 20"


def test_news_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)))
    stage.watch(lambda _: GOOD if stage.clock.now > 1.5 * WATCH else SILENT)
    assert stage.start(goal=10) == CutoverOutcome("done", 10)


def test_aws_that_stays_silent_in_a_watch_takes_traffic_back(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)))
    # Moments: read, then change, read, and sleep and look by turns.
    stage.route53.faults.plan({5: "failed", 7: "throttled", 9: "failed"})
    result = stage.start()
    assert (result.outcome, stage.route53.weight) == ("back", 0)
    assert result.reason.startswith("3 samples in a row failed: can't read the alarms: InternalError")


def test_two_unanswered_looks_are_forgiven(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)))
    stage.route53.faults.plan({5: "failed", 7: "failed"})
    assert stage.start() == CutoverOutcome("done", 100)


def test_going_back_is_tried_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)), lambda _: BAD)
    # The look at 5 finds the breach, 6 reads the records with it; the changes back are at 7, 10 and 13.
    stage.route53.faults.plan({7: "throttled", 10: "failed"})
    assert stage.start().outcome == "back"
    assert [outcome for event, outcome, _ in stage.story if event == "back"] == [
        *("intended", "failed") * 2,
        *("intended", "done"),
    ]


@pytest.mark.parametrize("kind", ["failed", "lost"])
def test_what_dns_says_counts_and_not_the_error(tmp_path: Path, kind: str) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)))
    stage.route53.faults.plan({2: kind})
    if kind == "lost":
        assert stage.start(goal=10) == CutoverOutcome("done", 10)
        done = next(entry for entry in stage.entries if (entry.event, entry.outcome) == ("step", "done"))
        assert "InternalError" in str(done.evidence["error"])
    else:
        with pytest.raises(AwsError, match="InternalError"):
            stage.start(goal=10)
        assert stage.story[-2:] == [("step", "failed", 0), ("stop", "left", 0)]


@pytest.mark.parametrize(("fault", "error"), [("SIGINT", KeyboardInterrupt), ("expired", AwsError), ("killed", Killed)])
def test_a_watch_that_stops_leaves_the_weight_and_is_resumed(
    tmp_path: Path, fault: str, error: type[BaseException]
) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)), stay=True)
    stage.route53.faults.plan({7: fault})
    with listening(), pytest.raises(error):
        stage.start()
    assert stage.route53.weight == 10
    stage.route53.faults.plan({})
    assert stage.resume() == CutoverOutcome("done", 100)
    resumed = stage.story.index(("resume", "found", 10))
    assert stage.story[resumed + 1] == ("watch", "passed", 10)
    assert open_run(stage.entries) is None


MOMENTS = 40
"""More than those at which a cutover calls AWS or waits, so that the last ones come after its end."""


@pytest.mark.parametrize(
    "signal_", [INTERRUPTIONS[0], *(pytest.param(each, marks=pytest.mark.slow) for each in INTERRUPTIONS[1:])]
)
@pytest.mark.parametrize("seen", [lambda _: GOOD, lambda weight: BAD if weight == 50 else GOOD], ids=["good", "bad"])
def test_a_signal_at_any_moment_leaves_no_step_that_has_not_passed(
    tmp_path: Path, signal_: str, seen: Callable[[int], Sample]
) -> None:
    ended = set()
    for moment in range(1, MOMENTS):
        stage = Stage(tmp_path / f"{moment}", Route53(*shared(0)), seen)
        stage.route53.faults.plan({moment: signal_})
        with listening(), suppress(KeyboardInterrupt):
            stage.start()
        passed = {after for event, outcome, after in stage.story if (event, outcome) == ("watch", "passed")}
        assert stage.route53.weight in {0, *passed}, moment
        if stage.entries:  # The signal didn't come before the first line.
            assert stage.story[-1][2] == stage.route53.weight, moment
            assert stage.story[-1][0] in {"stop", "end"}
            assert (open_run(stage.entries) is None) == (stage.story[-1][0] == "end")
        ended |= {stage.story[-1]} if stage.entries else set()
    assert ("end", "back", 0) in ended


@pytest.mark.parametrize("signal_", INTERRUPTIONS)
def test_the_journal_names_the_signal_that_it_rolled_back_for(tmp_path: Path, signal_: str) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)))
    stage.route53.faults.plan({7: signal_})
    with listening(), pytest.raises(KeyboardInterrupt, match=signal_):
        stage.start()
    assert stage.story[-4:] == [
        ("watch", "interrupted", 10),
        ("back", "intended", 0),
        ("back", "done", 0),
        ("end", "back", 0),
    ]
    assert stage.entries[-1].evidence == {"reason": f"interrupted by {signal_}"}
    assert f"rolling back to 0 %: interrupted by {signal_}" in stage.told


def test_a_process_that_is_killed_while_it_rolls_back_is_resumed_backwards(tmp_path: Path) -> None:
    """Systems that stop a program send SIGKILL soon after SIGTERM."""
    stage = Stage(tmp_path, Route53(*shared(0)))
    stage.route53.faults.plan({7: "SIGTERM", 9: "killed"})
    with listening(), pytest.raises(Killed):
        stage.start()
    assert stage.route53.weight == 10
    stage.route53.faults.plan({})
    assert stage.resume().outcome == "back"
    assert stage.route53.weight == 0


def test_an_interruption_rolls_back_through_a_short_outage(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)))
    stage.route53.faults.plan({7: "SIGTERM", 8: "failed", 10: "throttled", 12: "throttled"})
    with listening(), pytest.raises(KeyboardInterrupt):
        stage.start()
    assert stage.route53.weight == 0


@pytest.mark.parametrize("second", range(8, 14))
def test_a_second_ctrl_c_does_not_stop_the_rollback(tmp_path: Path, second: int) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)))
    stage.route53.faults.plan({7: "SIGINT", second: "SIGINT"})
    with listening(), pytest.raises(KeyboardInterrupt):
        stage.start()
    assert stage.route53.weight == 0
    assert open_run(stage.entries) is None


def test_an_interruption_with_expired_credentials_leaves_the_cutover_open(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)))
    stage.route53.faults.plan({7: "SIGTERM", 9: "expired"})
    with listening(), pytest.raises(AwsError):
        stage.start()
    assert stage.route53.weight == 10
    assert (run := open_run(stage.entries)) and run.returning
    assert stage.story[-1][:2] == ("stop", "left")


@pytest.mark.parametrize("moment", [7, 8])
def test_a_cutover_that_was_on_its_way_back_goes_back_even_if_all_is_well_again(tmp_path: Path, moment: int) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)), lambda _: BAD)
    stage.route53.faults.plan({moment: "killed"})
    with pytest.raises(Killed):
        stage.start()
    stage.route53.faults.plan({})
    stage.watch(lambda _: GOOD)
    assert stage.resume().outcome == "back"
    assert stage.route53.weight == 0


def test_somebody_elses_change_ends_it_and_stays(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)))

    def sample(weight: int) -> Sample:
        if weight == 50:
            stage.route53.records = shared(0)
        return GOOD

    stage.watch(sample)
    with pytest.raises(OverruledError, match="from weight 50 to weight 0"):
        stage.start()
    assert stage.route53.weight == 0
    assert stage.story[-1] == ("end", "overruled", 0)


def test_a_step_never_overwrites_a_rollback_of_the_same_moment(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(50)))
    present = stage.zone.read()
    stage.route53.records = shared(0)
    with pytest.raises(OverruledError):
        stage.cutover.start(Run("1", 50, 100, "now"), present)
    assert stage.route53.weight == 0


def test_resume_refuses_what_this_cutover_never_wrote(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)))
    stage.route53.faults.plan({7: "killed"})
    with pytest.raises(Killed):
        stage.start()
    stage.route53.faults.plan({})
    stage.route53.records = shared(37)
    with pytest.raises(OverruledError, match="DNS has weight 37, but this cutover only sets 0, 10, 50, 100"):
        stage.resume()
    assert stage.route53.weight == 37


def test_going_up_needs_the_journal_and_going_back_does_not(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(50)))
    (tmp_path / "prod.jsonl").mkdir()
    with pytest.raises(JournalError, match="can't write the journal"):
        stage.cutover.start(Run("1", 50, 100, "now"), stage.zone.read())
    assert stage.route53.weight == 50
    back(stage.zone, stage.zone.read(), stage.journal("rollback dns"))
    assert stage.route53.weight == 0


@pytest.mark.requirement("R10.5")
@pytest.mark.parametrize("weight", [10, 50, 100])
def test_rollback_puts_dns_back_in_one_change(tmp_path: Path, weight: int) -> None:
    stage = Stage(tmp_path, Route53(*shared(weight)))
    stage.roll_back()
    assert stage.route53.weight == 0
    assert len(stage.route53.batches) == 1
    assert [(found.before, found.after) for found in rollbacks(stage.entries)] == [(weight, 0)]


def test_rollback_ends_an_open_cutover_and_a_needless_one_proves_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Route53(*shared(0)))
    stage.roll_back()
    assert not stage.route53.batches
    assert rollbacks(stage.entries) == []
    stage.route53.faults.plan({7: "killed"})
    with pytest.raises(Killed):
        stage.start()
    stage.route53.faults.plan({})
    assert open_run(stage.entries)
    stage.roll_back()
    assert open_run(stage.entries) is None


def test_rollback_fixes_its_own_records_whatever_they_say(tmp_path: Path) -> None:
    broken = shared(50)
    broken[0]["Weight"] = 77
    stage = Stage(tmp_path, Route53(*broken))
    stage.roll_back()
    assert stage.route53.weight == 0


def test_rollback_leaves_alone_what_is_none_of_its_own(tmp_path: Path) -> None:
    other = {**CNAME, "ResourceRecords": [{"Value": "elsewhere.example.net"}]}
    stage = Stage(tmp_path, Route53(other))
    with pytest.raises(RefusedError, match="leads to CNAME elsewhere"):
        stage.roll_back()
    stage.route53.records = [dict(CNAME)]
    stage.roll_back()
    assert stage.route53.records == [CNAME]


def test_steps_end_at_the_goal() -> None:
    assert steps(STOPS, above=0, goal=100) == [10, 50, 100]
    assert steps((50, 10), above=10, goal=60) == [50, 60]
    assert steps(STOPS, above=50, goal=50) == []

"""The journal that a team shares: one order for all, nothing lost, and no rollback that waits for it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.aws.errors import AwsError
from ops.cutover.rollback import back
from ops.cutover.run import open_run
from ops.journal import READERS, Entry, Journal, JournalError, Line, Stored, in_order, path, read
from tests.ops.cutover_fakes import Route53, shared
from tests.ops.journal_fakes import ACCOUNT, Machine, MemoryBucket


@pytest.fixture(autouse=True)
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a disk is most of the time that these tests would take."""
    monkeypatch.setattr("ops.journal.os.fsync", lambda _: None)


@pytest.fixture
def bucket() -> MemoryBucket:
    return MemoryBucket()


@pytest.fixture
def machine(bucket: MemoryBucket, tmp_path: Path) -> Machine:
    return machine_of(bucket, tmp_path, "one")


def machine_of(bucket: MemoryBucket, folder: Path, name: str, skew: timedelta = timedelta()) -> Machine:
    (folder / name).mkdir()
    return Machine(bucket, folder / name, skew)


def test_another_machine_sees_an_open_cutover(machine: Machine, tmp_path: Path) -> None:
    machine.journal().append("start", "open", before=0, after=100, run="1")
    run = open_run(machine_of(machine.bucket, tmp_path, "two").journal("cutover resume").entries())
    assert run and (run.id, run.goal) == ("1", 100)


def test_commands_that_follow_within_a_second_keep_their_order(machine: Machine) -> None:
    """S3 has whole seconds: the end of one cutover came after the start of the next, which then was no longer open."""
    for number in range(8):
        machine.bucket.time += timedelta(milliseconds=100)
        journal = machine.journal()
        journal.append("start", "open", before=0, after=number, run=str(number))
        journal.append("end", "done", run=str(number))
    machine.bucket.time += timedelta(milliseconds=100)
    machine.journal().append("start", "open", before=0, after=100, run="last")
    entries = machine.journal("cutover resume").entries()
    assert [entry.run for entry in entries] == [*(str(number) for number in range(8) for _ in range(2)), "last"]
    run = open_run(entries)
    assert run and run.id == "last"


def test_an_entry_is_one_object_whose_name_sorts_by_time_and_has_its_hash(machine: Machine) -> None:
    journal = machine.journal()
    for number in range(3):
        machine.bucket.time += timedelta(seconds=number)
        journal.append("step", "done", after=number)
    ids = machine.bucket.ids()
    assert [json.loads(machine.bucket.objects[id_].body)["after"] for id_ in ids] == [0, 1, 2]
    assert all(id_.startswith("20260101") and len(id_.split("-")[2]) == 16 for id_ in ids)
    lines = path("prod", machine.folder).read_bytes().splitlines()
    assert [machine.bucket.objects[id_].body for id_ in ids] == lines, "the object is the line"


MOVES = st.lists(
    st.tuples(
        st.integers(0, 2),  # which machine
        st.booleans(),  # whether its bucket responds
        st.floats(0, 30),  # seconds since the move before
    ),
    min_size=1,
    max_size=25,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(moves=MOVES, skews=st.lists(st.integers(-900, 900), min_size=3, max_size=3), lost=st.booleans())
def test_all_machines_see_the_same_entries_in_the_same_order(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[int, bool, float]], skews: list[int], lost: bool
) -> None:
    """Clocks that are wrong by a quarter of an hour, a bucket that comes and goes, and lost responses."""
    folder, bucket = tmp_path_factory.mktemp("journal"), MemoryBucket()
    machines = [machine_of(bucket, folder, str(index), timedelta(seconds=skew)) for index, skew in enumerate(skews)]
    written: list[tuple[int, int, datetime]] = []
    with patch("ops.journal.os.fsync"), patch("ops.journal.PAUSE_SECONDS", 0):
        journals = [each.journal("rollback dns") for each in machines]
        for number, (which, responds, seconds) in enumerate(moves):
            bucket.time += timedelta(seconds=seconds)
            bucket.responds, bucket.lost = responds, lost
            journals[which].append("step", "done", after=number, must=False)
            written.append((which, number, bucket.time))
        bucket.responds, bucket.lost = True, False
        for each in machines:
            bucket.time += timedelta(seconds=100)
            each.sees()
        seen = [[entry.after for entry in each.sees()] for each in machines]
    assert seen[0] == seen[1] == seen[2]
    order = cast(list[int], seen[0])
    assert sorted(order) == list(range(len(moves))), "every entry, once"
    place = {number: order.index(number) for number in order}
    for which, number, at in written:
        for other, later, then in written[number + 1 :]:
            if which == other or then - at >= timedelta(seconds=4):
                assert place[number] < place[later]


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_rollback_that_was_stored_late_ends_no_later_cutover(
    bucket: MemoryBucket, tmp_path: Path, minutes: int
) -> None:
    """The machine that rolled back had no bucket and a wrong clock; another one began again before it was stored."""
    laptop = machine_of(bucket, tmp_path, "laptop", timedelta(minutes=minutes))
    job = machine_of(bucket, tmp_path, "job")
    job.journal().append("start", "open", before=0, after=100, run="first")
    bucket.time += timedelta(minutes=1)
    bucket.responds = False
    laptop.journal("rollback dns").append("back", "done", before=10, after=0, must=False)
    bucket.responds = True
    bucket.time += timedelta(minutes=1)
    job.journal().append("start", "open", before=0, after=100, run="second")
    bucket.time += timedelta(minutes=5)
    laptop.sees()
    run = open_run(job.journal().entries())
    assert run and run.id == "second"


def test_a_bucket_that_does_not_respond_stops_no_rollback(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    route53 = Route53(*shared(50))
    zone = route53.zone()
    machine.bucket.responds = False
    journal = machine.journal("rollback dns")
    assert journal.entries() == []
    back(zone, zone.read(), journal)
    assert route53.weight == 0
    warnings = capsys.readouterr().err
    assert warnings.count("warning:") == 1, "the second and third attempts don't wait for it"
    assert "only the entries that were written on this machine are known" in warnings
    assert machine.bucket.objects == {}
    machine.bucket.responds = True
    other = machine_of(machine.bucket, tmp_path, "other")
    assert other.sees() == []
    machine.sees()
    assert [entry.outcome for entry in other.sees()] == ["intended", "done"]


def test_more_traffic_needs_a_journal_that_others_see(machine: Machine) -> None:
    machine.bucket.responds = False
    with pytest.raises(JournalError, match=r"can't write the journal: can't write s3://bucket/"):
        machine.journal().append("step", "intended", after=10)


def test_a_change_without_traffic_needs_the_bucket_or_the_disk(machine: Machine, tmp_path: Path) -> None:
    machine.bucket.responds = False
    machine.journal("cutover prepare").append("prepare", "intended", after=0, here=True)
    broken = machine_of(machine.bucket, tmp_path, "broken")
    path("prod", broken.folder).mkdir()
    with pytest.raises(JournalError, match=r"can't write the journal: can't write s3://bucket/"):
        broken.journal("cutover prepare").append("prepare", "intended", after=0, here=True)
    machine.bucket.responds = True
    broken.journal("cutover prepare").append("prepare", "intended", after=0, here=True)
    machine.sees()
    assert len(machine.bucket.objects) == 2


def test_without_a_disk_the_bucket_has_it(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    path("prod", machine.folder).mkdir()
    machine.journal().append("step", "intended", after=10)
    assert len(machine.bucket.objects) == 1
    assert "warning: can't write the journal" in capsys.readouterr().err


def test_a_lost_response_stores_nothing_twice(machine: Machine) -> None:
    machine.bucket.lost = True
    machine.journal().append("back", "done", before=10, after=0, must=False)
    machine.bucket.lost = False
    assert len(machine.sees()) == len(machine.sees()) == len(machine.bucket.objects) == 1


def newer(**fields: object) -> bytes:
    """An entry as a newer version writes it."""
    entry = Entry(at="2026-01-01T00:00:00+00:00", command="cutover run", event="start", outcome="open", after=100)
    return json.dumps({**asdict(entry), "before": 0, "account": ACCOUNT, "colour": "red", **fields}).encode()


def test_entries_of_a_newer_version_are_read_and_stored_as_they_are(machine: Machine) -> None:
    path("prod", machine.folder).write_bytes(newer() + b"\n")
    assert [entry.after for entry in machine.sees()] == [100]
    (stored,) = machine.bucket.objects.values()
    assert stored.body == newer()
    assert len(machine.sees()) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b"\xff\xfe", b"null", newer(), newer(at="now"), newer(number="1")], ids=repr
)
@pytest.mark.parametrize("delay", [0, 10**11, -5])
def test_an_object_that_is_no_entry_is_named_and_stops_nothing(machine: Machine, body: bytes, delay: int) -> None:
    machine.journal().append("start", "open", before=0, after=100, run="1")
    machine.bucket.objects["20250101000000-0000-0123456789abcdef"] = Stored(body, machine.bucket.time, delay)
    journal = machine.journal("rollback dns")
    assert [entry.run for entry in journal.entries()] == ["1"]
    assert journal.damaged() == ["s3://bucket/prod/cutover.journal/20250101000000-0000-0123456789abcdef"]
    route53 = Route53(*shared(50))
    back(route53.zone(), route53.zone().read(), journal)
    assert route53.weight == 0


@given(at=st.text(max_size=30), delay=st.integers(-(10**12), 10**12), number=st.integers(-(10**9), 10**9))
def test_no_time_and_no_delay_breaks_the_order(at: str, delay: int, number: int) -> None:
    bucket = MemoryBucket()
    body = newer(at=at, number=number)
    entry = Entry(at=at, command="c", event="e", outcome="o", number=number)
    line = Line(entry, body)
    assert len(in_order([(line, Stored(body, bucket.time, delay)), (line, None)])) == 2


def test_a_bucket_whose_objects_dont_arrive_is_given_up(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lists them, and each read takes its ten seconds: a rollback would wait for minutes."""
    machine.bucket.objects = {f"{number}": Stored(b"", machine.bucket.time, 0) for number in range(300)}
    asked: list[str] = []

    def get(id_: str) -> Stored:
        asked.append(id_)
        raise AwsError(f"can't read {id_}: ReadTimeoutError")

    monkeypatch.setattr(machine.bucket, "get", get)
    journal = machine.journal()
    assert not journal.history()
    assert len(asked) == 300, "as long as they fail at once, each is read"
    asked.clear()
    monkeypatch.setattr("ops.journal.GIVE_UP_SECONDS", -1)
    assert not journal.history()
    assert len(asked) <= 2 * READERS
    assert len(journal.damaged()) == len(asked) + 1, "those that weren't read are one line"


def test_an_object_that_cannot_be_read_hides_no_other(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        machine.journal().append("step", "done", after=number)
    first, *_ = machine.bucket.ids()
    original = machine.bucket.get

    def get(id_: str) -> Stored:
        if id_ == first:
            raise JournalError(f"can't read {id_}: AccessDenied")
        return original(id_)

    monkeypatch.setattr(machine.bucket, "get", get)
    journal = machine.journal()
    assert len(journal.entries()) == 3, "this machine's file has the one that can't be read"
    path("prod", machine.folder).unlink()
    journal = machine.journal()
    assert len(journal.entries()) == 2
    assert journal.damaged() == [f"can't read {first}: AccessDenied"]


def test_entries_of_a_rehearsal_and_of_another_account_stay_on_this_machine(machine: Machine) -> None:
    def local(**named: Any) -> Journal:
        return Journal("prod", command="rollback dns", caller="me", folder=machine.folder, **named)

    local(account=ACCOUNT, called="http://127.0.0.1:1").append("back", "done", before=1, after=0)
    local(account="999999999999").append("back", "done", before=2, after=0)
    local(account=ACCOUNT).append("back", "done", before=3, after=0)
    machine.sees()
    assert [json.loads(each.body)["before"] for each in machine.bucket.objects.values()] == [3]
    assert [entry.before for entry in read("prod", machine.folder)] == [1, 2, 3]


def test_a_journal_of_an_earlier_version_is_stored_by_the_next_command(machine: Machine) -> None:
    old = {"at": "2026-01-01T00:00:00+00:00", "command": "rollback dns", "event": "back", "outcome": "done"}
    lines = [json.dumps({**old, "before": before, "after": 0}) for before in (10, 50)]
    path("prod", machine.folder).write_text("\n".join(lines), encoding="utf-8")
    machine.bucket.time = datetime(2026, 2, 1, tzinfo=UTC)
    assert [entry.before for entry in machine.sees()] == [10, 50]
    assert len(machine.bucket.objects) == 2
    assert {entry.at for entry in machine.sees()} == {"2026-01-01T00:00:00+00:00"}

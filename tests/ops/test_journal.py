"""The journal: on the disk before anything happens, and readable whatever happened to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import ANY, patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.journal import Journal, JournalError, damaged, path, read, rollbacks


def journal(folder: Path, command: str = "cutover run", called: str = "aws") -> Journal:
    return Journal(
        "prod",
        command=command,
        caller="arn:me",
        account="111122223333",
        zone="Z1",
        called=called,
        folder=folder,
        now=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def test_a_line_tells_who_did_what_where_and_when(tmp_path: Path) -> None:
    journal(tmp_path).append("step", "done", before=0, after=10, evidence={"requests": 3}, run="1")
    (line,) = path("prod", tmp_path).read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "at": "2026-01-02T03:04:05.000+00:00",
        "command": "cutover run",
        "event": "step",
        "outcome": "done",
        "before": 0,
        "after": 10,
        "evidence": {"requests": 3},
        "caller": "arn:me",
        "endpoint": "aws",
        "run": "1",
        "account": "111122223333",
        "zone": "Z1",
        "writer": ANY,
        "number": 1,
    }


def test_a_line_is_on_the_disk_when_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(
        "ops.journal.os.fsync", lambda opened: synced.append(Path(f"/proc/self/fd/{opened}").readlink())
    )
    journal(tmp_path).append("step", "intended")
    journal(tmp_path).append("step", "done")
    file = path("prod", tmp_path)
    assert synced == [file, tmp_path, file]


def test_a_rehearsal_is_another_story(tmp_path: Path) -> None:
    journal(tmp_path).append("step", "done", after=10)
    rehearsed = journal(tmp_path, called="http://127.0.0.1:1")
    rehearsed.append("step", "done", after=50)
    assert [entry.after for entry in rehearsed.entries()] == [50]
    assert [entry.after for entry in read("prod", tmp_path)] == [10, 50]


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 500), word=st.text(max_size=5))
def test_a_line_that_was_cut_short_is_set_aside_and_costs_no_other(
    tmp_path_factory: pytest.TempPathFactory, cut: int, word: str
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with patch("ops.journal.os.fsync"):
        for number in range(2):
            journal(folder).append("step", "done", after=number, evidence={"word": word})
        file = path("prod", folder)
        kept = file.read_bytes()[:cut]
        file.write_bytes(kept)
        whole = [entry.after for entry in read("prod", folder)]
        journal(folder).append("step", "done", after=9)
        assert file.read_bytes().startswith(kept)
        assert [entry.after for entry in read("prod", folder)] == [*whole, 9]
        assert len(whole) + len(damaged("prod", folder)) == len([line for line in kept.split(b"\n") if line])


@pytest.mark.parametrize("line", ["[]", "1", '{"at": 1}', '{"at": "", "command": "x"}', "\\xff"])
def test_what_is_no_entry_is_set_aside(tmp_path: Path, line: str) -> None:
    path("prod", tmp_path).write_text(f"{line}\n", encoding="utf-8")
    assert (read("prod", tmp_path), damaged("prod", tmp_path)) == ([], [line])


def test_fields_of_a_newer_version_are_ignored(tmp_path: Path) -> None:
    line = {"at": "now", "command": "x", "event": "y", "outcome": "z", "colour": "red"}
    path("prod", tmp_path).write_text(json.dumps(line), encoding="utf-8")
    assert [entry.event for entry in read("prod", tmp_path)] == ["y"]


def test_where_it_cannot_be_written_only_going_back_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path("prod", tmp_path).mkdir()
    with pytest.raises(
        JournalError, match=r"can't write the journal .*prod.jsonl: Is a directory; run the command in a folder"
    ):
        journal(tmp_path).append("step", "intended")
    journal(tmp_path).append("back", "intended", must=False)
    assert "warning: can't write the journal" in capsys.readouterr().err


@pytest.mark.requirement("R10.5")
def test_only_a_rollback_that_took_traffic_back_counts_as_rehearsed(tmp_path: Path) -> None:
    assert rollbacks(read("prod", tmp_path)) == []
    for command, outcome, before in (
        ("cutover run", "done", 10),
        ("rollback dns", "intended", 10),
        ("rollback dns", "failed", 10),
        ("rollback dns", "done", 0),
    ):
        journal(tmp_path, command).append("back", outcome, before=before, after=0)
    assert rollbacks(read("prod", tmp_path)) == []
    journal(tmp_path, "rollback dns").append("back", "done", before=50, after=0)
    journal(tmp_path, "rollback dns").append("back", "done", before=0, after=0)
    assert [entry.before for entry in rollbacks(read("prod", tmp_path))] == [50]

"""Names that stacks, AWS and git give us can't control a terminal, or fake a line of a report."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.aws import waiting
from ops.command import confirm, say, show
from ops.conditions import ConditionResult, Status
from ops.golive.items import CheckedItem, as_text
from ops.journal import Journal, path, read
from ops.printable import printable
from ops.tasks.log_lines import Line
from ops.tasks.running import aligned
from rehearsal.report import RehearsalReport, StepResult
from tests.cases import every_case

TITLE, FORGED = "\x1b]0;title\x07", "fine\npass  forged"
HOSTILE = f"{TITLE}\r\x00\x9b2J\u202e{FORGED}"
"""What a container may print: a title, CR, NUL, a C1 control sequence, reversed text, and a line that isn't its own."""


@given(st.text(st.characters()))
def test_only_what_can_be_seen_is_left(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(text, keep="\n").replace("\n", "").isprintable()
    if text.isprintable():
        assert printable(text) == text


@every_case(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\u202eb", r"a\u202eb"),
        ("a\u2066b", r"a\u2066b"),
        ("\ud800", r"\ud800"),
        ("a\u2028b", r"a\u2028b"),
        ("a\nb", r"a\nb"),
        ("Zürich 東京 →", "Zürich 東京 →"),
    ],
)
def test_what_controls_a_terminal_is_shown_as_text(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_messages_and_data_keep_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\ntwo\x1b]0;title\x07")
    show("a\tb\u202e\n", nl=False)
    printed = capsys.readouterr()
    assert printed.err == "one\ntwo\\x1b]0;title\\x07\n"
    assert printed.out == "a\tb\\u202e\n"


@pytest.mark.parametrize(
    "text", ["a ##[add-mask]a", "one\n::add-mask::a", "one\n \t::add-mask::a", "###[error]a", ":::a::"]
)
def test_a_text_is_no_command_of_github_s_runner(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As ActionCommand.TryParse and TryParseV2 of actions/runner find them."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    say(text)
    assert capsys.readouterr().err == f"{text}\n"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    say(text)
    show(text)
    printed = capsys.readouterr()
    assert printed.err == printed.out and printed.err.replace("\u200b", "") == f"{text}\n"
    assert "##[" not in printed.err
    assert not any(each.lstrip().startswith("::") for each in printed.err.splitlines())


def line(message: str) -> str:
    return str(Line("2026-01-01T00:00:00Z", "backend/backend/0f9de17a6465", message))


def test_what_a_container_prints_is_shown_escaped() -> None:
    assert line("a\tb\r") == r"2026-01-01T00:00:00Z 0f9de17a a" "\t" r"b\r"
    assert line(HOSTILE).splitlines() == [
        r"2026-01-01T00:00:00Z 0f9de17a \x1b]0;title\x07\r\x00\x9b2J\u202efine",
        "2026-01-01T00:00:00Z 0f9de17a pass  forged",
    ]


@given(st.text(st.characters()))
def test_each_line_of_a_container_begins_with_time_and_task(message: str) -> None:
    """No container's line looks like another's, or like the command's own."""
    lines = line(message).split("\n")
    assert all(each.startswith("2026-01-01T00:00:00Z 0f9de17a ") for each in lines)
    assert all(each.replace("\t", "").isprintable() for each in lines)


def test_a_cell_of_a_table_is_no_row() -> None:
    table = aligned(("TASK", "REASON"), ("1", HOSTILE)).splitlines()
    assert len(table) == 2
    assert all(row.isprintable() for row in table)


def test_evidence_is_no_item_of_a_list() -> None:
    result = ConditionResult("one", "account", (), "It holds.", Status.FAIL, HOSTILE)
    shown = as_text([CheckedItem("An item", (result,))])
    assert "\npass  forged" not in shown
    assert shown.replace("\n", "").isprintable()


def test_reports_and_the_journal_are_escaped(tmp_path: Path) -> None:
    report = RehearsalReport("prod")
    report.steps.append(StepResult("apply", passed=False, seconds=1, evidence=HOSTILE))
    report.write(tmp_path)
    journal = Journal("prod", command="cutover run", caller="caller", folder=tmp_path)
    journal.append("watch", "breached", evidence={"reason": HOSTILE})
    files = (tmp_path / "rehearsal-prod.md", tmp_path / "rehearsal-prod.json", path("prod", tmp_path))
    for file in files:
        assert file.read_text(encoding="utf-8").replace("\n", "").isprintable(), file.name
    assert read("prod", tmp_path)[0].evidence == {"reason": HOSTILE}


def test_a_question_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def agree(text: str, **_: object) -> bool:
        asked.append(text)
        return True

    monkeypatch.setattr("typer.confirm", agree)
    confirm(f"Apply as {TITLE}?", yes=False)
    assert asked == [r"Apply as \x1b]0;title\x07?"]


def test_a_status_is_text_and_no_markup(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with waiting.shown('snapshot ["a"]') as show_:
        show_(f"[bold]{TITLE}")
    printed = capsys.readouterr().err
    assert r"[bold]\x1b]0;title\x07" in printed
    assert TITLE not in printed

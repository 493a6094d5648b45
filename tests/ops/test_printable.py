"""Names that stacks, AWS and git give us can't control a terminal, or fake a line of a report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.command import say, show
from ops.printable import printable


@given(st.text(st.characters()))
def test_only_what_can_be_seen_is_left(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(text, keep="\n").replace("\n", "").isprintable()
    if text.isprintable():
        assert printable(text) == text


@pytest.mark.parametrize(
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

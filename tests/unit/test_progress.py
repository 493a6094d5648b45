"""A line of progress on a terminal, and nothing elsewhere."""

from __future__ import annotations

import io

import pytest

from modules.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds = [0.0]
    monkeypatch.setattr("modules.progress.time.monotonic", lambda: seconds[0])
    return seconds


def test_a_terminal_shows_the_step_after_two_seconds_and_nothing_at_the_end(clock: list[float]) -> None:
    terminal = Terminal()
    with progress(terminal) as step:
        step("first", 3)
        assert not terminal.getvalue(), "a short command shows nothing"
        clock[0] = 2
        step("second", 3)
        assert terminal.getvalue().endswith("second (2 of 3)")
    assert terminal.getvalue().endswith("\r\x1b[K"), "the line is erased"


def test_the_line_is_erased_before_an_error(clock: list[float]) -> None:
    terminal = Terminal()
    clock[0] = -10
    with pytest.raises(ValueError, match="broken"), progress(terminal) as step:
        clock[0] = 0
        step("first", 1)
        raise ValueError("broken")
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_pipe_shows_nothing(clock: list[float]) -> None:
    pipe = io.StringIO()
    with progress(pipe) as step:
        clock[0] = 100
        step("first", 1)
    assert not pipe.getvalue()

"""A promise is kept or missed, and the performance page shows which; rows of other benchmarks stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks import rehearse
from benchmarks.promises import Promise, table
from benchmarks.synth import Way
from tests.cases import every_case

PAGE_BEFORE = (
    "a\n<!-- promises -->\n| old |\n| gate | time | 0.4 | at most 0.45 | met |\n<!-- /promises -->\n| gate | other |\n"
)


@every_case(
    ("promise", "kept"),
    [
        (Promise("x", 1.2, 1.2), True),
        (Promise("x", 1.21, 1.2), False),
        (Promise("x", 20, 20, least=True), True),
        (Promise("x", 19.9, 20, least=True), False),
    ],
)
def test_a_limit_is_a_most_or_a_least(promise: Promise, *, kept: bool) -> None:
    assert promise.met is kept


def test_the_rows_of_one_benchmark_are_renewed() -> None:
    found = [Promise("faster", 25.04, 20, least=True), Promise("memory", 0.5, 0.125)]
    page = table(PAGE_BEFORE, "synth", found, ("synth", "gate"))
    assert page == (
        "a\n<!-- promises -->\n| benchmark | what | measured | promised | |\n|---|---|---|---|---|\n"
        "| synth | faster | 25 | at least 20 | met |\n| synth | memory | 0.5 | at most 0.125 | MISSED |\n"
        "| gate | time | 0.4 | at most 0.45 | met |\n<!-- /promises -->\n| gate | other |\n"
    )
    assert table(page, "gate", [], ("synth", "gate")).count("| gate |") == 1


def test_a_missed_promise_is_exit_code_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    written = []
    monkeypatch.setattr(command, "write", lambda *given: written.append(given))
    monkeypatch.setattr("benchmarks.evaluation.promises", lambda _: [Promise("milliseconds", 0.5, 0.4)])
    monkeypatch.setattr("sys.argv", ["benchmarks", "evaluation"])
    assert command.main() == 1
    assert "milliseconds     0.5  at most 0.4    MISSED" in capsys.readouterr().out
    assert [name for name, *_ in written] == ["evaluation"]


def test_an_unknown_benchmark_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "gatee"])
    assert command.main() == 2
    assert capsys.readouterr().err.startswith("error: no benchmark 'gatee'; did you mean gate? known: synth, growth")


def test_a_benchmark_that_fails_keeps_its_rows_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def half(_: int) -> Iterator[Promise]:
        yield Promise("time", 0.1, 0.4)
        raise RuntimeError("gate ended with 2: no memory\nsecond line")

    written = []
    monkeypatch.setattr(command, "write", lambda *given: written.append(given))
    monkeypatch.setattr("benchmarks.gate.promises", half)
    monkeypatch.setattr("benchmarks.evaluation.promises", lambda _: [Promise("milliseconds", 0.3, 0.4)])
    monkeypatch.setattr("sys.argv", ["benchmarks", "gate", "evaluation"])
    assert command.main() == 2
    assert [name for name, *_ in written] == ["evaluation"]
    assert capsys.readouterr().err == (
        "error: benchmark gate failed, and its rows in the table stay as they are: "
        "RuntimeError: gate ended with 2: no memory second line\n"
    )


@pytest.mark.parametrize(("names", "code"), [((), 0), (("gate", "help"), 0), (("gate", "gatee"), 2)])
def test_names_are_checked_without_a_run(names: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.gate.promises", lambda _: pytest.fail("it ran"))
    monkeypatch.setattr("sys.argv", ["benchmarks", "--check", "--", *names])
    assert command.main() == code


@pytest.mark.parametrize("runs", ["0", "-1", "x"])
def test_a_benchmark_has_a_run(runs: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "--runs", runs, "help"])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert f"{runs!r}: must be a number from 1" in capsys.readouterr().err


def test_both_ways_of_planning_start_providers_as_operators_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rehearsal plans with the cached schema: a way that has it is faster by more than being side by side."""
    ran: list[Way] = []

    def timed(way: Way) -> tuple[float, float]:
        ran.append(way)
        return 1.0, 1.0

    monkeypatch.setattr(rehearse, "run", timed)
    monkeypatch.setattr(rehearse, "peak_memory", lambda _: 1)
    session = SimpleNamespace(stacks=dict)
    rehearsal: Any = SimpleNamespace(environment=SimpleNamespace(name="prod"), session=session, folder=Path())
    list(rehearse._at_once(rehearsal, 1))
    assert [dict(way.environment) for way in ran] == [{"CACHED_SCHEMA": "no"}] * 2

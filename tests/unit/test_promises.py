"""A promise is kept or missed, and the performance page shows which; rows of other benchmarks stay."""

from __future__ import annotations

import pytest

from benchmarks import __main__ as command
from benchmarks.promises import Promise, table
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

"""One test over all cases of a table."""

from __future__ import annotations

import inspect

import pytest

from tests.cases import every_case

LARGE = "large"


@every_case(("number", "limit"), [pytest.param(1, 2, id="small"), (9, 2), pytest.param(8, 1, id=LARGE)])
def below(offset: int, number: int, limit: int) -> None:
    assert offset + number < limit


def test_all_cases_that_fail_are_named_and_all_others_ran() -> None:
    with pytest.raises(ExceptionGroup) as error:
        below(offset=0)
    assert str(error.value).startswith("2 of 3 cases fail: 9, 2; large")
    assert [each.__notes__ for each in error.value.exceptions] == [
        ["This was the case 9, 2"],
        ["This was the case large"],
    ]


def test_it_takes_fixtures_only() -> None:
    assert list(inspect.signature(below).parameters) == ["offset"]


def test_tables_can_be_combined() -> None:
    ran = []

    @every_case("first", "ab")
    @every_case("second", [1, 2], ids=["one", "two"])
    def combined(first: str, second: int) -> None:
        ran.append((first, second))

    combined()
    assert ran == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


@pytest.mark.parametrize("end", [pytest.fail, pytest.skip])
def test_a_case_cannot_fail_or_skip_unseen(end: object) -> None:
    @every_case("reason", ["first", "second"])
    def ends(reason: str) -> None:
        assert callable(end)
        end(reason)

    with pytest.raises(BaseExceptionGroup, match="2 of 2 cases fail: first; second"):
        ends()


def test_a_function_gives_the_cases_when_the_test_runs() -> None:
    ran = []

    @every_case("name", lambda: ["one", *ran])
    def late(name: str) -> None:
        ran.append(name)

    late()
    assert ran == ["one"]
    with pytest.raises(ValueError, match="must be one or more rows"):
        every_case("name", list)(late.__wrapped__)()  # type: ignore[attr-defined]


def test_a_wrong_table_is_refused() -> None:
    for cases in ([], [(1, 2, 3)], [pytest.param(1, 2, marks=pytest.mark.slow)]):
        with pytest.raises(ValueError, match="must be one or more rows of 2 values"):
            every_case("first, second", cases)
    with pytest.raises(ValueError, match="2 rows have 1 names"):
        every_case("first", [1, 2], ids=["one"])
    with pytest.raises(ValueError, match="below must take other"):
        every_case("other", [1])(below)

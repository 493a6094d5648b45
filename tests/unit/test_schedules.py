"""EventBridge Scheduler's grammar: what AWS's pages give as examples passes, and what they forbid doesn't."""

from __future__ import annotations

import calendar
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.schema.schedules import LONGEST, ScheduleError, check
from tests.cases import every_case

# Examples of the two pages that the module names.
RIGHT = [
    "cron(0 10 * * ? *)",
    "cron(15 12 * * ? *)",
    "cron(0 18 ? * MON-FRI *)",
    "cron(0 8 1 * ? *)",
    "cron(0/15 * * * ? *)",
    "cron(0/10 * ? * MON-FRI *)",
    "cron(0/5 8-17 ? * MON-FRI *)",
    "cron(0/30 20-23 ? * MON-FRI *)",
    "cron(15 10 ? * 6L 2022-2023)",
    "cron(0 9 ? * 2#1 *)",
    "cron(0 9 ? * MON#1 *)",
    "cron(0 9 ? * L *)",
    "cron(0 9 L * ? *)",
    "cron(0 9 3W * ? *)",
    "cron(*/5 1-20/3 1,15,31 JAN,MAR-MAY ? 2026/2)",
    "cron(0 0 29 2 ? *)",
    "cron(05 03 01 01 ? 2199)",
    "rate(1 minute)",
    "rate(15 minutes)",
    "rate(1 hour)",
    "rate(2 hours)",
    "rate(1 day)",
    "rate(5 days)",
    "at(2028-02-29T23:59:59)",
    "at(2022-11-20T13:00:00)",
]

WRONG = [
    ("", "must be cron"),
    ("0 10 * * ? *", "must be cron"),
    ("Cron(0 10 * * ? *)", "must be cron"),
    (" cron(0 10 * * ? *)", "must be cron"),
    ("cron (0 10 * * ? *)", "must be cron"),
    ("cron(0 10 * * ? *", "must be cron"),
    ("cron()", "six fields"),
    ("cron(0 10 * * ?)", "six fields.*this has 5"),
    ("cron(0 10 * * ? * *)", "six fields.*this has 7"),
    ("cron(0  10 * * ? *)", "one space apart"),
    ("cron( 0 10 * * ? *)", "one space apart"),
    ("cron(0\t10 * * ? *)", "six fields"),
    ("cron(0 3 * * * *)", "exactly one of day-of-month and day-of-week"),
    ("cron(0 3 1 * MON *)", "exactly one of day-of-month and day-of-week"),
    ("cron(0 3 ? * ? *)", "exactly one of day-of-month and day-of-week"),
    ("cron(60 3 * * ? *)", "minutes: '60'"),
    ("cron(-1 3 * * ? *)", "minutes: 'nothing'"),
    ("cron(? 3 * * ? *)", "minutes"),
    ("cron(0 24 * * ? *)", "hours: '24'"),
    ("cron(0 3 0 * ? *)", "day-of-month: '0'"),
    ("cron(0 3 32 * ? *)", "day-of-month: '32'"),
    ("cron(0 3 * 13 ? *)", "month: '13'"),
    ("cron(0 3 * SEPT ? *)", "month: 'SEPT'"),
    ("cron(0 3 * jan ? *)", "month: 'jan'"),
    ("cron(0 3 ? * 0 *)", "day-of-week: '0'"),
    ("cron(0 3 ? * 8 *)", "day-of-week: '8'"),
    ("cron(0 3 ? * W *)", "day-of-week: 'W'"),
    ("cron(0 3 ? * 3#6 *)", "day-of-week"),
    ("cron(0 3 ? * 3#1,6#3 *)", "one expression"),
    ("cron(0 3 ? * MON-6 *)", "mixes a name and a number"),
    ("cron(0 3 ? * FRI-MON *)", "ends before it starts"),
    ("cron(30-10 3 * * ? *)", "ends before it starts"),
    ("cron(0 3 LW * ? *)", "day-of-month"),
    ("cron(0 3 L-3 * ? *)", "day-of-month"),
    ("cron(0 3 1,L * ? *)", "day-of-month"),
    ("cron(0 3 32W * ? *)", "day-of-month: '32'"),
    ("cron(0 3 1#2 * ? *)", "day-of-month"),
    ("cron(0 3 31 2 ? *)", "never happens"),
    ("cron(0 3 31 APR,JUN ? *)", "never happens"),
    ("cron(0 3 29 FEB ? 2026,2027)", "never happens"),
    ("cron(0 3 * * ? 1969)", "year: '1969'"),
    ("cron(0 3 * * ? 2200)", "year: '2200'"),
    ("cron(*/0 3 * * ? *)", "step"),
    ("cron(0/60 3 * * ? *)", "step"),
    ("cron(/5 3 * * ? *)", "minutes: 'nothing'"),
    ("cron(0/ 3 * * ? *)", "step"),
    ("cron(0,* 3 * * ? *)", "combined with others"),
    ("cron(0,,5 3 * * ? *)", "minutes: 'nothing'"),
    ("cron(000 3 * * ? *)", "minutes: '000'"),
    ("cron(٣ 3 * * ? *)", "minutes"),
    ("rate(1 minutes)", r"rate\(1 minute\)"),
    ("rate(5 minute)", r"rate\(5 minutes\)"),
    ("rate(1 days)", r"rate\(1 day\)"),
    ("rate(0 minutes)", "rate"),
    ("rate(-5 minutes)", "rate"),
    ("rate(1.5 hours)", "rate"),
    ("rate(05 minutes)", "rate"),
    ("rate(30 seconds)", "rate"),
    ("rate(1 week)", "rate"),
    ("rate(5minutes)", "rate"),
    ("rate(5  minutes)", "rate"),
    ("rate(minutes)", "rate"),
    ("at(2026-02-29T00:00:00)", "exists"),
    ("at(2026-13-01T00:00:00)", "exists"),
    ("at(2026-04-31T00:00:00)", "exists"),
    ("at(2026-12-01T24:00:00)", "exists"),
    ("at(2026-12-01T23:60:00)", "exists"),
    ("at(0000-01-01T00:00:00)", "exists"),
    ("at(2026-12-01T00:00)", "without a time zone"),
    ("at(2026-12-01T00:00:00Z)", "without a time zone"),
    ("at(2026-12-01 00:00:00)", "without a time zone"),
    ("at(2026-1-1T00:00:00)", "without a time zone"),
    (f"cron({','.join(['0'] * 130)} 3 * * ? *)", f"{LONGEST} are allowed"),
]


@every_case("expression", RIGHT)
def test_what_scheduler_takes_passes(expression: str) -> None:
    check(expression)


@every_case(("expression", "why"), WRONG, ids=[expression[:40] for expression, _ in WRONG])
def test_what_scheduler_refuses_is_refused_with_the_reason(expression: str, why: str) -> None:
    with pytest.raises(ScheduleError, match=why):
        check(expression)


def values(first: int, last: int) -> st.SearchStrategy[str]:
    """A field that is a value, a range, everything, or a list of them, with steps."""
    value = st.integers(first, last).map(str)
    span = st.tuples(st.integers(first, last), st.integers(first, last)).map(lambda ends: f"{min(ends)}-{max(ends)}")
    stepped = st.tuples(st.one_of(value, span), st.integers(1, last)).map(lambda parts: f"{parts[0]}/{parts[1]}")
    parts = st.lists(st.one_of(value, span, stepped), min_size=1, max_size=4).map(",".join)
    return st.one_of(st.just("*"), st.integers(1, last).map(lambda step: f"*/{step}"), parts)


# The first 28 days exist in every month.
crons = st.tuples(
    values(0, 59),
    values(0, 23),
    st.one_of(
        st.tuples(values(1, 28), values(1, 12), st.just("?")),
        st.tuples(st.just("?"), values(1, 12), values(1, 7)),
    ),
    values(1970, 2199),
).map(lambda parts: f"cron({parts[0]} {parts[1]} {' '.join(parts[2])} {parts[3]})")


@pytest.mark.slow
@given(crons)
@settings(deadline=None)
def test_whatever_the_grammar_makes_passes(expression: str) -> None:
    check(expression)


@pytest.mark.slow
@given(crons, st.sampled_from(range(6)), st.sampled_from(["", "x", "-", "1-", "*-3", "1/0", "99999", "#", "1#", "!"]))
@settings(deadline=None)
def test_one_wrong_field_is_enough(expression: str, field: int, wrong: str) -> None:
    fields = expression.removeprefix("cron(").removesuffix(")").split(" ")
    fields[field] = wrong
    with pytest.raises(ScheduleError):
        check(f"cron({' '.join(fields)})")


@given(st.text(string.printable, max_size=40), st.sampled_from(["cron({})", "rate({})", "at({})", "{}"]))
@settings(deadline=None)
def test_any_text_is_taken_or_refused_and_nothing_else(text: str, form: str) -> None:
    try:
        check(form.format(text))
    except ScheduleError as error:
        assert str(error)


@given(st.integers(1, 10_000), st.sampled_from(["minute", "hour", "day"]), st.booleans())
def test_the_unit_is_singular_for_one_only(value: int, unit: str, plural: bool) -> None:
    expression = f"rate({value} {unit}{'s' * plural})"
    if plural == (value != 1):
        check(expression)
    else:
        with pytest.raises(ScheduleError, match="singular"):
            check(expression)


@given(st.integers(1970, 2199), st.integers(1, 12), st.integers(1, 31))
def test_a_moment_exists_exactly_if_its_day_does(year: int, month: int, day: int) -> None:
    expression = f"at({year}-{month:02}-{day:02}T12:00:00)"
    if day <= calendar.monthrange(year, month)[1]:
        check(expression)
    else:
        with pytest.raises(ScheduleError, match="exists"):
            check(expression)

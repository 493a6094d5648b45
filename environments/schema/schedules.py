"""The schedule expressions that Amazon EventBridge Scheduler accepts: `cron(…)`, `rate(…)` and `at(…)`.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html has the three forms,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html the fields, their wildcards and
their limits, and https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html when a unit is
singular. Where these pages don't say that a form works, it is refused here: a schedule that AWS refuses fails an
apply, and one that AWS reads differently runs at the wrong time.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 256
"""https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html."""
_YEARS = range(1970, 2200)
_UNITS = ("minute", "hour", "day")


class ScheduleError(ValueError):
    """EventBridge Scheduler doesn't accept the expression; the message says why."""


class _Field(NamedTuple):
    """One of the six fields of a cron expression."""

    name: str
    values: range
    words: tuple[str, ...] = ()
    """Names of the values, from the smallest."""
    wildcards: str = ""
    """In addition to `, - * /`, which every field accepts."""


_FIELDS = (
    _Field("minutes", range(60)),
    _Field("hours", range(24)),
    _Field("day-of-month", range(1, 32), wildcards="?LW"),
    _Field(
        "month",
        range(1, 13),
        words=("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
    ),
    _Field("day-of-week", range(1, 8), words=("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), wildcards="?L#"),
    _Field("year", _YEARS),
)
_ANY = "?"


def check(expression: str) -> None:
    """Check a schedule expression.

    Raises:
        ScheduleError: EventBridge Scheduler doesn't accept it.
    """
    if len(expression) > LONGEST:
        raise ScheduleError(f"has {len(expression)} characters; {LONGEST} are allowed")
    found = re.fullmatch(r"(cron|rate|at)\((.*)\)", expression, re.ASCII)
    if found is None:
        raise ScheduleError("must be cron(…), rate(…) or at(…), without spaces outside the parentheses")
    {"cron": _check_cron, "rate": _check_rate, "at": _check_at}[found[1]](found[2])


def _check_rate(text: str) -> None:
    found = re.fullmatch(r"([1-9][0-9]*) (minute|hour|day)(s?)", text)
    if found is None:
        raise ScheduleError(f"must be rate(VALUE UNIT): a number from 1 on, a space, and one of {', '.join(_UNITS)}(s)")
    if (found[1] == "1") == bool(found[3]):
        right = f"{found[1]} {found[2]}{'' if found[1] == '1' else 's'}"
        raise ScheduleError(f"must be rate({right}): the unit is singular for 1, and plural for more")


def _check_at(text: str) -> None:
    found = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})", text)
    if found is None:
        raise ScheduleError("must be at(YYYY-MM-DDTHH:MM:SS), without a time zone")
    year, month, day, hour, minute, second = map(int, found.groups())
    exists = (
        year in _YEARS
        and month in range(1, 13)
        and day in range(1, calendar.monthrange(year, month)[1] + 1)
        and hour in range(24)
        and minute in range(60)
        and second in range(60)
    )
    if not exists:
        raise ScheduleError(f"must be a moment that exists, from {_YEARS[0]} to {_YEARS[-1]}")


def _check_cron(text: str) -> None:
    texts = text.split(" ")
    if len(texts) != len(_FIELDS) or not all(texts):
        names = " ".join(field.name for field in _FIELDS)
        given = len(text.split())
        raise ScheduleError(f"cron has six fields, one space apart ({names}); this has {given}")
    values = [_values(field, each) for field, each in zip(_FIELDS, texts, strict=True)]
    _, _, days, months, weekdays, years = values
    if (days is None) == (weekdays is None):
        raise ScheduleError("exactly one of day-of-month and day-of-week is ?, the one that doesn't matter")
    if days is not None and not _happens(days, months or set(), years or set()):
        raise ScheduleError("never happens: none of its months has any of its days")


def _happens(days: set[int], months: set[int], years: set[int]) -> bool:
    """Whether one of the days exists in one of the months. A leap year decides February's 29th."""
    leap = any(map(calendar.isleap, years))
    longest = {month: calendar.monthrange(2024 if leap else 2023, month)[1] for month in months}
    return min(days) <= max(longest.values())


def _values(field: _Field, text: str) -> set[int] | None:
    """All values that a field means, as far as they are known; none for `?`."""
    if text == _ANY and _ANY in field.wildcards:
        return None
    if special := _special(field, text):
        return special
    return {value for part in text.split(",") for value in _part(field, part, alone="," not in text)}


def _special(field: _Field, text: str) -> set[int] | None:
    """The values of `L`, `W` and `#`, each of which is alone in its field; none if the text has none of them."""
    if "W" in field.wildcards:
        if text == "L":
            return {28}  # Every month has a last day.
        if found := re.fullmatch(r"([0-9]+)W", text):
            return {_value(field, found[1])}
    if "#" in field.wildcards:
        if text == "L":
            return {field.values[-1]}
        if found := re.fullmatch(r"(\w+)L", text, re.ASCII):
            return {_value(field, found[1])}
        if found := re.fullmatch(r"(\w+)#([1-5])", text, re.ASCII):
            return {_value(field, found[1])}
    return None


def _part(field: _Field, text: str, *, alone: bool) -> Iterator[int]:
    """The values of one part of a list: a value, a range, `*`, and any of these with a step."""
    where, slash, step = text.partition("/")
    if where == "*":
        if not alone:
            raise ScheduleError(f"{field.name}: * means all values, so it can't be combined with others")
        first, last = field.values[0], field.values[-1]
    else:
        start, dash, end = where.partition("-")
        first = _value(field, start)
        last = _value(field, end) if dash else field.values[-1] if slash else first
        if dash and start.isdigit() != end.isdigit():
            raise ScheduleError(f"{field.name}: {where} mixes a name and a number")
        if last < first:
            raise ScheduleError(f"{field.name}: {where} ends before it starts")
    if slash and (not re.fullmatch(r"[1-9][0-9]*", step) or int(step) > field.values[-1]):
        raise ScheduleError(f"{field.name}: {text}: the step after / is a number from 1 to {field.values[-1]}")
    yield from range(first, last + 1, int(step) if slash else 1)


def _value(field: _Field, text: str) -> int:
    if text in field.words:
        return field.values[field.words.index(text)]
    # 05 is five; no field has a value of more digits than its largest one.
    if re.fullmatch(r"[0-9]+", text) and len(text) <= len(str(field.values[-1])) and int(text) in field.values:
        return int(text)
    words = f" or {field.words[0]}-{field.words[-1]}" if field.words else ""
    alone = f", or one expression with {' '.join(field.wildcards)}" if field.wildcards else ""
    raise ScheduleError(
        f"{field.name}: {text or 'nothing'!r}: {field.values[0]}-{field.values[-1]}{words} with , - * /{alone}"
    )

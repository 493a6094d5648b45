"""Comparisons of environments as text, Markdown and data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.gate.reports import cell, code, table
from ops.parity.compare import Comparison, ResourceDifference, Unexplained
from ops.parity.values import ValueDifference, text, where

_LONGEST = 60
"""Characters of a value; a longer one isn't printed, since the reader can't compare it."""
_NOTHING_SET = "not set"


@dataclass(frozen=True)
class Report:
    """What `ops parity` found."""

    comparisons: tuple[Comparison, ...]
    unexplained: Mapping[str, Sequence[Unexplained]]
    """What no value explains, by environment."""

    @property
    def clean(self) -> bool:
        """Whether values explain every difference."""
        return not any(self.unexplained.values())


def as_text(report: Report) -> str:
    """The report as lines of text."""
    return "\n".join([*_unexplained_lines(report), *(line for each in report.comparisons for line in _lines(each))])


def _unexplained_lines(report: Report) -> Iterator[str]:
    for name, found in report.unexplained.items():
        if found:
            yield f"{name}: {_count(len(found), 'difference')} that no value explains"
        for each in found:
            yield f"  {each.block.file}:{each.block.line} {each.block.stack} {each.block.address}: {each.why}"
        if found:
            yield ""


def _lines(comparison: Comparison) -> Iterator[str]:
    yield _title(comparison)
    idle = []
    for value in comparison.values:
        effects = comparison.caused_by(value)
        both = [
            f"{_shown(text(given)) or _NOTHING_SET}{f' ({place})' if place else ''}"
            for given, place in _places(comparison, value)
        ]
        line = f"  {value.setting}: {' → '.join(both)}"
        if not effects:
            idle.append(line)
            continue
        yield line
        for each in effects:
            yield f"    {_effect(comparison, each)}"
    if idle:
        yield "  names, and values without an effect on the stacks beyond names:"
        yield from (f"  {line}" for line in idle)
    yield ""


def _title(comparison: Comparison) -> str:
    one, other = comparison.pair
    if not comparison.values:
        return f"{one.name} → {other.name}: no value differs"
    return (
        f"{one.name} → {other.name}: {_count(len(comparison.values), 'value')} differ, and with them "
        f"{_count(len(comparison.resources), 'part')} of the stacks"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _places(comparison: Comparison, value: ValueDifference) -> Iterator[tuple[object, str]]:
    for environment, given in zip(comparison.pair, value.given, strict=True):
        yield given, where(environment, value, given)


def _effect(comparison: Comparison, difference: ResourceDifference) -> str:
    place = difference.place
    if not place.argument:
        (only,) = (each.name for each, exists in zip(comparison.pair, difference.given, strict=True) if exists)
        return f"{place.phase} {place.address}: only in {only}"
    both = [_json(given) for given in difference.given]
    if any(len(each) > _LONGEST for each in both):
        return f"{place.phase} {place.address}: {place.argument}"
    return f"{place.phase} {place.address}: {place.argument}: {' → '.join(both)}"


def _json(value: object) -> str:
    return _NOTHING_SET if value is None else json.dumps(value, ensure_ascii=False)


def _shown(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"


def as_markdown(report: Report) -> str:
    """The report as Markdown, for a pull request."""
    lines: list[str] = []
    for name, found in report.unexplained.items():
        if found:
            rows = [[code(f"{each.block.stack} {each.block.address}"), each.why] for each in found]
            lines += table(f"{name}: {_count(len(found), 'difference')} that no value explains", ("block", "why"), rows)
    for comparison in report.comparisons:
        lines += _markdown(comparison)
    return "\n".join(lines).strip("\n")


def _markdown(comparison: Comparison) -> Iterator[str]:
    one, other = comparison.pair
    if not comparison.values:
        yield from ("", f"### {cell(_title(comparison))}")
        return
    rows = []
    for value in comparison.values:
        both = [f"{_quoted(text(given))} {place}".strip() for given, place in _places(comparison, value)]
        rows.append([code(value.setting), *both, str(len(comparison.caused_by(value)))])
    yield from table(_title(comparison), ("value", one.name, other.name, "parts of the stacks"), rows)
    yield from ("", "<details><summary>Parts of the stacks</summary>", "")
    yield "| part | difference | because of |"
    yield "|---|---|---|"
    for each in comparison.resources:
        where_, _, what = _effect(comparison, each).partition(": ")
        causes = ", ".join(code(cause.setting) for cause in each.causes)
        yield f"| {cell(code(where_))} | {cell(what)} | {cell(causes)} |"
    yield from ("", "</details>")


def _quoted(value: str) -> str:
    return code(_shown(value)) if value else _NOTHING_SET


def as_data(report: Report) -> dict[str, Any]:
    """The report as JSON types."""
    return {
        "version": 1,
        "outcome": "clean" if report.clean else "findings",
        "unexplained": [
            {
                "environment": name,
                "stack": each.block.stack,
                "address": each.block.address,
                "argument": each.argument or None,
                "file": each.block.file,
                "line": each.block.line,
                "why": each.why,
            }
            for name, found in report.unexplained.items()
            for each in found
        ],
        "comparisons": [_data(each) for each in report.comparisons],
    }


def _data(comparison: Comparison) -> dict[str, Any]:
    return {
        "environments": [each.name for each in comparison.pair],
        "values": [
            {
                "setting": value.setting,
                "values": [text(given) for given in value.given],
                "places": [place for _, place in _places(comparison, value)],
            }
            for value in comparison.values
        ],
        "resources": [
            {
                "phase": each.place.phase,
                "address": each.place.address,
                "argument": each.place.argument or None,
                "values": list(each.given),
                "causes": [cause.setting for cause in each.causes],
            }
            for each in comparison.resources
        ],
    }

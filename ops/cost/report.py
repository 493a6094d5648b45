"""Costs as text, Markdown and data. Amounts are US dollars a month, rounded to cents where they are printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ops.cost.estimate import CostLine, Estimate
from ops.cost.prices import Price
from ops.cost.read import Saving, Skipped
from ops.gate.reports import cell, table

CENT = Decimal("0.01")
Rows = Sequence[Sequence[str]]
NOT_INCLUDED = "List prices, without free tiers, discounts, support and taxes. * two sources don't confirm the price."
_MARK = "*"
_UNPRICED = "unpriced"


@dataclass(frozen=True)
class Report:
    """What `ops cost` found."""

    estimates: tuple[Estimate, ...]
    skipped: tuple[Skipped, ...] = ()
    savings: Mapping[str, Sequence[Saving]] = field(default_factory=dict)
    """What each accepted risk saves, by environment."""
    ref: str = ""
    """The version that `before` is of; empty if none is compared."""
    before: Mapping[str, Estimate] = field(default_factory=dict)
    """Estimates of that version, by environment."""


@dataclass(frozen=True)
class Difference:
    """A part whose cost isn't the same everywhere."""

    phase: str
    what: str
    usd: tuple[Decimal, ...]
    """In the order of the estimates."""


def differences(estimates: Sequence[Estimate]) -> list[Difference]:
    """The parts whose cost differs, in the order of the phases; a part that an estimate lacks costs 0 there."""
    amounts: dict[tuple[str, str], list[Decimal]] = {}
    for index, estimate in enumerate(estimates):
        for line in estimate.lines:
            amounts.setdefault((line.phase, line.what), [Decimal()] * len(estimates))[index] += line.usd
    return [Difference(*part, tuple(usd)) for part, usd in amounts.items() if len(set(usd)) > 1]


def money(usd: Decimal) -> str:
    """An amount in cents, as in `1,234.50`."""
    return f"{usd.quantize(CENT, ROUND_HALF_UP):,}"


def change(usd: Decimal) -> str:
    """A difference with its sign."""
    return f"{usd.quantize(CENT, ROUND_HALF_UP):+,}"


def as_text(report: Report) -> str:
    """The report as lines of text."""
    return "\n".join(_lines(report, _aligned, lambda text: text))


def as_markdown(report: Report) -> str:
    """The report as Markdown, for a pull request."""

    def rows(head: Sequence[str], body: Rows) -> Iterator[str]:
        yield from list(table("", head, body))[3:]
        yield ""

    return "\n".join(_lines(report, rows, lambda text: f"### {cell(text)}\n"))


def as_data(report: Report) -> dict[str, Any]:
    """The report as JSON types."""
    return {
        "version": 1,
        "currency": "USD",
        "environments": [_estimate(each) for each in report.estimates],
        "skipped": [{"name": each.name, "region": each.region} for each in report.skipped],
        "differences": [
            {
                "phase": each.phase,
                "what": each.what,
                "usd": {estimate.name: _cents(usd) for estimate, usd in zip(report.estimates, each.usd, strict=True)},
            }
            for each in differences(report.estimates)
        ],
        "savings": {
            name: [
                {"risk": each.risk, "fixed": _cents(each.fixed), "assumed": _cents(each.assumed)} for each in savings
            ]
            for name, savings in report.savings.items()
        },
        **(
            {"against": report.ref, "before": [_estimate(each) for each in report.before.values()]}
            if report.ref
            else {}
        ),
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "name": estimate.name,
        "region": estimate.region,
        "total": _cents(estimate.total),
        "fixed": _cents(estimate.fixed),
        "assumed": _cents(estimate.assumed),
        "phases": {phase: _cents(usd) for phase, usd in by_phase(estimate).items()},
        "lines": [_line(line) for line in estimate.lines],
        "unpriced": [{"reason": why, "what": list(what)} for why, what in estimate.unpriced.items()],
    }


def _line(line: CostLine) -> dict[str, Any]:
    price = line.price
    return {
        "phase": line.phase,
        "what": line.what,
        "bill": line.bill,
        "resources": line.resources,
        "assumed": line.assumed,
        "quantity": float(line.quantity),
        "unit": price.unit if price else None,
        "price": float(price.usd) if price else None,
        "usd": _cents(line.usd) if price else None,
        "price_id": line.price_id,
        "date": price.date.isoformat() if price else None,
        "sources": list(price.sources) if price else [],
        "unconfirmed": price.unconfirmed if price else "",
    }


def by_phase(estimate: Estimate) -> dict[str, Decimal]:
    """US dollars a month of each phase that costs anything, in order."""
    found: dict[str, Decimal] = {}
    for line in estimate.lines:
        found[line.phase] = found.get(line.phase, Decimal()) + line.usd
    return found


def _cents(usd: Decimal) -> float:
    return float(usd.quantize(CENT, ROUND_HALF_UP))


def _lines(
    report: Report,
    rows: Callable[[Sequence[str], Rows], Iterable[str]],
    title: Callable[[str], str],
) -> Iterator[str]:
    for estimate in report.estimates:
        yield title(f"{estimate.name}: {_total(estimate)} ({estimate.region})")
        phases = [[phase, money(usd)] for phase, usd in by_phase(estimate).items()]
        yield from rows(("phase", "USD"), [*phases, ["total", money(estimate.total)]])
        for assumed, what, usd in ((False, "fixed", estimate.fixed), (True, "for the assumed use", estimate.assumed)):
            yield title(f"{estimate.name}: {money(usd)} {what}")
            body = [_row(line) for line in estimate.lines if line.assumed is assumed and line.quantity]
            yield from rows(("phase", "what", "resources", "quantity", "unit", "price", "USD", "as of"), body)
        for why, kinds in estimate.unpriced.items():
            yield f"not in the total: {', '.join(kinds)}: {why}"
        yield ""
        if savings := report.savings.get(estimate.name):
            yield title(f"{estimate.name}: what each accepted risk saves")
            body = [
                [each.risk, money(each.fixed + each.assumed), money(each.fixed), money(each.assumed), each.meaning]
                for each in savings
            ]
            yield from rows(("risk", "USD", "fixed", "for use", "what may happen"), body)
            yield ""
        elif estimate.name in report.savings:
            yield f"{estimate.name}: it accepts no risk that lowers its cost"
            yield ""
    yield from (str(each) for each in report.skipped)
    if len(report.estimates) > 1:
        yield title("differences between environments")
        names = [each.name for each in report.estimates]
        body = [[each.phase, each.what, *map(money, each.usd)] for each in differences(report.estimates)]
        totals = ["", "total", *(money(each.total) for each in report.estimates)]
        yield from rows(("phase", "what", *names), [*body, totals])
        yield ""
    if report.ref:
        yield from _against(report, rows, title)
    if report.estimates:
        yield title("prices")
        yield from rows(("id", "USD", "unit", "as of", "sources"), list(_prices(report.estimates)))
        yield NOT_INCLUDED


def _against(
    report: Report,
    rows: Callable[[Sequence[str], Rows], Iterable[str]],
    title: Callable[[str], str],
) -> Iterator[str]:
    for now in report.estimates:
        before = report.before.get(now.name)
        if before is None:
            yield title(f"{now.name}: isn't in {report.ref}, or its values aren't valid there")
            continue
        found = differences([before, now])
        yield title(f"{now.name}: {change(now.total - before.total)} USD a month against {report.ref}")
        body = [[each.phase, each.what, *map(money, each.usd), change(each.usd[1] - each.usd[0])] for each in found]
        if body:
            yield from rows(("phase", "what", report.ref, "now", "change"), body)
        yield ""


def _total(estimate: Estimate) -> str:
    return (
        f"{money(estimate.total)} USD a month: {money(estimate.fixed)} fixed, "
        f"{money(estimate.assumed)} for the assumed use"
    )


def _row(line: CostLine) -> list[str]:
    price = line.price
    known = [price.unit, _usd(price), money(line.usd), price.date.isoformat()] if price else ["", _UNPRICED, "", ""]
    return [line.phase, line.what, str(line.resources), f"{line.quantity.normalize():,f}", *known]


def _usd(price: Price) -> str:
    return f"{price.usd}{_MARK if price.unconfirmed else ''}"


def _prices(estimates: Sequence[Estimate]) -> Iterator[list[str]]:
    used = {line.price_id: line.price for each in estimates for line in each.lines if line.price and line.quantity}
    for id_, price in sorted(used.items()):
        marked = [f"unconfirmed: {price.unconfirmed}"] if price.unconfirmed else []
        yield [id_, _usd(price), price.unit, price.date.isoformat(), "; ".join([*price.sources, *marked])]


def _aligned(head: Sequence[str], body: Rows) -> Iterator[str]:
    """Columns of text; numbers end at the same place."""
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    right = [bool(body) and all(_numeric(row[index]) for row in body) for index in range(len(head))]
    for row in (head, *body):
        cells = (
            text.rjust(width) if end else text.ljust(width) for text, width, end in zip(row, widths, right, strict=True)
        )
        yield f"  {'  '.join(cells)}".rstrip()


def _numeric(text: str) -> bool:
    return text in {"", _UNPRICED} or text.strip(f"+-{_MARK}").replace(",", "").replace(".", "").isdigit()

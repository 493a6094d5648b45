"""Compares the estimated cost of an environment with its budgets, and warns of old or missing prices.

The gate checks this and not synthesis, which must give the same stacks on every day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from environments.schema import Environment
from ops.cost.estimate import Estimate, estimate_view, unknown_types
from ops.cost.prices import Prices, read
from ops.cost.read import Skipped
from ops.cost.report import money
from ops.cost.table import table
from ops.errors import OpsError
from ops.gate.index import values_at
from ops.gate.model import Check, ErrorKind, Ledger, Record, ScanError, ScanFailedError, ScannedBlock
from ops.iam.policy import nested

TYPE = "ROLLOUT_COST_TYPE"
BUDGET = "ROLLOUT_COST_BUDGET"
_SOURCE = "docs/cost.md"
CHECKS = {
    TYPE: Check(TYPE, "The type has a price, or a reason why it has none", _SOURCE, own=True),
    BUDGET: Check(BUDGET, "The estimated monthly cost is within the budget", _SOURCE, own=True),
}
STALE = timedelta(days=180)


def cost(
    views: Mapping[str, Sequence[ScannedBlock]], environments: Mapping[str, Environment], today: date
) -> tuple[list[Record], list[str]]:
    """Compare the cost of environments with their budgets.

    Args:
        views: The blocks of each environment, by name.
        environments: Their values, by name; those without values are left out.
        today: The day of the run, in UTC.

    Returns:
        Results, and warnings about prices.

    Raises:
        ScanFailedError: A file of prices is damaged.
    """
    ledger = Ledger()
    warnings: list[str] = []
    regions: dict[str, list[str]] = {}
    for name in views:
        if name in environments:
            _judge_types(ledger, views[name])
            regions.setdefault(environments[name].region, []).append(name)
    for region, names in regions.items():
        prices = _read(region)
        if prices is None:
            skipped = str(Skipped(names[0], region)).removeprefix(names[0])
            warnings.append(f"cost of {', '.join(names)}{skipped}")
            continue
        warnings += _stale(prices, today, names[0])
        for name in names:
            estimated = estimate_view(views[name], name, environments[name].usage, prices)
            _judge_budgets(ledger, views[name], estimated)
            warnings += _missing(estimated)
    return ledger.records(), warnings


def _read(region: str) -> Prices | None:
    try:
        return read(region)
    except OpsError as error:
        what, _, fix = str(error).partition("; ")
        where, _, what = what.partition(": ")
        raise ScanFailedError(ScanError(ErrorKind.CHECK_RAISED, where, what or "isn't readable", fix)) from None


def _judge_types(ledger: Ledger, view: Sequence[ScannedBlock]) -> None:
    unknown = {block.block for block in unknown_types(view)}
    for block in view:
        if block.section == "resource" and not block.synthetic:
            what = f"{block.kind} is not in ops/cost/types.toml: add its price, or why it has none"
            ledger.judge(TYPE, block.block, [what] if block.block in unknown else [])


def _judge_budgets(ledger: Ledger, view: Sequence[ScannedBlock], estimated: Estimate) -> None:
    for block in view:
        if block.kind == "aws_budgets_budget" and block.section == "resource":
            ledger.judge(BUDGET, block.block, _over(block, estimated))


def _over(block: ScannedBlock, estimated: Estimate) -> list[str]:
    """What is wrong with a budget: nothing, if the estimate is within its limit."""
    try:
        limit = Decimal(str(block.settings.get("limit_amount", "")))
    except InvalidOperation:
        return ["has no limit_amount that is a number"]
    bills = [str(bill) for each in nested(block.settings, "cost_filter") for bill in values_at(each, "values")]
    usd = estimated.of(bills) if bills else estimated.total
    if usd <= limit:
        return []
    what, field = (" and ".join(bills), "budgets.services") if bills else ("the environment", "budgets.monthly")
    return [
        f"{what} costs about {money(usd)} USD a month, over the budget of {money(limit)}: choose smaller sizes, "
        f"correct usage, or raise {field}; bin/ops cost {estimated.name} shows the lines"
    ]


def _missing(estimated: Estimate) -> list[str]:
    """Warnings about what the total lacks, other than by the table's own decision."""
    decided = set(table().unpriced.values())
    return [
        f"cost of {estimated.name}: the total lacks {', '.join(what)}: {why}; make prices ENV={estimated.name}"
        for why, what in estimated.unpriced.items()
        if why not in decided
    ]


def _stale(prices: Prices, today: date, name: str) -> list[str]:
    """A warning about prices that are old on a day; an environment of the region is in the command that renews them."""
    old = sorted((price.date, id_) for id_, price in prices.by_id.items() if today - price.date > STALE)
    if not old:
        return []
    (day, id_), count = old[0], f"{len(old)} of {len(prices.by_id)}"
    return [
        f"cost: {count} prices of {prices.region} are older than {STALE.days} days, the oldest ({id_}) of {day}; "
        f"renew them: make prices ENV={name}"
    ]

"""Renews the prices of a region from AWS's Price List API: the only reader of `queries.toml`.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import ConfigDict, TypeAdapter

from ops import files
from ops.aws.errors import AwsError, explained
from ops.cost.prices import CONFIRMED_BY, FOLDER, Price, Prices, path_of
from ops.stored import parse

FILE = Path(__file__).parent / "queries.toml"
API_REGION = "us-east-1"
"""The API is in a few regions only, and has the prices of all."""
API = "AWS Price List API"
_PREFIX = r"(?:[A-Z0-9]+-)?"
"""Of a usage type, by the region."""
_HEAD = "# AWS's list prices in one region, in US dollars, as in us-east-1.toml.\n"


@dataclass
class _Dimension:
    beginRange: str  # noqa: N815  (AWS's names)
    pricePerUnit: dict[str, str]  # noqa: N815


@dataclass
class _Term:
    priceDimensions: dict[str, _Dimension]  # noqa: N815


@dataclass
class _Product:
    attributes: dict[str, str]


@dataclass
class _Item:
    product: _Product
    terms: dict[str, dict[str, _Term]] = field(default_factory=dict)


@dataclass(frozen=True)
class Query:
    """How the API names a price."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    price: str
    unit: str
    service: str
    usage: str
    filters: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    everywhere: bool = False


@dataclass(frozen=True)
class Renewed:
    """What became of one price."""

    id: str
    old: Price | None
    new: Price | None
    """None if the price stays as it is, or is still missing."""
    why: str = ""
    """Why it stays."""

    def __str__(self) -> str:
        if self.new is None:
            return f"{self.id}: {'kept' if self.old else 'missing'}: {self.why}"
        if self.old is None:
            return f"{self.id}: new: {self.new.usd}"
        if self.old.usd == self.new.usd:
            return f"{self.id}: no changes: {self.new.usd}"
        return f"{self.id}: {self.old.usd} → {self.new.usd}"


@cache
def queries() -> tuple[Query, ...]:
    """The table of queries."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))["query"]
    named = [{("everywhere" if key == "global" else key): value for key, value in each.items()} for each in found]
    return tuple(TypeAdapter(list[Query]).validate_python(named))


def renew(region: str, known: Prices | None, ids: Iterable[str], client: Any, today: date) -> list[Renewed]:  # noqa: ANN401
    """Ask AWS for prices of a region.

    Args:
        region: The region.
        known: Its prices so far; None if there are none.
        ids: Prices that are needed besides those.
        client: boto3's client of the service `pricing`.
        today: The day that new prices get.

    Raises:
        AwsError: AWS doesn't answer, or refuses the call.
    """
    before = known.by_id if known else {}
    return [_renewed(id_, region, before.get(id_), client, today) for id_ in sorted({*before, *ids})]


def write(region: str, renewed: Iterable[Renewed], folder: Path = FOLDER) -> Path:
    """Write renewed prices to the region's file; its comments and other prices stay."""
    path = path_of(region, folder)
    document = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else _HEAD)
    for each in renewed:
        if each.new is not None:
            table = tomlkit.table()
            table["usd"] = tomlkit.value(f"{each.new.usd:f}")
            table["unit"] = each.new.unit
            table["date"] = each.new.date
            table["sources"] = list(each.new.sources)
            if each.new.unconfirmed:
                table["unconfirmed"] = each.new.unconfirmed
            table.add(tomlkit.nl())
            document[each.id] = table
    files.write(path, tomlkit.dumps(document).rstrip("\n") + "\n")
    return path


def _renewed(id_: str, region: str, old: Price | None, client: Any, today: date) -> Renewed:  # noqa: ANN401
    for query in queries():
        if found := re.fullmatch(query.price, id_):
            amounts = sorted(set(_amounts(query, found, region, client)))
            if len(amounts) != 1:
                listed = f" ({', '.join(map(str, amounts))})" if amounts else ""
                return Renewed(id_, old, None, f"AWS lists {len(amounts)} prices for it in {region}{listed}")
            return Renewed(id_, old, _confirmed(old, amounts[0] * query.times, query.unit, today))
    return Renewed(id_, old, None, "no query in ops/cost/queries.toml")


def _confirmed(old: Price | None, usd: Decimal, unit: str, today: date) -> Price:
    """The price with its sources: previous ones count if they have the same price."""
    usd = Decimal(f"{usd.normalize():f}")
    others = [source for source in old.sources if not source.startswith(API)] if old and old.usd == usd else []
    sources = (*others, f"{API} {today}")
    if len(sources) >= CONFIRMED_BY:
        return Price(usd, unit, today, sources)
    changed = f"; on {old.date} it was {old.usd}" if old and old.usd != usd else ""
    return Price(usd, unit, today, sources, f"only the {API}{changed}")


def _amounts(query: Query, found: re.Match[str], region: str, client: Any) -> Iterator[Decimal]:  # noqa: ANN401
    """The lowest tier of each matching product that isn't free."""

    def filled(text: str) -> str:
        return text.replace("{1}", found[1]) if "{1}" in text else text

    values = {name: filled(value) for name, value in query.filters.items()}
    if not query.everywhere:
        values["regionCode"] = region
    usage = re.compile(_PREFIX + re.escape(filled(query.usage)))
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in values.items()]
    with explained(f"read the prices of {query.service} (pricing:GetProducts)"):
        pages = client.get_paginator("get_products").paginate(ServiceCode=query.service, Filters=filters)
        items = [text for page in pages for text in page["PriceList"]]
    for text in items:
        item = _item(text)
        if usage.fullmatch(item.product.attributes.get("usagetype", "")):
            for term in item.terms.get("OnDemand", {}).values():
                yield from _lowest_tier(term)


def _item(text: str) -> _Item:
    try:
        return parse(_Item, text)
    except ValueError as error:
        raise AwsError(f"AWS's Price List API returned a product in another form: {error}") from None


def _lowest_tier(term: _Term) -> Iterator[Decimal]:
    try:
        tiers = sorted(
            (Decimal(each.beginRange), Decimal(each.pricePerUnit.get("USD", "0")))
            for each in term.priceDimensions.values()
        )
    except InvalidOperation:
        raise AwsError("AWS's Price List API returned a price that isn't a number") from None
    yield from [usd for _, usd in tiers if usd > 0][:1]

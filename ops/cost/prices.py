"""AWS's list prices by region: the only reader of `prices/<region>.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ops.errors import OpsError

FOLDER = Path(__file__).parent / "prices"
CONFIRMED_BY = 2
"""Sources that confirm a price."""


@dataclass(frozen=True)
class Price:
    """AWS's price of one unit, in US dollars, without free tiers, discounts and taxes."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    usd: Decimal
    unit: str
    """As in `hour` or `10,000 requests`."""
    date: date
    """The day on which the sources were read."""
    sources: tuple[str, ...]
    unconfirmed: str = ""
    """Why two sources don't confirm it; empty if they do."""


@dataclass(frozen=True)
class Prices:
    """The prices of one region."""

    region: str
    by_id: Mapping[str, Price]


def path_of(region: str, folder: Path = FOLDER) -> Path:
    """The file with the prices of a region, whether it exists or not."""
    return folder / f"{region}.toml"


def regions(folder: Path = FOLDER) -> tuple[str, ...]:
    """The regions that have prices, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def read(region: str, folder: Path = FOLDER) -> Prices | None:
    """The prices of a region; None if it has no file.

    Raises:
        OpsError: The file is damaged; the message names the price.
    """
    path = path_of(region, folder)
    if not path.is_file():
        return None
    where = f"ops/cost/prices/{path.name}"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        found = TypeAdapter(dict[str, Price]).validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise OpsError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}; correct the file") from None
    except (OSError, ValueError) as error:
        raise OpsError(f"{where} isn't readable as TOML ({error}); correct the file") from None
    for id_, price in found.items():
        if not (price.usd.is_finite() and price.usd >= 0):
            raise OpsError(f"{where}: {id_}: usd is {price.usd}, must be 0 or more; correct the file")
        if not price.sources or (len(price.sources) < CONFIRMED_BY and not price.unconfirmed):
            raise OpsError(f"{where}: {id_}: has {len(price.sources)} sources; add one, or say why it is unconfirmed")
    return Prices(region, found)

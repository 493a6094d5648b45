"""The monthly cost of an environment, line by line: from its synthesized stacks, prices and assumptions of use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import groupby

from environments.schema.usage import Usage
from ops.cost.prices import Price, Prices
from ops.cost.table import Charge, Pattern, Table, table
from ops.gate.index import Index, values_at
from ops.gate.model import ScannedBlock
from ops.iam.policy import nested

_FACTOR = re.compile(r"([*/]) (.+?)(?= [*/] |$)")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_COUNT = re.compile(r"count (?P<path>\S+)(?: or (?P<otherwise>\d+))?")
_PLACEHOLDER = re.compile(r"{([^}]+)}")
_SIZE = re.compile(r"(?P<times>\d*)(?P<size>[a-z]+)")


@dataclass(frozen=True)
class CostLine:
    """The cost of the resources of one phase for which AWS charges the same price."""

    phase: str
    what: str
    bill: str
    """The service on AWS's bill, as budgets name it."""
    price_id: str
    resources: int
    quantity: Decimal
    """In the price's unit, in a month."""
    assumed: bool
    """Whether the quantity is an assumption of use; otherwise it is fixed."""
    price: Price | None
    """None if the region's file has no such price, so that the line isn't in any total."""

    @property
    def usd(self) -> Decimal:
        """US dollars a month; 0 without a price."""
        return self.quantity * self.price.usd if self.price else Decimal()


@dataclass(frozen=True)
class Estimate:
    """The monthly cost of one environment."""

    name: str
    region: str
    lines: tuple[CostLine, ...]
    """In the order of the phases."""
    unpriced: Mapping[str, tuple[str, ...]]
    """What the total lacks: types, or ids of prices, by the reason."""

    @property
    def fixed(self) -> Decimal:
        """US dollars a month that don't depend on use."""
        return sum((line.usd for line in self.lines if not line.assumed), Decimal())

    @property
    def assumed(self) -> Decimal:
        """US dollars a month for the assumed use."""
        return sum((line.usd for line in self.lines if line.assumed), Decimal())

    @property
    def total(self) -> Decimal:
        """US dollars a month."""
        return self.fixed + self.assumed

    def of(self, bills: Sequence[str]) -> Decimal:
        """US dollars a month for some services of AWS's bill."""
        return sum((line.usd for line in self.lines if line.bill in bills), Decimal())


class UnknownQuantityError(Exception):
    """A quantity doesn't follow from the resource's arguments."""


def estimate_view(view: Iterable[ScannedBlock], name: str, usage: Usage, prices: Prices) -> Estimate:
    """Estimate what the stacks of an environment cost a month; its values may be those of another version.

    Args:
        view: The merged view of the stacks.
        name: The environment's name, with which the names of its stacks begin.
        usage: The assumptions of use.
        prices: The prices of its region.
    """
    known = table()
    counted = _Counted([block for block in view if not block.synthetic], usage, known)
    lines: list[CostLine] = []
    unpriced: dict[str, set[str]] = {}
    for charge, block in counted.charges():
        price_id = counted.price_id(charge, block)
        try:
            quantity = counted.quantity(charge.quantity, block)
        except UnknownQuantityError as error:
            unpriced.setdefault(f"{charge.what}: {error}", set()).add(block.kind)
            continue
        price = prices.by_id.get(price_id)
        if price is None:
            unpriced.setdefault(f"no price in ops/cost/prices/{prices.region}.toml", set()).add(price_id)
        phase = block.block.stack.removeprefix(f"{name}-")
        lines.append(CostLine(phase, charge.what, charge.bill, price_id, 1, quantity, charge.depends_on_use, price))
    for kind in counted.kinds:
        if reason := known.unpriced.get(kind):
            unpriced.setdefault(reason, set()).add(kind)
    return Estimate(
        name, prices.region, tuple(_merged(lines)), {why: tuple(sorted(what)) for why, what in unpriced.items()}
    )


def unknown_types(view: Iterable[ScannedBlock]) -> Iterator[ScannedBlock]:
    """Resources of types that have neither a price nor a reason why they have none."""
    known = table()
    for block in view:
        if block.section == "resource" and not block.synthetic and not known.knows(block.kind):
            yield block


def _merged(lines: Iterable[CostLine]) -> Iterator[CostLine]:
    """One line for all resources of a phase with the same price; in the order of the first resources."""
    places: dict[tuple[str, str, str], int] = {}
    phases: dict[str, int] = {}
    found = list(lines)
    for line in found:
        phases.setdefault(line.phase, len(phases))
        places.setdefault((line.phase, line.what, line.price_id), len(places))

    def place(line: CostLine) -> tuple[int, int]:
        return phases[line.phase], places[line.phase, line.what, line.price_id]

    for _, group in groupby(sorted(found, key=place), key=place):
        same = list(group)
        first, quantity = same[0], sum((line.quantity for line in same), Decimal())
        yield CostLine(
            first.phase,
            first.what,
            first.bill,
            first.price_id,
            len(same),
            quantity,
            first.assumed,
            first.price,
        )


class _Counted:
    """The resources of an environment, and the quantities that follow from their arguments."""

    def __init__(self, view: Sequence[ScannedBlock], usage: Usage, known: Table) -> None:
        self._index, self._usage, self._known = Index(view), usage, known
        self._resources = [block for block in view if block.section == "resource"]
        self.kinds = {block.kind: None for block in self._resources}
        """Types that the environment has, each once."""

    def charges(self) -> Iterator[tuple[Charge, ScannedBlock]]:
        """Each charge with each resource that it is for; a shared one with the first resource only."""
        done: set[tuple[str, str]] = set()
        for block in self._resources:
            for charge in self._known.charges.get(block.kind, ()):
                applies = _fits(charge.when or {}, block.settings) and self._exists(charge.exists)
                if applies and not (charge.shared and (charge.type, charge.what) in done):
                    done.add((charge.type, charge.what))
                    yield charge, block

    def price_id(self, charge: Charge, block: ScannedBlock) -> str:
        """The id of a charge's price for a resource."""
        return _PLACEHOLDER.sub(lambda path: self._text(path[1], block), charge.price)

    def quantity(self, text: str, block: ScannedBlock) -> Decimal:
        """The quantity of a resource in a month.

        Raises:
            UnknownQuantityError: The resource lacks an argument, or it isn't a number.
        """
        product = Decimal(1)
        for sign, factor in _FACTOR.findall(f"* {text}"):
            number = self._number(factor, block)
            product = product * number if sign == "*" else product / number
        return product

    def _number(self, factor: str, block: ScannedBlock) -> Decimal:
        if _NUMBER.fullmatch(factor):
            return Decimal(factor)
        if factor.startswith("usage."):
            return Decimal(str(getattr(self._usage, factor.removeprefix("usage."))))
        if counted := _COUNT.fullmatch(factor):
            return Decimal(sum(1 for _ in self._values(counted["path"], block)) or int(counted["otherwise"] or 0))
        if factor.startswith("vcpus "):
            return self._vcpus(self._text(factor.removeprefix("vcpus "), block))
        text = self._text(factor, block)
        if not _NUMBER.fullmatch(text):
            raise UnknownQuantityError(f"{factor} is {text or 'missing'}, must be a number")
        return Decimal(text)

    def _vcpus(self, instance_class: str) -> Decimal:
        size = _SIZE.fullmatch(instance_class.rpartition(".")[2])
        if size is None or size["size"] not in self._known.vcpus:
            raise UnknownQuantityError(f"the virtual CPUs of {instance_class} are unknown")
        return Decimal(self._known.vcpus[size["size"]]) * int(size["times"] or 1)

    def _text(self, path: str, block: ScannedBlock) -> str:
        """The first value at a path, as Terraform writes it; empty if there is none."""
        return _written(next(self._values(path, block), ""))

    def _values(self, path: str, block: ScannedBlock) -> Iterator[object]:
        own, _, rest = path.partition(">")
        for value in values_at(block.settings, own):
            if not rest:
                yield value
            elif referred := self._index.follow(value):
                yield from self._values(rest, referred)

    def _exists(self, pattern: Pattern | None) -> bool:
        if pattern is None:
            return True
        values = {key: value for key, value in pattern.items() if key != "type"}
        return any(block.kind == pattern["type"] and _fits(values, block.settings) for block in self._resources)


def _fits(pattern: Pattern, settings: Mapping[str, object]) -> bool:
    for key, wanted in pattern.items():
        if isinstance(wanted, Mapping):
            if not any(_fits(wanted, block) for block in nested(settings, key)):
                return False
        else:
            negated, text = wanted.startswith("!"), _written(settings.get(key, ""))
            if fnmatchcase(text, wanted.removeprefix("!")) is negated:
                return False
    return True


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

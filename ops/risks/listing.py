"""Lists the register's entries, soonest expiry first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from environments.names import Names
from modules.phases import PHASES
from ops.errors import OpsError
from ops.gate.model import ScanFailedError
from ops.gate.register import Entry, Register, of_products

if TYPE_CHECKING:
    from environments.schema import Environment

REGISTER = Path(__file__).parents[2] / "policies" / "risks.toml"


@dataclass(frozen=True)
class Accepted:
    """An accepted risk on a date."""

    id: str
    expires: date
    days_left: int
    """0 or less: the acceptance has expired."""
    owner: str
    accepts: tuple[str, ...]
    """Choices of environments, or ids of checks."""
    where: tuple[str, ...]
    """Environments, or patterns of stacks."""
    why: str
    closes: str

    @property
    def expired(self) -> bool:
        """Whether the acceptance has expired."""
        return self.days_left <= 0

    def as_data(self) -> dict[str, object]:
        """The risk for a program."""
        return {**asdict(self), "expires": self.expires.isoformat()}


def accepted(
    today: date, environment: Environment | None = None, register: Path = REGISTER, products: Path | None = None
) -> list[Accepted]:
    """The accepted risks of an environment, or of all; soonest expiry first.

    Args:
        today: The day for which to count.
        environment: The environment; None means all.
        register: The file of the entries for any product.
        products: The folder with one file for each product; by default environments/risks.

    Raises:
        OpsError: The register can't be read.
    """
    try:
        found = Register.read(register, products or of_products()).entries
    except ScanFailedError as error:
        raise OpsError("; ".join(f"{each.where} {each.what}; {each.fix}" for each in error.errors)) from None
    entries = (
        Accepted(
            id=risk.id,
            expires=risk.expires,
            days_left=(risk.expires - today).days,
            owner=risk.owner,
            accepts=risk.checks or risk.profile_risks,
            where=risk.environments or risk.stacks or (f"environments with {', '.join(risk.profile_risks)}",),
            why=risk.why,
            closes=risk.closes,
        )
        for entry in found
        if environment is None or _concerns(entry, environment)
        for risk in (entry.risk,)
    )
    return sorted(entries, key=lambda each: (each.expires, each.id))


def as_text(risks: Iterable[Accepted]) -> str:
    """The risks as text, two lines each."""
    return "\n".join(_lines(list(risks)))


def _lines(risks: list[Accepted]) -> Iterator[str]:
    for risk in risks:
        left = f"EXPIRED {risk.expires}" if risk.expired else f"{risk.days_left} days, {risk.expires}"
        yield f"{left}  {risk.id} ({risk.owner}): {', '.join(risk.accepts)} in {', '.join(risk.where)}"
        yield f"    closed by: {risk.closes}"
    expired = sum(risk.expired for risk in risks)
    yield f"{len(risks)} accepted {'risk' if len(risks) == 1 else 'risks'}, {expired} expired"


def _concerns(entry: Entry, environment: Environment) -> bool:
    if not entry.concerns(environment.product.name):
        return False
    risk, names = entry.risk, Names(environment)
    if risk.stacks:
        return any(fnmatchcase(names.stack(phase.name), pattern) for phase in PHASES for pattern in risk.stacks)
    declared = not set(environment.accepted_risks).isdisjoint(risk.profile_risks)
    return declared if risk.checks else environment.name in risk.environments

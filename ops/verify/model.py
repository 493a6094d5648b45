"""What a check is, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.verify.context import Context


class Light(StrEnum):
    """Whether a criterion holds."""

    GREEN = "green"
    RED = "red"
    UNKNOWN = "can't be told"


class NotMetError(Exception):
    """The criterion doesn't hold; the message is the evidence."""


class CantTellError(Exception):
    """Nobody can say from here whether the criterion holds; the message is why."""


@dataclass(frozen=True)
class Check:
    """One exit criterion."""

    phase: str
    """The phase after which it holds."""
    ask: Callable[[Context], str]
    """Answers the evidence, or raises NotMetError or CantTellError. Its docstring says what is checked."""
    requirements: tuple[str, ...]
    over_http: bool = False
    """Whether it asks the load balancer and not AWS."""

    @property
    def name(self) -> str:
        """Short name."""
        return self.ask.__name__.replace("_", "-")

    @property
    def meaning(self) -> str:
        """What holds when it is green, in one sentence."""
        return (self.ask.__doc__ or "").partition("\n")[0]


@dataclass(frozen=True)
class Result:
    """What a check found."""

    name: str
    phase: str
    requirements: tuple[str, ...]
    meaning: str
    light: Light
    evidence: str

    def as_data(self) -> dict[str, object]:
        """The result for a program."""
        return asdict(self)


def met(problems: Iterable[str], evidence: str) -> str:
    """The evidence, if there are no problems.

    Raises:
        NotMetError: There are; all are listed.
    """
    if found := "; ".join(problems):
        raise NotMetError(found)
    return evidence


def exit_code(results: Iterable[Result]) -> int:
    """0 if all are green, 1 if one is red, 2 if one can't be told."""
    lights = {result.light for result in results}
    return 1 if Light.RED in lights else 2 if Light.UNKNOWN in lights else 0

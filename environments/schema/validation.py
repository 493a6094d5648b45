"""Checks an environment as a whole and lists every problem."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

import environments
from environments import places
from environments.schema import limits  # noqa: F401  (registers its rules)
from environments.schema.environment import Environment
from environments.schema.principals import KINDS
from environments.schema.rules import RULES, Problem
from environments.suggestions import did_you_mean

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_TYPES = {
    "mapping_type": 'must be a mapping, such as {"NAME": "value"}',
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be True or False",
    "bool_parsing": "must be True or False",
}
"""What is allowed, by pydantic's type of error. https://docs.pydantic.dev/latest/errors/validation_errors/"""


_SHOWN = 6
"""The most values that a message repeats."""


class InvalidEnvironmentError(ValueError):
    """An environment's values are wrong; the message lists all problems, one per line."""

    def __init__(self, name: str, problems: list[Problem]) -> None:
        self.name = name
        self.problems = list({str(problem): problem for problem in problems}.values())
        count, them = ("1 problem", "it") if len(self.problems) == 1 else (f"{len(self.problems)} problems", "them")
        file = environments.file_of(name)
        super().__init__(
            f"{count} in environment {name!r}; fix {them} in {environments.shown(file)} or a file it imports:\n"
            + "\n".join(f"  {placed(problem, file.stem)}" for problem in self.problems)
        )


def placed(problem: Problem, module: str) -> str:
    """A problem of an environment, with the file and line of the value.

    Args:
        problem: The problem.
        module: The environment's module in the folder of values.
    """
    place = places.place(f"environments.{module}", problem.field, problem.given)
    return f"{place}: {problem}" if place else str(problem)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401  (a class, or several)
    """What validates a type; 10 ms each, so it is created once."""
    return TypeAdapter(kind)


def check_fields(kind: Any, value: object) -> list[Problem]:  # noqa: ANN401
    """Problems of single fields of a value that must be of a type of the schema."""
    problems: list[Problem] = []
    try:
        _adapter(kind).validate_python(value)
    except ValidationError as error:
        found = [(_own(detail["loc"]), detail) for detail in error.errors()]
        for place, detail in found:
            # pydantic reports a tuple whose only item is wrong as too short as well: the item's own problem is enough.
            if any(other != place and other[: len(place)] == place for other, _ in found):
                continue
            field = ".".join(map(str, place)) or "environment"
            problems.append(Problem(field, detail["input"], _allowed(detail)))
    return problems


def _allowed(detail: ErrorDetails) -> str:
    """What is allowed, in the words of those who write values: pydantic's own speak of instances and inputs."""
    given, context = detail["input"], detail.get("ctx", {})
    if detail["type"] == "tuple_type":
        return f"must be a tuple, with a comma after each value, also after a single one: {_as_tuple(given)}"
    if detail["type"] == "literal_error":
        names = re.findall("'([^']*)'", context["expected"])
        return f"must be {context['expected']}{'; ' if names else ''}{did_you_mean(str(given), names)}".rstrip("; ")
    allowed = _TYPES.get(detail["type"]) or detail["msg"].removeprefix("Value error, ")
    return allowed.replace("Input should be an instance of", "must be a").replace("Input should", "must")


def _as_tuple(given: object) -> str:
    """The values as a tuple; an example, if they are too many to show, or no texts or numbers."""
    values = list(given) if isinstance(given, (list, set, frozenset)) else [given]
    if not values or len(values) > _SHOWN or not all(isinstance(each, (str, int)) for each in values):
        return "(first, second) or (only,)"
    shown = [json.dumps(each, ensure_ascii=False) if isinstance(each, str) else repr(each) for each in values]
    return f"({', '.join(shown)}{',' if len(shown) == 1 else ''})"


def _own(place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Where a value is, without what pydantic adds: the name of a principal's kind, and a mark for a mapping's key."""
    return tuple(part for part in place if part not in KINDS and part != "[key]")


def validate(environment: Environment) -> Environment:
    """Check every field and every rule.

    Raises:
        InvalidEnvironmentError: It lists all problems at once.
    """
    problems = check_fields(Environment, environment)
    malformed = {problem.field.partition(".")[0] for problem in problems}
    for reads, rule in RULES:
        if not reads & malformed:
            problems += rule(environment)
    if problems:
        raise InvalidEnvironmentError(str(environment.name), problems)
    return environment

"""Checks an environment as a whole and lists every problem."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from environments.schema import limits  # noqa: F401  (registers its rules)
from environments.schema.environment import Environment
from environments.schema.principals import KINDS
from environments.schema.rules import RULES, Problem

T = TypeVar("T")


class InvalidEnvironmentError(ValueError):
    """An environment's values are wrong; the message lists all problems, one per line."""

    def __init__(self, name: str, problems: list[Problem]) -> None:
        self.problems = problems
        count, them = ("1 problem", "it") if len(problems) == 1 else (f"{len(problems)} problems", "them")
        module = f"environments/{name.replace('-', '_')}.py"
        super().__init__(
            f"{count} in environment {name!r}; fix {them} in {module} or a file it imports:\n"
            + "\n".join(f"  {problem}" for problem in problems)
        )


@cache
def _adapter() -> TypeAdapter[Environment]:
    return TypeAdapter(Environment)


def check_fields(adapter: TypeAdapter[T], value: T) -> list[Problem]:
    """Problems of single fields."""
    problems: list[Problem] = []
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        found = [(_own(detail["loc"]), detail) for detail in error.errors()]
        for place, detail in found:
            # pydantic reports a tuple whose only item is wrong as too short as well: the item's own problem is enough.
            if any(other != place and other[: len(place)] == place for other, _ in found):
                continue
            field = ".".join(map(str, place)) or "environment"
            problems.append(Problem(field, detail["input"], detail["msg"]))
    return problems


def _own(place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Where a value is, without what pydantic adds: the name of a principal's kind, and a mark for a mapping's key."""
    return tuple(part for part in place if part not in KINDS and part != "[key]")


def validate(environment: Environment) -> Environment:
    """Check every field and every rule.

    Raises:
        InvalidEnvironmentError: It lists all problems at once.
    """
    problems = check_fields(_adapter(), environment)
    malformed = {problem.field.partition(".")[0] for problem in problems}
    for reads, rule in RULES:
        if not reads & malformed:
            problems += rule(environment)
    if problems:
        raise InvalidEnvironmentError(str(environment.name), problems)
    return environment

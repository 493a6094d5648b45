"""Checks an environment as a whole and lists everything that is wrong with it."""

from __future__ import annotations

from functools import cache

from pydantic import TypeAdapter, ValidationError

from environments.schema.environment import Environment
from environments.schema.rules import RULES, Problem


class InvalidEnvironmentError(ValueError):
    """An environment's values are wrong; the message lists all problems, one a line."""

    def __init__(self, name: str, problems: list[Problem]) -> None:
        self.problems = problems
        lines = "\n".join(f"  {problem}" for problem in problems)
        module = f"environments/{name.replace('-', '_')}.py"
        super().__init__(
            f"{len(problems)} problem(s) in environment {name!r}; mend in {module} or what it imports:\n{lines}"
        )


@cache
def _adapter() -> TypeAdapter[Environment]:
    return TypeAdapter(Environment)


def validate(environment: Environment) -> Environment:
    """Check every field and every rule.

    Raises:
        InvalidEnvironmentError: Something is wrong; it lists all problems at once.
    """
    problems: list[Problem] = []
    malformed: set[str] = set()
    try:
        _adapter().validate_python(environment)
    except ValidationError as error:
        for detail in error.errors():
            field = ".".join(map(str, detail["loc"])) or "environment"
            malformed.add(str(detail["loc"][0]) if detail["loc"] else "")
            problems.append(Problem(field, detail["input"], detail["msg"]))
    for reads, rule in RULES:
        if not reads & malformed:
            problems += rule(environment)
    if problems:
        raise InvalidEnvironmentError(str(environment.name), problems)
    return environment

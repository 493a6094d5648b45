"""An environment's services by name. `python -m ops.services ENVIRONMENT [--tasks]` prints the names, for make."""

from __future__ import annotations

import sys

from environments.schema import Environment, Service
from environments.suggestions import choices
from ops.command import load
from ops.errors import OpsError


def named(environment: Environment, name: str) -> Service:
    """The service of that name.

    Raises:
        OpsError: The environment has none.
    """
    known = {each.name: each for each in environment.product.services}
    if name not in known:
        raise OpsError(f"no service named {name!r} in {environment.name}; {choices(name, known)}")
    return known[name]


def hint(environment: str, *, tasks: bool = False) -> str:
    """The services of an environment, or its scheduled tasks, for one who didn't name one.

    Raises:
        OpsError: No environment has that name, or its values are wrong.
    """
    product = load(environment).product
    if tasks and not product.scheduled_tasks:
        return f"{product.name} has no scheduled tasks; a command in a service's image: bin/ops run {environment}"
    names = [each.name for each in (product.scheduled_tasks if tasks else product.services)]
    return f"For example {'TASK' if tasks else 'SERVICE'}={names[0]}; known: {', '.join(names)}"


if __name__ == "__main__":
    try:
        sys.stdout.write(hint(sys.argv[1], tasks="--tasks" in sys.argv))
    except OpsError as error:
        sys.stdout.write(str(error))

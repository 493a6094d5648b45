"""Which service or task? `python -m ops.services ENVIRONMENT [--tasks]` prints an example and all names, for make."""

from __future__ import annotations

import sys

from ops.command import load
from ops.errors import OpsError


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

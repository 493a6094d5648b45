"""Which service? `python -m ops.services ENVIRONMENT` prints an example and all names, for make."""

from __future__ import annotations

import sys

from ops.command import load
from ops.errors import OpsError


def hint(environment: str) -> str:
    """The services of an environment, for one who didn't name one.

    Raises:
        OpsError: No environment has that name, or its values are wrong.
    """
    names = [service.name for service in load(environment).product.services]
    return f"For example SERVICE={names[0]}; known: {', '.join(names)}"


if __name__ == "__main__":
    try:
        sys.stdout.write(hint(sys.argv[1]))
    except OpsError as error:
        sys.stdout.write(str(error))

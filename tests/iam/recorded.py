"""Recorded requests of rehearsals, for tests: `make recorded ENV=…` renews those of an environment."""

from __future__ import annotations

import sys
from pathlib import Path

from modules.output import output
from ops.roles.recording import Recording, paths, read, recording_of

FOLDER = Path(__file__).with_name("recorded")


def file(product: str, environment: str) -> Path:
    """Where the recording of an environment is.

    Args:
        product: Name of the product's folder of values.
        environment: Name of the environment.
    """
    return FOLDER / f"{product}-{environment}.json"


def recorded(product: str, environment: str) -> Recording:
    """The recording of an environment."""
    return read(file(product, environment))


def main() -> int:
    """Store all requests that rehearsals of an environment recorded; the second argument is its folder of values."""
    name, folder = sys.argv[1:]
    out = output(folder)
    found = recording_of(name, paths(out))
    if found is None:
        sys.stderr.write(f"error: no rehearsal of {name} is recorded in {out}; run: make rehearse ENV={name}\n")
        return 1
    FOLDER.mkdir(exist_ok=True)
    found.write(file(Path(folder).name, name))
    return 0


if __name__ == "__main__":
    sys.exit(main())

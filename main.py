"""Synthesizes the Terraform JSON of every phase: `python -O main.py [ENVIRONMENT | organization ...]`.

Without a name, it synthesizes all environments and the organization.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import environments
from environments.schema.validation import InvalidEnvironmentError
from modules.output import OUT
from modules.phases import ORGANIZATION

# cdktf's CLI sets it. cdktf itself writes to a temporary folder first.
OUTPUT = Path(os.environ.pop("CDKTF_OUTDIR", OUT))


def main(names: list[str]) -> int:
    """Synthesize, and return the exit code."""
    try:
        named = [environments.load(name) for name in names if name != ORGANIZATION]
        chosen = named if names else list(environments.load_all())
    except (environments.UnknownEnvironmentError, InvalidEnvironmentError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    # These load cdktf and start its engine; an error about a mistyped name doesn't wait for that.
    from modules.documents import DocumentsTooLongError  # noqa: PLC0415
    from modules.synthesis import summary, synthesize  # noqa: PLC0415

    organization = not names or ORGANIZATION in names
    try:
        synthesize(chosen, OUTPUT, organization=organization)
    except DocumentsTooLongError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    print(summary(OUTPUT, [environment.name for environment in chosen], organization=organization))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

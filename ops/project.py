"""A command on the project itself: it writes the pages that are generated from the code."""

from __future__ import annotations

from pathlib import Path

from ops.command import EnvironmentName, load, reporting, show

ROOT = Path(__file__).parents[1]


def account(environment: EnvironmentName) -> None:
    """Print the manual steps of an account, with your names and ids: docs/account.md for one environment."""
    from ops.account import steps

    with reporting():
        show(steps(load(environment)), nl=False)


def docs() -> None:
    """Write the pages that are generated from the code."""
    from ops import pages

    for path in pages.write():
        show(f"Wrote {path.relative_to(ROOT)}.")

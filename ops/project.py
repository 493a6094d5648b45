"""Commands on the project itself: a new environment, and the pages that are generated from the code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.command import EnvironmentName, load, reporting

ROOT = Path(__file__).parents[1]


def new_environment(name: Annotated[str, typer.Argument(help="Its name: lower-case words joined by hyphens.")]) -> None:
    """Write a new environment that synthesizes."""
    import environments
    from ops import scaffold

    try:
        written = scaffold.new_environment(name)
    except (scaffold.ScaffoldError, environments.UnknownEnvironmentError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"Wrote {' and '.join(environments.shown(path) for path in written)}.")
    typer.echo(f"Next: fill in your own values, then run make synth ENV={name}")


def account(environment: EnvironmentName) -> None:
    """Print the manual steps of an account, with your names and ids: docs/account.md for one environment."""
    from ops.account import steps

    with reporting():
        typer.echo(steps(load(environment)), nl=False)


def docs() -> None:
    """Write the pages that are generated from the code."""
    from ops import pages

    for path in pages.write():
        typer.echo(f"Wrote {path.relative_to(ROOT)}.")

"""`bin/ops gate`: the command line around the gate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from modules.output import OUT
from ops.command import reporting, show
from ops.gate.model import ScanFailedError, Verdict
from ops.gate.reports import as_data, as_text, write

POLICIES = Path("policies")


def gate(  # noqa: PLR0917  (options of a command)
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="STACK|ENVIRONMENT", help="Stacks or environments to check; all if left out."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder that synth wrote.", metavar="DIR")] = OUT,
    policies: Annotated[
        Path, typer.Option(help="Folder of the project's checks and risks.toml.", metavar="DIR")
    ] = POLICIES,
    products: Annotated[
        Path | None,
        typer.Option("--risks", help="Folder of each product's accepted risks; environments/risks by default."),
    ] = None,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day for which acceptances must be valid; today if left out."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON on stdout.")] = False,
) -> None:
    """Check the synthesized stacks. Exit code 0: clean; 1: findings; 2: scan errors, so the result is incomplete.

    Writes gate.txt, gate.json, gate.sarif, gate.junit.xml and gate.md to DIR/reports, and gated.json to each stack's
    folder. With --today it writes nothing, unless that is today.
    """
    from ops.gate.other_providers import everything
    from ops.gate.processes import without_collections

    with reporting():
        everything()
    with without_collections():
        _gate(names or (), out=out, policies=policies, products=products, today=today, as_json=as_json)


def _gate(
    names: Sequence[str], *, out: Path, policies: Path, products: Path | None, today: datetime | None, as_json: bool
) -> NoReturn:
    from ops.gate.register import of_products
    from ops.gate.run import run
    from ops.gate.stacks import Expected, expected_stacks

    now = datetime.now(UTC).date()
    day = today.date() if today else now
    try:
        expected: Expected = expected_stacks()
    except ScanFailedError as error:
        verdict = Verdict(day, errors=error.errors)
    else:
        found = products or of_products()
        verdict = run(out=out, policies=policies, products=found, expected=expected, today=day, names=names)
    show(as_text(verdict), err=as_json, nl=False)
    if as_json:
        show(json.dumps(as_data(verdict), indent=2))
    with reporting():
        # A mistyped folder isn't created. What another day's result will be isn't today's.
        if out.is_dir() and day == now:
            write(verdict, out / "reports")
    raise typer.Exit(int(verdict.outcome))

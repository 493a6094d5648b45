"""`python -m ops gate-plan`: the command line around the gate for plans."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from modules.output import OUT
from ops.command import reporting, show
from ops.plan_gate import reports

_GENERIC = frozenset({"plan", "tfplan", "show"})


def gate_plan(
    plan: Annotated[
        str,
        typer.Argument(
            metavar="PLAN",
            help="JSON of `terraform show -json`, - for standard input, or a saved plan in its stack.",
        ),
    ],
    approve_widening: Annotated[
        bool, typer.Option("--approve-widening", help="Approve the wider access that it shows.")
    ] = False,
    name: Annotated[str, typer.Option(help="Name in reports; the file's name if left out.")] = "",
    out: Annotated[Path, typer.Option(help="Folder; reports go to its reports/.", metavar="DIR")] = OUT,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON on stdout.")] = False,
) -> None:
    """Judge a saved plan. Exit code 0: clean; 1: refused; 2: it can't be judged.

    Refuses the loss of stateful resources, wider access that isn't approved, and secrets. Writes plan-NAME.json and
    plan-NAME.md to DIR/reports.
    """
    from ops.plan_gate.run import run

    file = None if plan == "-" else Path(plan)
    try:
        content = file.read_bytes() if file else sys.stdin.buffer.read()
    except OSError as error:
        show(f"error: {plan}: {error.strerror}; create one with terraform plan -out", err=True)
        raise typer.Exit(2) from None
    verdict = run(content, name=_name(name, file), file=file, approve_widening=approve_widening)
    show(reports.as_text(verdict), err=as_json, nl=False)
    if as_json:
        show(reports.as_json(verdict), nl=False)
    with reporting():
        if out.is_dir():  # A mistyped folder isn't created.
            reports.write(verdict, out / "reports")
    raise typer.Exit(int(verdict.outcome))


def _name(name: str, file: Path | None) -> str:
    """The file's name, or its folder's if the file's name is generic."""
    if not name and file:
        name = file.absolute().parent.name if file.stem in _GENERIC else file.stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "stdin"

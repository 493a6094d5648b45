"""`bin/ops gate-plan`: the command line around the gate for plans."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from modules.output import OUT
from ops.command import reporting, show
from ops.plan_gate import reports
from ops.plan_gate.approvals import LossInPlace, Outage, ProtectionOff, Widening, approvals

_GENERIC = frozenset({"plan", "tfplan", "show"})


def gate_plan(  # noqa: PLR0917  (options of a command)
    plan: Annotated[
        str,
        typer.Argument(
            metavar="PLAN",
            help="JSON of `terraform show -json`, - for standard input, or a saved plan in its stack.",
        ),
    ],
    approve_widening: Widening = False,
    approve_loss_in_place: LossInPlace = False,
    approve_outage: Outage = False,
    approve_protection_off: ProtectionOff = False,
    first_in_account: Annotated[
        bool, typer.Option("--first-in-account", help="The account has no other stack: a first plan widens nothing.")
    ] = False,
    name: Annotated[str, typer.Option(help="Name in reports; the file's name if left out.")] = "",
    out: Annotated[Path, typer.Option(help="Folder; reports go to its reports/.", metavar="DIR")] = OUT,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON on stdout.")] = False,
) -> None:
    """Judge a saved plan. Exit code 0: clean; 1: refused; 2: it can't be judged.

    Refuses the loss of stateful resources, what would run other code, and secrets; and, unless it is approved, loss in
    place, outages, protections that are switched off, and wider access. Writes plan-NAME.json and plan-NAME.md to
    DIR/reports.
    """
    from ops.plan_gate.run import run

    file = None if plan == "-" else Path(plan)
    try:
        content = file.read_bytes() if file else sys.stdin.buffer.read()
    except OSError as error:
        show(f"error: {plan}: {error.strerror}; create one with terraform plan -out", err=True)
        raise typer.Exit(2) from None
    verdict = run(
        content,
        name=_name(name, file),
        file=file,
        approved=approvals(
            widening=approve_widening,
            loss_in_place=approve_loss_in_place,
            outage=approve_outage,
            protection_off=approve_protection_off,
        ),
        alone=first_in_account,
        roles=_zone_roles,
    )
    show(reports.as_text(verdict), err=as_json, nl=False)
    if as_json:
        show(reports.as_json(verdict), nl=False)
    with reporting():
        if out.is_dir():  # A mistyped folder isn't created.
            reports.write(verdict, out / "reports")
    raise typer.Exit(int(verdict.outcome))


def _zone_roles() -> frozenset[str]:
    """The roles that write and read the zones of environments in other accounts: a provider may assume these."""
    import environments

    zones = [each.edge.zone for each in environments.load_each().environments]
    return frozenset(role for zone in zones for role in (zone.role, zone.read_role) if role)


def _name(name: str, file: Path | None) -> str:
    """The file's name, or its folder's if the file's name is generic."""
    if not name and file:
        name = file.absolute().parent.name if file.stem in _GENERIC else file.stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "stdin"

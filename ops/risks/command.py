"""`bin/ops risks`: the command line of the register of accepted risks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from modules.output import OUT
from ops.command import Json, Out, Yes, confirm, load, reporting, say, show
from ops.gate.command import POLICIES

risks = typer.Typer(help="List the accepted risks, soonest expiry first.")


@risks.command("list")
def list_(
    name: Annotated[str | None, typer.Argument(metavar="ENVIRONMENT", help="An environment; by default all.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List the accepted risks, soonest expiry first (the default). Exit code 1: a risk has expired."""
    with reporting():
        from ops.risks.listing import accepted, as_text

        found = accepted(datetime.now(UTC).date(), load(name) if name else None)
        show(json.dumps([risk.as_data() for risk in found], indent=2) if as_json else as_text(found))
        raise typer.Exit(int(any(risk.expired for risk in found)))


@risks.command()
def prune(
    out: Out = OUT,
    policies: Annotated[Path, typer.Option(help="Folder of the common risks.toml.", metavar="DIR")] = POLICIES,
    common: Annotated[
        bool, typer.Option("--common", help="Prune risks.toml too, whose entries other products may need.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Show entries and patterns that match nothing, and remove them.

    Those of products that match nothing in the synthesized stacks are removed if you agree. Exit code 1: you declined.
    """
    with reporting():
        import environments
        from ops.files import write
        from ops.gate.register import of_products
        from ops.gate.run import run
        from ops.gate.stacks import expected_stacks
        from ops.risks.pruning import pruned, removals

        today = datetime.now(UTC).date()
        verdict = run(out=out, policies=policies, expected=expected_stacks(), today=today, products=of_products())
        changes = [change for change in removals(verdict) if common or change.path.parent == of_products()]
        for change in changes:
            show(change.text)
        if not changes:
            say("no changes: each entry and pattern matches something")
            return
        confirm(f"Remove {'it' if len(changes) == 1 else f'these {len(changes)}'}?", yes=yes)
        for path in sorted({change.path for change in changes}):
            text = pruned(path.read_text(encoding="utf-8"), [change for change in changes if change.path == path])
            file = environments.shown(path)
            if text is None:
                path.unlink()
                say(f"Deleted {file}, which has no other entry.")
            else:
                write(path, text)
                say(f"Wrote {file}. Comments stay: review whether they still apply.")

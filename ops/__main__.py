"""`python -m ops`: the operators' commands."""

from __future__ import annotations

import typer

from ops.gate.command import gate
from ops.plan_gate.command import gate_plan
from ops.project import docs, new_environment

app = typer.Typer(
    name="ops",
    help="Commands around the synthesized Terraform: gate, and what comes after it.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback with local variables could print what a stack holds.
    pretty_exceptions_show_locals=False,
)


@app.callback()
def ops() -> None:
    """Commands around the synthesized Terraform."""


app.command()(gate)
app.command()(gate_plan)
app.command()(new_environment)
app.command()(docs)

if __name__ == "__main__":
    app()

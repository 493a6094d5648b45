"""`python -m ops`: the operators' commands."""

from __future__ import annotations

import typer

from ops.cutover.command import cutover
from ops.cutover.rollback_command import rollback
from ops.gate.command import gate
from ops.golive.command import golive
from ops.plan_gate.command import gate_plan
from ops.project import docs, new_environment
from ops.promote.command import promote
from ops.rehearsal.command import rehearse
from ops.release.command import release
from ops.risks.command import risks
from ops.secrets.command import secrets
from ops.status.command import status
from ops.tasks.command import db, execute, logs, tasks
from ops.tasks.migrate import migrate
from ops.terraform.command import apply, bootstrap, destroy, drift, plan
from ops.terraform.state_command import console, outputs, recover
from ops.verify.command import verify

app = typer.Typer(
    name="ops",
    help="Commands that take an environment through its rollout: gate, plan, apply, and what comes after.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback with local variables could print what a stack holds.
    pretty_exceptions_show_locals=False,
)


@app.callback()
def ops() -> None:
    """Commands that take an environment through its rollout."""


app.command()(gate)
app.command()(gate_plan)
app.command()(new_environment)
app.command()(docs)
app.command()(bootstrap)
app.command()(plan)
app.command()(apply)
app.command()(drift)
app.command()(outputs)
app.command()(console)
app.command()(recover)
app.command()(destroy)
app.command()(rehearse)
app.command()(verify)
app.command()(golive)
app.command()(status)
app.command()(risks)
app.add_typer(secrets)
app.command()(migrate)
app.command()(tasks)
app.command()(logs)
app.command("exec")(execute)
app.command()(db)
app.command()(promote)
app.add_typer(release, name="release")
app.add_typer(cutover)
app.add_typer(rollback)

if __name__ == "__main__":
    app()

"""`python -m ops rollback`: back, in one command."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ops.command import DryRun, EnvironmentName, Json, Yes, confirm, load, reporting, say

rollback = typer.Typer(name="rollback", help="Go back: DNS, or a service's task definition.", no_args_is_help=True)


@rollback.command()
def dns(environment: EnvironmentName, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Give all traffic back to the load balancer before. Waits for nothing, and ends an open cutover."""
    with reporting():
        from ops.aws import connect  # noqa: PLC0415  (the environments load slowly)
        from ops.cutover import story, work  # noqa: PLC0415
        from ops.cutover.rollback_dns import back  # noqa: PLC0415
        from ops.cutover.run import Result  # noqa: PLC0415
        from ops.cutover.zone import adopted  # noqa: PLC0415

        chosen = load(environment)
        aws = connect(chosen)
        zone, stand = adopted(aws, chosen)
        say(f"{chosen.edge.host}: {stand} now; then everything to {zone.shares.previous.dns_name}")
        if dry_run:
            return
        confirm("Go back?", yes=yes or not chosen.protected)
        journal = work.journal(chosen, aws, story.ROLLBACK)
        open_run = story.open_run(journal.entries())
        back(zone, stand, journal, run=open_run.id if open_run else "")
        work.unlock(chosen, aws)
        shown = work.show(chosen, Result("done", 0))
        if as_json:
            typer.echo(json.dumps(shown, indent=2))


@rollback.command()
def service(
    environment: EnvironmentName,
    name: Annotated[str, typer.Argument(metavar="SERVICE", help="Name of a service, such as backend.")],
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Put back the last task definition that was deployed with success, and wait until it runs.

    Exit code 1: there is none, its image is gone, or ECS gave up; 2: it isn't steady yet.
    """
    with reporting():
        from ops.aws import connect  # noqa: PLC0415  (the environments load slowly)
        from ops.cutover import work  # noqa: PLC0415
        from ops.cutover.rollback_service import ServiceRollback, check  # noqa: PLC0415

        chosen = load(environment)
        check(chosen, name)
        aws = connect(chosen)
        going_back = ServiceRollback(aws, chosen, name)
        step = going_back.step()
        say(f"{name}: {step}")
        if dry_run:
            return
        confirm("Go back?", yes=yes or not chosen.protected)
        going_back.go(step, work.journal(chosen, aws, "rollback service"))
        say(f"next: python -m ops release rollback {environment} {name}; until then the next apply undoes this")
        if as_json:
            typer.echo(json.dumps({"service": name, "before": step.running, "after": step.earlier}, indent=2))

"""`python -m ops cutover`: traffic moves by weight, in watched steps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ops.command import DryRun, EnvironmentName, Json, Yes, confirm, load, reporting, say

if TYPE_CHECKING:
    from environments.schema import Environment
    from ops.cutover.run import Result

cutover = typer.Typer(name="cutover", help="Move traffic by DNS weight, in watched steps.", no_args_is_help=True)

WatchSeconds = Annotated[
    float | None,
    typer.Option("--watch", min=1, metavar="SECONDS", help="Watch each step so long; cutover.watch if left out."),
]


@cutover.command()
def prepare(environment: EnvironmentName, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Lower the TTL of a plain record ahead of time. Weighted records and aliases need nothing."""
    with reporting():
        from ops.aws import connect  # noqa: PLC0415  (the environments load slowly)
        from ops.cutover.prepare import lower, too_long  # noqa: PLC0415
        from ops.cutover.zone import adopted  # noqa: PLC0415
        from ops.journal import Journal  # noqa: PLC0415

        chosen = load(environment)
        aws, ttl = connect(chosen), chosen.cutover.ttl
        zone, stand = adopted(aws, chosen)
        present = too_long(zone, stand, ttl)
        if present is None:
            typer.echo(f"{chosen.edge.host}: {stand}; nothing to lower")
            return
        say(f"{chosen.edge.host}: {stand}; TTL {present} → {ttl} s")
        if dry_run:
            return
        confirm("Lower the TTL?", yes=yes or not chosen.protected)
        lower(zone, stand, ttl, Journal(chosen.stage, command="cutover prepare", caller=aws.caller.arn))
        typer.echo(f"{chosen.edge.host}: TTL {ttl} s; resolvers keep the earlier answer for up to {present} s: wait")


@cutover.command()
def run(
    environment: EnvironmentName,
    *,
    to: Annotated[int, typer.Option(min=1, max=100, metavar="PERCENT", help="Weight to end at.")] = 100,
    watch: WatchSeconds = None,
    resolver: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS[:PORT]", help="Ask this resolver; cutover.resolvers if left out. Repeatable."),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Move traffic here step by step; go back by itself when a step isn't good.

    Exit code 0: done; 1: not ready, or gone back; 2: it can't go on, and the weight stays at its last step.
    """
    with reporting():
        from ops.cutover import work  # noqa: PLC0415  (the environments load slowly)

        chosen = load(environment)
        seconds, at = watch or chosen.cutover.watch, work.scene(chosen, "cutover run")
        plan, stand = work.plan(at, goal=to, watch=seconds, resolvers=resolver or chosen.cutover.resolvers)
        if not dry_run:
            _finish(chosen, work.begin(at, plan, stand, watch=seconds, yes=yes), as_json=as_json)


@cutover.command()
def resume(
    environment: EnvironmentName,
    *,
    watch: WatchSeconds = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Go on with a cutover that was interrupted: what DNS says is compared with the journal first."""
    with reporting():
        from ops.cutover import work  # noqa: PLC0415  (the environments load slowly)

        chosen = load(environment)
        at = work.scene(chosen, "cutover resume")
        _finish(chosen, work.go_on(at, watch=watch or chosen.cutover.watch, yes=yes), as_json=as_json)


@cutover.command()
def status(environment: EnvironmentName, as_json: Json = False) -> None:
    """Show DNS beside the values, the journal and the lock. Exit code 1: they differ, or a cutover is open."""
    with reporting():
        from ops.cutover.status import status as look  # noqa: PLC0415  (the environments load slowly)

        seen, still_open = look(load(environment))
        if as_json:
            typer.echo(json.dumps({**seen, "open": still_open}, indent=2))
        else:
            for name, value in seen.items():
                typer.echo(f"{name:22}{'-' if value is None else value}")
            for each in still_open:
                say(f"open: {each}")
        raise typer.Exit(int(bool(still_open)))


def _finish(environment: Environment, result: Result, *, as_json: bool) -> None:
    from ops.cutover import work  # noqa: PLC0415  (the environments load slowly)

    shown = work.show(environment, result)
    if as_json:
        typer.echo(json.dumps(shown, indent=2))
    raise typer.Exit(int(result.outcome != "done"))

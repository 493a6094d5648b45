"""`bin/ops cutover` and `rollback`: move traffic by weight in watched steps, and roll back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from modules.interrupts import deferred
from ops.command import DryRun, EnvironmentName, Json, Yes, confirm, load, reporting, say, show

if TYPE_CHECKING:
    from environments.schema import Environment
    from ops.cutover.run import CutoverOutcome

cutover = typer.Typer(name="cutover", help="Move traffic by DNS weight, in watched steps.", no_args_is_help=True)

rollback = typer.Typer(name="rollback", help="Roll back DNS, or a service's task definition.", no_args_is_help=True)

WatchSeconds = Annotated[
    float | None,
    typer.Option("--watch", min=1, metavar="SECONDS", help="Time to watch each step; cutover.watch if left out."),
]


@cutover.command()
def prepare(
    environment: EnvironmentName,
    *,
    any_target: Annotated[
        bool,
        typer.Option(
            "--any-target",
            help="Replace a record to another target than cutover.previous too; its traffic moves to cutover.previous.",
        ),
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Replace the weighted records by a plain record to cutover.previous.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Replace the plain record by weighted ones.

    One change, before `apply` of cutover; the weighted records send 0 % of the traffic here.
    Users don't notice: all traffic still goes to cutover.previous. Exit code 1: refused; 2: error.
    """
    with reporting():
        from ops.aws.dns import describe, longest_ttl
        from ops.aws.session import connect
        from ops.cutover import work
        from ops.cutover.prepare import COMMAND, PREPARE, UNDO, replace, undone, wanted
        from ops.cutover.records import adopted

        chosen = load(environment)
        aws, host = connect(chosen), ", ".join(chosen.moved_hosts)
        zone, present = adopted(aws, chosen)
        records = undone(zone, present) if undo else wanted(zone, present, any_target=any_target)
        if records is None:
            show(f"{host}: {present}; nothing to replace")
            return
        say(f"{host}: {describe(present.records)}")
        say(f"in one change → {describe(records)}")
        if dry_run:
            return
        confirm("Replace the records?", yes=yes or not chosen.protected)
        journal = work.journal(chosen, aws, COMMAND, zone)
        with deferred():
            found = replace(zone, present, records, journal, event=UNDO if undo else PREPARE)
        kept = longest_ttl(present.records)
        show(f"{host}: {found}" + (f"; resolvers keep the plain record for up to {kept} s" if kept else ""))
        if not undo:
            say(f"next: bin/ops plan {environment} cutover")


@cutover.command()
def run(
    environment: EnvironmentName,
    *,
    to: Annotated[int, typer.Option(min=1, max=100, metavar="PERCENT", help="Weight to end at.")] = 100,
    watch: WatchSeconds = None,
    resolver: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS[:PORT]", help="Resolver to check; cutover.resolvers if left out. Repeatable."),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Move traffic here step by step.

    Rolls back automatically when a step fails.

    Exit code 0: done; 1: not ready, or rolled back; 2: it can't continue, and the weight stays at its last step.
    """
    with reporting():
        from ops.cutover import work

        chosen = load(environment)
        seconds, context = watch or chosen.cutover.watch, work.context(chosen, "cutover run")
        plan, present = work.plan(context, goal=to, watch=seconds, resolvers=resolver or chosen.cutover.resolvers)
        if not dry_run:
            _finish(chosen, work.begin(context, plan, present, watch=seconds, yes=yes), as_json=as_json)


@cutover.command()
def resume(
    environment: EnvironmentName,
    *,
    watch: WatchSeconds = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Continue an interrupted cutover.

    First compares DNS with the journal.
    """
    with reporting():
        from ops.cutover import work

        chosen = load(environment)
        context = work.context(chosen, "cutover resume")
        _finish(chosen, work.go_on(context, watch=watch or chosen.cutover.watch, yes=yes), as_json=as_json)


@cutover.command()
def status(environment: EnvironmentName, as_json: Json = False) -> None:
    """Compare DNS with the values, the journal and the lock. Exit code 1: they differ, or a cutover is open."""
    with reporting():
        from ops.cutover import work

        seen, still_open = work.status(load(environment))
        if as_json:
            show(json.dumps({**seen, "open": still_open}, indent=2))
        else:
            for name, value in seen.items():
                show(f"{name:22}{'-' if value is None else value}")
            for each in still_open:
                say(f"open: {each}")
        raise typer.Exit(int(bool(still_open)))


def _finish(environment: Environment, result: CutoverOutcome, *, as_json: bool) -> None:
    from ops.cutover import work

    shown = work.show(environment, result)
    if as_json:
        show(json.dumps(shown, indent=2))
    raise typer.Exit(int(result.outcome != "done"))


@rollback.command()
def dns(environment: EnvironmentName, yes: Yes = False, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Return all traffic to the previous target.

    At once, whatever step an open cutover is at; the cutover ends.
    """
    with reporting():
        from ops.aws.session import connect
        from ops.cutover import work
        from ops.cutover.records import adopted
        from ops.cutover.rollback import back
        from ops.cutover.run import ROLLBACK, CutoverOutcome, open_run

        chosen = load(environment)
        aws = connect(chosen)
        zone, present = adopted(aws, chosen)
        say(f"{', '.join(chosen.moved_hosts)}: {present} now; then everything to {zone.shares.previous.dns_name}")
        if dry_run:
            return
        confirm("Roll back?", yes=yes or not chosen.protected)
        journal = work.journal(chosen, aws, ROLLBACK, zone)
        unfinished = open_run(journal.entries())
        with deferred(last=True):
            back(zone, present, journal, run=unfinished.id if unfinished else "")
            work.unlock(chosen, aws)
            shown = work.show(chosen, CutoverOutcome("done", 0))
            if as_json:
                show(json.dumps(shown, indent=2))


@rollback.command()
def service(
    environment: EnvironmentName,
    name: Annotated[str, typer.Argument(metavar="SERVICE", help="Name of a service, such as backend.")],
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Deploy a service's previous task definition.

    That is the last one that was deployed successfully. Waits until the service is stable.

    Exit code 1: there is none, its image no longer exists, or ECS gave up; 2: it isn't stable yet.
    """
    with reporting():
        from ops.aws.session import connect
        from ops.cutover import work
        from ops.cutover.rollback import rollback_of
        from ops.services import named

        chosen = load(environment)
        named(chosen, name)
        aws = connect(chosen)
        service_rollback = rollback_of(aws, chosen, name)
        step = service_rollback.step()
        say(f"{name}: {step}")
        if dry_run:
            return
        confirm("Roll back?", yes=yes or not chosen.protected)
        service_rollback.go(step, work.journal(chosen, aws, "rollback service"))
        undoes = "release deploy" if chosen.product.service(name).deployment == "blue_green" else "apply"
        say(f"next: bin/ops release rollback {environment} {name}; until then the next {undoes} undoes this")
        if as_json:
            show(json.dumps({"service": name, "before": step.running, "after": step.previous}, indent=2))

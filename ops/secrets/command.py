"""`python -m ops secrets`: the command line around the secrets."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ops.command import DryRun, EnvironmentName, Json, Yes, load, reporting, say

if TYPE_CHECKING:
    from environments.schema import Environment
    from ops.secrets.change import Change

secrets = typer.Typer(
    name="secrets", help="Set and rotate the values of secrets; none is ever shown.", no_args_is_help=True
)

SecretName = Annotated[str, typer.Argument(metavar="SECRET", help="Its name, such as OPENAI_API_KEY.")]
Stdin = Annotated[bool, typer.Option("--stdin", help="Read the value from standard input.")]
FromFd = Annotated[int | None, typer.Option("--from-fd", metavar="N", help="Read the value from this file descriptor.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a random value, where one will do.")]


@secrets.command()
def status(environment: EnvironmentName, as_json: Json = False) -> None:
    """Say which secrets have a value, since when, and who may read it.

    Exit code 1: one that a service needs has none.
    """
    with reporting():
        from ops.aws.session import connect
        from ops.secrets.status import statuses
        from ops.tasks.running import aligned, minute

        chosen = load(environment)
        found = statuses(connect(chosen), chosen)
        if as_json:
            typer.echo(json.dumps([asdict(each) for each in found], indent=2, default=str))
        else:
            rows = [
                (
                    each.name,
                    each.state,
                    minute(each.changed),
                    ", ".join(each.needed_by) or "-",
                    "not yours to see" if each.readers is None else ", ".join(each.readers) or "-",
                )
                for each in found
            ]
            typer.echo(aligned(("SECRET", "VALUE", "SINCE (UTC)", "NEEDED BY", "MAY BE READ BY"), *rows))
        if blocking := [each.name for each in found if each.blocks]:
            say(f"without a value, services don't start: {', '.join(blocking)}")
            raise typer.Exit(1)


@secrets.command("set")
def set_value(
    environment: EnvironmentName,
    name: SecretName,
    *,
    stdin: Stdin = False,
    from_fd: FromFd = None,
    generate: Generate = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give a secret a value, typed when asked. Tasks that run keep the earlier one: see `rotate`."""
    with reporting():
        change = _change(load(environment), name, stdin=stdin, from_fd=from_fd, generate=generate)
        if not change.ask("tasks that run keep the earlier one", yes=yes, dry_run=dry_run):
            return
        version = change.write()
        if as_json:
            typer.echo(json.dumps({"secret": name, "version": version}))
        say(f"{name} has a new value, version {version}")


@secrets.command()
def rotate(
    environment: EnvironmentName,
    name: SecretName,
    *,
    stdin: Stdin = False,
    from_fd: FromFd = None,
    generate: Generate = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the services are steady.")] = True,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give a secret a new value, and redeploy the services that read it.

    Exit code 1: a service may still run with the earlier value.
    """
    with reporting():
        from ops.secrets.status import readers_of
        from ops.tasks.restart import Result, restart

        chosen = load(environment)
        services = readers_of(chosen, name)
        change = _change(chosen, name, stdin=stdin, from_fd=from_fd, generate=generate)
        if not change.ask(f"then redeployed: {', '.join(services) or 'nothing'}", yes=yes, dry_run=dry_run):
            return
        version = change.write()
        say(f"{name} has a new value, version {version}")
        try:
            restarts = restart(change.aws, chosen, services, wait=wait)
        except KeyboardInterrupt:
            say(f"deployments that were begun go on by themselves; see: python -m ops tasks {environment}")
            raise
        for each in restarts:
            say(str(each))
        if as_json:
            told = {"secret": name, "version": version, "services": [asdict(each) for each in restarts]}
            typer.echo(json.dumps(told))
        if any(each.result in (Result.FAILED, Result.BY_CODEDEPLOY) for each in restarts):
            say("deploy these services again when their problem is solved: their earlier tasks have the earlier value")
            raise typer.Exit(1)


@secrets.command()
def copy_names(
    environment: EnvironmentName,
    source: Annotated[str, typer.Option("--from", metavar="ENVIRONMENT", help="The one to compare with.")],
    as_json: Json = False,
) -> None:
    """Compare which secrets two environments have; no value is read or copied.

    Exit code 1: one is missing or too many. Terraform makes the containers: what is missing comes with phase secrets.
    """
    with reporting():
        from ops.aws.session import connect
        from ops.errors import OpsError
        from ops.secrets.comparing import compared

        if source == environment:
            raise OpsError(f"--from {source}: name another environment than {environment} itself")
        both = [compared(connect(chosen), chosen) for chosen in map(load, (source, environment))]
        if as_json:
            typer.echo(json.dumps([asdict(each) for each in both], indent=2))
        else:
            for each in both:
                typer.echo(f"{each.environment}: {len(each.there)} secrets")
                for name in each.missing:
                    typer.echo(f"  missing: {name} (apply phase secrets)")
                for name in each.extra:
                    typer.echo(f"  extra: {name} (environments/ doesn't name it)")
        if any(each.missing or each.extra for each in both):
            raise typer.Exit(1)


def _change(environment: Environment, name: str, *, stdin: bool, from_fd: int | None, generate: bool) -> Change:
    from ops.aws.session import connect
    from ops.secrets.change import prepare, writable
    from ops.secrets.values import Source

    source = Source(stdin, from_fd, generate)
    secret = writable(environment, name, source)
    return prepare(connect(environment), environment, secret, source)

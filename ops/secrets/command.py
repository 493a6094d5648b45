"""`bin/ops secrets`: the command line of the secrets."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ops.command import DryRun, EnvironmentName, Json, Yes, complete_environment, load, reporting, say, show
from ops.errors import OpsError

if TYPE_CHECKING:
    from environments.schema import Environment
    from ops.secrets.change import Change

secrets = typer.Typer(
    name="secrets", help="Set and rotate the values of secrets. No command shows a value.", no_args_is_help=True
)

SecretName = Annotated[str, typer.Argument(metavar="SECRET", help="Its name, such as OPENAI_API_KEY.")]
Stdin = Annotated[bool, typer.Option("--stdin", help="Read the value from standard input.")]
FromFd = Annotated[int | None, typer.Option("--from-fd", metavar="N", help="Read the value from this file descriptor.")]
Generate = Annotated[bool, typer.Option("--generate", help="Generate a random value, for secrets that allow it.")]


@secrets.command()
def status(environment: EnvironmentName, as_json: Json = False) -> None:
    """Show which secrets have a value.

    Also since when, and who may read it. Exit code 1: a secret that a service needs has no value.
    """
    with reporting():
        from ops.aws.session import connect
        from ops.secrets.status import statuses
        from ops.tasks.running import aligned, minute

        chosen = load(environment)
        found = statuses(connect(chosen), chosen)
        if as_json:
            show(json.dumps([asdict(each) for each in found], indent=2, default=str))
        else:
            rows = [
                (
                    each.name,
                    each.state,
                    minute(each.changed),
                    ", ".join(each.needed_by) or "-",
                    "unknown (administrators only)" if each.readers is None else ", ".join(each.readers) or "-",
                )
                for each in found
            ]
            show(aligned(("SECRET", "VALUE", "SINCE (UTC)", "NEEDED BY", "MAY BE READ BY"), *rows))
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
    """Set a secret to a value.

    You type the value or pass it. Running tasks keep the old one: see `rotate`.
    """
    with reporting():
        change = _change(load(environment), name, stdin=stdin, from_fd=from_fd, generate=generate)
        write = change.ask("running tasks keep the old one", yes=yes, dry_run=dry_run)
        if write is None:
            return
        version = write()
        if as_json:
            show(json.dumps({"secret": name, "version": version}))
        say(f"{name} has a new value, version {version}")


@secrets.command()
def rotate(
    environment: EnvironmentName,
    name: SecretName,
    *,
    stdin: Stdin = False,
    from_fd: FromFd = None,
    generate: Generate = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the services are stable.")] = True,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Set a secret, and redeploy its services.

    The services that read the secret start tasks with the new value.

    Exit code 1: tasks of a service may still have the old value.
    """
    with reporting():
        from ops.secrets.status import readers_of
        from ops.tasks.restart import Result, restart

        chosen = load(environment)
        services = readers_of(chosen, name)
        change = _change(chosen, name, stdin=stdin, from_fd=from_fd, generate=generate)
        then = f"then redeployed: {', '.join(services) or 'no service'}"
        write = change.ask(then, yes=yes, dry_run=dry_run)
        if write is None:
            return
        version = write()
        say(f"{name} has a new value, version {version}")
        try:
            restarts = restart(change.aws, chosen, services, wait=wait)
        except KeyboardInterrupt:
            say(f"deployments that have begun continue; to see their tasks: bin/ops tasks {environment}")
            raise
        for each in restarts:
            say(str(each))
        if as_json:
            result = {"secret": name, "version": version, "services": [asdict(each) for each in restarts]}
            show(json.dumps(result))
        if any(each.result is Result.FAILED for each in restarts):
            say("fix the problem and deploy these services again: their previous tasks have the old value")
            raise typer.Exit(1)


@secrets.command()
def copy_names(
    environment: EnvironmentName,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="ENVIRONMENT",
            help="The environment to compare with.",
            autocompletion=complete_environment,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Compare two environments' secrets by name.

    No value is read or copied.

    Exit code 1: a secret is missing or extra. Terraform creates secrets: apply phase secrets for a missing one.
    """
    with reporting():
        from ops.aws.session import connect
        from ops.secrets.status import compared

        if source == environment:
            raise OpsError(f"--from {source} is {environment} itself; name another environment")
        both = [compared(connect(chosen), chosen) for chosen in [load(source), load(environment)]]
        if as_json:
            show(json.dumps([asdict(each) for each in both], indent=2))
        else:
            for each in both:
                show(f"{each.environment}: {len(each.there)} secrets")
                for name in each.missing:
                    show(f"  missing: {name} (apply phase secrets)")
                for name in each.extra:
                    show(f"  extra: {name} (not in environments/)")
        if any(each.missing or each.extra for each in both):
            raise typer.Exit(1)


def _change(environment: Environment, name: str, *, stdin: bool, from_fd: int | None, generate: bool) -> Change:
    from ops.aws.session import connect
    from ops.secrets.change import prepare, writable
    from ops.secrets.values import Source

    source = Source(stdin, from_fd, generate)
    secret = writable(environment, name, source)
    return prepare(connect(environment), environment, secret, source)

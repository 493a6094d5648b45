"""`bin/ops affected` and `bin/ops ci`: the command line of what workflows call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from modules.output import OUT
from ops.ci import JobRole
from ops.command import EnvironmentName, Json, Out, complete_environment, load, load_chosen, reporting, say, show

ci = typer.Typer(help="Sign in, comment, keep issues, as workflows do.", no_args_is_help=True)
Environments = Annotated[
    list[str] | None,
    typer.Argument(metavar="ENVIRONMENT", help="Environments; by default all.", autocompletion=complete_environment),
]
Base = Annotated[str, typer.Option(metavar="REF", help="The version to compare with: a commit, branch or tag of git.")]
Role = Annotated[JobRole, typer.Argument(metavar="ROLE", help="planner or deployer.")]


def affected(
    base: Base,
    names: Environments = None,
    *,
    outputs: Annotated[
        Path | None, typer.Option(help="File to append environments, affected and any to: $GITHUB_OUTPUT.")
    ] = None,
    out: Out = OUT,
    as_json: Json = False,
) -> None:
    """Show which phases a change affects: stacks that differ from the base's, and phases that read what may change.

    Synthesizes the base with its own code, in a temporary folder, and compares byte by byte. It doesn't ask AWS.
    """
    with reporting():
        from ops.ci.affected import Folders
        from ops.ci.affected import affected as compare
        from ops.versions import version

        chosen = [each.name for each in load_chosen(names or ())]
        with version(base) as other:
            found = compare(Folders(other.out, out, base, other.commit), chosen, whole=not names)
        show(json.dumps(found.as_data(), indent=2) if as_json else found.as_text())
        if outputs:
            with outputs.open("a", encoding="utf-8") as file:
                file.write(found.as_outputs())


@ci.command("sign-in")
def sign_in(environment: EnvironmentName, role: Role) -> None:
    """Let the next steps of a GitHub job call AWS as a role.

    Stores no credentials: each program that needs them runs `ops ci credentials`.
    """
    with reporting():
        from ops.ci import sign_in as job

        session = job.sign_in(load(environment), role)
        say(f"signed in as {session.arn}; later steps renew it")


@ci.command()
def credentials(environment: EnvironmentName, role: Role) -> None:
    """Print a role's temporary credentials, as AWS SDKs read them.

    AWS SDKs run it: `sign-in` names it as their credential_process.
    """
    with reporting():
        from ops.ci import sign_in as job

        # Straight to the SDK that started this: the values are secrets.
        show(job.assume(load(environment), role).printed)

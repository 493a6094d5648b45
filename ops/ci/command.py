"""`bin/ops affected` and `bin/ops ci`: the command line of what workflows call."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from modules.output import OUT
from ops.ci import JobRole
from ops.command import (
    EnvironmentName,
    Json,
    Out,
    check_phases,
    complete_environment,
    load,
    load_chosen,
    reporting,
    say,
    show,
)

ci = typer.Typer(help="Sign in, comment, keep issues, as workflows do.", no_args_is_help=True)
Environments = Annotated[
    list[str] | None,
    typer.Argument(metavar="ENVIRONMENT", help="Environments; by default all.", autocompletion=complete_environment),
]
Base = Annotated[str, typer.Option(metavar="REF", help="The version to compare with: a commit, branch or tag of git.")]
Role = Annotated[JobRole, typer.Argument(metavar="ROLE", help="planner or deployer.")]
Outputs = Annotated[
    Path | None, typer.Option("--outputs", metavar="FILE", help="Append outputs of the step to it: $GITHUB_OUTPUT.")
]


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


@ci.command()
def comment(
    base: Base,
    names: Environments = None,
    *,
    pull: Annotated[int, typer.Option(min=0, metavar="NUMBER", help="Number of the pull request.")] = 0,
    to: Annotated[Path | None, typer.Option("--out", help="Write the comment to this file; post nothing.")] = None,
    synth: Annotated[Path, typer.Option(help="Folder that synth wrote, with plans and reports.", metavar="DIR")] = OUT,
) -> None:
    """Write one comment on a pull request, and update it in place: what changes in each phase, and what that means.

    It shows the plans that `ops plan` saved in this job; a phase without one is marked as not planned. It needs
    GITHUB_TOKEN with `pull-requests: write`, GITHUB_REPOSITORY and, for a server of your own, GITHUB_API_URL.
    """
    with reporting():
        from ops.ci.comment import post, text
        from ops.ci.gathered import gathered, run_address
        from ops.ci.github import GitHub
        from ops.ci.markdown import LIMIT, WHOLE
        from ops.errors import OpsError
        from ops.files import write

        if not pull and to is None:
            raise OpsError("--pull NUMBER is missing: the pull request to comment on; or write a file: --out FILE")
        github = None if to else GitHub.from_environment()  # A missing variable is found before anything is compared.
        found = gathered(base, load_chosen(names or ()), synth, run_address(), whole=not names)
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if to:
            write(to, text(found, WHOLE))
        elif github:
            say(f"Commented: {post(github, pull, text(found, LIMIT))}")
            if summary:  # It has what a comment has no room for.
                with Path(summary).open("a", encoding="utf-8") as file:
                    file.write(text(found, WHOLE))


def environments(
    *,
    chosen: Annotated[
        str,
        typer.Option(metavar="NAMES", envvar="ROLLOUT_ENVIRONMENTS", help="Environments to roll out, with spaces."),
    ] = "",
    only: Annotated[str, typer.Option(metavar="NAME", help="Check that this is one of them, and show only it.")] = "",
    outputs: Outputs = None,
) -> None:
    """Print which environments workflows roll out, with the GitHub environments of their jobs, as JSON.

    Exit code 1: two of them are sizes of the same environment, or --only isn't one of them.
    """
    with reporting():
        from ops.ci import targets

        found = targets.outputs(targets.chosen(chosen.split()), only)
        for name, value in found.items():
            show(f"{name}={value}")
        if not chosen.split():
            say(f"{targets.VARIABLE} is empty, so workflows roll out nothing (docs/ci.md)")
        if outputs:
            targets.append(outputs, found)


@ci.command()
def look(environment: EnvironmentName, outputs: Outputs = None, out: Out = OUT) -> None:
    """Plan every phase as the planner, print a page, and say which phases the deployer must apply.

    The outputs have `true` or `false` for each phase of the deployer. Exit code 2: a plan failed.
    """
    from ops.terraform.session import session

    with reporting(), session(load(environment), out) as running:
        from ops.ci import look as page
        from ops.ci.targets import append
        from ops.terraform.bootstrap import refuse_before_bootstrap

        refuse_before_bootstrap(running)
        results = page.look(running)
        show(page.as_markdown(running, results), nl=False)
        if outputs:
            append(outputs, page.needed(results))
        raise typer.Exit(page.stops(results))


@ci.command()
def failed(
    environment: EnvironmentName,
    phase: Annotated[str, typer.Argument(metavar="PHASE", help="The phase that the job rolled out.")],
    out: Out = OUT,
) -> None:
    """Save what only this runner has after a failed apply, and print what to do, as Markdown."""
    check_phases([phase])
    with reporting():
        from modules.phases import phase as named
        from ops.ci import failed as page
        from ops.errors import OpsError
        from ops.terraform.session import session
        from ops.terraform.stack import Stack

        target = load(environment)
        stack = Stack(target, named(phase), out)
        try:
            with session(target, out) as running:
                known = page.found(running, stack)
        except OpsError as error:
            known = [f"The state can't be read: {error}"]
        show(page.as_markdown(stack, known), nl=False)

"""`bin/ops affected` and `bin/ops ci`: the command line of what workflows call."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from ops.ci.affected import Affected
    from ops.ci.issues import Watched

RISK_DAYS = 30
"""Days before its expiry from which an accepted risk has an issue; the gate warns as early."""
PRICE_DAYS = 90
"""Days after which a price is old."""

ci = typer.Typer(help="Sign in, comment, keep issues, as workflows do.", no_args_is_help=True)
Environments = Annotated[
    list[str] | None,
    typer.Argument(metavar="ENVIRONMENT", help="Environments; by default all.", autocompletion=complete_environment),
]
Base = Annotated[
    str | None, typer.Option(metavar="REF", help="Required: the version to compare with, a commit, branch or tag.")
]


def affected(
    names: Environments = None,
    *,
    base: Base = None,
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
        from ops.step_outputs import append

        chosen = [each.name for each in load_chosen(names or ())]
        found = _compared(_given(base, "bin/ops affected"), chosen, out, whole=not names)
        show(json.dumps(found.as_data(), indent=2) if as_json else found.as_text())
        if outputs:
            append(outputs, found.outputs())


def _job_role(name: str) -> JobRole:
    """The role of that name.

    Raises:
        BadParameter: Jobs assume no role of that name.
    """
    from environments.suggestions import choices

    try:
        return JobRole(name)
    except ValueError:
        raise typer.BadParameter(f"jobs assume no role {name!r}; {choices(name, JobRole)}") from None


Role = Annotated[JobRole, typer.Argument(metavar="ROLE", parser=_job_role, help="planner or deployer.")]
Outputs = Annotated[
    Path | None, typer.Option("--outputs", metavar="FILE", help="Append outputs of the step to it: $GITHUB_OUTPUT.")
]


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
def environments(
    *,
    chosen: Annotated[
        str,
        typer.Option(metavar="NAMES", envvar="ROLLOUT_ENVIRONMENTS", help="Environments to roll out, with spaces."),
    ] = "",
    only: Annotated[
        str | None, typer.Option(metavar="NAME", help="Check that this is one of them, and show only it.")
    ] = None,
    outputs: Outputs = None,
) -> None:
    """Print which environments workflows roll out, as JSON.

    With the GitHub environments of their jobs. Exit code 2: one is unknown, two are sizes of the same environment, or
    --only isn't one of them.
    """
    with reporting():
        from ops.ci import targets
        from ops.step_outputs import append

        found = targets.outputs(targets.chosen(chosen.split()), only)
        for name, value in found.items():
            show(f"{name}={value}")
        if not chosen.split():
            say(f"{targets.VARIABLE} is empty, so workflows roll out nothing (docs/ci.md)")
        if outputs:
            append(outputs, found)


@ci.command()
def look(
    environment: EnvironmentName,
    *,
    base: Annotated[
        str | None, typer.Option(metavar="REF", help="Plan only phases that a change since this version affects.")
    ] = None,
    outputs: Outputs = None,
    out: Out = OUT,
) -> None:
    """Plan every phase as the planner, and print a page.

    It shows which phases the deployer must apply, and the commands that an administrator must run for the other
    phases; with --base it has none, since the change isn't merged yet. Plans are saved as `ops plan` saves them.
    What the plan gate refuses is shown and is no error, since nothing is applied. The outputs have `true` or
    `false` for each phase of the deployer. Exit code 2: a plan failed.
    """
    from ops.terraform.session import session

    with reporting(), session(load(environment), out) as running:
        from ops.ci import look as page
        from ops.step_outputs import append
        from ops.terraform.bootstrap import refuse_before_bootstrap

        refuse_before_bootstrap(running)
        planned = (
            None if base is None else _compared(base, [environment], out, whole=False).planned.get(environment, ())
        )
        results = page.look(running, planned)
        show(page.as_markdown(running, results, proposed=base is not None), nl=False)
        if outputs:
            append(outputs, page.needed(running, results))
        raise typer.Exit(page.stops(results))


def _given(base: str | None, command: str) -> str:
    """The version to compare with. The commands check environments first, so the option isn't one that Typer requires.

    Raises:
        OpsError: It is missing.
    """
    from ops.errors import OpsError

    if base is None:
        raise OpsError(f"--base is missing: the version to compare with; for example {command} --base main")
    return base


def _compared(base: str, names: list[str], out: Path, *, whole: bool) -> Affected:
    """What differs from another version of git, in these environments or, if whole, anywhere."""
    from ops.ci.affected import Folders, affected
    from ops.versions import version

    with version(base) as other:
        return affected(Folders(other.out, out, base, other.commit, other.packages), names, whole=whole)


@ci.command()
def failed(
    environment: EnvironmentName,
    phase: Annotated[str, typer.Argument(metavar="PHASE", help="The phase that the job rolled out.")],
    *,
    release: Annotated[bool, typer.Option("--release", help="The job released or rolled back, by ops deploy.")] = False,
    out: Out = OUT,
) -> None:
    """Save what only this runner has, and print what to do.

    For a job in which an apply failed. It prints Markdown.
    """
    check_phases([phase])
    with reporting():
        from modules.phases import phase as named
        from ops.ci import failed as page
        from ops.errors import OpsError
        from ops.terraform.session import session
        from ops.terraform.stack import Stack

        target = load(environment)
        stack = Stack(target, named(phase), out)
        what = page.Failure.RELEASE if release else page.Failure.MIDWAY
        try:
            with session(target, out) as running:
                known = page.found(running, stack)
                if not release:
                    what = page.failure(running, stack)
        except OpsError as error:
            known = [f"The state can't be read: {error}"]
        show(page.as_markdown(stack, known, what), nl=False)


@ci.command()
def comment(
    names: Environments = None,
    *,
    base: Base = None,
    pull: Annotated[int, typer.Option(min=0, metavar="NUMBER", help="Number of the pull request.")] = 0,
    to: Annotated[Path | None, typer.Option("--out", help="Write the comment to this file; post nothing.")] = None,
    synth: Annotated[Path, typer.Option(help="Folder that synth wrote, with plans and reports.", metavar="DIR")] = OUT,
) -> None:
    """Write one comment on a pull request, or update it.

    It has a section for each environment, which is updated in place. It shows the plans that `ops ci look` or `ops
    plan` saved in this job; a phase without one is marked as not planned. Sections of environments that you don't
    name stay as they are. It needs GITHUB_TOKEN with `pull-requests: write`, GITHUB_REPOSITORY and, for a server of
    your own, GITHUB_API_URL.
    """
    with reporting():
        from ops.ci.comment import post, text
        from ops.ci.gathered import gathered, run_address
        from ops.ci.github import GitHub
        from ops.errors import OpsError
        from ops.files import write
        from ops.markdown import WHOLE

        chosen, ref = load_chosen(names or ()), _given(base, "bin/ops ci comment --pull 1")
        if not pull and to is None:
            raise OpsError("--pull NUMBER is missing: the pull request to comment on; or write a file: --out FILE")
        github = None if to else GitHub.from_environment()  # A missing variable is found before anything is compared.
        found = gathered(ref, chosen, synth, run_address(), whole=not names)
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if to:
            write(to, text(found, WHOLE))
        elif github:
            say(f"Commented: {post(github, pull, found)}")
            if summary:  # It has what a comment has no room for.
                with Path(summary).open("a", encoding="utf-8") as file:
                    file.write(text(found, WHOLE))


@ci.command()
def watch(
    check: Annotated[str, typer.Argument(metavar="CHECK", help="drift, risks, prices or versions.")],
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="ENVIRONMENT", help="An environment, for drift and prices.", autocompletion=complete_environment
        ),
    ] = None,
    *,
    days: Annotated[
        int | None,
        typer.Option(min=0, help="risks: those that expire within DAYS (30); prices: those older than DAYS (90)."),
    ] = None,
    out: Out = OUT,
) -> None:
    """Run a check, and keep its one issue.

    The issue is opened, updated in place, closed when the cause is fixed, and opened again.
    Exit code 0: the issue was kept, whatever was found; 2: the check can't be run, and the issue is as it was. It needs
    GITHUB_TOKEN with `issues: write`, and GITHUB_REPOSITORY.
    """
    with reporting(2):
        from ops.ci.gathered import run_address
        from ops.ci.github import GitHub
        from ops.ci.issues import keep

        _check_watch(check, name)
        github = GitHub.from_environment()
        say(keep(github, _checked(check, name, days, out), run_address()))


def _check_watch(check: str, name: str | None) -> None:
    """Check the arguments of `watch`, before it needs anything of GitHub.

    Raises:
        OpsError: There is no such check or environment, or the check needs an environment, or takes none.
    """
    from environments.suggestions import choices
    from ops.errors import OpsError

    if name is not None:
        load(name)
    known, with_environment = ("drift", "risks", "prices", "versions"), {"drift", "prices"}
    if check not in known:
        raise OpsError(f"no such check {check!r}; {choices(check, list(known))}")
    if (name is not None) != (check in with_environment):
        example = f"ops ci watch {check}{' ENVIRONMENT' if check in with_environment else ''}"
        raise OpsError(f"{check} {'needs an' if check in with_environment else 'takes no'} environment: {example}")


def _checked(check: str, name: str | None, days: int | None, out: Path) -> Watched:
    """What a check finds.

    Raises:
        OpsError: It can't be run.
    """
    from ops.ci import checks
    from ops.risks.listing import accepted
    from ops.terraform.drift import compare_all

    today = datetime.now(UTC).date()
    if check == "drift" and name is not None:
        environment = load(name)
        return checks.drift(environment, compare_all(environment, out))
    if check == "prices" and name is not None:
        return checks.prices(load(name), today, PRICE_DAYS if days is None else days)
    return (
        checks.versions() if check == "versions" else checks.risks(accepted(today), RISK_DAYS if days is None else days)
    )


@ci.command("pull-request")
def pull_request(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Changed, new or removed files of the project.")],
    *,
    branch: Annotated[str, typer.Option(metavar="NAME", help="The branch to commit to; it is this command's own.")],
    title: Annotated[str, typer.Option(metavar="T", help="Title of the pull request and of its commit.")],
    body_file: Annotated[Path | None, typer.Option(help="File with the text of the pull request.")] = None,
) -> None:
    """Commit files to a branch, and open its pull request.

    Both through GitHub's API. An open pull request is updated, or closed if the default branch has these files
    already. It needs GITHUB_TOKEN with `contents: write` and `pull-requests: write`, and GITHUB_REPOSITORY. Exit code
    0: opened, updated, closed, or nothing to do; 1: refused.
    """
    with reporting():
        from ops.ci.github import GitHub
        from ops.ci.pull_request import open_or_update, read_files
        from ops.files import read

        github = GitHub.from_environment()
        body = read(body_file, "pass another --body-file") if body_file else ""
        say(open_or_update(github, branch, title, body, read_files(files)))

"""The parts of GitHub's workflows: jobs, steps, and what a job's token may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ops.ci.yaml_text import Noted, Value

RUNNER = "ubuntu-24.04"
"""https://github.com/actions/runner-images: it has Python 3.12 and make."""


class Action(NamedTuple):
    """An action, pinned by the commit of a version."""

    name: str
    version: str
    commit: str
    source: str
    """The page of the version, which shows its commit."""

    @property
    def used(self) -> Noted:
        """As a step names it."""
        return Noted(f"{self.name}@{self.commit}", self.version)


ACTIONS = (
    Action(
        "actions/checkout",
        "v7.0.1",
        "3d3c42e5aac5ba805825da76410c181273ba90b1",
        "https://github.com/actions/checkout/releases/tag/v7.0.1",
    ),
    Action(
        "github/codeql-action/upload-sarif",
        "v4.36.2",
        "1a818fd5f97ed0ee9a823421bd5b171add01227f",
        "https://github.com/github/codeql-action/releases/tag/v4.36.2",
    ),
)
"""All actions that workflows use. The commits are those of the tags in the actions' repositories."""
CHECKOUT, SARIF = (action.used for action in ACTIONS)

READ: Mapping[str, Value] = {"contents": Noted("read", "checks out")}
PUSH: Mapping[str, Value] = {"contents": Noted("write", "commits the release file to a branch")}
CREDENTIALS: Mapping[str, Value] = {"id-token": Noted("write", "signs in to AWS with the job's own token")}
ISSUES: Mapping[str, Value] = {"issues": Noted("write", "opens, updates and closes the check's issue")}
PULL_REQUESTS: Mapping[str, Value] = {"pull-requests": Noted("write", "comments, or opens a pull request")}
TOKEN: Mapping[str, Value] = {"GITHUB_TOKEN": "${{ github.token }}"}
"""For the steps that call GitHub's API, and no others."""
FROM_HERE = (
    "(github.event_name != 'pull_request' || github.event.pull_request.head.repo.full_name == github.repository)"
)
"""A pull request of a fork gets no credentials: its token can't write, and it can't get one for AWS.

https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#workflows-in-forked-repositories
"""


SUMMARY = '>> "$GITHUB_STEP_SUMMARY"'
"""After a command: what it prints is shown on the run's page."""
OUTPUTS = '--outputs "$GITHUB_OUTPUT"'


def unless_failed(condition: str) -> str:
    """A condition of a job that also runs if a job before it was skipped.

    https://docs.github.com/en/actions/reference/workflows-and-actions/expressions#status-check-functions
    """
    return f"${{{{ !cancelled() && !failure() && {condition} }}}}"


def one_at_a_time(group: str) -> dict[str, Value]:
    """Runs of a group wait for one another. A newer one takes the place of one that waits, and has all that it has.

    https://docs.github.com/en/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency
    """
    return {"group": group, "cancel-in-progress": False}


def for_each(needed: str, output: str) -> dict[str, Value]:
    """A strategy: one job for each environment of a list that another job's output has."""
    return {"fail-fast": False, "matrix": {"target": f"${{{{ fromJSON(needs.{needed}.outputs.{output}) }}}}"}}


def job(
    name: str,
    *,
    permissions: Mapping[str, Value],
    minutes: int,
    steps: Sequence[Value],
    needs: Sequence[str] = (),
    condition: str = "",
    strategy: Mapping[str, Value] | None = None,
    environment: str = "",
    env: Mapping[str, Value] | None = None,
    outputs: Mapping[str, Value] | None = None,
) -> dict[str, Value]:
    """A job.

    Args:
        name: As GitHub shows it.
        permissions: All that its token may do.
        minutes: When GitHub stops it.
        steps: Its steps.
        needs: Jobs that end first.
        condition: Its `if`.
        strategy: Its matrix.
        environment: Its GitHub environment: rules that protect it, and the subject of its OIDC token.
        env: Variables of its steps. What others wrote reaches a step only in a variable.
        outputs: What later jobs read.
    """
    keys: dict[str, Value | None] = {
        "name": name,
        "needs": list(needs),
        "if": condition,
        "strategy": strategy,
        "runs-on": RUNNER,
        "environment": environment,
        "permissions": permissions,
        "timeout-minutes": minutes,
        "env": env,
        "outputs": outputs,
        "steps": list(steps),
    }
    return {key: value for key, value in keys.items() if value}


def called(
    name: str,
    file: str,
    *,
    permissions: Mapping[str, Value],
    needs: Sequence[str] = (),
    condition: str = "",
    strategy: Mapping[str, Value] | None = None,
    inputs: Mapping[str, Value] | None = None,
) -> dict[str, Value]:
    """A job that runs another workflow of this repository. It has the time limits of that one's jobs."""
    keys: dict[str, Value | None] = {
        "name": name,
        "needs": list(needs),
        "if": condition,
        "strategy": strategy,
        "permissions": permissions,
        "uses": f"./.github/workflows/{file}",
        "with": inputs,
    }
    return {key: value for key, value in keys.items() if value}


def run(
    name: str,
    command: str,
    *,
    id_: str = "",
    condition: str = "",
    env: Mapping[str, Value] | None = None,
    chosen: bool = False,
) -> dict[str, Value]:
    """A step that runs one command.

    Args:
        name: As GitHub shows it.
        command: `make …`, or a program of `bin/`.
        id_: Its id, if later steps read its outputs.
        condition: Its `if`.
        env: Variables of this step only.
        chosen: Whether it gets the repository's list of environments to roll out.
    """
    variables = {**(env or {}), **({"ROLLOUT_ENVIRONMENTS": "${{ vars.ROLLOUT_ENVIRONMENTS }}"} if chosen else {})}
    keys: dict[str, Value | None] = {"name": name, "id": id_, "if": condition, "env": variables, "run": command}
    return {key: value for key, value in keys.items() if value}


def checkout(*, history: bool = False, newest: bool = False) -> dict[str, Value]:
    """The step that checks out. No later step can push with its token."""
    options: dict[str, Value] = {
        "persist-credentials": False,
        **({"fetch-depth": 0} if history else {}),
        **({"ref": "${{ github.event.repository.default_branch }}"} if newest else {}),
    }
    return {"name": "Check out", "uses": CHECKOUT, "with": options}


def tools(
    *, terraform: bool = False, history: bool = False, newest: bool = False, target: str = "setup"
) -> list[dict[str, Value]]:
    """The steps that every job begins with.

    Args:
        terraform: Whether it runs Terraform.
        history: Whether it reads git's history, as for another version's stacks.
        newest: Whether it works on the default branch as it is when the job begins, in place of the event's commit,
            from which that branch may have moved on while the job waited for its approval.
        target: `setup`, or `setup-dev` for tests and rehearsals.
    """
    installed = [run("Install Terraform", "bin/install-terraform")] if terraform else []
    return [checkout(history=history, newest=newest), *installed, run("Set up", f"make {target}")]


def sign_in(role: str) -> dict[str, Value]:
    """The step after which commands call AWS as a role: its credentials are asked for when they are needed."""
    return run(f"Sign in as {role}", f'bin/ops ci sign-in "$ENVIRONMENT" {role}')


def workflow(
    name: str, on: Mapping[str, Value], jobs: Mapping[str, Value], *, group: str, cancel: bool = False
) -> dict[str, Value]:
    """A workflow whose token may do nothing but what a job asks for, and of which one run of a group runs at a time."""
    return {
        "name": name,
        "on": on,
        "permissions": {},
        "concurrency": {"group": group, "cancel-in-progress": True} if cancel else one_at_a_time(group),
        "jobs": jobs,
    }


def environments(*outputs: str, condition: str = "") -> dict[str, Value]:
    """The job that says which environments there are: repository variable ROLLOUT_ENVIRONMENTS."""
    return job(
        "environments",
        condition=condition,
        permissions=READ,
        minutes=15,
        outputs={name: f"${{{{ steps.environments.outputs.{name} }}}}" for name in outputs},
        steps=[
            *tools(),
            run("Find the environments", f"bin/ops ci environments {OUTPUTS}", id_="environments", chosen=True),
        ],
    )


def target(given: str) -> dict[str, Value]:
    """The job that checks the environment of a dispatch, and finds its GitHub environment."""
    names = ("environment", "deploy_environment", "release_file")
    return job(
        "environment",
        permissions=READ,
        minutes=15,
        env={"GIVEN": given},
        outputs={name: f"${{{{ steps.environments.outputs.{name} }}}}" for name in names},
        steps=[
            *tools(),
            run(
                "Check the environment",
                f'bin/ops ci environments --only="$GIVEN" {OUTPUTS}',
                id_="environments",
                chosen=True,
            ),
        ],
    )

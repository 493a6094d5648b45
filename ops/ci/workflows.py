"""GitHub's workflows, from the table of phases: `make docs` writes `.github/workflows/`.

A step is `make …`, `bin/ops …` or one of two actions, so any other CI can do the same (`ops/ci/engines.py`). A step
that changes AWS begins with `exec`: GitHub sends a signal to the step's shell only, and kills what remains after ten
seconds (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation). What
triggers a job, who approves it and what its token may do is GitHub's part, and is here. Names of environments aren't:
the job `environments` reads them when it runs, so the files are the same for every product.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ops.ci import JobRole
from ops.ci.jobs import (
    CREDENTIALS,
    FROM_HERE,
    OUTPUTS,
    PULL_REQUESTS,
    READ,
    SARIF,
    SUMMARY,
    TOKEN,
    called,
    environments,
    for_each,
    job,
    run,
    sign_in,
    tools,
    unless_failed,
    workflow,
)
from ops.ci.operations import release, schedule, traffic
from ops.ci.rollout_workflow import ALL_PHASES, DEPLOYED, rollout
from ops.ci.yaml_text import Noted, Value, as_yaml

FOLDER = Path(__file__).parents[2] / ".github" / "workflows"
HEAD = "Written by `make docs` from ops/ci/workflows.py and modules/phases.py: change these. How it works: docs/ci.md"
APPROVALS = {
    "widening": "access that becomes wider",
    "loss_in_place": "data that a change in place loses",
    "outage": "an outage",
    "protection_off": "a protection that is turned off",
}
"""Classes that the plan gate refuses unless you approve them, by their option (`ops/plan_gate/approvals.py`)."""


def workflows() -> dict[Path, str]:
    """The text of each workflow, by its file."""
    written = {
        "check": check(),
        "pull-request": pull_request(),
        "main": main(),
        "rollout": rollout(),
        "schedule": schedule(),
        "release": release(),
        "traffic": traffic(),
    }
    return {FOLDER / f"{name}.yml": as_yaml(document, HEAD) for name, document in written.items()}


def check() -> dict[str, Value]:
    """What needs no account: for pull requests, also of forks, and for main."""
    upload: dict[str, Value] = {
        "name": "Upload the gate's findings",
        "if": f"${{{{ !cancelled() && vars.CODE_SCANNING != 'off' && {FROM_HERE} }}}}",
        "uses": SARIF,
        "with": {"sarif_file": "cdktf.out/reports/gate.sarif", "category": "gate"},
    }
    return workflow(
        "check",
        {"workflow_call": {}},
        {
            "test": job(
                "lint and test",
                permissions=READ,
                minutes=45,
                steps=[
                    *tools(terraform=True, target="setup-dev"),
                    run("Lint", "make lint"),
                    run("Look for secrets", "make secrets-check"),
                    run("Test", "make test"),
                ],
            ),
            "gate": job(
                "synth and gate",
                permissions={
                    **READ,
                    "security-events": Noted("write", "shows the gate's findings in code scanning"),
                },
                minutes=30,
                steps=[
                    *tools(),
                    run("Synthesize", "make synth"),
                    run("Gate", "make gate"),
                    upload,
                ],
            ),
        },
        group="check-${{ github.workflow }}-${{ github.ref }}",
        cancel=True,
    )


def pull_request() -> dict[str, Value]:
    """Checks for every pull request; plans and a comment if it isn't from a fork."""
    base = "${{ github.event.pull_request.base.sha }}"
    return workflow(
        "pull request",
        {"pull_request": {"branches": ["main"]}},
        {
            "check": called(
                "check",
                "check.yml",
                permissions={**READ, "security-events": Noted("write", "shows the gate's findings in code scanning")},
            ),
            "environments": job(
                "affected phases",
                condition=f"${{{{ {FROM_HERE} }}}}",
                permissions=READ,
                minutes=15,
                env={"BASE": base},
                outputs={"all": "${{ steps.environments.outputs.all }}"},
                steps=[
                    *tools(history=True),
                    run("Find the environments", f"bin/ops ci environments {OUTPUTS}", id_="environments", chosen=True),
                    run("Synthesize", "make synth"),
                    run("Find the affected phases", f'bin/ops affected --base="$BASE" {SUMMARY}'),
                ],
            ),
            "plan": job(
                "plan ${{ matrix.target.environment }}",
                needs=["environments"],
                condition="${{ needs.environments.outputs.all != '[]' }}",
                # One after the other: each updates its part of the same comment.
                strategy={**for_each("environments", "all"), "max-parallel": 1},
                environment="${{ matrix.target.plan_environment }}",
                permissions={**READ, **CREDENTIALS, **PULL_REQUESTS},
                minutes=60,
                env={
                    "ENVIRONMENT": "${{ matrix.target.environment }}",
                    "BASE": base,
                    "NUMBER": "${{ github.event.pull_request.number }}",
                },
                steps=[
                    *tools(terraform=True, history=True),
                    run("Synthesize and gate", 'make gate ENV="$ENVIRONMENT"'),
                    sign_in(JobRole.PLANNER),
                    run("Plan affected phases", f'bin/ops ci look "$ENVIRONMENT" --base="$BASE" {SUMMARY}'),
                    run(
                        "Comment",
                        'bin/ops ci comment --base="$BASE" --pull="$NUMBER" "$ENVIRONMENT"',
                        # Also if a plan failed: the comment says why.
                        condition="${{ !cancelled() }}",
                        env=TOKEN,
                    ),
                ],
            ),
        },
        group="pull-request-${{ github.event.pull_request.number }}",
        cancel=True,
    )


def main() -> dict[str, Value]:
    """Rehearses, then rolls out: first the environments without protection, such as staging, then the others."""
    inputs: dict[str, Value] = {
        f"approve_{name}": {"description": f"Approve {meaning}", "type": "boolean", "default": False}
        for name, meaning in APPROVALS.items()
    }
    # What one environment's plan shows says nothing about another's.
    inputs |= {
        "approve_for": {"description": "Environment that you approve this for", "type": "string", "default": ""},
        "approve_phase": {
            "description": "Phase that you approve this for",
            "type": "choice",
            "default": ALL_PHASES,
            "options": [ALL_PHASES, *(phase.name for phase in DEPLOYED)],
        },
    }
    there = "inputs.approve_for == matrix.target.environment"
    approvals = " ".join(
        f"${{{{ {there} && inputs.approve_{name} && '--approve-{name.replace('_', '-')}' || '' }}}}"
        for name in APPROVALS
    )
    of_main = "github.ref == format('refs/heads/{0}', github.event.repository.default_branch)"

    def rolled_out(chosen: str, needs: Sequence[str]) -> dict[str, Value]:
        return called(
            "${{ matrix.target.environment }}",
            "rollout.yml",
            needs=needs,
            condition=unless_failed(
                f"needs.environments.result == 'success' && needs.environments.outputs.{chosen} != '[]'"
            ),
            strategy={**for_each("environments", chosen), "max-parallel": 1},
            permissions={**READ, **CREDENTIALS},
            inputs={
                "environment": "${{ matrix.target.environment }}",
                "plan_environment": "${{ matrix.target.plan_environment }}",
                "deploy_environment": "${{ matrix.target.deploy_environment }}",
                "approvals": approvals,
                "approve_phase": f"${{{{ inputs.approve_phase || '{ALL_PHASES}' }}}}",  # A push has no inputs.
            },
        )

    return workflow(
        "main",
        {"push": {"branches": ["main"]}, "workflow_dispatch": {"inputs": inputs}},
        {
            "check": called(
                "check",
                "check.yml",
                permissions={**READ, "security-events": Noted("write", "shows the gate's findings in code scanning")},
            ),
            # A run that someone dispatches from another branch only checks.
            "environments": environments("first", "protected", "rehearse", condition=f"${{{{ {of_main} }}}}"),
            "rehearse": job(
                "rehearse ${{ matrix.target.environment }}",
                needs=["environments"],
                condition="${{ needs.environments.outputs.rehearse != '[]' }}",
                strategy=for_each("environments", "rehearse"),
                permissions=READ,
                minutes=60,
                env={"ENVIRONMENT": "${{ matrix.target.environment }}"},
                steps=[
                    *tools(terraform=True, target="setup-dev"),
                    run("Rehearse", 'make rehearse ENV="$ENVIRONMENT"'),
                ],
            ),
            "first": rolled_out("first", ["check", "environments", "rehearse"]),
            "protected": rolled_out("protected", ["check", "environments", "rehearse", "first"]),
        },
        # By branch, so that a run of another branch doesn't take the place of one of main that waits.
        group="main-${{ github.ref }}",
    )

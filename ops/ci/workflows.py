"""GitHub's workflows, from the table of phases: `make docs` writes `.github/workflows/`.

A step is `make …`, `bin/ops …` or one of two actions, so any other CI can do the same (`ops/ci/engines.py`). What
triggers a job, who approves it and what its token may do is GitHub's part, and is here. Names of environments aren't:
the job `environments` reads them when it runs, so the files are the same for every product.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from modules.phases import PHASES
from ops.ci.jobs import (
    CREDENTIALS,
    DEPLOYER,
    FROM_HERE,
    ISSUES,
    PLANNER,
    PULL_REQUESTS,
    PUSH,
    READ,
    SARIF,
    TOKEN,
    called,
    for_each,
    job,
    one_at_a_time,
    run,
    sign_in,
    tools,
    unless_failed,
)
from ops.ci.yaml_text import Noted, Value, as_yaml

FOLDER = Path(__file__).parents[2] / ".github" / "workflows"
HEAD = "Written by `make docs` from ops/ci/workflows.py and modules/phases.py: change these. How it works: docs/ci.md"
DEPLOYED = tuple(phase for phase in PHASES if phase.applied_by == "deployer")
"""The phases that pipelines apply. Administrators apply the others (ADR 4)."""
APPROVALS = {
    "widening": "access that becomes wider",
    "loss_in_place": "data that a change in place loses",
    "outage": "an outage",
    "protection_off": "a protection that is turned off",
}
"""Classes that the plan gate refuses unless you approve them, by their option (`ops/plan_gate/approvals.py`)."""
SUMMARY = '>> "$GITHUB_STEP_SUMMARY"'
OUTPUTS = '--outputs "$GITHUB_OUTPUT"'


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


def _workflow(
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


def check() -> dict[str, Value]:
    """What needs no account: for pull requests, also of forks, and for main."""
    upload: dict[str, Value] = {
        "name": "Upload the gate's findings",
        "if": f"${{{{ !cancelled() && vars.CODE_SCANNING != 'off' && {FROM_HERE} }}}}",
        "uses": SARIF,
        "with": {"sarif_file": "cdktf.out/reports/gate.sarif", "category": "gate"},
    }
    return _workflow(
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
    return _workflow(
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
                    sign_in(PLANNER),
                    run(
                        "Plan and comment",
                        'bin/ops ci comment --base="$BASE" --pull="$NUMBER" "$ENVIRONMENT"',
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
    approvals = " ".join(
        f"${{{{ inputs.approve_{name} && '--approve-{name.replace('_', '-')}' || '' }}}}" for name in APPROVALS
    )

    def rolled_out(chosen: str, needs: Sequence[str]) -> dict[str, Value]:
        return called(
            "${{ matrix.target.environment }}",
            "rollout.yml",
            needs=needs,
            condition=unless_failed(f"needs.environments.outputs.{chosen} != '[]'"),
            strategy={**for_each("environments", chosen), "max-parallel": 1},
            permissions={**READ, **CREDENTIALS},
            inputs={
                "environment": "${{ matrix.target.environment }}",
                "plan_environment": "${{ matrix.target.plan_environment }}",
                "deploy_environment": "${{ matrix.target.deploy_environment }}",
                "approvals": approvals,
            },
        )

    return _workflow(
        "main",
        {"push": {"branches": ["main"]}, "workflow_dispatch": {"inputs": inputs}},
        {
            "check": called(
                "check",
                "check.yml",
                permissions={**READ, "security-events": Noted("write", "shows the gate's findings in code scanning")},
            ),
            "environments": environments("first", "protected", "rehearse"),
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
        group="main",
    )


def environments(*outputs: str) -> dict[str, Value]:
    """The job that says which environments there are: repository variable ROLLOUT_ENVIRONMENTS."""
    return job(
        "environments",
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


def rollout() -> dict[str, Value]:
    """One environment, the deployer's phases in order: plan, approval by the GitHub environment, apply."""
    described = {
        "environment": "Name of the environment",
        "plan_environment": "GitHub environment of the planner",
        "deploy_environment": "GitHub environment of the deployer; its reviewers approve",
        "approvals": "Options that approve what the plan gate refuses",
    }
    inputs: dict[str, Value] = {
        name: {"description": text, "type": "string", "required": True} for name, text in described.items()
    }
    jobs: dict[str, Value] = {"look": _look()}
    for index, phase in enumerate(DEPLOYED):
        earlier = [before.name for before in DEPLOYED[:index]]
        jobs[f"plan-{phase.name}"] = _plan(phase.name, earlier, [name for name in earlier if name in phase.reads])
        jobs[f"apply-{phase.name}"] = _apply(phase.name)
    return _workflow(
        "rollout",
        {"workflow_call": {"inputs": inputs}},
        jobs,
        group="rollout-${{ inputs.environment }}",
    )


def _look() -> dict[str, Value]:
    """Plans all phases as the planner, which changes nothing and needs no approval."""
    return job(
        "look",
        environment="${{ inputs.plan_environment }}",
        permissions={**READ, **CREDENTIALS},
        minutes=60,
        env={"ENVIRONMENT": "${{ inputs.environment }}"},
        outputs={phase.name: f"${{{{ steps.look.outputs.{phase.name} }}}}" for phase in DEPLOYED},
        steps=[
            *tools(terraform=True),
            run("Synthesize and gate", 'make gate ENV="$ENVIRONMENT"'),
            sign_in(PLANNER),
            run("Plan every phase", f'bin/ops ci look "$ENVIRONMENT" {OUTPUTS} {SUMMARY}', id_="look"),
        ],
    )


def _plan(phase: str, earlier: Sequence[str], reads: Sequence[str]) -> dict[str, Value]:
    """The deployer plans a phase and stores the plan, if the planner found changes or a phase that it reads changed."""
    needed = [f"needs.look.outputs.{phase} == 'true'", *(f"needs.apply-{name}.result == 'success'" for name in reads)]
    wanted = " || ".join(needed)
    return job(
        f"plan {phase}",
        needs=["look", *(f"apply-{name}" for name in earlier)],
        condition=unless_failed(f"({wanted})" if reads else wanted),
        environment="${{ inputs.deploy_environment }}",
        permissions={**READ, **CREDENTIALS},
        minutes=180,
        env={"ENVIRONMENT": "${{ inputs.environment }}", "APPROVALS": "${{ inputs.approvals }}"},
        outputs={name: f"${{{{ steps.store.outputs.{name} }}}}" for name in ("changes", "sha256")},
        steps=[
            *tools(terraform=True),
            run("Synthesize and gate", 'make gate ENV="$ENVIRONMENT"'),
            sign_in(DEPLOYER),
            run(
                "Wait for administrators, plan and store the plan",
                # Without quotes, because APPROVALS has several options or none. They come from this repository only.
                f'bin/ops rollout "$ENVIRONMENT" {phase} --store --wait 120 --markdown $APPROVALS {OUTPUTS} {SUMMARY}',
                id_="store",
            ),
        ],
    )


def _apply(phase: str) -> dict[str, Value]:
    """Applies exactly the stored plan, after the approval that the GitHub environment asks for."""
    return job(
        f"apply {phase}",
        needs=[f"plan-{phase}"],
        condition=unless_failed(f"needs.plan-{phase}.outputs.changes == 'true'"),
        environment="${{ inputs.deploy_environment }}",
        permissions={**READ, **CREDENTIALS},
        minutes=120,
        env={
            "ENVIRONMENT": "${{ inputs.environment }}",
            "APPROVALS": "${{ inputs.approvals }}",
            "SHA256": f"${{{{ needs.plan-{phase}.outputs.sha256 }}}}",
        },
        steps=[
            *tools(terraform=True),
            run("Synthesize and gate", 'make gate ENV="$ENVIRONMENT"'),
            sign_in(DEPLOYER),
            run(
                "Apply the stored plan and verify",
                # `:?` stops a job without a hash: an empty option would be none.
                f'bin/ops rollout "$ENVIRONMENT" {phase} --stored="${{SHA256:?}}" --yes --markdown $APPROVALS '
                f"{SUMMARY}",
            ),
            run(
                "Say what to do",
                f'bin/ops ci failed "$ENVIRONMENT" {phase} {SUMMARY}',
                condition="${{ failure() }}",
            ),
        ],
    )


def schedule() -> dict[str, Value]:
    """Checks that nothing triggers but time. Each keeps one issue, which it closes itself."""
    watching = {**READ, **ISSUES}

    def watch(what: str) -> dict[str, Value]:
        command = f"bin/ops ci watch {what}"
        return run(f"Check {what.partition(' ')[0]}", command, env=TOKEN)

    def by_environment(what: str) -> dict[str, Value]:
        return job(
            f"{what} of ${{{{ matrix.target.environment }}}}",
            needs=["environments"],
            condition="${{ needs.environments.outputs.all != '[]' }}",
            strategy=for_each("environments", "all"),
            environment="${{ matrix.target.plan_environment }}",
            permissions={**watching, **CREDENTIALS},
            minutes=60,
            env={"ENVIRONMENT": "${{ matrix.target.environment }}"},
            steps=[
                *tools(terraform=True),
                run("Synthesize", 'make synth ENV="$ENVIRONMENT"'),
                sign_in(PLANNER),
                watch(f'{what} "$ENVIRONMENT"'),
            ],
        )

    def alone(what: str) -> dict[str, Value]:
        return job(what, permissions=watching, minutes=15, steps=[*tools(), watch(what)])

    return _workflow(
        "schedule",
        {"schedule": [{"cron": "17 5 * * *"}], "workflow_dispatch": {}},
        {
            "environments": environments("all"),
            "drift": by_environment("drift"),
            "prices": by_environment("prices"),
            "risks": alone("risks"),
            "versions": alone("versions"),
        },
        group="schedule",
    )


def release() -> dict[str, Value]:
    """A release or a rollback that the application's repository dispatches with environment, service and digest."""
    payload = "github.event.client_payload"
    given: dict[str, Value] = {
        "ENVIRONMENT": "${{ needs.target.outputs.environment }}",
        "SERVICE": f"${{{{ {payload}.service }}}}",
        "DIGEST": f"${{{{ {payload}.digest }}}}",
    }
    with_file: dict[str, Value] = {**given, "RELEASE_FILE": "${{ needs.target.outputs.release_file }}"}
    propose = run(
        "Open a pull request with the release file",
        'bin/ops ci pull-request --branch="release-$ENVIRONMENT-$SERVICE" --title="Release $SERVICE to $ENVIRONMENT" '
        '-- "$RELEASE_FILE"',
        env=TOKEN,
    )
    writes = {**PUSH, **CREDENTIALS, **PULL_REQUESTS}
    rest = " ".join(f"--skip {step}" for step in ("stacks", "plan", "apply", "deploy", "watch"))
    failed = run("Say what to do", f'bin/ops ci failed "$ENVIRONMENT" services {SUMMARY}', condition="${{ failure() }}")
    where = "${{ needs.target.outputs.deploy_environment }}"
    return _workflow(
        "release",
        {"repository_dispatch": {"types": ["release", "rollback"]}},
        {
            "target": target(f"${{{{ {payload}.environment }}}}"),
            "promote": job(
                "promote",
                needs=["target"],
                condition="${{ github.event.action == 'release' }}",
                environment=where,
                permissions=writes,
                minutes=45,
                env=with_file,
                steps=[
                    *tools(),
                    sign_in(DEPLOYER),
                    # Only the step `image`: it promotes, or sets the digest where no environment runs images first.
                    run("Promote", f'bin/ops deploy --digest="$DIGEST" {rest} --yes -- "$ENVIRONMENT" "$SERVICE"'),
                    propose,
                ],
            ),
            "deploy": job(
                "deploy and watch",
                needs=["target", "promote"],
                environment=where,
                permissions={**READ, **CREDENTIALS},
                minutes=120,
                env=given,
                steps=[
                    *tools(terraform=True),
                    sign_in(DEPLOYER),
                    run("Deploy and watch", 'bin/ops deploy --digest="$DIGEST" --yes -- "$ENVIRONMENT" "$SERVICE"'),
                    failed,
                ],
            ),
            "rollback": job(
                "roll back",
                needs=["target"],
                condition="${{ github.event.action == 'rollback' }}",
                environment=where,
                permissions=writes,
                minutes=120,
                env=with_file,
                steps=[
                    *tools(terraform=True, history=True),
                    sign_in(DEPLOYER),
                    run(
                        "Roll back and watch",
                        'bin/ops deploy --rollback --digest="$DIGEST" --yes -- "$ENVIRONMENT" "$SERVICE"',
                    ),
                    propose,
                    failed,
                ],
            ),
        },
        # A rollback doesn't wait for a release: it stops the deployment.
        group=f"release-${{{{ github.event.action }}}}-${{{{ {payload}.environment }}}}-${{{{ {payload}.service }}}}",
    )


def traffic() -> dict[str, Value]:
    """A person dispatches a cutover or a rollback. A rollback doesn't wait for a cutover: it ends it."""
    actions = {
        "cutover run": ("cutover", 'bin/ops cutover run --to="$PERCENT" --yes -- "$ENVIRONMENT"', 330),
        "rollback dns": ("rollback-dns", 'bin/ops rollback dns --yes -- "$ENVIRONMENT"', 30),
        "rollback service": ("rollback-service", 'bin/ops rollback service --yes -- "$ENVIRONMENT" "$SERVICE"', 60),
    }
    inputs: dict[str, Value] = {
        "action": {"description": "What to do", "type": "choice", "required": True, "options": list(actions)},
        "environment": {"description": "Name of the environment", "type": "string", "required": True},
        "percent": {"description": "cutover run: weight to end at", "type": "number", "default": 100},
        "service": {"description": "rollback service: name of the service", "type": "string", "default": ""},
    }
    jobs: dict[str, Value] = {"target": target("${{ inputs.environment }}")}
    for action, (name, command, minutes) in actions.items():
        jobs[name] = job(
            action,
            needs=["target"],
            condition=f"${{{{ inputs.action == '{action}' }}}}",
            environment="${{ needs.target.outputs.deploy_environment }}",
            permissions={**READ, **CREDENTIALS},
            minutes=minutes,
            env={
                "ENVIRONMENT": "${{ needs.target.outputs.environment }}",
                "PERCENT": "${{ inputs.percent }}",
                "SERVICE": "${{ inputs.service }}",
            },
            steps=[*tools(), sign_in(DEPLOYER), run("Move traffic", command)],
        )
    return _workflow(
        "traffic",
        {"workflow_dispatch": {"inputs": inputs}},
        jobs,
        group="traffic-${{ inputs.environment }}-${{ inputs.action }}",
    )

"""The workflow that rolls out one environment, from the table of phases: plan, approval, apply of exactly that plan."""

from __future__ import annotations

from collections.abc import Sequence

from modules.phases import PHASES
from ops.ci import JobRole
from ops.ci.jobs import (
    CREDENTIALS,
    OUTPUTS,
    READ,
    SUMMARY,
    job,
    run,
    sign_in,
    tools,
    unless_failed,
    workflow,
)
from ops.ci.yaml_text import Value

DEPLOYED = tuple(phase for phase in PHASES if phase.applied_by == "deployer")
"""The phases that pipelines apply. Administrators apply the others (ADR 4)."""
ALL_PHASES = "all"
"""In place of the phase that approvals are for."""


def rollout() -> dict[str, Value]:
    """One environment, the deployer's phases in order: plan, approval by the GitHub environment, apply."""
    described = {
        "environment": "Name of the environment",
        "plan_environment": "GitHub environment of the planner",
        "deploy_environment": "GitHub environment of the deployer; its reviewers approve",
        "approvals": "Options that approve what the plan gate refuses",
        "approve_phase": f"The phase that they are for, or {ALL_PHASES}",
    }
    inputs: dict[str, Value] = {
        name: {"description": text, "type": "string", "required": True} for name, text in described.items()
    }
    jobs: dict[str, Value] = {"look": _look()}
    for index, phase in enumerate(DEPLOYED):
        earlier = [before.name for before in DEPLOYED[:index]]
        jobs[f"plan-{phase.name}"] = _plan(phase.name, earlier, [name for name in earlier if name in phase.reads])
        jobs[f"apply-{phase.name}"] = _apply(phase.name)
    return workflow(
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
            sign_in(JobRole.PLANNER),
            run("Plan every phase", f'bin/ops ci look "$ENVIRONMENT" {OUTPUTS} {SUMMARY}', id_="look"),
        ],
    )


def _approvals(phase: str) -> str:
    """The options that approve something for this phase."""
    for_it = f'contains(fromJSON(\'["{ALL_PHASES}", "{phase}"]\'), inputs.approve_phase)'
    return f"${{{{ {for_it} && inputs.approvals || '' }}}}"


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
        env={"ENVIRONMENT": "${{ inputs.environment }}", "APPROVALS": _approvals(phase)},
        outputs={name: f"${{{{ steps.store.outputs.{name} }}}}" for name in ("changes", "sha256")},
        steps=[
            *tools(terraform=True, history=True),  # An older commit than the applied one is refused.
            run("Synthesize and gate", 'make gate ENV="$ENVIRONMENT"'),
            sign_in(JobRole.DEPLOYER),
            run(
                "Wait for administrators, plan and store the plan",
                # Without quotes, because APPROVALS has several options or none. They come from this repository only.
                f'exec bin/ops rollout "$ENVIRONMENT" {phase} --store --wait 120 --markdown $APPROVALS {OUTPUTS} '
                f"{SUMMARY}",
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
            "APPROVALS": _approvals(phase),
            "SHA256": f"${{{{ needs.plan-{phase}.outputs.sha256 }}}}",
        },
        steps=[
            *tools(terraform=True),
            run("Synthesize and gate", 'make gate ENV="$ENVIRONMENT"'),
            sign_in(JobRole.DEPLOYER),
            run(
                "Apply the stored plan and verify",
                # `:?` stops a job without a hash; so does the command, which refuses an empty option.
                f'exec bin/ops rollout "$ENVIRONMENT" {phase} --stored="${{SHA256:?}}" --yes --markdown $APPROVALS '
                f"{SUMMARY}",
            ),
            run(
                "Say what to do",
                f'bin/ops ci failed "$ENVIRONMENT" {phase} {SUMMARY}',
                condition="${{ failure() }}",
            ),
        ],
    )

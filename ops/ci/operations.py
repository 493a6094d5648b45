"""The workflows beside a rollout: daily checks, releases of the application, and moving traffic."""

from __future__ import annotations

from ops.ci import JobRole
from ops.ci.jobs import (
    CREDENTIALS,
    ISSUES,
    PULL_REQUESTS,
    PUSH,
    READ,
    SUMMARY,
    TOKEN,
    environments,
    for_each,
    job,
    run,
    sign_in,
    target,
    tools,
    workflow,
)
from ops.ci.yaml_text import Value


def schedule() -> dict[str, Value]:
    """Checks that nothing triggers but time. Each keeps one issue, which it closes itself."""
    watching = {**READ, **ISSUES}

    def watch(what: str) -> dict[str, Value]:
        command = f"bin/ops ci watch {what}"
        return run(f"Check {what.partition(' ')[0]}", command, env=TOKEN)

    def alone(what: str, *, terraform: bool = False) -> dict[str, Value]:
        return job(what, permissions=watching, minutes=15, steps=[*tools(terraform=terraform), watch(what)])

    of_each: dict[str, Value] = {"ENVIRONMENT": "${{ matrix.target.environment }}"}
    condition, strategy = "${{ needs.environments.outputs.all != '[]' }}", for_each("environments", "all")
    drift = job(
        "drift of ${{ matrix.target.environment }}",
        needs=["environments"],
        condition=condition,
        strategy=strategy,
        environment="${{ matrix.target.plan_environment }}",
        permissions={**watching, **CREDENTIALS},
        minutes=60,
        env=of_each,
        steps=[
            *tools(terraform=True),
            run("Synthesize", 'make synth ENV="$ENVIRONMENT"'),
            sign_in(JobRole.PLANNER),
            watch('drift "$ENVIRONMENT"'),
        ],
    )
    prices = job(
        "prices of ${{ matrix.target.environment }}",
        needs=["environments"],
        condition=condition,
        strategy=strategy,
        permissions=watching,
        minutes=15,
        env=of_each,
        steps=[*tools(), watch('prices "$ENVIRONMENT"')],
    )
    return workflow(
        "schedule",
        {"schedule": [{"cron": "17 5 * * *"}], "workflow_dispatch": {}},
        {
            "environments": environments("all"),
            "drift": drift,
            "prices": prices,
            "risks": alone("risks"),
            "versions": alone("versions", terraform=True),  # It asks for the provider's newest version.
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
    failed = run(
        "Say what to do",
        f'bin/ops ci failed "$ENVIRONMENT" services --release {SUMMARY}',
        # Not if only the pull request failed, or an earlier step: then no state changed.
        condition="${{ failure() && steps.deploy.outcome == 'failure' }}",
    )
    where = "${{ needs.target.outputs.deploy_environment }}"
    return workflow(
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
                    *tools(newest=True),
                    sign_in(JobRole.DEPLOYER),
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
                    *tools(terraform=True, newest=True),
                    sign_in(JobRole.DEPLOYER),
                    run(
                        "Deploy and watch",
                        'exec bin/ops deploy --digest="$DIGEST" --yes -- "$ENVIRONMENT" "$SERVICE"',
                        id_="deploy",
                    ),
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
                    *tools(terraform=True, history=True, newest=True),
                    sign_in(JobRole.DEPLOYER),
                    run(
                        "Roll back and watch",
                        'exec bin/ops deploy --rollback --digest="$DIGEST" --yes -- "$ENVIRONMENT" "$SERVICE"',
                        id_="deploy",
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
        "cutover run": ('--to="$PERCENT" --yes -- "$ENVIRONMENT"', 330),
        "rollback dns": ('--yes -- "$ENVIRONMENT"', 30),
        "rollback service": ('--yes -- "$ENVIRONMENT" "$SERVICE"', 60),
    }
    inputs: dict[str, Value] = {
        "action": {"description": "What to do", "type": "choice", "required": True, "options": list(actions)},
        "environment": {"description": "Name of the environment", "type": "string", "required": True},
        "percent": {"description": "cutover run: weight to end at", "type": "number", "default": 100},
        "service": {"description": "rollback service: name of the service", "type": "string", "default": ""},
    }
    jobs: dict[str, Value] = {"target": target("${{ inputs.environment }}")}
    for action, (words, minutes) in actions.items():
        jobs[action.removesuffix(" run").replace(" ", "-")] = job(
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
            steps=[*tools(), sign_in(JobRole.DEPLOYER), run("Move traffic", f"exec bin/ops {action} {words}")],
        )
    return workflow(
        "traffic",
        {"workflow_dispatch": {"inputs": inputs}},
        jobs,
        group="traffic-${{ inputs.environment }}-${{ inputs.action }}",
    )

"""`bin/ops deploy`: deploys a service in one command, stops a deployment, and rolls back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from modules.interrupts import INTERRUPTED, Interrupted
from modules.output import OUT
from ops.command import (
    DryRun,
    EnvironmentName,
    Json,
    Out,
    Yes,
    confirm,
    load,
    reporting,
    say,
    show,
)
from ops.deploy.steps import Step, before
from ops.errors import OpsError, RefusedError
from ops.plan_gate.approvals import LossInPlace, Outage, ProtectionOff, Widening, approvals

if TYPE_CHECKING:
    from collections.abc import Callable

    from environments.schema import Environment
    from ops.deploy.image import Wanted
    from ops.deploy.run import Deploy

STEPS = f"Skip a step: {', '.join(Step)}. Repeatable."


def deploy(
    environment: EnvironmentName,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service to deploy.")],
    *,
    digest: Annotated[str, typer.Option(metavar="DIGEST", help="The image's digest, sha256:….")] = "",
    image: Annotated[str, typer.Option(metavar="TAG", help="A tag of the image, in place of its digest.")] = "",
    source: Annotated[
        str, typer.Option("--from", metavar="ENVIRONMENT", help="The environment to promote it from, if several.")
    ] = "",
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Deploy the previous release's image, or that of --digest.")
    ] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Only stop the blue/green deployment in progress; it rolls back.")
    ] = False,
    start_at: Annotated[
        Step | None, typer.Option("--start-at", metavar="STEP", help="Skip the steps before this one.")
    ] = None,
    skip: Annotated[list[Step] | None, typer.Option("--skip", metavar="STEP", help=STEPS)] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a scan in progress.")] = 300,
    approve_widening: Widening = False,
    approve_loss_in_place: LossInPlace = False,
    approve_outage: Outage = False,
    approve_protection_off: ProtectionOff = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    out: Out = OUT,
    as_json: Json = False,
) -> None:
    """Deploy a service: its image, the release file, phase services, the deployment, and what runs then.

    The image is promoted, or set where no environment runs images first; without --digest and --image it is the other
    environment's, or the release file's. Each step finds what is done already, so run it again to continue.

    Exit code 0: it runs; 1: refused, or the deployment failed or was stopped; 2: failed, or the result is unknown.
    """
    from ops.deploy.image import Wanted

    skipped = frozenset(skip or ()) | before(start_at)
    wanted = Wanted(digest, image, source, rollback, wait)
    with reporting():
        _check(wanted, skipped, stop=stop)
        chosen = load(environment)

        def ask(question: str) -> None:
            confirm(question, yes=yes or not chosen.protected)

        if stop:
            _stop(chosen, service, ask=ask, dry_run=dry_run, as_json=as_json)
            return
        from ops.deploy.run import Deploy
        from ops.deploy.service import check

        check(chosen, service)
        approved = approvals(
            widening=approve_widening,
            loss_in_place=approve_loss_in_place,
            outage=approve_outage,
            protection_off=approve_protection_off,
        )
        started = Deploy(chosen, service, out, ask, wanted, skipped, approved)
        if dry_run:
            started.preview()
        else:
            _run(started, as_json=as_json)


def _check(wanted: Wanted, skipped: frozenset[Step], *, stop: bool) -> None:
    """Refuse options that contradict each other, before anything is read."""
    if wanted.digest and wanted.tag:
        raise OpsError("--digest and --image both name the image; give one of them")
    if wanted.rollback and (wanted.tag or wanted.origin):
        raise OpsError("--rollback returns to an image that was released here: give its --digest, or none")
    if stop and (wanted.given or skipped):
        raise OpsError("--stop only stops a deployment; give it without other options for a deployment")
    if Step.IMAGE in skipped and wanted.given:
        raise OpsError("the step image is skipped, so the release file decides; leave the image's options out")


def _run(started: Deploy, *, as_json: bool) -> None:
    code = OpsError.exit_code
    try:
        started.run()
        code = 0
    except (OpsError, OSError, KeyboardInterrupt) as error:
        code = _code(error)
        raise
    finally:
        for line in started.advice():
            say(line)
        if as_json:
            show(started.as_json(code))
    _others(started)
    if not as_json:
        show(f"{started.service}: {started.runs}" if started.runs else f"{started.service}: not watched")


def _code(error: BaseException) -> int:
    """The exit code that `reporting` has for an error."""
    if isinstance(error, OpsError):
        return error.exit_code
    if isinstance(error, Interrupted):
        return error.exit_code
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else OpsError.exit_code


def _others(started: Deploy) -> None:
    """Name the other blue/green services that the release file gave the same image to."""
    for each in started.environment.product.services:
        shares = each.repository == started.repository and each.name != started.service
        if shares and each.deployment == "blue_green":
            say(
                f"{each.name} has the same image, and isn't deployed yet: bin/ops deploy {started.environment.name} "
                f"{each.name} --start-at deploy"
            )


def _stop(environment: Environment, service: str, *, ask: Callable[[str], None], dry_run: bool, as_json: bool) -> None:
    from ops.aws.session import connect
    from ops.cutover.work import journal
    from ops.deploy.service import ServiceDeployment, check

    check(environment, service)
    aws = connect(environment)
    deployment = ServiceDeployment(aws, environment, service)
    step = deployment.in_progress()
    if step is None:
        raise RefusedError(
            f"CodeDeploy has no deployment of {service} in progress; to return to the previous revision: bin/ops "
            f"rollback service {environment.name} {service}"
        )
    say(f"{service}: {step}")
    if not dry_run:
        ask(f"Stop the deployment of {service} in {environment.name}?")
        deployment.stop(step, journal(environment, aws, "deploy --stop"))
    if as_json:
        result = {"service": service, "stopped": step.stops, "before": step.running, "after": step.previous}
        show(json.dumps(result | {"done": not dry_run}, indent=2))

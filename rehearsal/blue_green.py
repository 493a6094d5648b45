"""Steps of a product with blue/green services: CodeDeploy deploys releases, alarms stop it, operators roll back."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from ops.aws import codedeploy, ecs
from ops.aws.waiting import Time, polls
from ops.conditions import run
from ops.cutover.rollback import rollback_of
from ops.journal import Journal
from ops.release.deploy import deploy_of
from ops.rollout.people import DEPLOYER, PLANNER
from ops.tasks.restart import Result, restart
from ops.verify.context import Context
from ops.verify.criteria import chosen
from rehearsal.context import ROOT, Rehearsal
from rehearsal.releases import releases
from rehearsal.rollout import Rollout, Seen, Step, StepError, digest_of, nothing_left, phases_that_change, released
from rehearsal.transcript import Entry, Transcript
from rehearsal.values import project, variables

if TYPE_CHECKING:
    from environments.schema import Environment, Service

MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
SHOWN = ("BeforeInstall", "Install", "AfterInstall", "BeforeAllowTraffic", "AllowTraffic")
"""Lifecycle events that `ops deploy` must show."""
FAST = Time(sleep=lambda _: None)
"""Without pauses: the emulator's deployments advance with each poll."""
FINISH_SECONDS = 300
"""How long a deployment may take to stop the previous tasks."""


def services(environment: Environment) -> list[Service]:
    """The services that CodeDeploy deploys."""
    return [service for service in environment.product.services if service.deployment == "blue_green"]


def codedeploy_deploys_a_release(rehearsal: Rehearsal) -> Seen:
    """An apply of a new digest changes no running task; `release deploy` does, and then no plan has changes."""
    service = _service(rehearsal)
    said = _release(rehearsal, service, _image(rehearsal, service))
    nothing_left(rehearsal)
    return Seen(f"{said}; all requests go to the new tasks, the exit criteria hold, and no plan has changes")


def alarm_stops_a_deployment(rehearsal: Rehearsal) -> Seen:
    """An alarm of the deployment group stops a deployment, and all requests return to the previous tasks."""
    aws, service = rehearsal.owner, _service(rehearsal)
    name, before = rehearsal.names.service(service.name), _running(rehearsal, service)
    group = aws.client("codedeploy").get_deployment_group(applicationName=name, deploymentGroupName=name)
    alarm = group["deploymentGroupInfo"]["alarmConfiguration"]["alarms"][0]["name"]
    alarms = aws.client("cloudwatch")
    alarms.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="rehearsal")
    (result,) = restart(rehearsal.by(DEPLOYER).aws, rehearsal.environment, [service.name], wait=True)
    alarms.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="rehearsal")
    if result.result is not Result.FAILED or alarm not in result.detail:
        raise StepError(f"{alarm} was on, and the deployment ended with: {result}")
    if (now := _running(rehearsal, service)) != before:
        raise StepError(f"{ecs.id_of(now)} runs, not {ecs.id_of(before)}")
    nothing_left(rehearsal, ["edge", "services"])
    return Seen(str(result))


def rotation_redeploys(rehearsal: Rehearsal) -> Seen:
    """`secrets rotate` starts new tasks of a blue/green service with CodeDeploy."""
    service, value = _service(rehearsal), f"planted-{secrets.token_hex(16)}"
    (name, *_) = _given(rehearsal.environment)
    rehearsal.sign_in(DEPLOYER)
    before = len(_history(rehearsal, service))
    command = [sys.executable, "-m", "ops", "secrets", "rotate", rehearsal.environment.name, name, "--stdin", "--yes"]
    done = subprocess.run(command, cwd=ROOT, input=value, capture_output=True, text=True, check=False)
    full = rehearsal.names.secret(name)
    rehearsal.planted[f"{full} before its rotation"] = rehearsal.planted[full]
    rehearsal.planted[full] = value
    _finish(rehearsal, service)
    if done.returncode or len(_history(rehearsal, service)) == before:
        raise StepError(f"secrets rotate ended with {done.returncode}: {done.stderr.strip()[-1000:]}")
    nothing_left(rehearsal, ["edge", "services"])
    return Seen(f"{name} has a new value, and {service.name} new tasks")


def service_rolls_back(rehearsal: Rehearsal) -> Seen:
    """`rollback service` deploys the previous revision, whose image still exists; no plan changes it back."""
    service = _service(rehearsal)
    before = _running(rehearsal, service)
    _release(rehearsal, service, digest_of("an image with a fault"))
    aws = rehearsal.by(DEPLOYER).aws
    rollback = rollback_of(aws, rehearsal.environment, service.name)
    step = rollback.step()
    journal = Journal(
        rehearsal.environment.prefix,
        command="rollback service",
        caller=aws.caller.arn,
        called=aws.endpoint(),
        folder=rehearsal.folder / "journal",
    )
    rollback.go(step, journal, time=FAST, progress=_unheard)
    _finish(rehearsal, service)
    if (now := _running(rehearsal, service)) != before:
        raise StepError(f"{ecs.id_of(now)} runs, not {ecs.id_of(before)}")
    nothing_left(rehearsal, ["edge", "services"])
    return Seen(f"{service.name}: {step}")


def deployed_in_one_command(rehearsal: Rehearsal) -> Seen:
    """`ops deploy`, as you type it: deploys a release, is stopped during the traffic shift, continues, rolls back."""
    rehearsal.sign_in(DEPLOYER)
    service, folder = _service(rehearsal), rehearsal.folder / "project"
    values, log = project(rehearsal.environment, folder), Transcript(folder, variables())
    own = releases(rehearsal, values, log, rehearsal.folder)
    name, yes = rehearsal.environment.name, ("--yes",)
    log.headline("Deploy a blue/green service")
    with own.registries:
        one, two = (own.build(service, f"{service.name} {number}") for number in ("1", "2"))

        def given(digest: str) -> tuple[str, ...]:
            return () if own.promoted else ("--digest", digest)

        own.deploy("Deploy a release", service, one, *given(one))
        if missing := [each for each in SHOWN if f"  {each}: Succeeded" not in log.said]:
            raise StepError(f"ops deploy doesn't show the lifecycle events {', '.join(missing)}: {log.said}")
        _finish(rehearsal, service)
        said = log.during(
            "Deploy the next one",
            lambda: log.ops("Stop it from another terminal", "deploy", name, service.name, "--stop"),
            *("deploy", name, service.name, *given(two)),
            once=f"  {SHOWN[-1]}: InProgress",
            expect=1,
            rehearsed=yes,
        )
        if "stopped" not in said:
            raise StepError(f"ops deploy doesn't report that its deployment was stopped: {said}")
        values.commit("Deploy the next one")
        own.runs(service, one)
        own.deploy("Continue", service, two, "--start-at", "deploy")
        _finish(rehearsal, service)
        own.deploy("Return to the previous release", service, one, "--rollback")
        _finish(rehearsal, service)
        own.run_tasks()
    (rehearsal.folder / "transcript.txt").write_text(log.everything(), encoding="utf-8")
    return Seen("; ".join(each.command for each in log.entries if isinstance(each, Entry)))


def steps(environment: Environment) -> dict[str, Step]:
    """The steps of an environment, in order, by what each proves; none without a blue/green service."""
    if not services(environment):
        return {}
    return {
        "CodeDeploy deploys a release": codedeploy_deploys_a_release,
        "an alarm stops a blue/green deployment": alarm_stops_a_deployment,
        **({"a rotated secret redeploys a blue/green service": rotation_redeploys} if _given(environment) else {}),
        "a blue/green service rolls back": service_rolls_back,
        "ops deploy deploys, stops and rolls back a blue/green service": deployed_in_one_command,
    }


def _service(rehearsal: Rehearsal) -> Service:
    return services(rehearsal.environment)[0]


def _given(environment: Environment) -> list[str]:
    """Secrets of the first blue/green service whose values operators give."""
    read = services(environment)[0].secrets
    given = [each for each in environment.product.secrets if each.written_by == "operator"]
    return [each.name for each in given if each.generated != "cache_url" and each.name in read]


def _image(rehearsal: Rehearsal, service: Service) -> str:
    """Digest of a new image in the service's repository: a rollback needs one that exists."""
    manifest = json.dumps(MANIFEST | {"annotations": {"service": service.name}})
    registry = rehearsal.owner.client("ecr")
    pushed = registry.put_image(repositoryName=service.repository, imageManifest=manifest, imageTag="rehearsal")
    return pushed["image"]["imageId"]["imageDigest"]


def _release(rehearsal: Rehearsal, service: Service, digest: str) -> str:
    """Apply a digest, and deploy it; the exit criteria hold afterwards.

    Raises:
        StepError: The apply changed a running task of the service, or the deployment didn't.
    """
    environment = replace(
        rehearsal.environment, releases={**rehearsal.environment.releases, service.repository: digest}
    )
    rehearsal.take(released(rehearsal, service.repository, digest))
    before = _running(rehearsal, service)
    Rollout(rehearsal).run(phases_that_change(rehearsal))
    if _running(rehearsal, service) != before:
        raise StepError(f"the apply started tasks of {service.name}, which CodeDeploy deploys")
    deployment = deploy_of(rehearsal.by(DEPLOYER).aws, environment, service.name)
    deployment.go(time=FAST, progress=_unheard)
    if (now := _running(rehearsal, service)) != deployment.applied:
        raise StepError(f"{ecs.id_of(now)} runs, not {ecs.id_of(deployment.applied)}")
    _finish(rehearsal, service)
    results = run(chosen(over_http=False), Context(rehearsal.by(PLANNER).aws, environment))
    if bad := [f"{each.name}: {each.status} ({each.evidence})" for each in results if not each.passed]:
        raise StepError("; ".join(bad))
    return f"{service.name}: {deployment}"


def _running(rehearsal: Rehearsal, service: Service) -> str:
    """ARN of the revision that gets requests."""
    names = rehearsal.names
    found = ecs.service(rehearsal.owner.client("ecs"), names.prefix, names.service(service.name))
    return found.task_definition if found else ""


def _history(rehearsal: Rehearsal, service: Service) -> list[codedeploy.BlueGreenDeployment]:
    return codedeploy.history(rehearsal.owner.client("codedeploy"), rehearsal.names.service(service.name))


def _finish(rehearsal: Rehearsal, service: Service) -> None:
    """Wait until CodeDeploy has stopped the previous tasks of the newest deployment.

    Raises:
        StepError: It hasn't within FINISH_SECONDS.
    """
    client, id_ = rehearsal.owner.client("codedeploy"), _history(rehearsal, service)[0].id
    for _ in polls(FINISH_SECONDS, FAST):
        if codedeploy.read(client, id_).ended:
            return
    raise StepError(f"deployment {id_} of {service.name} didn't end within {FINISH_SECONDS} s")


def _unheard(_: object) -> None:
    """Ignore the progress of a deployment."""

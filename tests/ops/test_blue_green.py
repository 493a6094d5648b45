"""Commands on a service that CodeDeploy deploys, against emulated AWS: redeploy, roll back, and what they wait for."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

import environments
from environments.names import Names
from environments.schema import Environment
from ops.aws import codedeploy, ecs
from ops.aws.ecs import DeploymentFailedError
from ops.aws.errors import AwsError
from ops.aws.session import Aws as Session
from ops.aws.waiting import Time
from ops.cutover.rollback import BlueGreenRollback, rollback_of
from ops.deploy.service import ServiceDeployment
from ops.errors import OpsError, RefusedError
from ops.journal import Journal, read
from ops.release.deploy import check as check_deploy
from ops.release.deploy import deploy_of
from ops.release.file import change
from ops.tasks.restart import Result, restart
from tests.emulator.aws import Aws
from tests.emulator.examples_of_deployments import ALARM, BlueGreen, blue_green
from tests.emulator.examples_of_operations import DIGEST, define_for_fargate
from tests.ops.emulated import Emulated

pytestmark = pytest.mark.slow

_accounts = count(200000000000)
AT_ONCE = Time(sleep=lambda _: None)


@dataclass(frozen=True)
class Clients:
    """The clients of a session."""

    aws: Aws

    def client(self, service: str, region_name: str | None = None) -> Any:
        return self.aws(service)


@dataclass(frozen=True)
class Site:
    """A product whose first service is deployed by CodeDeploy."""

    environment: Environment
    session: Session
    service: BlueGreen

    @property
    def name(self) -> str:
        return self.environment.product.services[0].name

    def runs(self) -> str:
        """The task definition of the primary task set."""
        (cluster, name) = (self.service.cluster, self.service.name)
        found = ecs.service(self.session.client("ecs"), cluster, name)
        assert found is not None
        return found.task_definition


@pytest.fixture
def aws(emulated: Emulated) -> Aws:
    """An account in which nothing was done."""
    return Aws(str(next(_accounts)), emulated.endpoint)


@pytest.fixture
def site(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Site:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ops.aws.waiting.PAUSE", 0)
    prod = environments.load(environments.known()[0])
    first, *others = prod.product.services
    service = replace(first, name="web", deployment="blue_green", port=8080)
    product = replace(prod.product, services=(service, *others), migration=None, scheduled_tasks=())
    environment = replace(prod, product=product)
    names = Names(environment)
    return Site(environment, cast(Session, Clients(aws)), blue_green(aws, names.prefix, names.service("web")))


def roll_back(site: Site) -> BlueGreenRollback:
    found = rollback_of(site.session, site.environment, "web")
    assert isinstance(found, BlueGreenRollback)
    return found


def go(site: Site) -> list[str]:
    rollback = roll_back(site)
    journal = Journal("prod", command="rollback service", caller="arn:aws:iam::111122223333:role/deployer")
    rollback.go(rollback.step(), journal, time=AT_ONCE, progress=lambda _: None)
    return [entry.outcome for entry in read("prod")]


@pytest.mark.requirement("R4.4")
def test_a_service_is_redeployed_so_that_it_reads_a_new_secret(site: Site) -> None:
    before = {each["id"] for each in site.service.service()["taskSets"]}
    (one,) = restart(site.session, site.environment, ["web"], wait=True)
    assert one.result is Result.DONE, one
    assert site.runs().endswith("web:1")
    assert site.service.weights() == {site.service.green: 100}
    assert not before >= {each["id"] for each in site.service.service()["taskSets"]}


def test_a_redeployment_that_an_alarm_stops_is_reported_with_the_previous_tasks(site: Site) -> None:
    site.service.aws("cloudwatch").set_alarm_state(AlarmName=ALARM, StateValue="ALARM", StateReason="test")
    (one,) = restart(site.session, site.environment, ["web"], wait=True)
    assert one.result is Result.FAILED
    assert "stopped: One or more alarms have been activated: errors; all requests return" in one.detail


def test_a_second_deployment_has_to_wait(site: Site) -> None:
    site.service.deploy(define_for_fargate(site.service.aws))
    (one,) = restart(site.session, site.environment, ["web"], wait=True)
    assert one.result is Result.FAILED
    assert "already has an active Deployment" in one.detail


@pytest.mark.requirement("R7.5")
def test_a_deployment_in_progress_is_stopped(site: Site) -> None:
    second = define_for_fargate(site.service.aws)
    id_ = site.service.deploy(second)
    for _ in range(4):  # All requests go to the green tasks; the blue ones wait.
        site.service.look(id_)
    assert site.runs() == second
    step = roll_back(site).step()
    assert (step.running, ecs.id_of(step.previous), step.stops) == (second, "web:1", id_)
    assert go(site)[-1] == "done"
    assert ecs.id_of(site.runs()) == "web:1"
    assert site.service.weights() == {site.service.blue: 100}


@pytest.mark.requirement("R7.5")
def test_after_a_deployment_the_previous_revision_is_deployed(site: Site) -> None:
    for _ in range(2):
        assert site.service.end(site.service.deploy(define_for_fargate(site.service.aws)))["status"] == "Succeeded"
    for previous in ("web:2", "web:1"):
        go(site)
        id_ = codedeploy.history(site.session.client("codedeploy"), site.service.name)[0].id
        site.service.end(id_)
        assert ecs.id_of(site.runs()) == previous
    with pytest.raises(RefusedError, match="no revision before web:1"):
        roll_back(site).step()


def test_waiting_ends_when_all_requests_go_to_the_new_tasks(site: Site) -> None:
    id_ = site.service.deploy(define_for_fargate(site.service.aws))
    client = site.session.client("codedeploy")
    codedeploy.wait(client, id_, seconds=60, clock=AT_ONCE)
    assert codedeploy.read(client, id_).status == "Succeeded", "the blue tasks are stopped with the next look"


def test_waiting_has_a_limit_and_reports_what_failed(site: Site, aws: Aws) -> None:
    client = site.session.client("codedeploy")
    id_ = site.service.deploy(define_for_fargate(site.service.aws))
    with pytest.raises(OpsError, match="hasn't ended after 0 s; it continues"):
        codedeploy.wait(client, id_, seconds=0, clock=AT_ONCE)
    codedeploy.stop(client, id_)
    with pytest.raises(DeploymentFailedError, match="stopped: The deployment was stopped by the user"):
        codedeploy.wait(client, id_, seconds=60, clock=AT_ONCE)
    with pytest.raises(AwsError, match="already completed"):
        codedeploy.stop(client, id_)


def applied(site: Site) -> tuple[str, Environment]:
    """A new revision, as an apply registers it, and the environment whose release file has its image."""
    revision = define_for_fargate(site.service.aws, site.service.name)
    repository = site.environment.product.service("web").repository
    return revision, replace(site.environment, releases={**site.environment.releases, repository: DIGEST})


@pytest.mark.requirement("R7.4")
def test_what_was_applied_is_deployed_by_command(site: Site) -> None:
    revision, environment = applied(site)
    deployment = deploy_of(site.session, environment, "web")
    assert (ecs.id_of(deployment.running), deployment.applied, deployment.needed) == ("web:1", revision, True)
    deployment.go(time=AT_ONCE, progress=lambda _: None)
    assert site.runs() == revision
    assert not deploy_of(site.session, environment, "web").needed


def test_a_deployment_by_command_that_an_alarm_stops_fails(site: Site) -> None:
    _, environment = applied(site)
    site.service.aws("cloudwatch").set_alarm_state(AlarmName=ALARM, StateValue="ALARM", StateReason="test")
    with pytest.raises(DeploymentFailedError, match="stopped: One or more alarms have been activated: errors"):
        deploy_of(site.session, environment, "web").go(time=AT_ONCE, progress=lambda _: None)
    assert ecs.id_of(site.runs()) == "web:1"


def test_an_image_that_is_not_applied_yet_is_not_deployed(site: Site) -> None:
    _, environment = applied(site)
    repository = environment.product.service("web").repository
    released = replace(environment, releases={**environment.releases, repository: f"sha256:{'e' * 64}"})
    with pytest.raises(RefusedError, match=r"not sha256:e+ of the release file; plan and apply phase"):
        deploy_of(site.session, released, "web")


def test_only_services_of_codedeploy_are_deployed_by_command(site: Site) -> None:
    (other, *_) = (each for each in site.environment.product.services if each.name != "web")
    with pytest.raises(RefusedError, match="only blue/green services need this"):
        check_deploy(site.environment, other.name)
    with pytest.raises(OpsError, match="no service named 'wep'"):
        check_deploy(site.environment, "wep")
    check_deploy(site.environment, "web")


def test_the_next_step_of_a_release_names_the_deployment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    service = site.environment.product.service("web")
    path = Path("release.json")
    path.write_text(json.dumps({service.repository: DIGEST}), encoding="utf-8")
    monkeypatch.setattr(environments, "release_file", lambda _: path)
    step = change(site.environment, service.repository, f"sha256:{'e' * 64}").next_step
    assert step.endswith(f"after the apply: bin/ops release deploy {site.environment.name} web")


def deployment_of(site: Site, environment: Environment) -> tuple[ServiceDeployment, list[str]]:
    said: list[str] = []
    return ServiceDeployment(site.session, environment, "web", clock=AT_ONCE, progress=said.append), said


@pytest.mark.requirement("R7.4")
def test_a_deployment_is_started_and_followed_event_by_event(site: Site) -> None:
    revision, environment = applied(site)
    deployment, said = deployment_of(site, environment)
    asked: list[str] = []
    assert deployment.start(asked.append)
    assert asked == [f"Deploy web in {environment.name} with CodeDeploy?"]
    deployment.watch()
    assert [line.strip() for line in said[1:]] == [
        *(f"{name}: Succeeded" for name in ("BeforeInstall", "Install", "AfterInstall", "BeforeAllowTraffic")),
        "AllowTraffic: InProgress",
        "AllowTraffic: Succeeded",
        "AfterAllowTraffic: Succeeded",
    ]
    runs = deployment.runs()
    assert (runs.revision, runs.digest, runs.desired) == (ecs.id_of(revision), DIGEST, 2)
    assert sum(runs.tasks.values()) == 4, "the previous tasks run on"
    again, _ = deployment_of(site, environment)
    assert not again.start(asked.append)
    assert again.followed.id == deployment.followed.id, "CodeDeploy hasn't ended it yet"
    again.watch()


@pytest.mark.requirement("R7.5")
def test_a_followed_deployment_that_an_alarm_stops_names_the_failed_event(site: Site) -> None:
    _, environment = applied(site)
    deployment, said = deployment_of(site, environment)
    deployment.start(lambda _: None)
    codedeploy.read(site.session.client("codedeploy"), deployment.followed.id)
    site.service.aws("cloudwatch").set_alarm_state(AlarmName=ALARM, StateValue="ALARM", StateReason="test")
    with pytest.raises(DeploymentFailedError, match="stopped: One or more alarms have been activated: errors"):
        deployment.watch()
    assert said[-2].strip() == "AllowTraffic: Failed (One or more alarms have been activated: errors)"
    assert ecs.id_of(site.runs()) == "web:1"


@pytest.mark.requirement("R7.5")
def test_a_deployment_that_is_followed_is_stopped_by_command(site: Site) -> None:
    _, environment = applied(site)
    deployment, _ = deployment_of(site, environment)
    assert deployment.in_progress() is None
    deployment.start(lambda _: None)
    for _ in range(2):
        codedeploy.read(site.session.client("codedeploy"), deployment.followed.id)
    step = deployment.in_progress()
    assert step is not None
    assert step.stops == deployment.followed.id
    deployment.stop(step, Journal("prod", command="deploy --stop", caller="arn:aws:iam::111122223333:role/deployer"))
    assert [entry.outcome for entry in read("prod")] == ["intended", "done"]
    assert (ecs.id_of(site.runs()), site.service.weights()) == ("web:1", {site.service.blue: 100})
    with pytest.raises(DeploymentFailedError, match="stopped: The deployment was stopped by the user"):
        deployment.watch()


def test_another_deployment_in_progress_is_named(site: Site) -> None:
    first = site.service.deploy(define_for_fargate(site.service.aws))
    _, environment = applied(site)
    deployment, _ = deployment_of(site, environment)
    with pytest.raises(RefusedError, match=f"CodeDeploy's deployment {first} of web:2 is in progress"):
        deployment.start(lambda _: None)

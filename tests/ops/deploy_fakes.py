"""Fakes for `ops deploy`: ECS and CodeDeploy with scripted deployments, and phase services without Terraform."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from botocore.exceptions import ClientError

from environments import load
from environments.names import Names
from environments.schema import Environment
from ops.deploy import run as module
from ops.deploy.image import Chosen
from ops.terraform.report import PhaseResult, Result
from tests.ops.journal_fakes import MemoryBucket

PROD = load("prod")
OLD, NEW = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
SERVICE = "backend"
NAME = Names(PROD).service(SERVICE)
Kind = Literal["rolling", "blue_green"]
EVENTS = ("BeforeInstall", "Install", "AfterInstall", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")


def environment(deployment: Kind, digest: str) -> Environment:
    """Production, whose first service is deployed so."""
    services = tuple(
        replace(each, deployment=deployment) if each.name == SERVICE else each for each in PROD.product.services
    )
    repository = PROD.product.service(SERVICE).repository
    product = replace(PROD.product, services=services)
    return replace(PROD, product=product, releases={**PROD.releases, repository: digest})


@dataclass
class BlueGreen:
    """A deployment of CodeDeploy; each read takes it one step further."""

    id: str
    revision: int
    ahead: list[str]
    """The next statuses; `shifted` is InProgress with all requests at the new tasks."""
    status: str = "Created"
    rollback: str = ""
    signal: int = 0
    """A signal that this process gets when it is read a second time."""

    def info(self) -> dict[str, Any]:
        content = (
            f'{{"Resources": [{{"TargetService": {{"Properties": {{"TaskDefinition": "{arn(self.revision)}"}}}}}}]}}'
        )
        return {
            "deploymentId": self.id,
            "status": "InProgress" if self.status == "shifted" else self.status,
            "createTime": datetime.fromtimestamp(int(self.id.rpartition("-")[2]), UTC),
            "instanceTerminationWaitTimeStarted": self.status in {"shifted", "Succeeded"},
            "revision": {"appSpecContent": {"content": content}},
            "errorInformation": {"message": "One or more alarms have been activated"} if self.failed else {},
            "rollbackInfo": {"rollbackDeploymentId": self.rollback} if self.rollback else {},
        }

    @property
    def failed(self) -> bool:
        return self.status in {"Failed", "Stopped"}

    def events(self) -> list[dict[str, Any]]:
        current = {"Created": 0, "shifted": 6, "Succeeded": 6}.get(self.status, 4)
        found = []
        for index, name in enumerate(EVENTS):
            status = "Succeeded" if index < current else "Pending"
            if index == current:
                status = "Failed" if self.failed else "InProgress"
            more = {"diagnostics": {"message": "alarm \x1b[31mred"}} if status == "Failed" else {}
            found.append({"lifecycleEventName": name, "status": status, **more})
        return found


def arn(revision: int) -> str:
    return f"arn:aws:ecs:us-east-1:111122223333:task-definition/{NAME}:{revision}"


@dataclass
class Account:
    """An account in which revision 7 with the old image runs."""

    blue_green: bool
    images: dict[int, str] = field(default_factory=lambda: {7: OLD})
    """Digest by revision; the newest is the applied one."""
    runs: int = 7
    deployments: list[BlueGreen] = field(default_factory=list)
    script: tuple[str, ...] = ("InProgress", "shifted")
    """What the next deployment goes through."""
    ecs_states: list[str] = field(default_factory=lambda: ["IN_PROGRESS", "COMPLETED"])
    signal: int = 0
    calls: list[str] = field(default_factory=list)
    unreadable_events: bool = False
    caller = SimpleNamespace(account="111122223333", arn="arn:aws:sts::111122223333:assumed-role/aep-prod-deployer/k")

    class exceptions:  # noqa: N801  (as boto3 has it)
        DeploymentNotStartedException = LookupError
        DeploymentTargetDoesNotExistException = LookupError
        ResourceNotFoundException = LookupError

    def client(self, *_: str, **__: str) -> Account:
        return self

    def endpoint(self) -> str:
        return "aws"

    # ECS

    def describe_services(self, **_: object) -> dict[str, Any]:
        state = self.ecs_states.pop(0) if len(self.ecs_states) > 1 else self.ecs_states[0]
        if self.signal and not self.blue_green:
            os.kill(os.getpid(), self.signal)
        running = {"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": arn(self.runs), "runningCount": 2}
        own = {**running, "desiredCount": 2, "rolloutState": state}
        task_set = {**running, "computedDesiredCount": 2, "stabilityStatus": "STEADY_STATE"}
        kind = {"taskSets": [task_set]} if self.blue_green else {"deployments": [own]}
        counts = {"runningCount": 2, "desiredCount": 2, "taskDefinition": arn(1 if self.blue_green else self.runs)}
        return {"services": [{"serviceName": NAME, "status": "ACTIVE", **counts, **kind}]}

    def describe_task_definition(self, *, taskDefinition: str) -> dict[str, Any]:  # noqa: N803
        number = taskDefinition.rpartition(":")[2]
        revision = int(number) if number.isdigit() else max(self.images)
        image = f"111122223333.dkr.ecr.us-east-1.amazonaws.com/navralabs/aep-backend@{self.images[revision]}"
        container = {"name": SERVICE, "image": image}
        return {"taskDefinition": {"taskDefinitionArn": arn(revision), "containerDefinitions": [container]}}

    def describe_tasks(self, **_: object) -> dict[str, Any]:
        own = {"name": SERVICE, "imageDigest": self.images[self.runs]}
        return {"tasks": [{"taskArn": f"task/{number}", "containers": [own]} for number in range(2)]}

    # CodeDeploy

    def get_paginator(self, name: str) -> SimpleNamespace:
        page = {"taskArns": ["1"], "deployments": [each.id for each in self.deployments]}
        return SimpleNamespace(paginate=lambda **_: iter([page]))

    def batch_get_deployments(self, **_: object) -> dict[str, Any]:
        return {"deploymentsInfo": [each.info() for each in self.deployments]}

    def create_deployment(self, **given: Any) -> dict[str, str]:
        self.calls.append("CreateDeployment")
        id_ = f"d-{len(self.deployments) + 1}"
        self.deployments.append(BlueGreen(id_, max(self.images), list(self.script), signal=self.signal))
        return {"deploymentId": id_}

    def get_deployment(self, *, deploymentId: str) -> dict[str, Any]:  # noqa: N803
        found = self._deployment(deploymentId)
        if found.signal and found.status == "InProgress":
            os.kill(os.getpid(), found.signal)
        if found.ahead:
            found.status = found.ahead.pop(0)
        if found.status in {"shifted", "Succeeded"}:
            self.runs = found.revision
        return {"deploymentInfo": found.info()}

    def get_deployment_target(self, *, deploymentId: str, targetId: str) -> dict[str, Any]:  # noqa: N803
        assert targetId == f"{Names(PROD).prefix}:{NAME}"
        if self.unreadable_events:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetDeploymentTarget")
        found = self._deployment(deploymentId)
        if found.status == "Created":
            raise LookupError
        return {"deploymentTarget": {"ecsTarget": {"lifecycleEvents": found.events()}}}

    def stop_deployment(self, *, deploymentId: str, autoRollbackEnabled: bool) -> None:  # noqa: N803
        assert autoRollbackEnabled
        self.calls.append(f"StopDeployment {deploymentId}")
        found, back = self._deployment(deploymentId), f"d-{len(self.deployments) + 1}"
        found.status, found.ahead, found.rollback = "Stopped", [], back
        self.deployments.append(BlueGreen(back, self.runs, ["Succeeded"], status="InProgress"))

    def _deployment(self, id_: str) -> BlueGreen:
        return next(each for each in self.deployments if each.id == id_)


@dataclass
class Phases:
    """Phase services without Terraform: a plan has changes if the release file has another image than is applied."""

    account: Account
    world: World
    planned: PhaseResult | None = None
    """A result in place of that."""
    applied: PhaseResult | None = None
    calls: list[str] = field(default_factory=list)

    def plan(self, _: object) -> PhaseResult:
        self.calls.append("plan")
        if self.planned:
            return self.planned
        same = self.account.images[max(self.account.images)] == self.world.digest
        return PhaseResult("services", Result.NO_CHANGES if same else Result.CHANGES, {} if same else {"replace": 1})

    def apply(self, _: object) -> PhaseResult:
        self.calls.append("apply")
        if self.applied:
            return self.applied
        newest = max(self.account.images) + 1
        self.account.images[newest] = self.world.digest
        if not self.account.blue_green:
            self.account.runs = newest
        return PhaseResult("services", Result.APPLIED, {"replace": 1})


@dataclass
class World:
    """What `ops deploy` works on: the release file's digest, the account and the phases."""

    kind: Kind
    digest: str = OLD
    wanted: str = NEW
    """The image that the step image chooses."""
    asked: list[str] = field(default_factory=list)
    synthesized: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.account = Account(self.kind == "blue_green")
        self.phases = Phases(self.account, self)

    @property
    def environment(self) -> Environment:
        return environment(self.kind, self.digest)

    def choose(self, *_: object) -> Chosen | None:
        if self.wanted == self.digest:
            return None

        def write() -> None:
            self.digest = self.wanted

        change: Any = SimpleNamespace(diff="- old\n+ new", digest=self.wanted)
        return Chosen(f"navralabs/aep-backend@{self.wanted}", "Promote the image to prod?", (), change, write)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put the fakes in place."""
        running = SimpleNamespace(
            aws=self.account,
            stacks=lambda _: {"services": self._stack()},
            report=lambda *_: None,
            asking=nullcontext,
        )

        @contextmanager
        def session(*_: object) -> Iterator[Any]:
            yield running

        applier = SimpleNamespace(checked=lambda _: None, apply=self.phases.apply, notes={"services": ""})
        fakes: Mapping[str, Callable[..., Any]] = {
            "session": session,
            "choose": self.choose,
            "synthesize": lambda name, _: self.synthesized.append(name),
            "gate": lambda name, _: None,
            "refuse_before_bootstrap": lambda _: None,
            "refuse_before_upstream": lambda *_: None,
            "Planner": lambda *_: SimpleNamespace(plan=self.phases.plan),
            "Applier": lambda *_: applier,
            "in_order": lambda _, stacks, work: [work(stack) for stack in stacks.values()],
        }
        for name, fake in fakes.items():
            patch.setattr(module, name, fake)
        patch.setattr("environments.load", lambda _: self.environment)
        patch.setattr("ops.aws.session.connect", lambda _: self.account)
        patch.setattr("ops.cutover.work.JournalBucket", lambda *_: MemoryBucket())
        patch.setattr("ops.aws.waiting.PAUSE", 0)
        patch.setattr("ops.cutover.rollback.POLL_SECONDS", 0)

    @staticmethod
    def _stack() -> Any:
        summary = "+/- aws_ecs_task_definition.backend: container_definitions (forces replacement)\n"
        return SimpleNamespace(saved_summary=SimpleNamespace(read_text=lambda **_: summary))

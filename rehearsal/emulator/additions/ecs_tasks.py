"""ECS: tasks, of services and alone; rehearsal/emulator/fargate.py has the life of one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from moto.core.responses import ActionResult
from moto.ecs.models import EC2ContainerServiceBackend, Service, Task
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.models import elbv2_backends
from moto.rds.models import rds_backends

from rehearsal.emulator import servers
from rehearsal.emulator.additions.registry import AwsError, corrects, kept
from rehearsal.emulator.fargate import TERMINATED, address, log, make, start, stop, tasks_of
from rehearsal.emulator.task_sets import by_codedeploy, sets_of

OVERRIDES = 8192
"""Limit of characters of a task's overrides, as JSON.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""


@dataclass(frozen=True)
class Exit:
    """How a task ends."""

    code: int | None
    """Exit code of its container; None if it never started."""
    reason: str
    stop_code: str
    """Empty: what follows from the code."""
    container: str
    """The container that ends the task; empty: the first essential one."""


def exits(backend: EC2ContainerServiceBackend) -> dict[str, list[Exit]]:
    """By family, how its next tasks end."""
    return kept(backend, "exits", dict[str, list[Exit]])


def programs(backend: EC2ContainerServiceBackend) -> dict[str, dict[str, str]]:
    """By family, the variables of tasks whose commands really run."""
    return kept(backend, "programs", dict[str, dict[str, str]])


def keep_running(service: Service) -> None:
    """Let a service run as many tasks as it should, as targets of its load balancers.

    All are of its first deployment or, where CodeDeploy deploys it, as many of each task set.
    """
    backend, group = service._backend, f"service:{service.name}"
    wanted = service.desired_count if service.status == "ACTIVE" else 0
    parts = [(each["id"], each["taskDefinition"], each["loadBalancers"]) for each in sets_of(service)]
    if not by_codedeploy(service):
        parts = [(service.deployments[0]["id"], service.task_definition, service.load_balancers)]
    tasks = [each for each in tasks_of(backend, service.cluster_name).values() if each.group == group]
    running = [each for each in tasks if each.status == "RUNNING"]
    stay = {id_: [each for each in running if each.started_by == id_][:wanted] for id_, *_ in parts}
    for task in running:
        if not any(task in each for each in stay.values()):
            reason = f"Scaling activity initiated by (deployment {parts[0][0]})" if parts else "Service deleted"
            stop(task, TERMINATED, reason, "ServiceSchedulerInitiated")
    for id_, definition, places in parts:
        given = {
            "taskDefinition": definition,
            "launchType": service.launch_type,
            "networkConfiguration": service.network_configuration,
            "startedBy": id_,
            "enableExecuteCommand": vars(service).get("enable_execute_command"),
            "capacityProviderStrategy": vars(service).get("capacity_provider_strategy"),
        }
        for _ in range(wanted - len(stay[id_])):
            task = make(backend, service.cluster_name, given, group)
            start(task)
            for place in places:
                target = {"Id": address(task), "Port": place["containerPort"]}
                balancers = elbv2_backends[backend.account_id][backend.region_name]
                balancers.register_targets(place["targetGroupArn"], [target])


@corrects(
    EC2ContainerServiceResponse,
    "run_task",
    "ecs",
    "RunTask",
    why="moto needs a container's memory, which Fargate doesn't, gives a task an address outside its subnet, and one "
    "container only: not GuardDuty's agent, nor others of the task definition",
    source="https://docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-ecs-fargate.html",
)
def run_task(_: Callable[..., Any], self: EC2ContainerServiceResponse) -> ActionResult:
    """Make tasks that are pending; each call advances a task by one step."""
    given, backend = self.params, self.ecs_backend
    cluster = backend._get_cluster(given.get("cluster", "default")).name
    group = given.get("group") or f"family:{backend.describe_task_definition(given['taskDefinition']).family}"
    _check_request(backend, given)
    tasks = [make(backend, cluster, given, group) for _ in range(given.get("count", 1))]
    return ActionResult({"tasks": tasks, "failures": []})


def _check_request(backend: EC2ContainerServiceBackend, given: dict[str, Any]) -> None:
    """Refuse a starter in other characters than ECS takes, and overrides of another container or that are too long.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html, and for the container's name
    https://github.com/azavea/django-ecsmanage/issues/21
    """
    if not re.fullmatch(r"[A-Za-z0-9_/-]{0,128}", given.get("startedBy") or ""):
        raise AwsError("InvalidParameterException", "startedBy has characters or a length that ECS doesn't take.")
    overrides = given.get("overrides") or {}
    if len(json.dumps(overrides, separators=(",", ":"))) > OVERRIDES:
        raise AwsError("InvalidParameterException", f"Overrides can't be longer than {OVERRIDES} characters.")
    definition = backend.describe_task_definition(given["taskDefinition"])
    known = {each["name"] for each in definition.container_definitions}
    for override in overrides.get("containerOverrides", ()):
        if override.get("name") not in known:
            message = f"Override for container named {override.get('name')} is not a container in the TaskDefinition."
            raise AwsError("InvalidParameterException", message)


@corrects(
    EC2ContainerServiceResponse,
    "list_tasks",
    "ecs",
    "ListTasks",
    why="moto lists the tasks of all services, and stopped tasks with the running ones",
)
def list_tasks(original: Callable[..., ActionResult], self: EC2ContainerServiceResponse) -> ActionResult:
    """List those of the service, and those that run unless others are asked for."""
    self.params.setdefault("desiredStatus", "RUNNING")
    answer: Any = original(self).result
    if name := self.params.get("serviceName"):
        tasks = tasks_of(self.ecs_backend, self.params.get("cluster", "default").rpartition("/")[2])
        group = f"service:{name.rpartition('/')[2]}"
        answer["taskArns"] = [arn for arn in answer["taskArns"] if arn in tasks and tasks[arn].group == group]
    return ActionResult(answer)


@corrects(
    EC2ContainerServiceResponse,
    "describe_tasks",
    "ecs",
    "DescribeTasks",
    why="in moto a task stops after five calls, doesn't return how it ended, and is never missing",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html",
)
def describe_tasks(original: Callable[..., ActionResult], self: EC2ContainerServiceResponse) -> ActionResult:
    """Advance each task by one step; unknown tasks are failures.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
    """
    answer: Any = original(self).result
    cluster = self.ecs_backend._get_cluster(self.params.get("cluster", "default"))
    ids = [each.rpartition("/")[2] for each in self.params["tasks"]]
    answer["tasks"] = [each for each in answer["tasks"] if each.cluster_name == cluster.name and each.id in ids]
    for task in answer["tasks"]:
        _advance(task)
    known = {each.id for each in answer["tasks"]}
    place = cluster.arn.replace(":cluster/", ":task/")
    answer["failures"] = [{"arn": f"{place}/{each}", "reason": "MISSING"} for each in ids if each not in known]
    return ActionResult(answer)


def _advance(task: Task) -> None:
    """Take a task from PENDING to RUNNING to STOPPED, one step per call, unless it is a service's."""
    if task.status == "STOPPED" or task.group.startswith("service:"):
        return
    family = task.task_definition_arn.rpartition("/")[2].partition(":")[0]
    planted = exits(task._backend).get(family, [])
    ends = planted[0] if planted else Exit(0, "Essential container in task exited", "", "")
    if task.status == "PENDING" and ends.code is not None:
        start(task)
        return
    del planted[:1]
    if not ends.stop_code and ends.code == 0 and family in programs(task._backend):
        ends = _ran(task, programs(task._backend)[family])
    stop_code = ends.stop_code or ("TaskFailedToStart" if ends.code is None else "EssentialContainerExited")
    stop(task, ends.code, ends.reason, stop_code, ends.container)


def _ran(task: Task, variables: dict[str, str]) -> Exit:
    """Run the command that replaces a container's, if there is one, with the addresses of real databases."""
    overrides: Any = (task.overrides or {}).get("containerOverrides", ())
    override = next((each for each in overrides if each.get("command")), None)
    if override is None:
        return Exit(0, "Essential container in task exited", "", "")
    added = {each["name"]: each["value"] for each in override.get("environment", ())}
    for own, server in _databases(task).items():
        added = {name: value.replace(own, server) for name, value in added.items()}
    command = [sys.executable if word == "python" else word for word in override["command"]]
    done = subprocess.run(
        command, env={"PATH": os.defpath, **variables, **added}, capture_output=True, text=True, timeout=60, check=False
    )
    log(task, override["name"], [*done.stdout.splitlines(), *done.stderr.splitlines()])
    return Exit(done.returncode, "Essential container in task exited", "", "")


def _databases(task: Task) -> dict[str, str]:
    """Host and port of the real server behind each RDS instance, by the instance's own."""
    backend = rds_backends[task._account_id][task.region_name]
    found = {}
    for identifier, url in servers.urls(backend).items():
        instance, server = backend.databases[identifier], urlsplit(url)
        found[f"{instance.address}:{instance.port}"] = f"{server.hostname}:{server.port}"
    return found


@corrects(
    EC2ContainerServiceBackend,
    "stop_task",
    "ecs",
    "StopTask",
    why="moto doesn't return who stopped a task, and its service doesn't replace it",
)
def stop_task(
    original: Callable[..., Task], backend: EC2ContainerServiceBackend, cluster: str, task_id: str, reason: str
) -> Task:
    """Stop it as its user would; a service runs another one instead."""
    name = backend._get_cluster(cluster).name
    for arn, task in tasks_of(backend, name).items():
        if arn.endswith(task_id.rpartition("/")[2]) and task.status != "STOPPED":
            # What never ran has no exit code.
            code = TERMINATED if task.status == "RUNNING" else None
            stop(task, code, reason or "Task stopped by user", "UserInitiated")
            if task.group.startswith("service:"):
                keep_running(backend._get_service(name, task.group.removeprefix("service:")))
            return task
    return original(backend, cluster, task_id, reason)

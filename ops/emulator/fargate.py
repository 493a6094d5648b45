"""What Fargate does with a task: an interface in a subnet, lines in a log stream, an end; nothing really runs."""

from __future__ import annotations

from copy import copy
from typing import Any

from moto.core.utils import unix_time_millis, utcnow
from moto.ec2.models import ec2_backends
from moto.ecs.models import EC2ContainerServiceBackend, Task
from moto.elbv2.models import elbv2_backends
from moto.logs.models import logs_backends
from moto.moto_api._internal import mock_random

from ops.emulator.additions.registry import AwsError

TERMINATED = 143
"""Exit code of a container that is told to end: 128 and the number of SIGTERM."""


def tasks_of(backend: EC2ContainerServiceBackend, cluster: str) -> dict[str, Task]:
    """All tasks of a cluster by ARN."""
    return backend.tasks.setdefault(cluster, {})


def make(backend: EC2ContainerServiceBackend, cluster: str, given: dict[str, Any], group: str) -> Task:
    """Make a task that is pending.

    Args:
        backend: ECS of an account and region.
        cluster: Its name.
        given: Parameters of RunTask.
        group: `family:…` or `service:…`.
    """
    definition = backend.describe_task_definition(given["taskDefinition"])
    network = (given.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if definition.network_mode == "awsvpc" and not network:
        raise AwsError("InvalidParameterException", "Network Configuration must be provided for networkMode 'awsvpc'.")
    # moto would give it any address at all.
    without_network = copy(definition)
    without_network.network_mode = None
    task = Task(
        backend._get_cluster(cluster),
        without_network,
        container_instance_arn=None,
        resource_requirements=None,
        backend=backend,
        group=group,
        launch_type=given.get("launchType", ""),
        overrides=given.get("overrides"),
        started_by=given.get("startedBy", ""),
        tags=given.get("tags"),
        platform_version=given.get("platformVersion"),
    )
    task._transitions, task.status = [], "PENDING"
    (container,) = task.containers
    health = "HEALTHY" if definition.container_definitions[0].get("healthCheck") else "UNKNOWN"
    vars(task).update(created_at=utcnow(), health_status=health)
    vars(container).update(
        task_arn=task.task_arn,
        health_status=health,
        exitCode=None,
        image_digest=str(container.image).partition("@")[2] or None,
        runtime_id=f"{task.id}-{mock_random.randint(10**9, 10**10 - 1)}",
    )
    if network:
        _connect(task, network)
    tasks_of(backend, cluster)[task.task_arn] = task
    return task


def start(task: Task) -> None:
    """Pull the image, and run."""
    now = utcnow()
    task.status = task.containers[0].last_status = "RUNNING"
    vars(task).update(pull_started_at=now, pull_stopped_at=now, started_at=now)
    _log(task, "started")


def stop(task: Task, code: int | None, reason: str, stop_code: str) -> None:
    """End a task, and give back what it had.

    Args:
        task: One that hasn't stopped.
        code: Exit code of its container; None if it never started.
        reason: Why, in words.
        stop_code: Why, in ECS's terms, such as EssentialContainerExited.
    """
    container = task.containers[0]
    task.status = task.desired_status = container.last_status = "STOPPED"
    vars(task).update(stopped_at=utcnow(), stopped_reason=reason, stop_code=stop_code)
    vars(container).update(exitCode=code, reason=reason if code is None else "")
    if code is not None:
        _log(task, f"ended with exit code {code}")
    if task.attachments:
        _disconnect(task)


def address(task: Task) -> str:
    """The private address of a task that has an interface."""
    return str(_details(task)["privateIPv4Address"])


def _details(task: Task) -> dict[str, str]:
    attachment: Any = task.attachments[0]
    return {each["name"]: each["value"] for each in attachment["details"]}


def _connect(task: Task, network: dict[str, Any]) -> None:
    """Give a task an interface in one of the subnets, in turn."""
    ec2 = ec2_backends[task._account_id][task.region_name]
    made = len(tasks_of(task._backend, task.cluster_name))
    subnet = ec2.get_subnet(network["subnets"][made % len(network["subnets"])])
    holder: Any = task
    private = subnet.get_available_subnet_ip(holder)
    interface = ec2.create_network_interface(subnet, private, group_ids=network.get("securityGroups"))
    interface.status = "in-use"
    details = {"subnetId": subnet.id, "networkInterfaceId": interface.id, "privateIPv4Address": private}
    attachment = {
        "id": str(mock_random.uuid4()),
        "type": "ElasticNetworkInterface",
        "status": "ATTACHED",
        "details": [{"name": name, "value": value} for name, value in details.items()],
    }
    task.attachments.append(attachment)
    task.containers[0].network_interfaces = [{"attachmentId": attachment["id"], "privateIpv4Address": private}]
    vars(task)["availability_zone"] = subnet.availability_zone


def _disconnect(task: Task) -> None:
    """Delete the interface, and take its address from all target groups."""
    ec2, details = ec2_backends[task._account_id][task.region_name], _details(task)
    for group in elbv2_backends[task._account_id][task.region_name].target_groups.values():
        if group.targets.get(address(task)):
            group.deregister([{"Id": address(task)}])
    ec2.get_subnet(details["subnetId"]).del_subnet_ip(address(task))
    ec2.delete_network_interface(details["networkInterfaceId"])
    task.attachments[0]["status"] = "DELETED"


def _log(task: Task, line: str) -> None:
    """Write to the stream of the definition's log group, if there is one."""
    definition = task._backend.describe_task_definition(task.task_definition_arn)
    container: Any = definition.container_definitions[0]
    options = container.get("logConfiguration", {}).get("options", {})
    logs, group = logs_backends[task._account_id][task.region_name], options.get("awslogs-group")
    if group in logs.groups:
        stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{task.id}"
        logs.ensure_log_stream(group, stream)
        logs.put_log_events(group, stream, [{"timestamp": int(unix_time_millis()), "message": line}])

"""What Fargate does with a task: containers, an interface in a subnet, lines in log streams, an end; nothing runs."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from string import ascii_letters
from typing import Any

from moto.core.utils import unix_time_millis, utcnow
from moto.ec2.models import ec2_backends
from moto.ecs.models import Container, EC2ContainerServiceBackend, Task, TaskDefinition
from moto.elbv2.models import elbv2_backends
from moto.logs.models import logs_backends
from moto.moto_api._internal import mock_random

from rehearsal.emulator import monitoring
from rehearsal.emulator.additions.registry import AwsError, kept
from rehearsal.emulator.agent import AgentOrder, AgentPlace, AgentWhen

TERMINATED = 143
"""Exit code of a container that gets SIGTERM: 128 and the number of SIGTERM."""
AGENT = "aws-guardduty-agent"
"""The name of the agent's container begins with it; an arbitrary suffix follows.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""


class Orders:
    """What is ordered about the tasks of an account and region."""

    def __init__(self) -> None:
        self.agent = AgentOrder()


def ordered(backend: EC2ContainerServiceBackend) -> Orders:
    """The orders about tasks of an account and region."""
    return kept(backend, "task_orders", Orders)


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
    session = bool(given.get("enableExecuteCommand"))
    own = [_own(task, definition, each, session=session) for each in definition.container_definitions]
    essential = [each for each, values in zip(own, definition.container_definitions, strict=True) if _essential(values)]
    unhealthy = [each for each in essential if each.health_status != "HEALTHY"]
    order = ordered(backend).agent
    agent = _agent(task, definition) if _gets_agent(backend, cluster, definition, given, order.when) else None
    task.containers = _listed(own, agent, order.place)
    vars(task).update(
        created_at=utcnow(),
        enable_execute_command=session,
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html: that of the essential containers.
        health_status="UNKNOWN" if unhealthy else "HEALTHY",
        own={each.name: each for each in own},
        agent=agent,
        agent_failure=order.failure,
    )
    if network:
        _connect(task, network)
    if agent and monitoring.is_monitored(backend, cluster):
        monitoring.make_endpoint(task)
    tasks_of(backend, cluster)[task.task_arn] = task
    return task


def _own(task: Task, definition: TaskDefinition, values: dict[str, Any], *, session: bool) -> Container:
    """A container of the task definition."""
    health = "HEALTHY" if values.get("healthCheck") else "UNKNOWN"
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedAgent.html
    managed = {"managed_agents": [{"name": "ExecuteCommandAgent", "lastStatus": "PENDING"}]} if session else {}
    digest = str(values.get("image")).partition("@")[2] or None
    return _container(task, definition, values, health_status=health, image_digest=digest, **managed)


def _agent(task: Task, definition: TaskDefinition) -> Container:
    """The agent's container: AWS lists neither an image of it, nor an agent for sessions, nor a health check.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
    """
    values = {"name": f"{AGENT}-{''.join(mock_random.choices(ascii_letters, k=6))}", "cpu": "null"}
    digest = f"sha256:{mock_random.get_random_hex(64)}"
    return _container(task, definition, values, health_status="UNKNOWN", image_digest=digest)


def _container(task: Task, definition: TaskDefinition, values: dict[str, Any], **more: object) -> Container:
    """Any container of a task; moto creates one of the first definition only."""
    alone = copy(definition)
    alone.container_definitions = [values]
    make_one: Any = Container
    container: Container = make_one(alone)
    place = task.task_arn.partition(":task/")[0]
    vars(container).update(
        container_arn=f"{place}:container/{task.cluster_name}/{task.id}/{mock_random.uuid4()}",
        task_arn=task.task_arn,
        exitCode=None,
        runtime_id=f"{task.id}-{mock_random.randint(10**9, 10**10 - 1)}",
        **more,
    )
    return container


def _gets_agent(
    backend: EC2ContainerServiceBackend,
    cluster: str,
    definition: TaskDefinition,
    given: dict[str, Any],
    when: AgentWhen,
) -> bool:
    """Whether GuardDuty adds its agent's container to a task.

    It does to each Fargate task that starts while it manages the agent, unless the cluster is excluded.
    https://docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-ecs-fargate.html
    """
    providers = [each["capacityProvider"] for each in given.get("capacityProviderStrategy") or ()]
    launch = given.get("launchType") or "".join(definition.requires_compatibilities or ())
    if "FARGATE" not in launch and not any(each.startswith("FARGATE") for each in providers):
        return False
    if when is not AgentWhen.MONITORED:
        return when is AgentWhen.ALWAYS
    return monitoring.is_monitored(backend, cluster)


def _listed(own: list[Container], agent: Container | None, place: AgentPlace) -> list[Container]:
    if agent is None:
        return own
    return {AgentPlace.FIRST: [agent, *own], AgentPlace.LAST: [*own, agent], AgentPlace.ALONE: [agent]}[place]


def _essential(values: dict[str, Any]) -> bool:
    return bool(values.get("essential", True))


def start(task: Task) -> None:
    """Pull the images, and run. The agent can fail to start, and the task runs without it.

    https://docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-ecs-fargate.html
    """
    now, own, agent = utcnow(), vars(task)["own"], vars(task)["agent"]
    vars(task).update(pull_started_at=now, pull_stopped_at=now, started_at=now)
    task.status = "RUNNING"
    for container in own.values():
        container.last_status = "RUNNING"
        for managed in vars(container).get("managed_agents", ()):
            managed.update(lastStatus="RUNNING", lastStartedAt=now)
        _log(task, container, "started")
    if agent:
        agent.last_status = "RUNNING"
        if failure := vars(task)["agent_failure"]:
            agent.last_status = "STOPPED"
            vars(agent).update(reason=failure, image_digest=None)


def stop(task: Task, code: int | None, reason: str, stop_code: str, name: str = "") -> None:
    """End a task, and give back what it had.

    Args:
        task: One that hasn't stopped.
        code: Exit code of the container that ends it; None if it never started.
        reason: Why, in words.
        stop_code: Why, in ECS's terms, such as EssentialContainerExited.
        name: Of the container that ends it; the first essential one of the task definition if left out. The others
            get SIGTERM.
    """
    own: dict[str, Container] = vars(task)["own"]
    ends = name or _first_essential(task)
    task.status = task.desired_status = "STOPPED"
    vars(task).update(stopped_at=utcnow(), stopped_reason=reason, stop_code=stop_code)
    for container in own.values():
        exit_code = code if container.name == ends or code is None else TERMINATED
        _end(container, exit_code, reason if code is None and container.name == ends else "")
        if exit_code is not None:
            _log(task, container, f"ended with exit code {exit_code}")
    if (agent := vars(task)["agent"]) and agent.last_status != "STOPPED":
        # Public reports have both codes. Here it is always the one that the application's isn't, also where the
        # application's container never ran: a command that reads it is wrong.
        _end(agent, 0 if code or code is None else TERMINATED, "")
    if task.attachments:
        _disconnect(task)


def _end(container: Container, code: int | None, reason: str) -> None:
    container.last_status = "STOPPED"
    vars(container).update(exitCode=code, reason=reason)
    for managed in vars(container).get("managed_agents", ()):
        managed.update(lastStatus="STOPPED")


def _first_essential(task: Task) -> str:
    definition = task._backend.describe_task_definition(task.task_definition_arn)
    return next(str(each["name"]) for each in definition.container_definitions if _essential(each))


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
    for container in task.containers:
        container.network_interfaces = [{"attachmentId": attachment["id"], "privateIpv4Address": private}]
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


def _log(task: Task, container: Container, line: str) -> None:
    log(task, str(container.name), [line])


def log(task: Task, name: str, lines: Sequence[str]) -> None:
    """Write to the stream of a container's log group, if there is one.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html: prefix/container/task id.
    """
    definition = task._backend.describe_task_definition(task.task_definition_arn)
    by_name: dict[Any, Any] = {each["name"]: each for each in definition.container_definitions}
    options = by_name[name].get("logConfiguration", {}).get("options", {})
    logs, group = logs_backends[task._account_id][task.region_name], options.get("awslogs-group")
    if group in logs.groups and lines:
        stream = f"{options['awslogs-stream-prefix']}/{name}/{task.id}"
        logs.ensure_log_stream(group, stream)
        now = int(unix_time_millis())
        logs.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])

"""Cluster, services and containers."""

from __future__ import annotations

from tests.gate.planted.row import Row

_SERVICES = "prod-services"
_SERVICE = "resource/aws_ecs_service/backend_service"
_TASK = "resource/aws_ecs_task_definition"
_CONTAINER = f"{_TASK}/backend_task/container_definitions/0"
_MIGRATION = f"{_TASK}/migration_task/container_definitions/0"
_SCALING = "resource/aws_appautoscaling_target/backend_scaling"

ROWS = (
    Row(
        "migration-without-command",
        "R5.4",
        "The migration's task starts the application instead, and never ends",
        _SERVICES,
        f"{_MIGRATION}/command",
    ),
    Row(
        "migration-without-log",
        "R5.4",
        "The migration's task writes no log",
        _SERVICES,
        f"{_MIGRATION}/logConfiguration",
    ),
    Row(
        "no-insights",
        "R7.1",
        "Container Insights is off",
        _SERVICES,
        "resource/aws_ecs_cluster/cluster/setting/0/value",
        "disabled",
    ),
    Row(
        "another-port",
        "R7.2",
        "The backend's container listens on another port than the load balancer uses",
        _SERVICES,
        f"{_CONTAINER}/portMappings/0/containerPort",
        8080,
    ),
    Row(
        "another-container",
        "R7.2",
        "The service sends requests to a container that its task doesn't have",
        _SERVICES,
        f"{_SERVICE}/load_balancer/0/container_name",
        "api",
    ),
    Row(
        "shared-interface",
        "R7.2",
        "Tasks share the host's network interface",
        _SERVICES,
        f"{_TASK}/backend_task/network_mode",
        "bridge",
    ),
    Row("one-task", "R7.3", "Scaling in leaves one task of the backend", _SERVICES, f"{_SCALING}/min_capacity", 1),
    Row(
        "no-scaling",
        "R7.3",
        "The frontend doesn't scale",
        _SERVICES,
        "resource/aws_appautoscaling_target/frontend_scaling",
    ),
    Row(
        "one-subnet",
        "R7.3",
        "The frontend's tasks run in one zone",
        _SERVICES,
        "resource/aws_ecs_service/frontend_service/network_configuration/subnets",
        ['${data.terraform_remote_state.network.outputs.private_subnets["a"]}'],
    ),
    Row(
        "no-circuit-breaker",
        "R7.4",
        "A failed deployment continues",
        _SERVICES,
        f"{_SERVICE}/deployment_circuit_breaker",
    ),
    Row(
        "no-rollback",
        "R7.4",
        "A failed deployment stops, but doesn't roll back",
        _SERVICES,
        f"{_SERVICE}/deployment_circuit_breaker/rollback",
        False,
    ),
    Row("no-rollback-alarms", "R7.4", "No alarm rolls a deployment back", _SERVICES, f"{_SERVICE}/alarms"),
    Row(
        "rollback-alarms-off",
        "R7.4",
        "The alarms that roll a deployment back are disabled",
        _SERVICES,
        f"{_SERVICE}/alarms/enable",
        False,
    ),
    Row(
        "down-while-deploying",
        "R7.4",
        "All tasks may be stopped before the new ones are healthy",
        _SERVICES,
        f"{_SERVICE}/deployment_minimum_healthy_percent",
        0,
    ),
    Row("root-user", "R9.4", "A container runs as root", _SERVICES, f"{_CONTAINER}/user", "0"),
    Row("no-user", "R9.4", "A container sets no user, so it runs as the image's", _SERVICES, f"{_CONTAINER}/user"),
    Row(
        "writable-root",
        "R9.4",
        "A container may write everywhere",
        _SERVICES,
        f"{_CONTAINER}/readonlyRootFilesystem",
        False,
    ),
    Row(
        "capabilities-kept",
        "R9.4",
        "A container keeps Docker's default capabilities",
        _SERVICES,
        f"{_CONTAINER}/linuxParameters/capabilities",
    ),
    Row(
        "capability-added",
        "R9.4",
        "A container may trace other processes",
        _SERVICES,
        f"{_CONTAINER}/linuxParameters/capabilities/add",
        ["SYS_PTRACE"],
    ),
    Row("privileged", "R9.4", "A container is privileged", _SERVICES, f"{_CONTAINER}/privileged", True),
    Row(
        "no-init-process",
        "R9.4",
        "A container has no init process",
        _SERVICES,
        f"{_CONTAINER}/linuxParameters/initProcessEnabled",
        False,
    ),
)

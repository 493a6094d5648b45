"""Fargate task definitions: the same hardened container for services, scheduled tasks and the migration."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from environments.names import Names
from environments.schema import Migration, ScheduledTask, Service
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformLocal
from modules.contracts import Registry, Secrets
from modules.ids import reference

PRIVILEGED_PORTS = 1024
# ECS Exec's agent writes here. AWS says that Exec and a read-only root don't go together, and its users that they do
# when these are volumes: https://github.com/aws/containers-roadmap/issues/1359
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-considerations
EXEC_DIRECTORIES = ("/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm")


class TaskDefinition:
    """One hardened container. Every change is a new revision; the earlier ones stay, to go back to.

    A scheduled task and the migration run with the image, user, roles, secrets and log group of their service.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: Service | ScheduledTask | Migration,
        names: Names,
        registry: Registry,
        secrets: Secrets,
        log_groups: Mapping[str, str],
    ) -> None:
        environment = names.environment
        service = spec if isinstance(spec, Service) else environment.product.service(spec.service)
        # The expression has quotes, which can't stand in the JSON of container definitions.
        repository = f"{id_}_repository"
        TerraformLocal(scope, repository, registry.repository_urls[service.repository])
        directories = [*service.writable, *EXEC_DIRECTORIES]
        aws.EcsTaskDefinition(
            scope,
            id_,
            family=names.service(spec.name),
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(spec.cpu),
            memory=str(spec.memory),
            runtime_platform=aws.EcsTaskDefinitionRuntimePlatform(
                cpu_architecture=service.architecture, operating_system_family="LINUX"
            ),
            execution_role_arn=secrets.execution_role_arns[service.name],
            task_role_arn=secrets.task_role_arns[service.name],
            volume=[aws.EcsTaskDefinitionVolume(name=_volume(directory)) for directory in directories],
            container_definitions=_containers(
                spec,
                service,
                names,
                image=f"${{local.{repository}}}@{environment.releases[service.repository]}",
                log_group=log_groups[service.name],
                directories=directories,
                secrets={name: secrets.secret_arns[name] for name in service.secrets},
            ),
            # Otherwise Terraform deregisters the revision that a rollback needs.
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html
            skip_destroy=True,
        )
        self.arn = reference("aws_ecs_task_definition", id_, "arn")


def _volume(directory: str) -> str:
    """Name of the volume that is mounted at a directory."""
    return re.sub(r"\W+", "-", directory).strip("-")


def _containers(
    spec: Service | ScheduledTask | Migration,
    service: Service,
    names: Names,
    *,
    image: str,
    log_group: str,
    directories: Sequence[str],
    secrets: Mapping[str, str],
) -> str:
    """The container definitions of a task, as JSON; `directories` are volumes, and the rest is read-only."""
    port = spec.port if isinstance(spec, Service) else None
    variables = names.environment.variables(service)
    definition = {
        "name": spec.name,
        "image": image,
        "essential": True,
        "user": service.user,
        "privileged": False,
        "readonlyRootFilesystem": True,
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}, "initProcessEnabled": True},
        "stopTimeout": service.stop_timeout,
        "environment": [{"name": key, "value": _literal(text)} for key, text in sorted(variables.items())],
        "secrets": [{"name": key, "valueFrom": _unquoted(arn)} for key, arn in sorted(secrets.items())],
        # A volume belongs to root unless the image has the directory, owned by the user, as a VOLUME.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html
        "mountPoints": [
            {"sourceVolume": _volume(directory), "containerPath": directory, "readOnly": False}
            for directory in directories
        ],
        "portMappings": [{"containerPort": port, "hostPort": port, "protocol": "tcp"}] if port else [],
        # A process that isn't root, and has no capability, can't listen below 1024 on Fargate otherwise.
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_SystemControl.html
        "systemControls": [{"namespace": "net.ipv4.ip_unprivileged_port_start", "value": str(port)}]
        if port and port < PRIVILEGED_PORTS
        else [],
        "logConfiguration": {
            "logDriver": "awslogs",
            # A log service that doesn't answer must not stop the application; it loses lines instead.
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
            "options": {
                "awslogs-group": log_group,
                "awslogs-region": names.environment.region,
                "awslogs-stream-prefix": spec.name,
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        },
    }
    if spec.command:
        definition["command"] = [_literal(word) for word in spec.command]
    return json.dumps([definition])


def _literal(text: str) -> str:
    """Text that Terraform must not take for its own: the shell has ${…} too."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _unquoted(expression: str) -> str:
    """`map["KEY"]` as `map.KEY`: a quote would end the JSON string that the expression stands in."""
    return re.sub(r'\["([A-Za-z_][\w-]*)"\]', r".\1", expression)

"""Fargate task definitions of services, scheduled tasks and the migration, with the same hardened container."""

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
# ECS Exec's agent writes here. AWS documents that Exec doesn't work with a read-only root file system, but it works if
# these directories are volumes: https://github.com/aws/containers-roadmap/issues/1359
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-considerations
EXEC_DIRECTORIES = ("/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm")


class TaskDefinition:
    """A task definition with one hardened container. Old revisions stay active, so that a rollback can use them.

    A scheduled task and the migration use the image, user, roles, secrets and log group of their service.
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
        # The expression contains quotes, which would end a string in the JSON of container definitions.
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
            # Otherwise Terraform deregisters the previous revision, which a rollback needs.
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html
            skip_destroy=True,
        )
        self.arn = reference("aws_ecs_task_definition", id_, "arn")


def _volume(directory: str) -> str:
    """Name of the volume for a directory."""
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
    """The container definitions as JSON. `directories` are volumes; the root file system is read-only."""
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
        # root owns a volume, unless the image declares the directory as a VOLUME that the user owns.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html
        "mountPoints": [
            {"sourceVolume": _volume(directory), "containerPath": directory, "readOnly": False}
            for directory in directories
        ],
        "portMappings": [{"containerPort": port, "hostPort": port, "protocol": "tcp"}] if port else [],
        # Otherwise a process that isn't root and has no capabilities can't listen on a port below 1024 on Fargate.
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_SystemControl.html
        "systemControls": [{"namespace": "net.ipv4.ip_unprivileged_port_start", "value": str(port)}]
        if port and port < PRIVILEGED_PORTS
        else [],
        "logConfiguration": {
            "logDriver": "awslogs",
            # If CloudWatch Logs doesn't respond, the application must go on; it loses log lines instead.
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
    """Escape text that Terraform would evaluate, such as a shell's ${…}."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _unquoted(expression: str) -> str:
    """`map["KEY"]` as `map.KEY`: a quote would end the JSON string that contains the expression."""
    return re.sub(r'\["([A-Za-z_][\w-]*)"\]', r".\1", expression)

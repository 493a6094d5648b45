"""The one container of a task: the same hardening for services, scheduled tasks and migrations."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

PRIVILEGED_PORTS = 1024
# ECS Exec's agent writes here. AWS says that Exec and a read-only root don't go together, and its users that they do
# when these are volumes: https://github.com/aws/containers-roadmap/issues/1359
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-considerations
EXEC_DIRECTORIES = ("/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm")


def volume(directory: str) -> str:
    """Name of the volume that is mounted at a directory."""
    return re.sub(r"\W+", "-", directory).strip("-")


def definitions(
    *,
    name: str,
    image: str,
    region: str,
    log_group: str,
    user: str,
    writable: Sequence[str],
    environment: Mapping[str, str],
    secrets: Mapping[str, str],
    command: Sequence[str],
    port: int | None,
    stop_timeout: int,
) -> str:
    """The container definitions of a task, as JSON.

    Args:
        name: The container's name, and first part of its log streams' names.
        image: By digest.
        region: Where its logs are.
        log_group: Where it logs.
        user: Numeric user and group, neither of them root.
        writable: Directories that are volumes; the rest of the file system is read-only.
        environment: Plain variables.
        secrets: ARNs of secrets by the variables that get them.
        command: Replaces the image's, where given.
        port: What it listens on, if on anything.
        stop_timeout: Seconds between SIGTERM and SIGKILL.
    """
    definition = {
        "name": name,
        "image": image,
        "essential": True,
        "user": user,
        "privileged": False,
        "readonlyRootFilesystem": True,
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}, "initProcessEnabled": True},
        "stopTimeout": stop_timeout,
        "environment": [{"name": key, "value": _literal(text)} for key, text in sorted(environment.items())],
        "secrets": [{"name": key, "valueFrom": _unquoted(arn)} for key, arn in sorted(secrets.items())],
        # A volume belongs to root unless the image has the directory, owned by the user, as a VOLUME.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html
        "mountPoints": [
            {"sourceVolume": volume(directory), "containerPath": directory, "readOnly": False} for directory in writable
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
                "awslogs-region": region,
                "awslogs-stream-prefix": name,
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        },
    }
    if command:
        definition["command"] = [_literal(word) for word in command]
    return json.dumps([definition])


def _literal(text: str) -> str:
    """Text that Terraform must not take for its own: the shell has ${…} too."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _unquoted(expression: str) -> str:
    """`map["KEY"]` as `map.KEY`: a quote would end the JSON string that the expression stands in."""
    return re.sub(r'\["([A-Za-z_][\w-]*)"\]', r".\1", expression)

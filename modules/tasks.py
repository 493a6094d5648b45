"""What a service's values, and those of what runs with its image, become as task definitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from constructs import Construct

from environments.names import Names
from environments.schema import Environment, Migration, ScheduledTask, Service
from modules.alarms import identifier
from modules.constructs.task_definition import TaskDefinition
from modules.contracts import Registry, Secrets

MIGRATION = "migration"


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """Makes the task definitions of one environment."""

    scope: Construct
    environment: Environment
    registry: Registry
    secrets: Secrets
    log_groups: Mapping[str, str]
    """By service."""

    def define(self, work: Service | ScheduledTask | Migration) -> str:
        """Make a task definition and answer its ARN.

        A scheduled task and the migration run with the image, user, roles, secrets and log group of their service.
        """
        name = MIGRATION if isinstance(work, Migration) else work.name
        service = work if isinstance(work, Service) else self.environment.product.service(work.service)
        return TaskDefinition(
            self.scope,
            f"{identifier(name)}_task",
            family=Names(self.environment).service(name),
            name=name,
            service=service,
            command=work.command,
            cpu=work.cpu,
            memory=work.memory,
            port=work.port if isinstance(work, Service) else None,
            variables=self.environment.variables(service),
            repository_url=self.registry.repository_urls[service.repository],
            digest=self.environment.releases[service.repository],
            secret_arns=self.secrets.secret_arns,
            execution_role_arn=self.secrets.execution_role_arns[service.name],
            task_role_arn=self.secrets.task_role_arns[service.name],
            log_group=self.log_groups[service.name],
            region=self.environment.region,
        ).arn

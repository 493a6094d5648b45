"""Secrets: their containers without values, and the roles of the tasks that read them."""

from __future__ import annotations

from collections.abc import Iterable

from environments import schema
from environments.guardduty import agent_repository
from modules.constructs.deployment_role import DeploymentRole
from modules.constructs.encryption_key import EncryptionKey
from modules.constructs.scheduler_role import SchedulerRole
from modules.constructs.secret import Secret
from modules.constructs.task_roles import TaskRoles
from modules.contracts import Account, Registry, Secrets
from modules.stack import PhaseStack


class SecretsStack(PhaseStack):
    """Who may read what. Roles stand here because deployers, who make services, can't make roles."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names, product = self.environment, self.names, self.environment.product
        self.account, self.registry = self.read(Account), self.read(Registry)
        self.key = EncryptionKey(
            self,
            "secrets_key",
            alias=names.alias("secrets"),
            description="Secrets, and sessions in containers",
            names=names,
            protected=environment.protected,
        )
        self.secrets = {secret.name: self._secret(secret).arn for secret in product.secrets}
        self.roles = {service.name: self._roles(service) for service in product.services}
        self.publish(
            Secrets(
                key_arn=self.key.arn,
                secret_arns=self.secrets,
                task_role_arns={name: roles.task_role_arn for name, roles in self.roles.items()},
                execution_role_arns={name: roles.execution_role_arn for name, roles in self.roles.items()},
                service_role_arns={**self._scheduler(), **self._deployment()},
            )
        )

    def _secret(self, secret: schema.Secret) -> Secret:
        names, services = self.names, self.environment.product.services
        starters = [names.role_arn(f"{each.name}-execution") for each in services if secret.name in each.secrets]
        rotation = [secret.rotation_role] if secret.rotation_role else []
        return Secret(
            self,
            secret.name.lower(),
            name=names.secret(secret.name),
            description=secret.description,
            kms_key_arn=self.key.arn,
            recovery_days=30 if self.environment.protected else 7,
            # Who breaks the glass applies `data`, and Terraform's provider reads what it wrote (docs/adr/0007).
            readers=[*starters, *rotation, self.account.break_glass_role_arn],
            writers=[
                *([self.account.deployer_role_arn] if secret.written_by == "operator" else []),
                *rotation,
                self.account.break_glass_role_arn,
            ],
            protected=self.environment.protected,
            rotation_lambda=secret.rotation_lambda,
            rotation_days=secret.rotation_days,
        )

    def _roles(self, service: schema.Service) -> TaskRoles:
        names, region = self.names, self.environment.region
        return TaskRoles(
            self,
            service.name.replace("-", "_"),
            service=service.name,
            task_role_name=names.role(f"{service.name}-task"),
            execution_role_name=names.role(f"{service.name}-execution"),
            repository_arn=self.registry.repository_arns[service.repository],
            agent_repository_arn=agent_repository(region) if self.environment.profile.guardduty_agent else None,
            log_group_arn=names.log_group_arn(service.name),
            exec_log_group_arn=names.log_group_arn("exec"),
            secret_arns=[self.secrets[name] for name in service.secrets],
            secrets_key_arn=self.key.arn,
            metrics_namespace=service.metrics_namespace,
            account_id=self.environment.account_id,
            region=region,
        )

    def _scheduler(self) -> dict[str, str]:
        tasks = self.environment.product.scheduled_tasks
        if not tasks:
            return {}
        passed = self._passed(task.service for task in tasks)
        names = [task.name for task in tasks]
        role = SchedulerRole(self, "scheduler_role", names=self.names, tasks=names, task_role_arns=passed)
        return {"scheduler": role.arn}

    def _deployment(self) -> dict[str, str]:
        services = [each.name for each in self.environment.product.services if each.deployment == "blue_green"]
        if not services:
            return {}
        passed = self._passed(services)
        role = DeploymentRole(self, "deployment_role", names=self.names, services=services, task_role_arns=passed)
        return {"deployment": role.arn}

    def _passed(self, services: Iterable[str]) -> list[str]:
        """Roles that the tasks of these services get."""
        roles = [self.roles[service] for service in dict.fromkeys(services)]
        return [arn for each in roles for arn in (each.execution_role_arn, each.task_role_arn)]

"""Secrets without values, and the roles of the tasks that read them."""

from __future__ import annotations

from collections.abc import Iterable

from environments import schema
from modules.constructs.encryption_key import EncryptionKey
from modules.constructs.secret import Secret
from modules.constructs.task_roles import DeploymentRole, SchedulerRole, TaskRoles
from modules.contracts import Account, Registry, Secrets
from modules.ids import identifier
from modules.stack import PhaseStack


class SecretsStack(PhaseStack):
    """The secrets and the tasks' roles. The roles are here because the deployer can't create roles."""

    def build(self) -> None:
        """Compose the phase."""
        names, product = self.names, self.environment.product
        account, registry = self.read(Account), self.read(Registry)
        key = EncryptionKey(
            self, "secrets_key", names=names, purpose="secrets", description="Secrets, and ECS Exec sessions"
        )
        secrets = {
            secret.name: Secret(
                self,
                secret.name.lower(),
                spec=secret,
                names=names,
                kms_key_arn=key.arn,
                deployer_role_arn=account.deployer_role_arn,
                break_glass_role_arn=account.break_glass_role_arn,
            ).arn
            for secret in product.secrets
        }
        self.roles = {
            service.name: TaskRoles(
                self,
                identifier(service.name),
                spec=service,
                names=names,
                repository_arn=registry.repository_arns[service.repository],
                secret_arns=[secrets[name] for name in service.secrets],
                secrets_key_arn=key.arn,
            )
            for service in product.services
        }
        self.publish(
            Secrets(
                key_arn=key.arn,
                secret_arns=secrets,
                task_role_arns={name: roles.task_role_arn for name, roles in self.roles.items()},
                execution_role_arns={name: roles.execution_role_arn for name, roles in self.roles.items()},
                service_role_arns=self._service_roles(product),
            )
        )

    def _service_roles(self, product: schema.Product) -> dict[str, str]:
        """Roles that Scheduler and CodeDeploy start tasks with, if the product has such tasks."""
        arns = {}
        if tasks := product.scheduled_tasks:
            passed = self._passed(task.service for task in tasks)
            arns["scheduler"] = SchedulerRole(
                self, "scheduler_role", spec=tasks, names=self.names, task_role_arns=passed
            ).arn
        if services := [service for service in product.services if service.deployment == "blue_green"]:
            passed = self._passed(service.name for service in services)
            arns["deployment"] = DeploymentRole(
                self, "deployment_role", spec=services, names=self.names, task_role_arns=passed
            ).arn
        return arns

    def _passed(self, services: Iterable[str]) -> list[str]:
        """Role ARNs of the tasks of these services."""
        pairs = [self.roles[service] for service in dict.fromkeys(services)]
        return [arn for pair in pairs for arn in (pair.execution_role_arn, pair.task_role_arn)]

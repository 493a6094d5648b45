"""Services: cluster, services, scheduled tasks and the migration. What there is of each is a value of the product."""

from __future__ import annotations

from environments.schema import Service
from modules.alarms import identifier, runbook, target_groups
from modules.constructs.blue_green import BlueGreen
from modules.constructs.cluster import Cluster
from modules.constructs.fargate_service import FargateService
from modules.constructs.log_group import LogGroup
from modules.constructs.rollback_alarms import RollbackAlarms
from modules.constructs.schedules import Schedules
from modules.constructs.service_scaling import ServiceScaling
from modules.contracts import Account, Data, Edge, Network, Registry, Secrets, Services
from modules.stack import PhaseStack
from modules.tasks import Tasks


class ServicesStack(PhaseStack):
    """What runs."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names, product = self.environment, self.names, self.environment.product
        self.account, self.network, self.edge = self.read(Account), self.read(Network), self.read(Edge)
        self.secrets = self.read(Secrets)
        self.read(Data)  # Tasks start when their stores are there.
        self.subnets = [self.network.private_subnets[letter] for letter in environment.zones]
        self.cluster = Cluster(
            self,
            "cluster",
            name=names.prefix,
            exec_log_group=self._log_group("exec"),
            exec_kms_key_arn=self.secrets.key_arn,
            guardduty_agent=environment.profile.guardduty_agent,
        )
        log_groups = {service.name: self._log_group(service.name) for service in product.services}
        self.tasks = Tasks(
            scope=self,
            environment=environment,
            registry=self.read(Registry),
            secrets=self.secrets,
            log_groups=log_groups,
        )
        tasks = {service.name: self.tasks.define(service) for service in product.services}
        alarms = {service.name: self._rollback_alarms(service) for service in product.load_balanced}
        services = {
            service.name: self._service(service, tasks[service.name], list(alarms.get(service.name, {}).values()))
            for service in product.services
        }
        self._scheduled_tasks()
        migration = product.migration
        self.publish(
            Services(
                cluster_name=self.cluster.name,
                cluster_arn=self.cluster.arn,
                service_names=services,
                task_definition_arns=tasks,
                log_group_names=log_groups,
                rollback_alarms={id_: name for each in alarms.values() for id_, name in each.items()},
                migration={
                    "task_definition_arn": self.tasks.define(migration),
                    "log_group": log_groups[migration.service],
                }
                if migration
                else {},
            )
        )

    def _log_group(self, owner: str) -> str:
        return LogGroup(
            self,
            f"{identifier(owner)}_logs",
            name=self.names.log_group(owner),
            retention_days=self.environment.observability.log_retention,
            kms_key_arn=self.account.log_key_arn,
        ).name

    def _rollback_alarms(self, service: Service) -> dict[str, str]:
        names: dict[str, str] = {}
        for id_, target_group in target_groups(service, self.edge).items():
            names |= RollbackAlarms(
                self,
                id_,
                name=self.names.resource(f"deployment-{id_.replace('_', '-')}"),
                service=service,
                target_group=target_group,
                load_balancer=self.edge.load_balancer_suffix,
                errors=self.environment.observability.error_count,
                runbook=runbook(self.environment.product.repository, "rollback"),
                topic_arn=self.account.alerts_topic_arn,
            ).names
        return names

    def _service(self, service: Service, task_definition_arn: str, alarms: list[str]) -> str:
        id_, scaling = identifier(service.name), self.environment.scaling(service)
        made = FargateService(
            self,
            f"{id_}_service",
            name=self.names.service(service.name),
            service=service,
            cluster_arn=self.cluster.arn,
            task_definition_arn=task_definition_arn,
            subnets=self.subnets,
            security_group=self.network.security_groups[service.name],
            desired=scaling.minimum,
            target_group_arn=self.edge.target_group_arns[service.name] if service.paths else None,
            rollback_alarms=alarms,
        )
        ServiceScaling(self, f"{id_}_scaling", cluster=self.cluster.name, service=made.name, scaling=scaling)
        if service.deployment == "blue_green":
            groups = (self.edge.target_group_names, self.edge.green_target_group_names)
            BlueGreen(
                self,
                f"{id_}_deployment",
                name=self.names.service(service.name),
                service=service,
                service_name=made.name,
                cluster=self.cluster.name,
                role_arn=self.secrets.service_role_arns["deployment"],
                listener_arn=self.edge.listener_arn,
                target_groups=[group[service.name] for group in groups],
                rollback_alarms=alarms,
            )
        return made.name

    def _scheduled_tasks(self) -> None:
        product = self.environment.product
        if product.scheduled_tasks:
            schedules = Schedules(
                self,
                "schedules",
                name=self.names.prefix,
                cluster_arn=self.cluster.arn,
                role_arn=self.secrets.service_role_arns["scheduler"],
                subnets=self.subnets,
                runbook=runbook(product.repository, "scheduled-task"),
                topic_arn=self.account.alerts_topic_arn,
            )
            for task in product.scheduled_tasks:
                schedules.run(
                    f"{identifier(task.name)}_schedule",
                    name=self.names.resource(task.name),
                    task=task,
                    task_definition_arn=self.tasks.define(task),
                    security_group=self.network.security_groups[task.service],
                )

"""Services: cluster, services, scheduled tasks and the migration, as the product lists them."""

from __future__ import annotations

from environments.schema import Migration, ScheduledTask, Service
from modules.alarms import rollback_alarms
from modules.constructs.alarms import MetricAlarm
from modules.constructs.log_group import LogGroup
from modules.constructs.schedules import Schedules
from modules.constructs.service import BlueGreen, Cluster, FargateService, ServiceScaling
from modules.constructs.task_definition import TaskDefinition
from modules.contracts import Account, Data, Edge, Network, Registry, Secrets, Services
from modules.ids import identifier
from modules.stack import PhaseStack


class ServicesStack(PhaseStack):
    """The cluster and its tasks."""

    def build(self) -> None:
        """Compose the phase."""
        environment, product = self.environment, self.environment.product
        self.account, self.network, self.edge = self.read(Account), self.read(Network), self.read(Edge)
        self.secrets = self.read(Secrets)
        self.read(Data)  # Tasks start after the data stores exist.
        self.registry = self.read(Registry)
        self.subnets = [self.network.private_subnets[letter] for letter in environment.zones]
        self.cluster = Cluster(
            self,
            "cluster",
            names=self.names,
            exec_log_group=self._log_group("exec"),
            exec_kms_key_arn=self.secrets.key_arn,
        )
        self.log_groups = {service.name: self._log_group(service.name) for service in product.services}
        tasks = {service.name: self._task_definition(service) for service in product.services}
        alarms = {service.name: self._rollback_alarms(service) for service in product.services}
        services = {
            service.name: self._service(service, tasks[service.name], list(alarms[service.name].values()))
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
                log_group_names=self.log_groups,
                rollback_alarms={id_: name for of_service in alarms.values() for id_, name in of_service.items()},
                migration={
                    "task_definition_arn": self._task_definition(migration),
                    "log_group": self.log_groups[migration.service],
                }
                if migration
                else {},
            )
        )

    def _log_group(self, owner: str) -> str:
        return LogGroup(
            self,
            f"{identifier(owner)}_logs",
            spec=self.environment.observability.log_retention,
            name=self.names.log_group(owner),
            kms_key_arn=self.account.log_key_arn,
        ).name

    def _task_definition(self, work: Service | ScheduledTask | Migration) -> str:
        return TaskDefinition(
            self,
            f"{identifier(work.name)}_task",
            spec=work,
            names=self.names,
            registry=self.registry,
            secrets=self.secrets,
            log_groups=self.log_groups,
        ).arn

    def _rollback_alarms(self, service: Service) -> dict[str, str]:
        """Names of the alarms by id; a worker has none."""
        rows = rollback_alarms(self.environment, service, self.edge) if service.paths else ()
        topic = self.account.alerts_topic_arn
        return {row.id: MetricAlarm(self, row.id, spec=row, names=self.names, topic_arn=topic).name for row in rows}

    def _service(self, service: Service, task_definition_arn: str, alarms: list[str]) -> str:
        id_, scaling = identifier(service.name), self.environment.scaling(service)
        name = FargateService(
            self,
            f"{id_}_service",
            spec=service,
            names=self.names,
            cluster_arn=self.cluster.arn,
            task_definition_arn=task_definition_arn,
            subnets=self.subnets,
            security_group=self.network.security_groups[service.name],
            target_group_arn=self.edge.target_group_arns[service.name] if service.paths else None,
            rollback_alarms=alarms,
        ).name
        ServiceScaling(self, f"{id_}_scaling", spec=scaling, cluster=self.cluster.name, service=name)
        if service.deployment == "blue_green":
            groups = (self.edge.target_group_names, self.edge.green_target_group_names)
            BlueGreen(
                self,
                f"{id_}_deployment",
                spec=service,
                names=self.names,
                service=name,
                cluster=self.cluster.name,
                role_arn=self.secrets.service_role_arns["deployment"],
                listener_arn=self.edge.listener_arn,
                target_groups=[group[service.name] for group in groups],
                rollback_alarms=alarms,
            )
        return name

    def _scheduled_tasks(self) -> None:
        tasks = self.environment.product.scheduled_tasks
        if tasks:
            schedules = Schedules(
                self,
                "schedules",
                names=self.names,
                cluster_arn=self.cluster.arn,
                role_arn=self.secrets.service_role_arns["scheduler"],
                subnets=self.subnets,
                topic_arn=self.account.alerts_topic_arn,
            )
            for task in tasks:
                schedules.add(
                    task,
                    task_definition_arn=self._task_definition(task),
                    security_group=self.network.security_groups[task.service],
                )

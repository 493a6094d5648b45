"""Observability: alarms, the combinations of them that decisions are made by, and the dashboard."""

from __future__ import annotations

from modules import dashboard
from modules.alarms import deployment_alarms, identifier, runbook, table
from modules.constructs.composite_alarm import CompositeAlarm
from modules.constructs.dashboard import Dashboard
from modules.constructs.metric_alarm import MetricAlarm
from modules.contracts import Account, Data, Edge, Observability, Services
from modules.stack import PhaseStack


class ObservabilityStack(PhaseStack):
    """What tells that something is wrong, and where to look."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names = self.environment, self.names
        repository = environment.product.repository
        topic = self.read(Account).alerts_topic_arn
        data, edge, services = self.read(Data), self.read(Edge), self.read(Services)
        rows = list(table(environment, data=data, edge=edge, services=services))
        alarms = {
            row.id: MetricAlarm(
                self,
                alarm=row,
                name=names.resource(row.id.replace("_", "-")),
                runbook=runbook(repository, row.runbook),
                topic_arn=topic,
            )
            for row in rows
        }
        deployment = {
            service.name: deployment_alarms(service, edge, services) for service in environment.product.load_balanced
        }
        rollbacks = [
            CompositeAlarm(
                self,
                f"{identifier(service)}_rollback",
                name=names.resource(f"{service}-rollback"),
                says=f"What was deployed last of {service} does harm: go back.",
                runbook=runbook(repository, "rollback"),
                any_of=[*watched, *(alarms[row.id].name for row in rows if row.rolls_back == service)],
                topic_arn=topic,
            )
            for service, watched in deployment.items()
        ]
        watched = [name for each in deployment.values() for name in each]
        cutover = CompositeAlarm(
            self,
            "cutover",
            name=names.resource("cutover"),
            says="Traffic should not move here: stop the cutover, or take it back.",
            runbook=runbook(repository, "cutover"),
            any_of=[*watched, *(alarms[row.id].name for row in rows if row.stops_cutover)],
            topic_arn=topic,
        )
        arns = [alarm.arn for alarm in (cutover, *rollbacks)]
        arns += [names.arn("cloudwatch", f"alarm:{name}") for name in watched]
        arns += [alarm.arn for alarm in alarms.values()]
        board = Dashboard(
            self,
            "dashboard",
            name=names.prefix,
            body=dashboard.body(environment, alarm_arns=arns, data=data, edge=edge, services=services),
        )
        self.publish(Observability(dashboard_name=board.name, cutover_alarm=cutover.name))

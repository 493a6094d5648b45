"""Observability: alarms, composite alarms, and the dashboard."""

from __future__ import annotations

from collections.abc import Sequence

from environments.grouped import GROUP
from modules import dashboard
from modules.alarms import CUTOVER, AlarmRow, cutover_groups, rollback, rollback_alarms, table
from modules.constructs.alarms import CompositeAlarm, Dashboard, MetricAlarm
from modules.contracts import Account, Data, Edge, Observability, Services
from modules.stack import PhaseStack


class ObservabilityStack(PhaseStack):
    """The alarms and the dashboard."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names = self.environment, self.names
        topic = self.read(Account).alerts_topic_arn
        data, edge, services = self.read(Data), self.read(Edge), self.read(Services)
        rows = list(table(environment, data=data, edge=edge, services=services))
        alarms = {row.id: MetricAlarm(self, row.id, spec=row, names=names, topic_arn=topic) for row in rows}
        load_balanced = environment.product.load_balanced
        # The alarms that deployments watch; the phase services creates them.
        deployment_alarms = {
            service.name: [services.rollback_alarms[row.id] for row in rollback_alarms(environment, service, edge)]
            for service in load_balanced
        }
        watched = [name for of_service in deployment_alarms.values() for name in of_service]

        def composite(row: AlarmRow, any_of: Sequence[str]) -> CompositeAlarm:
            return CompositeAlarm(self, row.id, spec=row, names=names, any_of=any_of, topic_arn=topic)

        stopping = [*watched, *(alarms[row.id].name for row in rows if row.stops_cutover)]
        grouped = [
            composite(row, stopping[number * GROUP : (number + 1) * GROUP])
            for number, row in enumerate(cutover_groups(len(stopping)))
        ]
        cutover = composite(CUTOVER, [group.name for group in grouped] or stopping)
        rollbacks = [
            composite(
                rollback(service),
                [
                    *deployment_alarms[service.name],
                    *(alarms[row.id].name for row in rows if row.rolls_back == service.name),
                ],
            )
            for service in load_balanced
        ]
        arns = [alarm.arn for alarm in (cutover, *grouped, *rollbacks)]
        arns += [names.arn("cloudwatch", f"alarm:{name}") for name in watched]
        arns += [alarm.arn for alarm in alarms.values()]
        body = dashboard.body(environment, alarm_arns=arns, data=data, edge=edge, services=services)
        created = Dashboard(self, "dashboard", names=names, body=body)
        self.publish(Observability(dashboard_name=created.name, cutover_alarm=cutover.name))

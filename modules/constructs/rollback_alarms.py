"""Alarms that end a deployment and put the earlier version back."""

from __future__ import annotations

from constructs import Construct

from environments.schema import Service
from modules import metrics
from modules.alarms import Alarm
from modules.constructs.metric_alarm import MetricAlarm


class RollbackAlarms:
    """Of one target group: its tasks answer with errors, or stay unhealthy.

    Deployments need them before the observability phase is there; its composite alarms and dashboard include them.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        service: Service,
        target_group: str,
        load_balancer: str,
        errors: int,
        runbook: str,
        topic_arn: str,
    ) -> None:
        """Make the alarms.

        Args:
            scope: The stack.
            id_: First part of their ids.
            name: First part of their names.
            service: The service behind the target group.
            target_group: What CloudWatch calls the target group.
            load_balancer: What CloudWatch calls the load balancer.
            errors: 5xx answers in five minutes, above which the first goes off.
            runbook: Address of their runbook's section.
            topic_arn: Who is told.
        """
        where = {"load_balancer": load_balancer, "target_group": target_group}
        # A task that starts fails its checks for a while; one that is unhealthy for longer is broken.
        check = service.health_check
        starting = check.grace + check.interval * check.unhealthy if check else 0
        alarms = (
            Alarm(
                id=f"{id_}_errors",
                says=f"Tasks of {service.name} answer 5xx: a deployment that is under way goes back.",
                runbook="rollback",
                metric=metrics.requests("HTTPCode_Target_5XX_Count", "Sum", **where),
                threshold=errors,
                period=300,
                periods=1,
            ),
            Alarm(
                id=f"{id_}_unhealthy",
                says=f"Tasks of {service.name} stay unhealthy: a deployment that is under way goes back.",
                runbook="rollback",
                metric=metrics.requests("UnHealthyHostCount", "Maximum", **where),
                threshold=0,
                periods=starting // 60 + 2,
            ),
        )
        self.names = {
            alarm.id: MetricAlarm(
                scope,
                alarm=alarm,
                name=f"{name}-{alarm.id.removeprefix(id_).strip('_')}",
                runbook=runbook,
                topic_arn=topic_arn,
            ).name
            for alarm in alarms
        }

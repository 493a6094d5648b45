"""Scheduled tasks."""

from __future__ import annotations

from collections.abc import Sequence

from environments.names import Names
from environments.schema import ScheduledTask
from modules.alarms import dropped_runs
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.alarms import MetricAlarm
from modules.ids import identifier, reference


class Schedules:
    """All schedules of an environment, with one alarm for dropped runs."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        cluster_arn: str,
        role_arn: str,
        subnets: Sequence[str],
        topic_arn: str,
    ) -> None:
        self._scope, self._names = scope, names
        self._cluster_arn, self._role_arn, self._subnets = cluster_arn, role_arn, list(subnets)
        aws.SchedulerScheduleGroup(scope, id_, name=names.prefix)
        self._group = reference("aws_scheduler_schedule_group", id_, "name")
        dropped = dropped_runs(group=self._group)
        MetricAlarm(scope, dropped.id, spec=dropped, names=names, topic_arn=topic_arn)

    def add(self, task: ScheduledTask, *, task_definition_arn: str, security_group: str) -> None:
        """Add the schedule of a task."""
        aws.SchedulerSchedule(
            self._scope,
            f"{identifier(task.name)}_schedule",
            name=self._names.resource(task.name),
            group_name=self._group,
            schedule_expression=task.schedule,
            schedule_expression_timezone="UTC",
            flexible_time_window=aws.SchedulerScheduleFlexibleTimeWindow(mode="OFF"),
            target=aws.SchedulerScheduleTarget(
                arn=self._cluster_arn,
                role_arn=self._role_arn,
                retry_policy=aws.SchedulerScheduleTargetRetryPolicy(
                    maximum_retry_attempts=task.retries, maximum_event_age_in_seconds=task.maximum_event_age
                ),
                ecs_parameters=aws.SchedulerScheduleTargetEcsParameters(
                    task_definition_arn=task_definition_arn,
                    task_count=1,
                    launch_type="FARGATE",
                    platform_version="LATEST",
                    enable_ecs_managed_tags=True,
                    propagate_tags="TASK_DEFINITION",
                    network_configuration=aws.SchedulerScheduleTargetEcsParametersNetworkConfiguration(
                        subnets=self._subnets, security_groups=[security_group], assign_public_ip=False
                    ),
                ),
            ),
        )

"""Tasks that run on a schedule."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.scheduler_schedule import (
    SchedulerSchedule,
    SchedulerScheduleFlexibleTimeWindow,
    SchedulerScheduleTarget,
    SchedulerScheduleTargetEcsParameters,
    SchedulerScheduleTargetEcsParametersNetworkConfiguration,
    SchedulerScheduleTargetRetryPolicy,
)
from cdktf_cdktf_provider_aws.scheduler_schedule_group import SchedulerScheduleGroup
from constructs import Construct

from environments.schema import ScheduledTask
from modules.alarms import Alarm
from modules.constructs.metric_alarm import MetricAlarm
from modules.metrics import Metric


class Schedules:
    """All schedules of an environment, with one alarm for runs that could not be started.

    The alarm stands in for a dead-letter queue: a run that was dropped isn't worth keeping, only worth knowing.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        cluster_arn: str,
        role_arn: str,
        subnets: Sequence[str],
        runbook: str,
        topic_arn: str,
    ) -> None:
        """Make the group and its alarm.

        Args:
            scope: The stack.
            id_: Id of the group and its alarm; schedules are named after it and their tasks.
            name: Name of the group, and first part of the alarm's.
            cluster_arn: Where tasks run.
            role_arn: What EventBridge Scheduler acts as.
            subnets: Private subnets, one a zone.
            runbook: Address of the alarm's runbook section.
            topic_arn: Who is told of a dropped run.
        """
        self._scope, self._id = scope, id_
        self._cluster_arn, self._role_arn, self._subnets = cluster_arn, role_arn, list(subnets)
        SchedulerScheduleGroup(scope, id_, name=name)
        self._group = f"${{aws_scheduler_schedule_group.{id_}.name}}"
        # https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
        dropped = Metric(
            namespace="AWS/Scheduler",
            name="InvocationDroppedCount",
            dimensions={"ScheduleGroup": self._group},
            statistic="Sum",
        )
        MetricAlarm(
            scope,
            alarm=Alarm(
                id=f"{id_}_dropped",
                says="A scheduled task could not be started in time.",
                runbook="scheduled-task",
                metric=dropped,
                threshold=0,
                period=300,
                periods=1,
            ),
            name=f"{name}-{id_}-dropped",
            runbook=runbook,
            topic_arn=topic_arn,
        )

    def run(self, id_: str, *, name: str, task: ScheduledTask, task_definition_arn: str, security_group: str) -> None:
        """Add a schedule.

        Args:
            id_: Id of the schedule.
            name: Its name.
            task: When, and how often it is tried.
            task_definition_arn: What runs.
            security_group: Where its tasks may connect to.
        """
        SchedulerSchedule(
            self._scope,
            id_,
            name=name,
            group_name=self._group,
            schedule_expression=task.schedule,
            schedule_expression_timezone="UTC",
            flexible_time_window=SchedulerScheduleFlexibleTimeWindow(mode="OFF"),
            target=SchedulerScheduleTarget(
                arn=self._cluster_arn,
                role_arn=self._role_arn,
                retry_policy=SchedulerScheduleTargetRetryPolicy(
                    maximum_retry_attempts=task.retries, maximum_event_age_in_seconds=task.latest
                ),
                ecs_parameters=SchedulerScheduleTargetEcsParameters(
                    task_definition_arn=task_definition_arn,
                    task_count=1,
                    launch_type="FARGATE",
                    platform_version="LATEST",
                    enable_ecs_managed_tags=True,
                    propagate_tags="TASK_DEFINITION",
                    network_configuration=SchedulerScheduleTargetEcsParametersNetworkConfiguration(
                        subnets=self._subnets, security_groups=[security_group], assign_public_ip=False
                    ),
                ),
            ),
        )

"""The ECS cluster."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.ecs_cluster import (
    EcsCluster,
    EcsClusterConfiguration,
    EcsClusterConfigurationExecuteCommandConfiguration,
    EcsClusterConfigurationExecuteCommandConfigurationLogConfiguration,
    EcsClusterSetting,
)
from cdktf_cdktf_provider_aws.ecs_cluster_capacity_providers import (
    EcsClusterCapacityProviders,
    EcsClusterCapacityProvidersDefaultCapacityProviderStrategy,
)
from constructs import Construct

CAPACITY = "FARGATE"
# Also where another stage of the account, or the organization's administrator of GuardDuty, has the agent on.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-guard-duty-manage-subset-automatic.html
_NO_AGENT = {"GuardDutyManaged": "false"}


class Cluster:
    """Fargate only, with Container Insights; what is typed in a container (ECS Exec) is encrypted and logged."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        exec_log_group: str,
        exec_kms_key_arn: str,
        guardduty_agent: bool,
    ) -> None:
        """Make the cluster.

        Args:
            scope: The stack.
            id_: Id of the cluster.
            name: Its name.
            exec_log_group: Where ECS Exec's sessions are logged.
            exec_kms_key_arn: Key that encrypts them on their way.
            guardduty_agent: Whether tasks get GuardDuty's agent, where GuardDuty has one for the account.
        """
        logged = EcsClusterConfigurationExecuteCommandConfigurationLogConfiguration(
            cloud_watch_log_group_name=exec_log_group, cloud_watch_encryption_enabled=True
        )
        EcsCluster(
            scope,
            id_,
            name=name,
            setting=[EcsClusterSetting(name="containerInsights", value="enhanced")],
            configuration=EcsClusterConfiguration(
                execute_command_configuration=EcsClusterConfigurationExecuteCommandConfiguration(
                    kms_key_id=exec_kms_key_arn, logging="OVERRIDE", log_configuration=logged
                )
            ),
            tags=None if guardduty_agent else _NO_AGENT,
        )
        self.name = f"${{aws_ecs_cluster.{id_}.name}}"
        self.arn = f"${{aws_ecs_cluster.{id_}.arn}}"
        strategy = EcsClusterCapacityProvidersDefaultCapacityProviderStrategy(capacity_provider=CAPACITY, weight=1)
        EcsClusterCapacityProviders(
            scope,
            f"{id_}_capacity",
            cluster_name=self.name,
            capacity_providers=[CAPACITY],
            default_capacity_provider_strategy=[strategy],
        )

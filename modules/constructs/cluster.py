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


class Cluster:
    """Fargate only, with Container Insights; what is typed in a container (ECS Exec) is encrypted and logged."""

    def __init__(self, scope: Construct, id_: str, *, name: str, exec_log_group: str, exec_kms_key_arn: str) -> None:
        """Make the cluster.

        Args:
            scope: The stack.
            id_: Id of the cluster.
            name: Its name.
            exec_log_group: Where ECS Exec's sessions are logged.
            exec_kms_key_arn: Key that encrypts them on their way.
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

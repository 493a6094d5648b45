"""Blue/green deployments of one service by CodeDeploy."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.codedeploy_app import CodedeployApp
from cdktf_cdktf_provider_aws.codedeploy_deployment_group import (
    CodedeployDeploymentGroup,
    CodedeployDeploymentGroupAlarmConfiguration,
    CodedeployDeploymentGroupAutoRollbackConfiguration,
    CodedeployDeploymentGroupBlueGreenDeploymentConfig,
    CodedeployDeploymentGroupBlueGreenDeploymentConfigDeploymentReadyOption,
    CodedeployDeploymentGroupBlueGreenDeploymentConfigTerminateBlueInstancesOnDeploymentSuccess,
    CodedeployDeploymentGroupDeploymentStyle,
    CodedeployDeploymentGroupEcsService,
    CodedeployDeploymentGroupLoadBalancerInfo,
    CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfo,
    CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfoProdTrafficRoute,
    CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfoTargetGroup,
)
from constructs import Construct

from environments.schema import Service


class BlueGreen:
    """Moves requests from one target group to the other, and back when a deployment fails or an alarm goes off."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        service: Service,
        service_name: str,
        cluster: str,
        role_arn: str,
        listener_arn: str,
        target_groups: Sequence[str],
        rollback_alarms: Sequence[str],
    ) -> None:
        """Make application and deployment group.

        Args:
            scope: The stack.
            id_: Id of the application; the group is named after it.
            name: Name of both.
            service: The service's values.
            service_name: What ECS calls it.
            cluster: Name of the cluster.
            role_arn: What CodeDeploy acts as.
            listener_arn: Where requests come in.
            target_groups: Names of the two.
            rollback_alarms: Names of alarms that end a deployment.
        """
        CodedeployApp(scope, id_, name=name, compute_platform="ECS")
        CodedeployDeploymentGroup(
            scope,
            f"{id_}_group",
            app_name=f"${{aws_codedeploy_app.{id_}.name}}",
            deployment_group_name=name,
            deployment_config_name=service.traffic_shift,
            service_role_arn=role_arn,
            deployment_style=CodedeployDeploymentGroupDeploymentStyle(
                deployment_option="WITH_TRAFFIC_CONTROL", deployment_type="BLUE_GREEN"
            ),
            ecs_service=CodedeployDeploymentGroupEcsService(cluster_name=cluster, service_name=service_name),
            load_balancer_info=CodedeployDeploymentGroupLoadBalancerInfo(
                target_group_pair_info=CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfo(
                    prod_traffic_route=CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfoProdTrafficRoute(
                        listener_arns=[listener_arn]
                    ),
                    target_group=[
                        CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfoTargetGroup(name=group)
                        for group in target_groups
                    ],
                )
            ),
            blue_green_deployment_config=CodedeployDeploymentGroupBlueGreenDeploymentConfig(
                deployment_ready_option=CodedeployDeploymentGroupBlueGreenDeploymentConfigDeploymentReadyOption(
                    action_on_timeout="CONTINUE_DEPLOYMENT"
                ),
                terminate_blue_instances_on_deployment_success=CodedeployDeploymentGroupBlueGreenDeploymentConfigTerminateBlueInstancesOnDeploymentSuccess(
                    action="TERMINATE", termination_wait_time_in_minutes=service.keep_blue
                ),
            ),
            auto_rollback_configuration=CodedeployDeploymentGroupAutoRollbackConfiguration(
                enabled=True, events=["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
            ),
            alarm_configuration=CodedeployDeploymentGroupAlarmConfiguration(enabled=True, alarms=list(rollback_alarms)),
        )

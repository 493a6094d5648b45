"""The ECS cluster, its services, their scaling, and their blue/green deployments."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from environments.names import Names
from environments.schema import Scaling, Service
from modules.bindings import aws
from modules.bindings.engine import Construct, Postcondition, TerraformResourceLifecycle
from modules.ids import bare, reference

CAPACITY = "FARGATE"
# It works also if another stage of the account, or the organization's GuardDuty administrator, switched the agent on.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-guard-duty-manage-subset-automatic.html
_NO_AGENT = {"GuardDutyManaged": "false"}
FIRST_DEPLOYMENT = 600
"""Seconds after which an apply fails if a new service doesn't become steady; the grace period is added.

A first deployment that fails can't roll back to a previous one. The provider doesn't read the deployment's state but
waits for the number of tasks, by default for 20 minutes.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-failure-detection.html
https://github.com/hashicorp/terraform-provider-aws/issues/20858
"""


class Cluster:
    """A cluster for Fargate only, with Container Insights. ECS Exec sessions are encrypted and logged."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, exec_log_group: str, exec_kms_key_arn: str) -> None:
        logged = aws.EcsClusterConfigurationExecuteCommandConfigurationLogConfiguration(
            cloud_watch_log_group_name=exec_log_group, cloud_watch_encryption_enabled=True
        )
        aws.EcsCluster(
            scope,
            id_,
            name=names.prefix,
            setting=[aws.EcsClusterSetting(name="containerInsights", value="enhanced")],
            configuration=aws.EcsClusterConfiguration(
                execute_command_configuration=aws.EcsClusterConfigurationExecuteCommandConfiguration(
                    kms_key_id=exec_kms_key_arn, logging="OVERRIDE", log_configuration=logged
                )
            ),
            tags=None if names.environment.profile.guardduty_agent else _NO_AGENT,
        )
        self.name = reference("aws_ecs_cluster", id_, "name")
        self.arn = reference("aws_ecs_cluster", id_, "arn")
        strategy = aws.EcsClusterCapacityProvidersDefaultCapacityProviderStrategy(capacity_provider=CAPACITY, weight=1)
        aws.EcsClusterCapacityProviders(
            scope,
            f"{id_}_capacity",
            cluster_name=self.name,
            capacity_providers=[CAPACITY],
            default_capacity_provider_strategy=[strategy],
        )


class FargateService:
    """A service with tasks in private subnets. A deployment that fails is rolled back, and the apply fails.

    A worker has no target group and no rollback alarms.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: Service,
        names: Names,
        cluster_arn: str,
        task_definition_arn: str,
        subnets: Sequence[str],
        security_group: str,
        target_group_arn: str | None,
        rollback_alarms: Sequence[str],
    ) -> None:
        rolling = spec.deployment == "rolling"
        grace = spec.health_check.health_check_grace_period if spec.health_check else 0
        aws.EcsService(
            scope,
            id_,
            name=names.service(spec.name),
            cluster=cluster_arn,
            task_definition=task_definition_arn,
            launch_type="FARGATE",
            platform_version="LATEST",
            desired_count=names.environment.scaling(spec).minimum,
            network_configuration=aws.EcsServiceNetworkConfiguration(
                subnets=list(subnets), security_groups=[security_group], assign_public_ip=False
            ),
            load_balancer=[
                aws.EcsServiceLoadBalancer(
                    container_name=spec.name, container_port=spec.port, target_group_arn=target_group_arn
                )
            ]
            if target_group_arn is not None and spec.port is not None
            else None,
            health_check_grace_period_seconds=spec.health_check.health_check_grace_period
            if spec.health_check
            else None,
            availability_zone_rebalancing="ENABLED" if rolling else "DISABLED",
            deployment_controller=aws.EcsServiceDeploymentController(type="ECS" if rolling else "CODE_DEPLOY"),
            # ECS starts new tasks before it stops old ones, so the desired count is always running.
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker=aws.EcsServiceDeploymentCircuitBreaker(enable=True, rollback=True)
            if rolling
            else None,
            alarms=aws.EcsServiceAlarms(alarm_names=list(rollback_alarms), enable=True, rollback=True)
            if rolling and rollback_alarms
            else None,
            enable_execute_command=True,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            # With CodeDeploy there is no ECS deployment to wait for: the wait would never end.
            # https://github.com/hashicorp/terraform-provider-aws/issues/29252
            wait_for_steady_state=rolling,
            timeouts=aws.EcsServiceTimeouts(create=f"{FIRST_DEPLOYMENT + grace}s"),
            lifecycle=_autoscaled_and_checked(task_definition_arn) if rolling else _autoscaled_and_moved(),
        )
        self.name = reference("aws_ecs_service", id_, "name")


def _autoscaled_and_checked(task_definition_arn: str) -> TerraformResourceLifecycle:
    """A service that ECS rolled back is steady too; only the running revision shows the difference.

    https://github.com/hashicorp/terraform-provider-aws/issues/20858
    """
    wanted = bare(task_definition_arn)
    return TerraformResourceLifecycle(
        ignore_changes=["desired_count"],
        postcondition=[
            Postcondition(
                condition=f"${{self.task_definition == {wanted}}}",
                error_message="ECS rolled the deployment of ${self.name} back: it runs ${self.task_definition}, not "
                f"${{{wanted}}}. Its events say why: aws ecs describe-services --cluster ${{self.cluster}} "
                "--services ${self.name}",
            )
        ],
    )


def _autoscaled_and_moved() -> TerraformResourceLifecycle:
    """CodeDeploy changes the revision and the target group; Terraform sets only the first ones."""
    return TerraformResourceLifecycle(ignore_changes=["desired_count", "task_definition", "load_balancer"])


class ServiceScaling:
    """Target tracking of average CPU and memory, between a minimum and a maximum of tasks."""

    def __init__(self, scope: Construct, id_: str, *, spec: Scaling, cluster: str, service: str) -> None:
        aws.AppautoscalingTarget(
            scope,
            id_,
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{cluster}/{service}",
            min_capacity=spec.minimum,
            max_capacity=spec.maximum,
        )
        target = partial(reference, "aws_appautoscaling_target", id_)
        for resource, percent in (("CPU", spec.cpu_target), ("Memory", spec.memory_target)):
            metric = aws.AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
                predefined_metric_type=f"ECSServiceAverage{resource}Utilization"
            )
            aws.AppautoscalingPolicy(
                scope,
                f"{id_}_{resource.lower()}",
                name=resource.lower(),
                policy_type="TargetTrackingScaling",
                service_namespace=target("service_namespace"),
                scalable_dimension=target("scalable_dimension"),
                resource_id=target("resource_id"),
                target_tracking_scaling_policy_configuration=aws.AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration(
                    target_value=percent,
                    scale_out_cooldown=spec.out_cooldown,
                    scale_in_cooldown=spec.in_cooldown,
                    predefined_metric_specification=metric,
                ),
            )


class BlueGreen:
    """CodeDeploy moves requests to the other target group, and back if the deployment fails or an alarm goes off.

    `target_groups` are the names of both.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: Service,
        names: Names,
        service: str,
        cluster: str,
        role_arn: str,
        listener_arn: str,
        target_groups: Sequence[str],
        rollback_alarms: Sequence[str],
    ) -> None:
        name = names.service(spec.name)
        aws.CodedeployApp(scope, id_, name=name, compute_platform="ECS")
        aws.CodedeployDeploymentGroup(
            scope,
            f"{id_}_group",
            app_name=reference("aws_codedeploy_app", id_, "name"),
            deployment_group_name=name,
            deployment_config_name=spec.traffic_shift,
            service_role_arn=role_arn,
            deployment_style=aws.CodedeployDeploymentGroupDeploymentStyle(
                deployment_option="WITH_TRAFFIC_CONTROL", deployment_type="BLUE_GREEN"
            ),
            ecs_service=aws.CodedeployDeploymentGroupEcsService(cluster_name=cluster, service_name=service),
            load_balancer_info=aws.CodedeployDeploymentGroupLoadBalancerInfo(
                target_group_pair_info=aws.CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfo(
                    prod_traffic_route=aws.CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfoProdTrafficRoute(
                        listener_arns=[listener_arn]
                    ),
                    target_group=[
                        aws.CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfoTargetGroup(name=group)
                        for group in target_groups
                    ],
                )
            ),
            blue_green_deployment_config=aws.CodedeployDeploymentGroupBlueGreenDeploymentConfig(
                deployment_ready_option=aws.CodedeployDeploymentGroupBlueGreenDeploymentConfigDeploymentReadyOption(
                    action_on_timeout="CONTINUE_DEPLOYMENT"
                ),
                terminate_blue_instances_on_deployment_success=aws.CodedeployDeploymentGroupBlueGreenDeploymentConfigTerminateBlueInstancesOnDeploymentSuccess(
                    action="TERMINATE", termination_wait_time_in_minutes=spec.termination_wait
                ),
            ),
            auto_rollback_configuration=aws.CodedeployDeploymentGroupAutoRollbackConfiguration(
                enabled=True, events=["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
            ),
            alarm_configuration=aws.CodedeployDeploymentGroupAlarmConfiguration(
                enabled=True, alarms=list(rollback_alarms)
            ),
        )

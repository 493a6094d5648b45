"""How many tasks a service runs, by its load."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.appautoscaling_policy import (
    AppautoscalingPolicy,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification,
)
from cdktf_cdktf_provider_aws.appautoscaling_target import AppautoscalingTarget
from constructs import Construct

from environments.schema import Scaling


class ServiceScaling:
    """Holds average CPU and memory at their targets, between two bounds."""

    def __init__(self, scope: Construct, id_: str, *, cluster: str, service: str, scaling: Scaling) -> None:
        """Make target and policies.

        Args:
            scope: The stack.
            id_: Id of the target; policies are named after it.
            cluster: Name of the cluster.
            service: Name of the service.
            scaling: Bounds and targets.
        """
        AppautoscalingTarget(
            scope,
            id_,
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{cluster}/{service}",
            min_capacity=scaling.minimum,
            max_capacity=scaling.maximum,
        )
        target = f"aws_appautoscaling_target.{id_}"
        for resource, percent in (("CPU", scaling.cpu_target), ("Memory", scaling.memory_target)):
            metric = AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
                predefined_metric_type=f"ECSServiceAverage{resource}Utilization"
            )
            AppautoscalingPolicy(
                scope,
                f"{id_}_{resource.lower()}",
                name=resource.lower(),
                policy_type="TargetTrackingScaling",
                service_namespace=f"${{{target}.service_namespace}}",
                scalable_dimension=f"${{{target}.scalable_dimension}}",
                resource_id=f"${{{target}.resource_id}}",
                target_tracking_scaling_policy_configuration=AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration(
                    target_value=percent,
                    scale_out_cooldown=scaling.out_cooldown,
                    scale_in_cooldown=scaling.in_cooldown,
                    predefined_metric_specification=metric,
                ),
            )

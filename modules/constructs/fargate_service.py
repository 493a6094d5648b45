"""A long-running ECS service."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.ecs_service import (
    EcsService,
    EcsServiceAlarms,
    EcsServiceDeploymentCircuitBreaker,
    EcsServiceDeploymentController,
    EcsServiceLoadBalancer,
    EcsServiceNetworkConfiguration,
    EcsServiceTimeouts,
)
from constructs import Construct

from environments.schema import Service

FIRST_DEPLOYMENT = 600
"""Seconds, beside the grace period, after which a service that never became steady fails the apply.

If a first deployment fails, there is none to roll back to, and the provider doesn't look at the deployment's state: it
waits for the number of tasks, by itself for 20 minutes.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-failure-detection.html
https://github.com/hashicorp/terraform-provider-aws/issues/20858
"""


class FargateService:
    """Tasks in private subnets. A deployment that fails goes back, and then the apply fails too."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        service: Service,
        cluster_arn: str,
        task_definition_arn: str,
        subnets: Sequence[str],
        security_group: str,
        desired: int,
        target_group_arn: str | None,
        rollback_alarms: Sequence[str],
    ) -> None:
        """Make the service.

        Args:
            scope: The stack.
            id_: Id of the service.
            name: Its name.
            service: Its values.
            cluster_arn: Where it runs.
            task_definition_arn: What it runs.
            subnets: Private subnets, one a zone.
            security_group: Who may connect, and where it may connect to.
            desired: Tasks to begin with; autoscaling decides afterwards.
            target_group_arn: What the load balancer knows it by; none for a worker.
            rollback_alarms: Names of alarms that end a deployment; none for a worker.
        """
        rolling = service.deployment == "rolling"
        grace = service.health_check.grace if service.health_check else 0
        EcsService(
            scope,
            id_,
            name=name,
            cluster=cluster_arn,
            task_definition=task_definition_arn,
            launch_type="FARGATE",
            platform_version="LATEST",
            desired_count=desired,
            network_configuration=EcsServiceNetworkConfiguration(
                subnets=list(subnets), security_groups=[security_group], assign_public_ip=False
            ),
            load_balancer=[
                EcsServiceLoadBalancer(
                    container_name=service.name, container_port=service.port, target_group_arn=target_group_arn
                )
            ]
            if target_group_arn is not None and service.port is not None
            else None,
            health_check_grace_period_seconds=service.health_check.grace if service.health_check else None,
            availability_zone_rebalancing="ENABLED" if rolling else "DISABLED",
            deployment_controller=EcsServiceDeploymentController(type="ECS" if rolling else "CODE_DEPLOY"),
            # New tasks first, then the old ones go: never fewer than wanted.
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker=EcsServiceDeploymentCircuitBreaker(enable=True, rollback=True)
            if rolling
            else None,
            alarms=EcsServiceAlarms(alarm_names=list(rollback_alarms), enable=True, rollback=True)
            if rolling and rollback_alarms
            else None,
            enable_execute_command=True,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            # What CodeDeploy deploys has no deployment of ECS's to wait for: the wait never ends.
            # https://github.com/hashicorp/terraform-provider-aws/issues/29252
            wait_for_steady_state=rolling,
            timeouts=EcsServiceTimeouts(create=f"{FIRST_DEPLOYMENT + grace}s"),
            lifecycle=_autoscaled_and_checked(task_definition_arn) if rolling else _autoscaled_and_moved(),
        )
        self.name = f"${{aws_ecs_service.{id_}.name}}"


def _autoscaled_and_checked(task_definition_arn: str) -> TerraformResourceLifecycle:
    """Steady is a service that went back as well: only the revision that runs tells the two apart.

    https://github.com/hashicorp/terraform-provider-aws/issues/20858
    """
    wanted = task_definition_arn.removeprefix("${").removesuffix("}")
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
    """CodeDeploy decides which revision and which target group are live; Terraform makes the first ones only."""
    return TerraformResourceLifecycle(ignore_changes=["desired_count", "task_definition", "load_balancer"])

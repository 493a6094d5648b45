"""The role that CodeDeploy deploys with."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from environments.names import Names
from modules.constructs.role import Role
from modules.constructs.task_roles import ECS_TASKS
from modules.policy import Statement, trust


class DeploymentRole:
    """AWS's AWSCodeDeployRoleForECSLimited, narrowed to the services that deploy blue/green.

    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForECSLimited.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        services: Sequence[str],
        task_role_arns: Sequence[str],
    ) -> None:
        """Make the role.

        Args:
            scope: The stack.
            id_: Id of the role.
            names: The environment's names.
            services: The services that deploy blue/green.
            task_role_arns: Roles that their tasks get.
        """
        paths = [f"{names.prefix}/{names.service(service)}" for service in services]
        service_arns = [names.arn("ecs", f"service/{path}") for path in paths]
        role = Role(
            scope,
            id_,
            name=names.role("deployment"),
            description="CodeDeploy moves requests between blue and green tasks with it",
            trust=[trust("codedeploy.amazonaws.com", account_id=names.environment.account_id)],
            statements=[
                Statement(
                    sid="MoveServices",
                    actions=["ecs:DescribeServices", "ecs:UpdateServicePrimaryTaskSet"],
                    resources=service_arns,
                ),
                # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
                Statement(
                    sid="MakeTaskSets",
                    actions=["ecs:CreateTaskSet"],
                    resources=["*"],
                    because="CreateTaskSet has no resource; the conditions name cluster and services",
                    conditions=[
                        ("ArnEquals", "ecs:cluster", [names.arn("ecs", f"cluster/{names.prefix}")]),
                        ("ArnEquals", "ecs:service", service_arns),
                    ],
                ),
                Statement(
                    sid="RemoveTaskSets",
                    actions=["ecs:DeleteTaskSet"],
                    resources=[names.arn("ecs", f"task-set/{path}/*") for path in paths],
                ),
                Statement(
                    sid="SeeTheLoadBalancer",
                    actions=[
                        "elasticloadbalancing:DescribeListeners",
                        "elasticloadbalancing:DescribeRules",
                        "elasticloadbalancing:DescribeTargetGroups",
                    ],
                    resources=["*"],
                    because="Elastic Load Balancing's Describe actions have no resource",
                ),
                Statement(
                    sid="MoveRequests",
                    actions=["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"],
                    resources=[
                        names.arn("elasticloadbalancing", f"{kind}/app/{names.prefix}/*")
                        for kind in ("listener", "listener-rule")
                    ],
                ),
                Statement(
                    sid="WatchAlarms",
                    actions=["cloudwatch:DescribeAlarms"],
                    resources=["*"],
                    because="DescribeAlarms leaves composite alarms out where it is narrowed",
                ),
                Statement(
                    sid="GiveTasksTheirRoles",
                    actions=["iam:PassRole"],
                    resources=task_role_arns,
                    conditions=[("StringEquals", "iam:PassedToService", [ECS_TASKS])],
                ),
            ],
        )
        self.arn = role.arn

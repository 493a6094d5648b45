"""Permissions of the deployer for services: cluster, tasks, scaling, schedules, blue/green, logs, alarms."""

from __future__ import annotations

from collections.abc import Iterator

from environments.names import Names
from modules.policy import Condition, Statement


def services_policy(names: Names) -> Iterator[Statement]:
    """Cluster, tasks and their roles. A wildcard covers the names of all services."""
    yield from _cluster(names)
    yield from _task_definitions(names)
    yield from _pass_roles(names)


def tagged(names: Names, key: str) -> list[Condition]:
    """Conditions on this project's tags, for actions without a useful ARN: `aws:ResourceTag` or `aws:RequestTag`."""
    environment = names.environment
    return [
        ("StringEquals", f"{key}/Project", [environment.product.name]),
        ("StringEquals", f"{key}/Environment", [environment.stage]),
    ]


def _cluster(names: Names) -> Iterator[Statement]:
    prefix = names.prefix
    cluster = names.arn("ecs", f"cluster/{prefix}")
    yield Statement(
        sid="Cluster",
        actions=[
            "ecs:CreateCluster",
            "ecs:CreateService",
            "ecs:DeleteCluster",
            "ecs:DeleteService",
            "ecs:DescribeClusters",
            "ecs:DescribeServiceDeployments",
            "ecs:DescribeServiceRevisions",
            "ecs:DescribeServices",
            "ecs:DescribeTasks",
            "ecs:ListServiceDeployments",
            "ecs:ListTagsForResource",
            "ecs:PutClusterCapacityProviders",
            "ecs:StopTask",
            "ecs:TagResource",
            "ecs:UntagResource",
            "ecs:UpdateCluster",
            "ecs:UpdateClusterSettings",
            "ecs:UpdateService",
        ],
        resources=[
            cluster,
            names.arn("ecs", f"service/{prefix}/*"),
            names.arn("ecs", f"service-deployment/{prefix}/*"),
            names.arn("ecs", f"service-revision/{prefix}/*"),
            names.arn("ecs", f"task/{prefix}/*"),
        ],
    )
    yield Statement(
        sid="RunTask",
        actions=["ecs:RunTask"],
        resources=[names.arn("ecs", f"task-definition/{names.service('*')}:*")],
        conditions=[("ArnEquals", "ecs:cluster", [cluster])],
    )
    if names.environment.database:
        yield snapshot_database(names)
    yield Statement(
        sid="ListTasks",
        actions=["ecs:ListTasks"],
        resources=["*"],
        conditions=[("ArnEquals", "ecs:cluster", [cluster])],
        because="Fargate tasks have no container instance, which is the resource; the condition limits the cluster",
    )


def _task_definitions(names: Names) -> Iterator[Statement]:
    yield Statement(
        sid="RegisterTaskDefinition",
        actions=["ecs:RegisterTaskDefinition"],
        resources=["*"],
        conditions=tagged(names, "aws:RequestTag"),
        because="a revision has no ARN before it is registered; the condition requires this project's tags",
    )
    yield Statement(
        sid="TaskDefinitions",
        actions=["ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition"],
        resources=["*"],
        because="these two actions have no resource",
    )
    yield Statement(
        sid="TagTaskDefinitions",
        actions=["ecs:ListTagsForResource", "ecs:TagResource", "ecs:UntagResource"],
        resources=[names.arn("ecs", f"task-definition/{names.service('*')}:*")],
    )


def delivery_policy(names: Names) -> Iterator[Statement]:
    """Scaling, schedules, blue/green, log groups and alarms.

    Of scaling and blue/green, these are the calls of Terraform's resources, and of the commands that deploy and roll
    back; CreateDeployment also needs GetDeploymentConfig, GetApplicationRevision and RegisterApplicationRevision. AWS's
    list for people who use the console has more.
    https://github.com/hashicorp/terraform-provider-aws/tree/v5.100.0/internal/service/appautoscaling
    https://github.com/hashicorp/terraform-provider-aws/tree/v5.100.0/internal/service/codedeploy
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-bluegreen.html#deployment-type-bluegreen-IAM
    """
    service, prefix = names.service("*"), names.prefix
    yield Statement(
        sid="Scaling",
        actions=[
            "application-autoscaling:DeleteScalingPolicy",
            "application-autoscaling:DeregisterScalableTarget",
            "application-autoscaling:ListTagsForResource",
            "application-autoscaling:PutScalingPolicy",
            "application-autoscaling:RegisterScalableTarget",
            "application-autoscaling:TagResource",
            "application-autoscaling:UntagResource",
        ],
        resources=[names.arn("application-autoscaling", "scalable-target/*")],
        conditions=[("StringEqualsIfExists", "application-autoscaling:service-namespace", ["ecs"])],
    )
    yield Statement(
        sid="Schedules",
        actions=[
            *(f"scheduler:{verb}Schedule{group}" for verb in ("Create", "Delete", "Get") for group in ("", "Group")),
            "scheduler:ListTagsForResource",
            "scheduler:TagResource",
            "scheduler:UntagResource",
            "scheduler:UpdateSchedule",
        ],
        resources=[
            names.arn("scheduler", f"schedule-group/{prefix}"),
            names.arn("scheduler", f"schedule/{prefix}/*"),
        ],
    )
    yield Statement(
        sid="BlueGreen",
        actions=[
            "codedeploy:BatchGetDeployments",
            "codedeploy:CreateApplication",
            "codedeploy:CreateDeployment",
            "codedeploy:CreateDeploymentGroup",
            "codedeploy:DeleteApplication",
            "codedeploy:DeleteDeploymentGroup",
            "codedeploy:GetApplication",
            "codedeploy:GetApplicationRevision",
            "codedeploy:GetDeployment",
            "codedeploy:GetDeploymentConfig",
            "codedeploy:GetDeploymentGroup",
            "codedeploy:ListDeployments",
            "codedeploy:ListTagsForResource",
            "codedeploy:RegisterApplicationRevision",
            "codedeploy:TagResource",
            "codedeploy:UntagResource",
            "codedeploy:UpdateDeploymentGroup",
        ],
        resources=[
            names.arn("codedeploy", f"application:{service}"),
            names.arn("codedeploy", f"deploymentgroup:{service}/*"),
            names.arn("codedeploy", "deploymentconfig:*"),
        ],
    )
    yield Statement(
        sid="RunningDeployments",
        actions=[
            "codedeploy:GetDeploymentTarget",
            "codedeploy:StopDeployment",
        ],
        resources=["*"],
        because="these two actions have no resource",
    )
    yield Statement(
        sid="Logs",
        actions=[
            "logs:AssociateKmsKey",
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:DescribeLogStreams",
            "logs:FilterLogEvents",
            "logs:ListTagsForResource",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
            "logs:UntagResource",
        ],
        resources=[names.log_group_arn("*")],
    )
    yield Statement(
        sid="Alarms",
        actions=[
            "cloudwatch:DeleteAlarms",
            "cloudwatch:ListTagsForResource",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
        ],
        resources=[
            names.arn("cloudwatch", f"alarm:{prefix}-*"),
            names.arn("cloudwatch", f"alarm:{service}-*"),
            # The alarms that target tracking creates.
            names.arn("cloudwatch", f"alarm:TargetTracking-service/{prefix}/*"),
        ],
    )


def snapshot_database(names: Names) -> Statement:
    """Take the snapshot before a migration; it copies the database's tags."""
    return Statement(
        sid="SnapshotDatabase",
        actions=["rds:CreateDBSnapshot", "rds:DescribeDBSnapshots", "rds:AddTagsToResource"],
        resources=[
            names.arn("rds", f"db:{names.database}"),
            names.arn("rds", f"snapshot:{names.prefix}-before-migration-*"),
        ],
    )


def passed_roles(names: Names) -> dict[str, list[str]]:
    """Roles that the deployer passes, by the AWS service that it passes them to."""
    return {
        "ecs-tasks.amazonaws.com": [names.role_arn("*-task"), names.role_arn("*-execution")],
        "scheduler.amazonaws.com": [names.role_arn("scheduler")],
        "codedeploy.amazonaws.com": [names.role_arn("deployment")],
    }


def _pass_roles(names: Names) -> Iterator[Statement]:
    for service, roles in passed_roles(names).items():
        yield Statement(
            sid=f"PassTo{service.partition('.')[0].title().replace('-', '')}",
            actions=["iam:PassRole"],
            resources=roles,
            conditions=[("StringEquals", "iam:PassedToService", [service])],
        )

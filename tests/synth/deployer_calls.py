"""What applying the deployer's phases calls, by type of resource; and what the deployer must never be able to call."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from environments.names import Names
from environments.schema import Environment
from tests.synth.iam import KEY_ARN, Context

Calls = Callable[[Names], Iterator[tuple[str, str, Context]]]


def _tags(names: Names, key: str) -> Context:
    return {f"{key}/Project": names.environment.product.name, f"{key}/Environment": names.environment.stage}


def _on(service: str, resource: str, *actions: str) -> Calls:
    def calls(names: Names) -> Iterator[tuple[str, str, Context]]:
        environment = names.environment
        filled = resource.format(
            prefix=names.prefix, path=names.path, service=names.service("backend"), stage=environment.stage
        )
        arn = resource if resource == "*" else names.arn(service, filled)
        for action in actions:
            yield f"{service}:{action}", arn, {}

    return calls


def _certificate(names: Names) -> Iterator[tuple[str, str, Context]]:
    arn = names.arn("acm", "certificate/1")
    yield "acm:RequestCertificate", "*", {"acm:DomainNames": list(names.environment.edge.certificate_names)}
    yield "acm:AddTagsToCertificate", arn, _tags(names, "aws:RequestTag")
    for action in ("DescribeCertificate", "ListTagsForCertificate", "DeleteCertificate"):
        yield f"acm:{action}", arn, _tags(names, "aws:ResourceTag")


def _records(names: Names) -> Iterator[tuple[str, str, Context]]:
    edge = names.environment.edge
    if edge.zone.role:
        yield "sts:AssumeRole", edge.zone.role, {}
        return
    zone = f"arn:aws:route53:::hostedzone/{edge.zone.id or 'Z123'}"
    written: Context = {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": [edge.host, f"_x1.{edge.certificate_names[0]}"],
        "route53:ChangeResourceRecordSetsRecordTypes": ["A", "CNAME"],
    }
    yield "route53:ChangeResourceRecordSets", zone, written
    yield "route53:ListResourceRecordSets", zone, {}
    yield "route53:GetChange", "arn:aws:route53:::change/C1", {}


def _zone(names: Names) -> Iterator[tuple[str, str, Context]]:
    if names.environment.edge.zone.kind == "created":
        yield "route53:CreateHostedZone", "*", {}
        yield "route53:ListHostedZonesByName", "*", {}
        yield "route53:ChangeTagsForResource", "arn:aws:route53:::hostedzone/Z123", {}
        yield "route53:GetHostedZone", "arn:aws:route53:::hostedzone/Z123", {}


def _task_definition(names: Names) -> Iterator[tuple[str, str, Context]]:
    arn = names.arn("ecs", f"task-definition/{names.service('backend')}:1")
    yield "ecs:RegisterTaskDefinition", "*", _tags(names, "aws:RequestTag")
    yield "ecs:DescribeTaskDefinition", "*", {}
    yield "ecs:TagResource", arn, {}
    yield "ecs:RunTask", arn, {"ecs:cluster": names.arn("ecs", f"cluster/{names.prefix}")}
    for purpose in ("backend-task", "backend-execution"):
        yield "iam:PassRole", names.role_arn(purpose), {"iam:PassedToService": "ecs-tasks.amazonaws.com"}


def _schedule(names: Names) -> Iterator[tuple[str, str, Context]]:
    yield "scheduler:CreateSchedule", names.arn("scheduler", f"schedule/{names.prefix}/{names.prefix}-cleanup"), {}
    yield "iam:PassRole", names.role_arn("scheduler"), {"iam:PassedToService": "scheduler.amazonaws.com"}


def _deployment_group(names: Names) -> Iterator[tuple[str, str, Context]]:
    group = f"deploymentgroup:{names.service('backend')}/{names.service('backend')}"
    for action in ("CreateDeploymentGroup", "CreateDeployment", "GetDeployment", "StopDeployment"):
        yield f"codedeploy:{action}", names.arn("codedeploy", group), {}
    yield "iam:PassRole", names.role_arn("deployment"), {"iam:PassedToService": "codedeploy.amazonaws.com"}


def _secret(names: Names) -> Iterator[tuple[str, str, Context]]:
    through = f"secretsmanager.{names.environment.region}.amazonaws.com"
    aliased: Context = {"kms:ViaService": through, "kms:ResourceAliases": [names.alias("secrets")]}
    for each in names.environment.product.secrets:
        if each.written_by == "operator":
            secret = names.arn("secretsmanager", f"secret:{names.secret(each.name)}-AbCdEf")
            yield "secretsmanager:PutSecretValue", secret, {}
            yield "secretsmanager:DescribeSecret", secret, {}
            yield "kms:GenerateDataKey", names.arn("kms", "key/1"), aliased


def _promotion(names: Names) -> Iterator[tuple[str, str, Context]]:
    """To repositories of this account; those of another one get images from their builds."""
    if names.environment.registry.source_account is None:
        for repository in {service.repository for service in names.environment.product.services}:
            for action in ("PutImage", "BatchGetImage", "DescribeImages"):
                yield f"ecr:{action}", names.arn("ecr", f"repository/{repository}"), {}


CALLS: dict[str, Calls] = {
    "aws_acm_certificate": _certificate,
    "aws_acm_certificate_validation": _certificate,
    "aws_appautoscaling_policy": _on("application-autoscaling", "scalable-target/1", "PutScalingPolicy"),
    "aws_appautoscaling_target": _on(
        "application-autoscaling", "scalable-target/1", "RegisterScalableTarget", "TagResource"
    ),
    "aws_cloudwatch_log_group": _on(
        "logs", "log-group:/{path}/backend", "CreateLogGroup", "PutRetentionPolicy", "TagResource"
    ),
    "aws_cloudwatch_metric_alarm": _on("cloudwatch", "alarm:{prefix}-deployment-backend-errors", "PutMetricAlarm"),
    "aws_codedeploy_app": _on("codedeploy", "application:{service}", "CreateApplication", "GetApplication"),
    "aws_codedeploy_deployment_group": _deployment_group,
    "aws_ecs_cluster": _on("ecs", "cluster/{prefix}", "CreateCluster", "DescribeClusters", "TagResource"),
    "aws_ecs_cluster_capacity_providers": _on("ecs", "cluster/{prefix}", "PutClusterCapacityProviders"),
    "aws_ecs_service": _on("ecs", "service/{prefix}/{service}", "CreateService", "UpdateService", "DescribeServices"),
    "aws_ecs_task_definition": _task_definition,
    "aws_lb": _on(
        "elasticloadbalancing", "loadbalancer/app/{prefix}/1", "CreateLoadBalancer", "ModifyLoadBalancerAttributes"
    ),
    "aws_lb_listener": _on("elasticloadbalancing", "listener/app/{prefix}/1/2", "ModifyListener", "AddTags"),
    "aws_lb_listener_rule": _on("elasticloadbalancing", "listener-rule/app/{prefix}/1/2/3", "ModifyRule", "DeleteRule"),
    "aws_lb_target_group": _on("elasticloadbalancing", "targetgroup/{prefix}-backend/1", "CreateTargetGroup"),
    "aws_route53_record": _records,
    "aws_route53_zone": _zone,
    "aws_scheduler_schedule": _schedule,
    "aws_scheduler_schedule_group": _on("scheduler", "schedule-group/{prefix}", "CreateScheduleGroup"),
    # No resource of Terraform's: what operators' commands call.
    "promotion": _promotion,
    "secrets": _secret,
}


def NEVER(names: Names) -> Iterator[tuple[str, str]]:  # noqa: N802  (beside CALLS)
    """Identities, keys, budgets, audit, its own boundary, secrets' values, and what administrators apply."""
    environment: Environment = names.environment
    everywhere = (
        *(f"iam:{verb}" for verb in ("CreateRole", "PutRolePolicy", "AttachRolePolicy", "CreateUser")),
        "iam:CreateAccessKey",
        *(f"iam:{verb}" for verb in ("UpdateAssumeRolePolicy", "CreatePolicyVersion", "SetDefaultPolicyVersion")),
        *(f"iam:{verb}" for verb in ("DeleteRolePermissionsBoundary", "PutRolePermissionsBoundary", "TagRole")),
        *(f"iam:{verb}" for verb in ("CreateServiceLinkedRole", "UpdateOpenIDConnectProviderThumbprint")),
        *(f"kms:{verb}" for verb in ("PutKeyPolicy", "ScheduleKeyDeletion", "DisableKey", "CreateGrant", "CreateKey")),
        *(f"budgets:{verb}" for verb in ("ModifyBudget", "CreateBudgetAction", "DeleteBudgetAction")),
        *(f"cloudtrail:{verb}" for verb in ("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors")),
        *(f"config:{verb}" for verb in ("StopConfigurationRecorder", "DeleteDeliveryChannel")),
        *(f"guardduty:{verb}" for verb in ("DeleteDetector", "UpdateDetector")),
        *("securityhub:DisableSecurityHub", "access-analyzer:DeleteAnalyzer", "s3:PutAccountPublicAccessBlock"),
        *("sns:SetTopicAttributes", "events:DisableRule", "organizations:LeaveOrganization", "ec2:RunInstances"),
        *("secretsmanager:GetSecretValue", "secretsmanager:PutResourcePolicy", "secretsmanager:DeleteSecret"),
        *("ecs:ExecuteCommand", "rds:DeleteDBInstance", "s3:PutBucketPolicy", "ec2:AuthorizeSecurityGroupIngress"),
    )
    yield from ((action, "*") for action in everywhere)
    yield "iam:CreatePolicyVersion", names.arn("iam", f"policy/{names.resource('boundary')}", region="")
    yield "sts:AssumeRole", names.role_arn("break-glass")
    yield "iam:PassRole", names.role_arn("break-glass")
    yield "kms:ScheduleKeyDeletion", KEY_ARN
    yield "s3:GetObject", f"arn:aws:s3:::{names.bucket('trail')}/AWSLogs/{environment.account_id}/x"
    yield "s3:PutObject", f"arn:aws:s3:::{names.state_bucket}/{names.state_key('account')}"
    yield "logs:DeleteLogGroup", names.log_group_arn("trail")
    yield "logs:PutRetentionPolicy", names.log_group_arn("flow-log")
    yield "secretsmanager:GetSecretValue", names.arn("secretsmanager", f"secret:{names.secret('DATABASE_URL')}-AbCdEf")

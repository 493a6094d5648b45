"""What the deployer must be able to call, by type of resource, and what its permissions boundary must deny."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from environments.names import Names
from ops.gate.permissions.statements import CHOSEN
from ops.gate.requests.policies import Keys, Request

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
Calls = Callable[[Names], Iterator[tuple[str, str, Keys]]]


_TAGS = {f"aws:{of}Tag/{tag}" for of in ("Request", "Resource") for tag in ("Project", "Environment")}


def _tags(names: Names, key: str) -> Keys:
    return {f"{key}/Project": names.environment.product.name, f"{key}/Environment": names.environment.stage}


def _on(service: str, resource: str, actions: str, keys: Keys | None = None) -> Calls:
    """Calls on one resource, or on one for each service if its name has `{service}` or `{name}`."""

    def calls(names: Names) -> Iterator[tuple[str, str, Keys]]:
        several = "{service}" in resource or "{name}" in resource
        for each in names.environment.product.services[: None if several else 1]:
            filled = resource.format(
                prefix=names.prefix, path=names.path, service=names.service(each.name), name=each.name
            )
            for action in actions.split():
                yield f"{service}:{action}", resource if resource == "*" else names.arn(service, filled), keys or {}

    return calls


def _certificate(names: Names) -> Iterator[tuple[str, str, Keys]]:
    arn = names.arn("acm", "certificate/1")
    yield "acm:RequestCertificate", "*", {"acm:DomainNames": list(names.environment.edge.certificate_names)}
    yield "acm:AddTagsToCertificate", arn, _tags(names, "aws:RequestTag")
    for action in (
        "DescribeCertificate",
        "ListTagsForCertificate",
        "DeleteCertificate",
        "AddTagsToCertificate",
        "RemoveTagsFromCertificate",
        "UpdateCertificateOptions",
    ):
        yield f"acm:{action}", arn, _tags(names, "aws:ResourceTag")


def _records(names: Names) -> Iterator[tuple[str, str, Keys]]:
    edge = names.environment.edge
    if edge.zone.role:
        for role in filter(None, (edge.zone.role, edge.zone.read_role)):
            yield "sts:AssumeRole", role, {}
        return
    zone = names.partition.zone(edge.zone.id or "Z123")
    written: Keys = {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": [
            edge.host,
            f"_x1.{edge.certificate_names[0].removeprefix('*.')}",
        ],
        "route53:ChangeResourceRecordSetsRecordTypes": ["A", "CNAME"],
    }
    yield "route53:ChangeResourceRecordSets", zone, written
    yield "route53:ListResourceRecordSets", zone, {}
    yield "route53:GetChange", names.partition.arn("route53", "change/C1"), {}


def _zone(names: Names) -> Iterator[tuple[str, str, Keys]]:
    if names.environment.edge.zone.kind == "created":
        zone = names.partition.zone("Z123")
        yield "route53:CreateHostedZone", "*", {}
        yield "route53:ListHostedZonesByName", "*", {}
        yield "route53:ChangeTagsForResource", zone, {}
        yield "route53:GetHostedZone", zone, {}
        yield "route53:ListTagsForResource", zone, {}


def _task_definition(names: Names) -> Iterator[tuple[str, str, Keys]]:
    yield "ecs:RegisterTaskDefinition", "*", _tags(names, "aws:RequestTag")
    for action in ("DescribeTaskDefinition", "DeregisterTaskDefinition"):
        yield f"ecs:{action}", "*", {}
    cluster = {"ecs:cluster": names.arn("ecs", f"cluster/{names.prefix}")}
    for work in names.environment.product.workloads:
        arn = names.arn("ecs", f"task-definition/{names.service(work.name)}:1")
        for action in ("TagResource", "UntagResource", "ListTagsForResource"):
            yield f"ecs:{action}", arn, {}
        yield "ecs:RunTask", arn, cluster
    yield "ecs:ListTasks", "*", cluster
    for service in names.environment.product.services:
        for kind in ("task", "execution"):
            role = names.role_arn(f"{service.name}-{kind}")
            yield "iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"}


def _schedule(names: Names) -> Iterator[tuple[str, str, Keys]]:
    for action in ("CreateSchedule", "UpdateSchedule", "GetSchedule", "DeleteSchedule"):
        arn = names.arn("scheduler", f"schedule/{names.prefix}/{names.prefix}-cleanup")
        yield f"scheduler:{action}", arn, {}
    yield "iam:PassRole", names.role_arn("scheduler"), {"iam:PassedToService": "scheduler.amazonaws.com"}


def _deployment_group(names: Names) -> Iterator[tuple[str, str, Keys]]:
    for service in names.environment.product.services:
        group = f"deploymentgroup:{names.service(service.name)}/{names.service(service.name)}"
        for action in (
            "CreateDeploymentGroup",
            "UpdateDeploymentGroup",
            "GetDeploymentGroup",
            "DeleteDeploymentGroup",
            "CreateDeployment",
            "BatchGetDeployments",
            "GetDeployment",
            "ListDeployments",
        ):
            yield f"codedeploy:{action}", names.arn("codedeploy", group), {}
    all_at_once = names.arn("codedeploy", "deploymentconfig:CodeDeployDefault.ECSAllAtOnce")
    yield "codedeploy:GetDeploymentConfig", all_at_once, {}
    for action in ("StopDeployment", "GetDeploymentTarget"):
        yield f"codedeploy:{action}", "*", {}
    yield "iam:PassRole", names.role_arn("deployment"), {"iam:PassedToService": "codedeploy.amazonaws.com"}


def _secret(names: Names) -> Iterator[tuple[str, str, Keys]]:
    aliased: Keys = {"kms:ViaService": names.host("secretsmanager"), "kms:ResourceAliases": [names.alias("secrets")]}
    for each in names.environment.product.secrets:
        if each.written_by == "operator":
            name = f"{names.secret(each.name)}-{CHOSEN['aws_secretsmanager_secret']}"
            secret = names.arn("secretsmanager", f"secret:{name}")
            for action in ("PutSecretValue", "DescribeSecret", "UpdateSecretVersionStage", "ListSecretVersionIds"):
                yield f"secretsmanager:{action}", secret, {}
            for action in ("kms:Decrypt", "kms:GenerateDataKey"):
                yield action, names.arn("kms", "key/1"), aliased


def _promotion(names: Names) -> Iterator[tuple[str, str, Keys]]:
    """To repositories of this account; those of another one get images from their builds."""
    if names.environment.registry.source_account is None:
        yield "ecr:GetAuthorizationToken", "*", {}
        for repository in sorted({service.repository for service in names.environment.product.services}):
            arn = names.arn("ecr", f"repository/{repository}")
            for action in (
                *("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage", "DescribeImages"),
                *("DescribeRepositories", "DescribeImageScanFindings", *(each.partition(":")[2] for each in PULL)),
            ):
                yield f"ecr:{action}", arn, {}


def _snapshot(names: Names) -> Iterator[tuple[str, str, Keys]]:
    """Before a migration: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html."""
    if names.environment.database:
        for resource in (f"db:{names.database}", f"snapshot:{names.prefix}-before-migration-7-20261125-120000"):
            for action in ("CreateDBSnapshot", "DescribeDBSnapshots", "AddTagsToResource"):
                yield f"rds:{action}", names.arn("rds", resource), {}


def checks(names: Names) -> Iterator[tuple[str, str, Keys]]:
    """What `verify` and `golive` call, which deployer and planner run.

    tests/ops/test_permissions_of_calls.py compares it with their code.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html
    """
    environment, balancer = names.environment, names.arn("elasticloadbalancing", f"loadbalancer/app/{names.prefix}/1")
    state = names.partition.bucket(names.state_bucket)
    registry = environment.registry.source_account or environment.account_id
    for action in ("FlowLogs", "NatGateways", "NetworkInterfaces", "RouteTables", "Subnets", "VpcEndpoints", "Vpcs"):
        yield f"ec2:Describe{action}", "*", {}
    for action in ("Listeners", "LoadBalancerAttributes", "LoadBalancers", "Rules", "TargetGroups", "TargetHealth"):
        yield f"elasticloadbalancing:Describe{action}", "*", {}
    yield from ((f"s3:{action}", state, {}) for action in ("GetBucketVersioning", "GetEncryptionConfiguration"))
    yield "sns:ListSubscriptionsByTopic", names.arn("sns", names.resource("alerts")), {}
    for repository in sorted({service.repository for service in environment.product.services}):
        arn = names.partition.arn("ecr", f"repository/{repository}", region=environment.region, account_id=registry)
        yield from ((f"ecr:{action}", arn, {}) for action in ("DescribeRepositories", "GetLifecyclePolicy"))
    for secret in environment.product.secrets:
        arn = names.arn("secretsmanager", f"secret:{names.secret(secret.name)}-{CHOSEN['aws_secretsmanager_secret']}")
        yield from ((f"secretsmanager:{action}", arn, {}) for action in ("DescribeSecret", "ListSecretVersionIds"))
    if environment.database:
        yield "rds:DescribeDBInstances", names.arn("rds", f"db:{names.database}"), {}
        yield "rds:DescribeDBParameters", names.arn("rds", f"pg:{names.prefix}-postgres16"), {}
    if environment.cache:
        group = names.arn("elasticache", f"replicationgroup:{names.cache}")
        yield "elasticache:DescribeReplicationGroups", group, {}
    yield "acm:DescribeCertificate", names.arn("acm", "certificate/1"), _tags(names, "aws:ResourceTag")
    yield "cloudwatch:GetDashboard", names.arn("cloudwatch", f"dashboard/{names.prefix}", region=""), {}
    yield "cloudwatch:DescribeAlarms", "*", {}
    yield "cloudtrail:LookupEvents", "*", {}
    for resource in (balancer, names.arn("wafv2", f"regional/webacl/{names.prefix}/1")):
        yield "wafv2:GetWebACLForResource", resource, {}
    yield "wafv2:GetWebACL", names.arn("wafv2", f"regional/webacl/{names.prefix}/1"), {}
    yield "elasticloadbalancing:GetLoadBalancerWebACL", balancer, {}
    cluster = {"ecs:cluster": names.arn("ecs", f"cluster/{names.prefix}")}
    yield "ecs:ListTasks", "*", cluster
    yield "ecs:DescribeTaskDefinition", "*", {}
    for service in environment.product.services:
        name = names.service(service.name)
        yield "ecs:DescribeServices", names.arn("ecs", f"service/{names.prefix}/{name}"), {}
        yield "ecs:DescribeTasks", names.arn("ecs", f"task/{names.prefix}/1"), {}
        yield "logs:DescribeLogStreams", names.log_group_arn(service.name) + ":log-stream:", {}
    if environment.edge.zone.read_role:
        yield "sts:AssumeRole", environment.edge.zone.read_role, {}
    else:
        zone = names.partition.zone(environment.edge.zone.id or "Z123")
        yield "route53:ListResourceRecordSets", zone, {}
        if environment.edge.zone.id is None:
            yield "route53:ListHostedZonesByName", "*", {}


_BALANCING = "elasticloadbalancing"
_OF_ECS: Keys = {"application-autoscaling:service-namespace": "ecs"}
DEPLOYER_CALLS: dict[str, Calls] = {
    "aws_acm_certificate": _certificate,
    "aws_acm_certificate_validation": _certificate,
    "aws_appautoscaling_policy": _on(
        "application-autoscaling",
        "scalable-target/1",
        "PutScalingPolicy DeleteScalingPolicy ListTagsForResource",
        keys=_OF_ECS,
    ),
    "aws_appautoscaling_target": _on(
        "application-autoscaling",
        "scalable-target/1",
        "RegisterScalableTarget DeregisterScalableTarget TagResource UntagResource",
        keys=_OF_ECS,
    ),
    "aws_cloudwatch_log_group": _on(
        "logs",
        "log-group:/{path}/{name}",
        "CreateLogGroup DeleteLogGroup AssociateKmsKey PutRetentionPolicy ListTagsForResource "
        "TagResource UntagResource",
    ),
    "aws_cloudwatch_metric_alarm": _on(
        "cloudwatch",
        "alarm:{prefix}-deployment-{name}-errors",
        "PutMetricAlarm DeleteAlarms TagResource UntagResource ListTagsForResource",
    ),
    "aws_codedeploy_app": _on(
        "codedeploy",
        "application:{service}",
        "CreateApplication GetApplication DeleteApplication TagResource UntagResource "
        "ListTagsForResource RegisterApplicationRevision GetApplicationRevision",
    ),
    "aws_codedeploy_deployment_group": _deployment_group,
    "aws_ecs_cluster": _on(
        "ecs",
        "cluster/{prefix}",
        "CreateCluster UpdateCluster UpdateClusterSettings DescribeClusters DeleteCluster TagResource "
        "UntagResource ListTagsForResource",
    ),
    "aws_ecs_cluster_capacity_providers": _on("ecs", "cluster/{prefix}", "PutClusterCapacityProviders"),
    "aws_ecs_service": _on(
        "ecs",
        "service/{prefix}/{service}",
        "CreateService UpdateService DescribeServices DeleteService ListServiceDeployments",
    ),
    "aws_ecs_task_definition": _task_definition,
    "aws_lb": _on(
        _BALANCING,
        "loadbalancer/app/{prefix}/1",
        "CreateLoadBalancer ModifyLoadBalancerAttributes CreateListener SetSecurityGroups SetSubnets "
        "DeleteLoadBalancer SetIpAddressType AddTags RemoveTags ModifyCapacityReservation ModifyIpPools",
    ),
    "aws_lb_listener": _on(
        _BALANCING,
        "listener/app/{prefix}/1/2",
        "ModifyListener ModifyListenerAttributes DeleteListener AddTags RemoveTags CreateRule "
        "AddListenerCertificates RemoveListenerCertificates",
    ),
    "aws_lb_listener_rule": _on(
        _BALANCING, "listener-rule/app/{prefix}/1/2/3", "ModifyRule DeleteRule SetRulePriorities"
    ),
    "aws_lb_target_group": _on(
        _BALANCING,
        "targetgroup/{prefix}-{name}/1",
        "CreateTargetGroup ModifyTargetGroup ModifyTargetGroupAttributes DeleteTargetGroup "
        "RegisterTargets DeregisterTargets",
    ),
    "aws_route53_record": _records,
    "aws_route53_zone": _zone,
    "aws_scheduler_schedule": _schedule,
    "aws_scheduler_schedule_group": _on(
        "scheduler",
        "schedule-group/{prefix}",
        "CreateScheduleGroup GetScheduleGroup DeleteScheduleGroup TagResource UntagResource ListTagsForResource",
    ),
    # Reads of the load balancer's provider, and what operators' commands call: no resource of Terraform's.
    "load balancing": _on(
        _BALANCING,
        "*",
        "DescribeLoadBalancers DescribeTargetHealth DescribeTags DescribeCapacityReservation "
        "DescribeListenerAttributes DescribeTargetGroupAttributes",
    ),
    "security groups": _on("ec2", "vpc/vpc-1", "GetSecurityGroupsForVpc"),
    "network": _on(
        "ec2",
        "*",
        "DescribeSecurityGroups DescribeSubnets DescribeVpcs DescribeAvailabilityZones "
        "DescribeInternetGateways DescribeNetworkInterfaces DescribeAccountAttributes DescribeAddresses",
    ),
    "deployments": _on("ecs", "service-deployment/{prefix}/{service}/1", "DescribeServiceDeployments"),
    "revisions": _on("ecs", "service-revision/{prefix}/{service}/1", "DescribeServiceRevisions"),
    "tasks": _on("ecs", "task/{prefix}/1", "DescribeTasks StopTask"),
    "scaling": _on("application-autoscaling", "*", "DescribeScalableTargets DescribeScalingPolicies"),
    "log groups": _on("logs", "*", "DescribeLogGroups"),
    "alarms": _on("cloudwatch", "*", "DescribeAlarms GetMetricData"),
    "logs": _on("logs", "log-group:/{path}/{name}", "FilterLogEvents DescribeLogStreams"),
    "promotion": _promotion,
    "secrets": _secret,
    "snapshots": _snapshot,
    "checks": checks,
}
"""What applying the deployer's phases calls, by type of resource, and what operators' commands call."""


def deployer_never(names: Names) -> Iterator[tuple[str, str]]:
    """Identities, keys, budgets, audit, its own boundary, secrets' values, and what administrators apply."""
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
    yield "kms:ScheduleKeyDeletion", names.arn("kms", "key/1")
    yield "s3:GetObject", f"{names.partition.bucket(names.bucket('trail'))}/AWSLogs/{names.environment.account_id}/x"
    yield "s3:PutObject", f"{names.partition.bucket(names.state_bucket)}/{names.state_key('account')}"
    yield "logs:DeleteLogGroup", names.log_group_arn("trail")
    yield "logs:PutRetentionPolicy", names.log_group_arn("flow-log")
    yield "secretsmanager:GetSecretValue", names.arn("secretsmanager", f"secret:{names.secret('DATABASE_URL')}-AbCdEf")


def deployer_requests(names: Names) -> Iterator[Request]:
    """The calls of the table, none with another's tags, and what the boundary must deny whatever policies allow."""
    deployer = names.role_arn("deployer")
    for calls in DEPLOYER_CALLS.values():
        for action, resource, keys in calls(names):
            yield Request(caller=deployer, action=action, resource=resource, keys=keys)
            for tag in _TAGS & keys.keys():
                another = dict.fromkeys(_TAGS) | dict(keys) | {tag: "other"}
                yield Request(caller=deployer, action=action, resource=resource, keys=another, denied=True)
    keys = {"kms:ViaService": names.host("s3"), "iam:PassedToService": "ecs-tasks.amazonaws.com"}
    for role in ("deployer", "planner"):
        for action, resource in deployer_never(names):
            yield Request(
                caller=names.role_arn(role), action=action, resource=resource, keys=keys, only="boundary", denied=True
            )

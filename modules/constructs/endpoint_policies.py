"""What tasks may ask of AWS's APIs through the VPC endpoints, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from environments.guardduty import DATA, agent_repository
from environments.names import Names
from modules.constructs.endpoints import EndpointPolicy

_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def s3(names: Names) -> EndpointPolicy:
    """S3: image layers, which ECR keeps in a bucket of its own.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
    """
    bucket = names.partition.bucket(f"prod-{names.environment.region}-starport-layer-bucket/*")
    return EndpointPolicy(service="s3", actions=["s3:GetObject"], resources=[bucket])


def interface_endpoints(names: Names) -> Iterator[EndpointPolicy]:
    """Every API that tasks call, with the least that they need of it."""
    environment = names.environment
    registry_account = environment.registry.source_account or environment.account_id
    repositories = [
        names.partition.arn("ecr", f"repository/{repository}", region=environment.region, account_id=registry_account)
        for repository in sorted({service.repository for service in environment.product.services})
    ]
    agent = agent_repository(environment.region)
    if agent and environment.profile.guardduty_agent:
        repositories.append(agent)
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-vpc-endpoint-policy
    for service in ("ecr.api", "ecr.dkr"):
        yield EndpointPolicy(
            service=service, actions=_PULL, resources=repositories, unnarrowed=["ecr:GetAuthorizationToken"]
        )
    yield EndpointPolicy(
        service="logs",
        actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        resources=[names.arn("logs", f"log-group:/{names.path}/*")],
        unnarrowed=["logs:DescribeLogGroups"],
    )
    yield EndpointPolicy(
        service="secretsmanager",
        actions=["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
        resources=[names.arn("secretsmanager", f"secret:{names.path}/*")],
    )
    yield EndpointPolicy(
        service="kms",
        actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
        resources=[names.arn("kms", "key/*")],
    )
    yield EndpointPolicy(
        service="sts",
        actions=["sts:GetCallerIdentity"],
        resources=["*"],
        because="GetCallerIdentity has no resource",
    )
    # ECS Exec: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
    yield EndpointPolicy(
        service="ssmmessages",
        actions=[f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")],
        resources=["*"],
        because="channels have no resource",
    )
    if agent:
        # There in any case (docs/adr/0019): where there is none, GuardDuty makes one of its own when its agent is
        # switched on, and then Terraform can neither make another nor destroy the VPC. AWS charges nothing for it.
        # https://docs.aws.amazon.com/guardduty/latest/ug/eksrunmon-prereq-deploy-security-agent.html
        yield EndpointPolicy(
            service=DATA,
            actions=["guardduty:SendSecurityTelemetry"],
            resources=["*"],
            because="SendSecurityTelemetry has no resource; the agent sends what it sees",
        )
    namespaces = sorted({each.metrics_namespace for each in environment.product.services if each.metrics_namespace})
    if namespaces:
        yield EndpointPolicy(
            service="monitoring",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            because="PutMetricData has no resource; the condition names the namespaces",
            conditions=[("StringEquals", "cloudwatch:namespace", namespaces)],
        )

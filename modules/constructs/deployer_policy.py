"""Permissions of the deployer: its phases' resources by their ARNs; no identities, keys or audit."""

from __future__ import annotations

from collections.abc import Iterator

from environments.names import Names
from modules.constructs.deployer_services_policy import delivery_policy, services_policy, tagged
from modules.constructs.dns import write_records
from modules.constructs.state_access import read_state, write_state
from modules.policy import Statement


def deployer_policy(names: Names, *, state_key_arn: str) -> dict[str, list[Statement]]:
    """The deployer's statements by managed policy. A wildcard covers names that all services share a form of."""
    return {
        "checks": list(_checks(names)),
        "edge": [*_load_balancing(names), *_certificate(names), *_zone(names)],
        "services": list(services_policy(names)),
        "delivery": list(delivery_policy(names)),
        "release": [*_images(names), *_secrets(names), *_observation()],
        "state": [*read_state(names, key_arn=state_key_arn), *write_state(names, key_arn=state_key_arn)],
    }


def _load_balancing(names: Names) -> Iterator[Statement]:
    balancer = f"app/{names.prefix}/*"
    yield Statement(
        sid="LoadBalancing",
        actions=[
            "elasticloadbalancing:AddListenerCertificates",
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:CreateListener",
            "elasticloadbalancing:CreateLoadBalancer",
            "elasticloadbalancing:CreateRule",
            "elasticloadbalancing:CreateTargetGroup",
            "elasticloadbalancing:DeleteListener",
            "elasticloadbalancing:DeleteLoadBalancer",
            "elasticloadbalancing:DeleteRule",
            "elasticloadbalancing:DeleteTargetGroup",
            "elasticloadbalancing:DeregisterTargets",
            "elasticloadbalancing:ModifyCapacityReservation",
            "elasticloadbalancing:ModifyIpPools",
            "elasticloadbalancing:ModifyListener",
            "elasticloadbalancing:ModifyListenerAttributes",
            "elasticloadbalancing:ModifyLoadBalancerAttributes",
            "elasticloadbalancing:ModifyRule",
            "elasticloadbalancing:ModifyTargetGroup",
            "elasticloadbalancing:ModifyTargetGroupAttributes",
            "elasticloadbalancing:RegisterTargets",
            "elasticloadbalancing:RemoveListenerCertificates",
            "elasticloadbalancing:RemoveTags",
            "elasticloadbalancing:SetIpAddressType",
            "elasticloadbalancing:SetRulePriorities",
            "elasticloadbalancing:SetSecurityGroups",
            "elasticloadbalancing:SetSubnets",
        ],
        resources=[
            *(names.arn("elasticloadbalancing", f"{kind}/{balancer}") for kind in ("loadbalancer", "listener")),
            names.arn("elasticloadbalancing", f"listener-rule/{balancer}"),
            names.arn("elasticloadbalancing", f"targetgroup/{names.prefix}-*/*"),
        ],
    )
    yield Statement(
        sid="LoadBalancingReads",
        actions=[
            "elasticloadbalancing:Describe*",
            "ec2:DescribeAccountAttributes",
            "ec2:DescribeAddresses",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ],
        resources=["*"],
        because="these reads have no resource",
    )
    yield Statement(
        sid="SecurityGroupsOfVpc", actions=["ec2:GetSecurityGroupsForVpc"], resources=[names.arn("ec2", "vpc/*")]
    )


def _certificate(names: Names) -> Iterator[Statement]:
    certificates = [names.arn("acm", "certificate/*")]
    wanted = sorted(names.environment.edge.certificate_names)
    yield Statement(
        sid="RequestCertificate",
        actions=["acm:RequestCertificate"],
        resources=["*"],
        conditions=[("ForAllValues:StringEquals", "acm:DomainNames", wanted)],
        because="a certificate has no ARN before it is requested; the condition limits its domains",
    )
    yield Statement(
        sid="TagNewCertificate",
        actions=["acm:AddTagsToCertificate"],
        resources=certificates,
        conditions=tagged(names, "aws:RequestTag"),
    )
    yield Statement(
        sid="Certificate",
        actions=[
            "acm:AddTagsToCertificate",
            "acm:DeleteCertificate",
            "acm:DescribeCertificate",
            "acm:ListTagsForCertificate",
            "acm:RemoveTagsFromCertificate",
            "acm:UpdateCertificateOptions",
        ],
        resources=certificates,
        conditions=tagged(names, "aws:ResourceTag"),
    )


def _zone(names: Names) -> Iterator[Statement]:
    edge = names.environment.edge
    if edge.zone.role:
        roles = [role for role in (edge.zone.role, edge.zone.read_role) if role]
        yield Statement(sid="DnsOfTheOtherAccount", actions=["sts:AssumeRole"], resources=roles)
        return
    zone_id = edge.zone.id or "*"
    yield from write_records(names.partition, zone_id, hosts=sorted({*edge.names, *edge.certificate_names}))
    if edge.zone.id is None:
        yield Statement(
            sid="CreateZone",
            # Commands find the zone by its name until edge publishes its id.
            actions=["route53:CreateHostedZone", "route53:ListHostedZonesByName"],
            resources=["*"],
            because="a zone has no ARN before it is created, and a search by name has no resource",
        )
        yield Statement(
            sid="TagZone", actions=["route53:ChangeTagsForResource"], resources=[names.partition.zone(zone_id)]
        )


def _images(names: Names) -> Iterator[Statement]:
    repositories = sorted({service.repository for service in names.environment.product.services})
    reads = [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:DescribeImageScanFindings",
        "ecr:DescribeImages",
        "ecr:DescribeRepositories",
        "ecr:GetDownloadUrlForLayer",
    ]
    yield Statement(
        sid="RegistryLogin",
        actions=["ecr:GetAuthorizationToken"],
        resources=["*"],
        because="the registry's token has no resource; the next statements limit what it can access",
    )
    yield Statement(
        sid="PullToPromote",
        actions=reads,
        # Promotion pulls from the previous environment's account, whose repository policy has to allow it.
        resources=[
            names.partition.arn("ecr", f"repository/{repository}", region="*", account_id="*")
            for repository in repositories
        ],
    )
    yield Statement(
        sid="Push",
        actions=["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"],
        resources=_repositories(names, None),
    )


def _secrets(names: Names) -> Iterator[Statement]:
    """Set values, never read them.

    AWS refuses a statement without resources, so a product whose operators set no secret has none of these.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    secrets = [secret.name for secret in names.environment.product.secrets if secret.written_by == "operator"]
    if not secrets:
        return
    yield Statement(
        sid="SetSecrets",
        actions=[
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
        ],
        # Secrets Manager adds a hyphen and six random characters to each ARN.
        resources=[names.arn("secretsmanager", f"secret:{names.secret(secret)}-??????") for secret in secrets],
    )
    # Secrets Manager encrypts a new value with the caller's permissions, and checks that the caller can decrypt it.
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html#security-encryption-authz
    yield Statement(
        sid="SecretsKey",
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=[names.arn("kms", "key/*")],
        conditions=[
            ("ForAnyValue:StringEquals", "kms:ResourceAliases", [names.alias("secrets")]),
            ("StringEquals", "kms:ViaService", [names.host("secretsmanager")]),
        ],
    )


def _checks(names: Names) -> Iterator[Statement]:
    """What `verify`, `golive` and `secrets status` read, beside what the other policies allow.

    AWS authorizes the firewall's check on the load balancer too, by three actions.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html
    """
    balancer = names.arn("elasticloadbalancing", f"loadbalancer/app/{names.prefix}/*")
    acls = names.arn("wafv2", f"regional/webacl/{names.prefix}/*")
    yield Statement(
        sid="SeeNetwork",
        actions=[
            "ec2:DescribeFlowLogs",
            "ec2:DescribeNatGateways",
            "ec2:DescribeRouteTables",
            "ec2:DescribeVpcEndpoints",
        ],
        resources=["*"],
        because="these reads have no resource",
    )
    yield Statement(
        sid="SeeStateBucket",
        actions=["s3:GetBucketVersioning", "s3:GetEncryptionConfiguration"],
        resources=[names.partition.bucket(names.state_bucket)],
    )
    yield Statement(
        sid="SeeSubscriptions",
        actions=["sns:ListSubscriptionsByTopic"],
        resources=[names.arn("sns", names.resource("alerts"))],
    )
    yield Statement(
        sid="SeeRepositories",
        actions=["ecr:GetLifecyclePolicy"],
        resources=_repositories(names, names.environment.registry.source_account),
    )
    yield Statement(
        sid="SeeDashboard",
        actions=["cloudwatch:GetDashboard"],
        resources=[names.arn("cloudwatch", f"dashboard/{names.prefix}", region="")],
    )
    yield Statement(sid="SeeFirewall", actions=["wafv2:GetWebACL"], resources=[acls])
    yield Statement(sid="SeeFirewallOfLoadBalancer", actions=["wafv2:GetWebACLForResource"], resources=[acls, balancer])
    yield Statement(
        sid="SeeLoadBalancersFirewall", actions=["elasticloadbalancing:GetLoadBalancerWebACL"], resources=[balancer]
    )
    if names.environment.database:
        yield Statement(
            sid="SeeDatabase",
            actions=["rds:DescribeDBInstances", "rds:DescribeDBParameters"],
            resources=[names.arn("rds", f"db:{names.database}"), names.arn("rds", f"pg:{names.prefix}-*")],
        )
    if names.environment.cache:
        yield Statement(
            sid="SeeCache",
            actions=["elasticache:DescribeReplicationGroups"],
            resources=[names.arn("elasticache", f"replicationgroup:{names.cache}")],
        )
    if names.environment.product.secrets:
        yield Statement(
            sid="SeeSecrets",
            actions=["secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"],
            resources=[names.arn("secretsmanager", f"secret:{names.secret('*')}")],
        )


def _repositories(names: Names, account_id: str | None) -> list[str]:
    """ARNs of the product's repositories in a registry; none means this account's."""
    region = names.environment.region
    return [
        names.partition.arn(
            "ecr", f"repository/{each}", region=region, account_id=account_id or names.environment.account_id
        )
        for each in sorted({service.repository for service in names.environment.product.services})
    ]


def _observation() -> Iterator[Statement]:
    yield Statement(
        sid="Observe",
        actions=[
            "application-autoscaling:Describe*",
            "cloudtrail:LookupEvents",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricData",
            "logs:DescribeLogGroups",
        ],
        resources=["*"],
        because="these reads have no resource, and DescribeAlarms on named resources omits composite alarms",
    )

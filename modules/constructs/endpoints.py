"""VPC endpoints: AWS's APIs without the internet, only for this environment's resources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from environments.endpoints import interface_endpoints
from environments.guardduty import DATA, agent_repository
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.task_roles import PULL
from modules.ids import identifier, reference
from modules.policy import Condition, Statement, document


@dataclass(frozen=True, kw_only=True)
class EndpointPolicy:
    """What the endpoint of one AWS service allows."""

    service: str
    """The service's name in the endpoint's name: `ecr.api`."""
    actions: Sequence[str]
    resources: Sequence[str]
    unnarrowed: Sequence[str] = ()
    """Actions without resources, which AWS authorizes only on `*`."""
    because: str = ""
    conditions: Sequence[Condition] = ()

    @property
    def id(self) -> str:
        """The last part of the endpoint's id."""
        return identifier(self.service)


class GatewayEndpoint:
    """S3 through the route tables, free of charge."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, vpc_id: str, route_tables: Sequence[str]) -> None:
        # ECR keeps image layers in this bucket.
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
        bucket = names.partition.bucket(f"prod-{names.environment.region}-starport-layer-bucket/*")
        policy = EndpointPolicy(service="s3", actions=["s3:GetObject"], resources=[bucket])
        endpoint = _endpoint(
            scope, id_, names, policy, vpc_id=vpc_id, vpc_endpoint_type="Gateway", route_table_ids=list(route_tables)
        )
        self.prefix_list_id = reference("aws_vpc_endpoint", endpoint, "prefix_list_id")


class InterfaceEndpoints:
    """Interface endpoints in the private subnets, with private DNS, so AWS's APIs keep their usual names.

    Only the account's own principals may use them.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        vpc_id: str,
        subnets: Sequence[str],
        security_group: str,
    ) -> None:
        own_principals: Condition = ("StringEquals", "aws:PrincipalAccount", [names.environment.account_id])
        wanted = interface_endpoints(names.environment)
        for policy in _policies(names):
            if policy.service not in wanted:
                continue
            _endpoint(
                scope,
                id_,
                names,
                policy,
                [own_principals],
                vpc_id=vpc_id,
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=list(subnets),
                security_group_ids=[security_group],
            )


def _endpoint(
    scope: Construct,
    id_: str,
    names: Names,
    policy: EndpointPolicy,
    conditions: Sequence[Condition] = (),
    **settings: Any,  # noqa: ANN401  (arguments of the endpoint)
) -> str:
    """Create an endpoint, and return its id: the prefix `id_` and the id of the service."""
    endpoint = f"{id_}_{policy.id}"
    aws.VpcEndpoint(
        scope,
        endpoint,
        service_name=names.endpoint_service(policy.service),
        policy=_document(scope, endpoint, policy, [*conditions, *policy.conditions]),
        tags={"Name": f"{names.prefix}-{policy.id}".replace("_", "-")},
        **settings,
    )
    return endpoint


def _document(scope: Construct, id_: str, policy: EndpointPolicy, conditions: Sequence[Condition]) -> str:
    any_principal = {"AWS": ["*"]}
    statements = [
        Statement(
            sid="ThisEnvironmentOnly",
            actions=policy.actions,
            resources=policy.resources,
            principals=any_principal,
            conditions=conditions,
            because=policy.because,
        )
    ]
    if policy.unnarrowed:
        statements.append(
            Statement(
                sid="OfAnyResource",
                actions=policy.unnarrowed,
                resources=["*"],
                principals=any_principal,
                conditions=conditions,
                because="AWS authorizes these only on *; the condition and the roles' policies limit them",
            )
        )
    return document(scope, id_, *statements)


def _policies(names: Names) -> Iterator[EndpointPolicy]:
    """Every API that tasks call, with the permissions that they need; environments/endpoints.py says which exist."""
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
            service=service, actions=PULL, resources=repositories, unnarrowed=["ecr:GetAuthorizationToken"]
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
        because="session channels have no resource",
    )
    if agent:
        # It always exists (docs/adr/0019). Otherwise GuardDuty creates its own endpoint when its agent is switched on;
        # Terraform could then neither create this one nor destroy the VPC. AWS doesn't charge for it.
        # https://docs.aws.amazon.com/guardduty/latest/ug/eksrunmon-prereq-deploy-security-agent.html
        yield EndpointPolicy(
            service=DATA,
            actions=["guardduty:SendSecurityTelemetry"],
            resources=["*"],
            because="SendSecurityTelemetry has no resource; GuardDuty's agent sends its events with it",
        )
    namespaces = sorted(
        {service.metrics_namespace for service in environment.product.services if service.metrics_namespace}
    )
    if namespaces:
        yield EndpointPolicy(
            service="monitoring",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            because="PutMetricData has no resource; the condition limits the namespaces",
            conditions=[("StringEquals", "cloudwatch:namespace", namespaces)],
        )

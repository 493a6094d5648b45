"""VPC endpoints: AWS's APIs without the internet, and for this environment's resources only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from constructs import Construct

from environments.names import Names
from modules.policy import Condition, Statement, document


@dataclass(frozen=True, kw_only=True)
class EndpointPolicy:
    """What may be asked through the endpoint of one AWS service."""

    service: str
    """As AWS names endpoints: `ecr.api`."""
    actions: Sequence[str]
    resources: Sequence[str]
    unnarrowed: Sequence[str] = ()
    """Actions that AWS authorizes on `*` only."""
    because: str = ""
    conditions: Sequence[Condition] = ()

    @property
    def id(self) -> str:
        """Identifier of the endpoint."""
        return re.sub(r"\W", "_", self.service)


class GatewayEndpoint:
    """S3 through the route tables; free of charge."""

    def __init__(
        self,
        scope: Construct,
        *,
        vpc_id: str,
        names: Names,
        route_tables: Sequence[str],
        policy: EndpointPolicy,
    ) -> None:
        """Make the endpoint.

        Args:
            scope: The stack.
            vpc_id: The VPC.
            names: The environment's names.
            route_tables: Tables that get the route to the service.
            policy: What may pass.
        """
        VpcEndpoint(
            scope,
            f"endpoint_{policy.id}",
            vpc_id=vpc_id,
            service_name=names.endpoint_service(policy.service),
            vpc_endpoint_type="Gateway",
            route_table_ids=list(route_tables),
            policy=_document(scope, policy, conditions=policy.conditions),
            tags={"Name": f"{names.prefix}-{policy.id}".replace("_", "-")},
        )
        self.prefix_list_id = f"${{aws_vpc_endpoint.endpoint_{policy.id}.prefix_list_id}}"


class InterfaceEndpoints:
    """Network interfaces in the private subnets that answer for AWS's APIs under their usual names."""

    def __init__(
        self,
        scope: Construct,
        *,
        vpc_id: str,
        names: Names,
        subnets: Sequence[str],
        security_group: str,
        policies: Sequence[EndpointPolicy],
    ) -> None:
        """Make one endpoint a policy.

        Args:
            scope: The stack.
            vpc_id: The VPC.
            names: Names of the environment whose account's principals alone may use them.
            subnets: Subnets that get an interface.
            security_group: Who may connect.
            policies: The services, each with what may be asked of it.
        """
        own_principals: Condition = ("StringEquals", "aws:PrincipalAccount", [names.environment.account_id])
        for policy in policies:
            VpcEndpoint(
                scope,
                f"endpoint_{policy.id}",
                vpc_id=vpc_id,
                service_name=names.endpoint_service(policy.service),
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=list(subnets),
                security_group_ids=[security_group],
                policy=_document(scope, policy, conditions=[own_principals, *policy.conditions]),
                tags={"Name": f"{names.prefix}-{policy.id}".replace("_", "-")},
            )


def _document(scope: Construct, policy: EndpointPolicy, *, conditions: Sequence[Condition]) -> str:
    everybody = {"AWS": ["*"]}
    statements = [
        Statement(
            sid="ThisEnvironmentOnly",
            actions=policy.actions,
            resources=policy.resources,
            principals=everybody,
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
                principals=everybody,
                conditions=conditions,
                because="AWS authorizes these on * only; the condition and the roles narrow them",
            )
        )
    return document(scope, f"endpoint_{policy.id}", *statements)

"""VPC endpoints: AWS's APIs without the internet, only for this environment's resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from environments.endpoints import extras, interface_endpoints, service_of
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.task_roles import execution_statements, task_statements
from modules.ids import identifier, reference
from modules.policy import Condition, Statement, document


class GatewayEndpoint:
    """S3 through the route tables, free of charge."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, vpc_id: str, route_tables: Sequence[str]) -> None:
        endpoint = _endpoint(
            scope, id_, names, "s3", vpc_id=vpc_id, vpc_endpoint_type="Gateway", route_table_ids=list(route_tables)
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
        # GuardDuty's always exists (docs/adr/0019). Otherwise GuardDuty creates its own endpoint when its agent is
        # switched on; Terraform could then neither create this one nor destroy the VPC. AWS doesn't charge for it.
        # https://docs.aws.amazon.com/guardduty/latest/ug/eksrunmon-prereq-deploy-security-agent.html
        for service in interface_endpoints(names.environment):
            _endpoint(
                scope,
                id_,
                names,
                service,
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
    service: str,
    conditions: Sequence[Condition] = (),
    **settings: Any,  # noqa: ANN401  (arguments of the endpoint)
) -> str:
    """Create the endpoint of a service, and return its id: the prefix `id_` and the name of the service."""
    part = identifier(service)
    endpoint = f"{id_}_{part}"
    aws.VpcEndpoint(
        scope,
        endpoint,
        service_name=names.endpoint_service(service),
        policy=document(scope, endpoint, *_policy(service, names, conditions)),
        tags={"Name": f"{names.prefix}-{part}".replace("_", "-")},
        **settings,
    )
    return endpoint


def _policy(service: str, names: Names, conditions: Sequence[Condition]) -> Iterator[Statement]:
    """What the roles of tasks may do through an endpoint, joined, and its extras; nothing else.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    more = [each for each in extras(names) if each.endpoint == service]
    joined: dict[tuple[tuple[str, ...], tuple[Condition, ...]], Statement] = {}
    for statement in _of_roles(names):
        actions = tuple(
            action
            for action in statement.actions
            if action.partition(":")[0] == service_of(service) and action not in {each.action for each in more}
        )
        key = actions, tuple((test, variable, tuple(values)) for test, variable, values in statement.conditions)
        if actions:
            known = joined.setdefault(key, replace(statement, actions=actions, resources=()))
            resources = tuple(dict.fromkeys((*known.resources, *statement.resources)))
            joined[key] = replace(known, resources=resources)
    statements = [
        *joined.values(),
        *(Statement(sid=each.sid, actions=[each.action], resources=[each.resource], because=each.why) for each in more),
    ]
    sids = Counter[str]()
    for each in statements:
        sids[each.sid] += 1
        yield replace(
            each,
            sid=f"{each.sid}{sids[each.sid]}" if sids[each.sid] > 1 else each.sid,
            principals={"AWS": ["*"]},
            conditions=[*conditions, *each.conditions],
        )


def _of_roles(names: Names) -> Iterator[Statement]:
    """The statements of the roles of all services' tasks, by what they name before it exists."""
    environment = names.environment
    account_id = environment.registry.source_account or environment.account_id
    key_arn = names.arn("kms", "key/*")
    for service in environment.product.services:
        repository = f"repository/{service.repository}"
        yield from execution_statements(
            service,
            names,
            repository_arn=names.partition.arn("ecr", repository, region=environment.region, account_id=account_id),
            # Secrets Manager adds a hyphen and six random characters to each ARN.
            secret_arns=[
                names.arn("secretsmanager", f"secret:{names.secret(each)}-??????") for each in service.secrets
            ],
            secrets_key_arn=key_arn,
        )
        yield from task_statements(service, names, secrets_key_arn=key_arn)

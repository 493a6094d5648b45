"""What checks share: AWS's responses, each requested once, and HTTP to the load balancer."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from environments.flows import HTTPS_PORT
from environments.names import Names
from ops.aws import dns, ecs, load_balancing
from ops.conditions import FailedError, UnknownError

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import ListenerTypeDef

    from environments.schema import Environment
    from ops.aws.ecs import EcsService, EcsTask, TaskDefinition
    from ops.aws.load_balancing import LoadBalancer
    from ops.aws.session import Aws
    from ops.verify.http import Http

AwsObject = dict[str, Any]
"""A response of AWS that only one check reads."""


class Context:
    """One environment as it is now. Responses are cached, so that all checks use the same."""

    def __init__(self, aws: Aws, environment: Environment, http: Http | None = None) -> None:
        self.aws, self.environment, self.names = aws, environment, Names(environment)
        self._http = http

    def ask(self, service: Any, operation: str, **arguments: object) -> AwsObject:  # noqa: ANN401  (a service's name)
        """The response of an AWS call, with all its pages."""
        client: Any = self.aws.client(service)
        if client.can_paginate(operation):
            response: AwsObject = client.get_paginator(operation).paginate(**arguments).build_full_result()
        else:
            response = getattr(client, operation)(**arguments)
        return response

    @property
    def http(self) -> Http:
        """HTTP to the load balancer.

        Raises:
            UnknownError: The context has none.
        """
        if self._http is None:
            raise UnknownError("this check has no connection to the load balancer")
        return self._http

    @cached_property
    def public_shares(self) -> dict[str, dict[str, int]]:
        """Percent of DNS answers that lead here, by public name and record type: A and AAAA have their own weights.

        Raises:
            NoZoneError: There is no public zone.
            OpsError: There is more than one, or Route 53 doesn't respond.
        """
        zone, name = dns.PublicZone(self.aws, self.environment, "verify"), self.load_balancer.dns_name
        return {host: dns.shares(zone.records(host).records, name) or {"A": 0} for host in self.environment.edge.names}

    @cached_property
    def vpc(self) -> AwsObject:
        """The environment's VPC, by its name tag."""
        named = [{"Name": "tag:Name", "Values": [self.names.prefix]}]
        vpcs: list[AwsObject] = self.ask("ec2", "describe_vpcs", Filters=named)["Vpcs"]
        if len(vpcs) != 1:
            raise FailedError(f"there are {len(vpcs)} VPCs named {self.names.prefix}; exactly one is expected")
        return vpcs[0]

    @cached_property
    def in_vpc(self) -> list[AwsObject]:
        """Filter for what is in the VPC."""
        return [{"Name": "vpc-id", "Values": [self.vpc["VpcId"]]}]

    @cached_property
    def subnets(self) -> dict[str, AwsObject]:
        """The VPC's subnets by id."""
        subnets = self.ask("ec2", "describe_subnets", Filters=self.in_vpc)["Subnets"]
        return {subnet["SubnetId"]: subnet for subnet in subnets}

    @cached_property
    def default_routes(self) -> dict[str, str]:
        """Target of each subnet's route to the internet, by subnet id: igw-…, nat-…; empty without one."""
        tables = self.ask("ec2", "describe_route_tables", Filters=self.in_vpc)["RouteTables"]
        by_subnet = {each.get("SubnetId", "main"): table for table in tables for each in table["Associations"]}
        return {subnet: _way_out(by_subnet.get(subnet) or by_subnet["main"]) for subnet in self.subnets}

    @cached_property
    def load_balancer(self) -> LoadBalancer:
        """The load balancer."""
        return load_balancing.load_balancer(self.aws.client("elbv2"), self.names.prefix)

    @cached_property
    def listeners(self) -> dict[int, ListenerTypeDef]:
        """The load balancer's listeners by port."""
        return load_balancing.listeners(self.aws.client("elbv2"), self.load_balancer)

    @cached_property
    def target_groups(self) -> dict[str, str]:
        """ARNs of the load balancer's target groups by name."""
        return load_balancing.target_groups(self.aws.client("elbv2"), self.load_balancer)

    @cached_property
    def routes(self) -> dict[str, str]:
        """Where each path pattern, after its rule's host, leads: a target group's name, or a redirect's address."""
        if HTTPS_PORT not in self.listeners:
            return {}
        names = {arn: name for name, arn in self.target_groups.items()}
        leads = load_balancing.routes(self.aws.client("elbv2"), self.listeners[HTTPS_PORT]["ListenerArn"])
        return {path: to if to.startswith("https://") else names.get(to, "nowhere") for path, to in leads.items()}

    @cached_property
    def services(self) -> dict[str, EcsService]:
        """The product's ECS services by short name.

        Raises:
            FailedError: A service doesn't exist.
        """
        names = {self.names.service(service.name): service.name for service in self.environment.product.services}
        found = ecs.services(self.aws.client("ecs"), self.names.prefix, list(names))
        if missing := sorted(set(names) - set(found)):
            raise FailedError(f"cluster {self.names.prefix} has no service {', '.join(missing)}")
        return {names[name]: service for name, service in found.items()}

    @cached_property
    def task_definitions(self) -> dict[str, TaskDefinition]:
        """The task definition that each service runs, by the service's short name."""
        client = self.aws.client("ecs")
        return {name: ecs.task_definition(client, service.task_definition) for name, service in self.services.items()}

    @cached_property
    def tasks(self) -> dict[str, list[EcsTask]]:
        """The running tasks of each service, by the service's short name."""
        client, cluster = self.aws.client("ecs"), self.names.prefix
        return {
            name: [task for task in ecs.tasks(client, cluster, service=service.name) if task.status == "RUNNING"]
            for name, service in self.services.items()
        }

    def running_tasks(self) -> dict[str, list[EcsTask]]:
        """The running tasks of each service.

        Raises:
            UnknownError: A service has no running tasks.
        """
        if idle := [name for name, tasks in self.tasks.items() if not tasks]:
            raise UnknownError(f"ECS lists no running task of {', '.join(idle)}")
        return self.tasks


def _way_out(table: AwsObject) -> str:
    ways = [
        route.get("NatGatewayId") or route.get("GatewayId") or "elsewhere"
        for route in table["Routes"]
        if "0.0.0.0/0" in route.values() or "::/0" in route.values()
    ]
    return ", ".join(ways)

"""What checks share: what AWS answered once for all of them, and the way to the load balancer."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from environments.flows import HTTPS_PORT
from ops.aws import only
from ops.ecs import parts
from ops.verify.calls import AwsObject, Calls
from ops.verify.model import CantTellError, NotMetError

if TYPE_CHECKING:
    from environments.schema import Environment
    from ops.aws import Aws
    from ops.verify.http import Http

_SERVICES_A_CALL = 10
_TASKS_A_CALL = 100


class Context(Calls):
    """One environment as it is now. What is asked once is kept, so that all checks see the same."""

    def __init__(self, aws: Aws, environment: Environment, http: Http | None = None) -> None:
        super().__init__(aws, environment)
        self._http = http

    @property
    def http(self) -> Http:
        """The way to the load balancer.

        Raises:
            CantTellError: None was given.
        """
        if self._http is None:
            raise CantTellError("no way to the load balancer was given")
        return self._http

    @cached_property
    def vpc(self) -> AwsObject:
        """The environment's VPC, by its name tag."""
        named = [{"Name": "tag:Name", "Values": [self.names.prefix]}]
        vpcs: list[AwsObject] = self.ask("ec2", "describe_vpcs", Filters=named)["Vpcs"]
        if len(vpcs) != 1:
            raise NotMetError(f"there are {len(vpcs)} VPCs named {self.names.prefix}; one is expected")
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
        """Where each subnet's route to the internet leads, by the subnet's id: igw-…, nat-…; empty if nowhere."""
        tables = self.ask("ec2", "describe_route_tables", Filters=self.in_vpc)["RouteTables"]
        by_subnet = {each.get("SubnetId", "main"): table for table in tables for each in table["Associations"]}
        return {subnet: _way_out(by_subnet.get(subnet) or by_subnet["main"]) for subnet in self.subnets}

    @cached_property
    def load_balancer(self) -> AwsObject:
        """The load balancer."""
        answer = self.ask("elbv2", "describe_load_balancers", Names=[self.names.prefix])
        found: AwsObject = only(answer["LoadBalancers"], f"load balancers {self.names.prefix}")
        return found

    @cached_property
    def listeners(self) -> dict[int, AwsObject]:
        """The load balancer's listeners by port."""
        arn = self.load_balancer["LoadBalancerArn"]
        listeners = self.ask("elbv2", "describe_listeners", LoadBalancerArn=arn)["Listeners"]
        return {listener["Port"]: listener for listener in listeners}

    @cached_property
    def target_groups(self) -> dict[str, str]:
        """Names of the load balancer's target groups by ARN."""
        arn = self.load_balancer["LoadBalancerArn"]
        groups = self.ask("elbv2", "describe_target_groups", LoadBalancerArn=arn)["TargetGroups"]
        return {group["TargetGroupArn"]: group["TargetGroupName"] for group in groups}

    @cached_property
    def routes(self) -> dict[str, str]:
        """The target group that each path pattern leads to, by name; of a blue/green pair, the one with more weight."""
        if HTTPS_PORT not in self.listeners:
            return {}
        arn = self.listeners[HTTPS_PORT]["ListenerArn"]
        # Of several rules for a path, the one with the lowest number decides, whichever is listed first.
        rules = sorted(self.ask("elbv2", "describe_rules", ListenerArn=arn)["Rules"], key=_priority, reverse=True)
        return {path: self.target_groups.get(_leads_to(rule), "nowhere") for rule in rules for path in _paths(rule)}

    @cached_property
    def services(self) -> dict[str, AwsObject]:
        """The product's ECS services by short name.

        Raises:
            NotMetError: One isn't there.
        """
        names = {self.names.service(service.name): service.name for service in self.environment.product.services}
        found: dict[str, AwsObject] = {}
        for some in parts(list(names), _SERVICES_A_CALL):
            answer = self.ask("ecs", "describe_services", cluster=self.names.prefix, services=some)
            found |= {names[each["serviceName"]]: each for each in answer["services"] if each["status"] == "ACTIVE"}
        if missing := sorted(set(names.values()) - set(found)):
            raise NotMetError(
                f"cluster {self.names.prefix} has no service {', '.join(map(self.names.service, missing))}"
            )
        return found

    @cached_property
    def task_definitions(self) -> dict[str, AwsObject]:
        """The task definition that each service runs, by the service's short name."""
        return {
            name: self.ask("ecs", "describe_task_definition", taskDefinition=service["taskDefinition"])[
                "taskDefinition"
            ]
            for name, service in self.services.items()
        }

    @cached_property
    def tasks(self) -> dict[str, list[AwsObject]]:
        """The running tasks of each service, by the service's short name."""
        cluster, tasks = self.names.prefix, {}
        for name, service in self.services.items():
            arns = self.ask("ecs", "list_tasks", cluster=cluster, serviceName=service["serviceName"])["taskArns"]
            tasks[name] = [
                task
                for some in parts(arns, _TASKS_A_CALL)
                for task in self.ask("ecs", "describe_tasks", cluster=cluster, tasks=some)["tasks"]
                if task["lastStatus"] == "RUNNING"
            ]
        return tasks

    def running_tasks(self) -> dict[str, list[AwsObject]]:
        """The running tasks of each service, where there are any.

        Raises:
            CantTellError: A service has none.
        """
        if idle := [name for name, tasks in self.tasks.items() if not tasks]:
            raise CantTellError(f"ECS lists no running task of {', '.join(idle)}")
        return self.tasks


def _way_out(table: AwsObject) -> str:
    ways = [
        route.get("NatGatewayId") or route.get("GatewayId") or "elsewhere"
        for route in table["Routes"]
        if "0.0.0.0/0" in route.values() or "::/0" in route.values()
    ]
    return ", ".join(ways)


def _paths(rule: AwsObject) -> list[str]:
    patterns = [each for each in rule["Conditions"] if each["Field"] == "path-pattern"]
    return [value for each in patterns for value in each.get("PathPatternConfig", each)["Values"]] or ["/*"]


def _priority(rule: AwsObject) -> float:
    """The default rule has no number, and comes after all others."""
    number = str(rule.get("Priority"))
    return int(number) if number.isdigit() else float("inf")


def _leads_to(rule: AwsObject) -> str:
    """ARN of the target group that a rule forwards to; of several, the one with the most weight.

    A rule may authenticate before it forwards.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Rule.html
    """
    action = {each["Type"]: each for each in rule["Actions"]}.get("forward", {})
    groups = action.get("ForwardConfig", {}).get("TargetGroups") or [action]
    return str(max(groups, key=lambda group: group.get("Weight", 1)).get("TargetGroupArn"))

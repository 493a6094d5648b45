"""What each phase publishes. A phase reads another phase only through its contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Self, get_origin, get_type_hints


class RemoteMap(Mapping[str, str]):
    """A published map. Its values are known only at apply; its keys come from the environment's values."""

    def __init__(self, expression: str) -> None:
        self._expression = expression

    def __getitem__(self, key: str) -> str:
        return f'${{{self._expression}["{key}"]}}'

    def __iter__(self) -> Iterator[str]:
        raise TypeError(f"{self._expression} is known only at apply; take its keys from the environment's values")

    def __len__(self) -> int:
        raise TypeError(f"the length of {self._expression} is known only at apply")


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Named outputs: strings, and maps of strings by zone, service, secret or other short name."""

    phase: ClassVar[str]

    @classmethod
    def remote(cls, outputs: str) -> Self:
        """The contract as expressions that read the outputs of a `terraform_remote_state`."""
        kinds = get_type_hints(cls)
        return cls(
            **{
                field.name: RemoteMap(f"{outputs}.{field.name}")
                if get_origin(kinds[field.name]) is Mapping
                else f"${{{outputs}.{field.name}}}"
                for field in fields(cls)
            }
        )

    def values(self) -> dict[str, str | Mapping[str, str]]:
        """All outputs by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, kw_only=True)
class State(Contract):
    """The bucket and key of Terraform's state."""

    phase = "state"
    bucket_arn: str
    key_arn: str


@dataclass(frozen=True, kw_only=True)
class Account(Contract):
    """Resources of the account that later phases use."""

    phase = "account"
    alerts_topic_arn: str
    log_key_arn: str
    """KMS key of all CloudWatch log groups."""
    access_log_bucket: str
    """Bucket of the load balancer's access logs."""
    deployer_role_arn: str
    planner_role_arn: str
    break_glass_role_arn: str


@dataclass(frozen=True, kw_only=True)
class Network(Contract):
    """The VPC. Subnets are by zone letter, security groups by party (environments/flows.py)."""

    phase = "network"
    vpc_id: str
    public_subnets: Mapping[str, str]
    private_subnets: Mapping[str, str]
    isolated_subnets: Mapping[str, str]
    security_groups: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Registry(Contract):
    """Image repositories by name."""

    phase = "registry"
    repository_urls: Mapping[str, str]
    repository_arns: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Secrets(Contract):
    """Secrets by name, and the roles of tasks by service."""

    phase = "secrets"
    key_arn: str
    secret_arns: Mapping[str, str]
    task_role_arns: Mapping[str, str]
    execution_role_arns: Mapping[str, str]
    service_role_arns: Mapping[str, str]
    """Roles that AWS services assume: `scheduler` where there are scheduled tasks, `deployment` for blue/green."""


@dataclass(frozen=True, kw_only=True)
class Data(Contract):
    """The data stores; what belongs to a store that the environment doesn't have is empty."""

    phase = "data"
    database_identifier: str = ""
    database_address: str = ""
    cache_id: str = ""
    cache_address: str = ""
    cache_user: str = ""


@dataclass(frozen=True, kw_only=True)
class Edge(Contract):
    """The load balancer. Target groups are by service; only blue/green services have green ones."""

    phase = "edge"
    load_balancer_arn: str
    load_balancer_suffix: str
    """The load balancer's name in CloudWatch's dimensions."""
    load_balancer_dns_name: str
    load_balancer_zone_id: str
    listener_arn: str
    zone_id: str
    target_group_arns: Mapping[str, str]
    target_group_suffixes: Mapping[str, str]
    target_group_names: Mapping[str, str]
    green_target_group_names: Mapping[str, str]
    green_target_group_suffixes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Services(Contract):
    """The cluster, and the services by name."""

    phase = "services"
    cluster_name: str
    cluster_arn: str
    service_names: Mapping[str, str]
    task_definition_arns: Mapping[str, str]
    log_group_names: Mapping[str, str]
    rollback_alarms: Mapping[str, str]
    """Names of the alarms that roll a deployment back: `<service>_errors`, `<service>_unhealthy`, if load-balanced."""
    migration: Mapping[str, str]
    """`task_definition_arn` and `log_group`, where the product has a migration."""


@dataclass(frozen=True, kw_only=True)
class Observability(Contract):
    """The dashboard and the alarm that a cutover watches."""

    phase = "observability"
    dashboard_name: str
    cutover_alarm: str
    """Name of the composite alarm that stops a cutover."""


@dataclass(frozen=True, kw_only=True)
class Hardening(Contract):
    """The web application firewall, if the profile has one."""

    phase = "hardening"
    web_acl_arns: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Cutover(Contract):
    """The public DNS records."""

    phase = "cutover"
    host: str
    weight: str

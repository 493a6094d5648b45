"""What each phase publishes. A phase knows another by its contract and by nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Self, get_origin, get_type_hints


class RemoteMap(Mapping[str, str]):
    """A published map, read by keys that the environment's values name; what it holds is known at apply only."""

    def __init__(self, expression: str) -> None:
        self._expression = expression

    def __getitem__(self, key: str) -> str:
        return f'${{{self._expression}["{key}"]}}'

    def __iter__(self) -> Iterator[str]:
        raise TypeError(f"{self._expression} is known at apply only; take its keys from the environment's values")

    def __len__(self) -> int:
        raise TypeError(f"the length of {self._expression} is known at apply only")


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Named outputs: strings, and maps of strings by short names (zones, services, secrets)."""

    phase: ClassVar[str]

    @classmethod
    def remote(cls, outputs: str) -> Self:
        """The contract as expressions over a `terraform_remote_state`'s outputs."""
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
        """Every output by its name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, kw_only=True)
class State(Contract):
    """Where Terraform's state lies."""

    phase = "state"
    bucket_arn: str
    key_arn: str


@dataclass(frozen=True, kw_only=True)
class Account(Contract):
    """The account's own things that later phases use."""

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
    """Where things run. Subnets are by zone letter, security groups by party (see environments/flows.py)."""

    phase = "network"
    vpc_id: str
    public_subnets: Mapping[str, str]
    private_subnets: Mapping[str, str]
    isolated_subnets: Mapping[str, str]
    security_groups: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Registry(Contract):
    """Repositories, by their names."""

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
    """The data stores."""

    phase = "data"
    database_identifier: str
    database_address: str
    cache_id: str
    cache_address: str
    cache_user: str


@dataclass(frozen=True, kw_only=True)
class Edge(Contract):
    """Where requests come in. Target groups are by service; green ones exist for blue/green services only."""

    phase = "edge"
    load_balancer_arn: str
    load_balancer_suffix: str
    """What CloudWatch calls the load balancer."""
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
    """What runs, by service."""

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
    """What to look at."""

    phase = "observability"
    dashboard_name: str
    cutover_alarm: str
    """Composite alarm that stops a cutover."""


@dataclass(frozen=True, kw_only=True)
class Hardening(Contract):
    """The firewall, where the profile has one."""

    phase = "hardening"
    web_acl_arns: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Cutover(Contract):
    """What public DNS says."""

    phase = "cutover"
    host: str
    weight: str

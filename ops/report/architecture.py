"""What an environment consists of and what may connect to what, from the merged view and the reachability proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from environments.flows import CACHE, DATABASE, ENDPOINTS, INTERNET, LOAD_BALANCER, S3
from environments.names import Names
from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.gate.reachability.interfaces import Interface
from ops.gate.reachability.network import Connection, Party, Reach, party_name
from ops.gate.templates import references
from ops.iam.policy import listed, nested


class Kind(StrEnum):
    """What a party of the network is."""

    LOAD_BALANCER = "load balancer"
    SERVICE = "service"
    DATABASE = "database"
    CACHE = "cache"
    ENDPOINTS = "endpoints"
    OTHER = "other"
    """Something that the table of flows doesn't have."""


class Tier(StrEnum):
    """A row of subnets."""

    PUBLIC = "public"
    PRIVATE = "private"
    ISOLATED = "isolated"


@dataclass(frozen=True)
class Subnet:
    """A subnet: one cell of the diagram's grid."""

    zone: str
    tier: Tier
    cidr: str
    nat: bool
    """Whether a NAT gateway is in it."""


@dataclass(frozen=True)
class Part:
    """A party of the network: a service's tasks, a store, the load balancer or the endpoints."""

    name: str
    """Its name in the table of flows, or its address."""
    kind: Kind
    tier: Tier
    zones: tuple[str, ...]
    facts: tuple[str, ...]
    """What it is, in short texts."""
    tasks: tuple[int, int] | None = None
    """Minimum and maximum number of a service's tasks."""


@dataclass(frozen=True, order=True)
class Arrow:
    """A connection that one party may open to another one."""

    source: str
    target: str
    port: str
    """A TCP port; for anything else protocol and ports, as in `udp 53`."""
    why: str
    """The descriptions of its security group rules."""
    rules: tuple[str, ...]
    """Addresses of the security group rules that allow it."""
    implied: bool
    """Whether only rules for all public addresses allow it, so that no rule names both parties."""


@dataclass(frozen=True)
class DnsRecord:
    """The records of a public name that have the same weight and target."""

    name: str
    types: tuple[str, ...]
    """As in A and AAAA."""
    weight: int | None
    """None for a record without a weight."""
    target: str
    """DNS name of another load balancer; empty for the environment's own."""


@dataclass(frozen=True)
class SecretReaders:
    """A secret and the services whose tasks get its value."""

    name: str
    readers: tuple[str, ...]


@dataclass(frozen=True)
class Architecture:
    """What the diagram of one environment shows."""

    environment: str
    region: str
    cidr: str
    zones: tuple[str, ...]
    subnets: tuple[Subnet, ...]
    parts: tuple[Part, ...]
    arrows: tuple[Arrow, ...]
    records: tuple[DnsRecord, ...]
    firewall: int | None
    """Number of rules of the web application firewall; None without one."""
    secrets: tuple[SecretReaders, ...]

    def part(self, name: str) -> Part | None:
        """The part of that name; none for the internet and S3."""
        return next((part for part in self.parts if part.name == name), None)


def architecture(view: Sequence[ScannedBlock], environment: Environment) -> Architecture:
    """Read what the diagram shows.

    Args:
        view: The merged view of all stacks of one environment.
        environment: Its values, for the names of its parties.

    Raises:
        ScanFailedError: Only Terraform can evaluate something that the result depends on.
    """
    return _Reader(view, environment).read()


class _Reader:
    def __init__(self, view: Sequence[ScannedBlock], environment: Environment) -> None:
        self._environment, self._names = environment, Names(environment)
        self._index = Index(view)
        self._reach = Reach(self._index, self._names)
        self._subnets = {block.name: block for block in self._index.all("aws_subnet", "aws_default_subnet")}
        self._nat = {self._index.key(nat.settings.get("subnet_id"), nat) for nat in self._index.all("aws_nat_gateway")}

    def read(self) -> Architecture:
        subnets = [self._subnet(block) for block in self._subnets.values()]
        vpc = next(iter(self._index.all("aws_vpc")), None)
        parts = self._parts()
        return Architecture(
            environment=self._environment.name,
            region=self._environment.region,
            cidr=str(vpc.settings.get("cidr_block")) if vpc else "",
            zones=tuple(sorted({subnet.zone for subnet in subnets})),
            subnets=tuple(subnets),
            parts=tuple(parts),
            arrows=tuple(self._arrows()),
            records=tuple(self._records()),
            firewall=next((len(nested(acl.settings, "rule")) for acl in self._index.all("aws_wafv2_web_acl")), None),
            secrets=tuple(self._secrets()),
        )

    # Subnets and parts

    def _subnet(self, block: ScannedBlock) -> Subnet:
        settings = block.settings
        return Subnet(
            str(settings.get("availability_zone")),
            self._tier(block),
            str(settings.get("cidr_block")),
            block.name in self._nat,
        )

    def _tier(self, block: ScannedBlock) -> Tier:
        """Public is what has a route to the internet gateway, whatever the tag says."""
        if self._reach.routes.of(block.name, "internet gateway"):
            return Tier.PUBLIC
        tags = block.settings.get("tags")
        return Tier.ISOLATED if isinstance(tags, dict) and tags.get("Tier") == Tier.ISOLATED else Tier.PRIVATE

    def _parts(self) -> list[Part]:
        found: dict[str, list[Interface]] = {}
        for interface in self._reach.interfaces.all:
            found.setdefault(interface.party, []).append(interface)
        parts = [self._part(name, interfaces) for name, interfaces in found.items()]
        order = [service.name for service in self._environment.product.services]
        return sorted(parts, key=lambda part: (list(Kind).index(part.kind), _position(order, part.name), part.name))

    def _part(self, name: str, interfaces: list[Interface]) -> Part:
        subnets = [self._subnets[key] for each in interfaces for key in each.subnets if key in self._subnets]
        zones = tuple(sorted({str(subnet.settings.get("availability_zone")) for subnet in subnets}))
        tier = self._tier(subnets[0]) if subnets else Tier.PRIVATE
        blocks = [interface.block for interface in interfaces]
        kind = self._kind(name)
        tasks = next((self._tasks(block) for block in blocks if block.kind == "aws_ecs_service"), None)
        return Part(name, kind, tier, zones, tuple(fact for block in blocks for fact in self._facts(block)), tasks)

    def _kind(self, name: str) -> Kind:
        known = {LOAD_BALANCER: Kind.LOAD_BALANCER, DATABASE: Kind.DATABASE, CACHE: Kind.CACHE}
        known |= {ENDPOINTS: Kind.ENDPOINTS}
        known |= dict.fromkeys((service.name for service in self._environment.product.services), Kind.SERVICE)
        return known.get(name, Kind.OTHER)

    def _facts(self, block: ScannedBlock) -> Iterator[str]:
        settings = block.settings
        if block.kind == "aws_lb":
            yield from self._requests()
        elif block.kind == "aws_ecs_service":
            yield from self._workload(block)
        elif block.kind == "aws_scheduler_schedule":
            yield f"scheduled: {settings.get('name')}, {settings.get('schedule_expression')}"
        elif block.kind == "aws_db_instance":
            yield _engine(settings)
            yield str(settings.get("instance_class"))
            yield f"{settings.get('allocated_storage')} GB, grows to {settings.get('max_allocated_storage')} GB"
            yield "Multi-AZ: a standby in another zone" if settings.get("multi_az") is True else "in one of these zones"
        elif block.kind == "aws_elasticache_replication_group":
            yield _engine(settings)
            yield str(settings.get("node_type"))
            nodes = settings.get("num_cache_clusters")
            yield "1 node, in one of these zones" if str(nodes) == "1" else f"{nodes} nodes in different zones"
        elif block.kind == "aws_vpc_endpoint":
            yield str(settings.get("service_name")).rpartition(f"{self._environment.region}.")[2]

    def _requests(self) -> Iterator[str]:
        """Which requests go to which service."""
        services = {
            self._index.key(balancer.get("target_group_arn"), block): balancer.get("container_name")
            for block in self._index.all("aws_ecs_service")
            for balancer in nested(block.settings, "load_balancer")
        }
        for rule in self._index.all("aws_lb_listener_rule"):
            asked = [
                str(value)
                for condition in nested(rule.settings, "condition")
                for kind in ("host_header", "path_pattern")
                for matched in nested(condition, kind)
                for value in listed(matched.get("values"))
            ]
            for action in nested(rule.settings, "action"):
                target = services.get(self._index.key(action.get("target_group_arn"), rule), "a redirect")
                yield f"{' '.join(asked)} to {target}"
        rest = "everything else" if any(self._index.all("aws_lb_listener_rule")) else "every request"
        for listener in self._index.all("aws_lb_listener"):
            for action in nested(listener.settings, "default_action"):
                if target := services.get(self._index.key(action.get("target_group_arn"), listener)):
                    yield f"{rest} to {target}"

    def _workload(self, block: ScannedBlock) -> Iterator[str]:
        definition = self._index.follow(block.settings.get("task_definition"))
        if definition is not None:
            settings = definition.settings
            yield f"{int(str(settings.get('cpu'))) / 1024:g} vCPU, {int(str(settings.get('memory'))) / 1024:g} GB"
            yield from (
                "ARM64"
                for platform in nested(settings, "runtime_platform")
                if platform.get("cpu_architecture") == "ARM64"
            )
        if any(each.get("type") == "CODE_DEPLOY" for each in nested(block.settings, "deployment_controller")):
            yield "blue/green"

    def _tasks(self, block: ScannedBlock) -> tuple[int, int]:
        count = int(str(block.settings.get("desired_count", 0)))
        for scaling in self._index.all("aws_appautoscaling_target"):
            if ("aws_ecs_service", block.name) in set(references(scaling.settings.get("resource_id"))):
                minimum, maximum = (scaling.settings.get(name) for name in ("min_capacity", "max_capacity"))
                return int(str(minimum)), int(str(maximum))
        return count, count

    # Connections

    def _arrows(self) -> list[Arrow]:
        sources: list[Party] = [*self._reach.interfaces.all, INTERNET]
        found: dict[tuple[str, str, str], Arrow] = {}
        for source in sources:
            for target in (*sources, S3):
                if source is not target and party_name(source) != party_name(target):
                    for connection in self._reach.connections(source, target):
                        arrow = _arrow(connection)
                        key = (arrow.source, arrow.target, arrow.port)
                        if key not in found or found[key].implied:
                            found[key] = arrow
        return sorted(found.values())

    # Around the network

    def _records(self) -> Iterator[DnsRecord]:
        types: dict[tuple[str, int | None, str], list[str]] = {}
        for record in self._index.all("aws_route53_record"):
            for alias in nested(record.settings, "alias"):
                target = self._index.follow(alias.get("name"))
                weights = [each.get("weight") for each in nested(record.settings, "weighted_routing_policy")]
                weight = int(str(weights[0])) if weights else None
                where = "" if target is not None and target.kind == "aws_lb" else str(alias.get("name"))
                key = (str(record.settings.get("name")), weight, where)
                types.setdefault(key, []).append(str(record.settings.get("type")))
        for (name, weight, where), found in types.items():
            yield DnsRecord(name, tuple(sorted(found)), weight, where)

    def _secrets(self) -> Iterator[SecretReaders]:
        readers: dict[str, set[str]] = {}
        for service in self._environment.product.services:
            name = self._names.service(service.name)
            for block in self._index.all("aws_ecs_service"):
                definition = self._index.follow(block.settings.get("task_definition"))
                if block.settings.get("name") == name and definition is not None:
                    for value in _values_from(definition):
                        if secret := self._index.follow(value):
                            readers.setdefault(secret.name, set()).add(service.name)
        for secret in self._index.all("aws_secretsmanager_secret"):
            yield SecretReaders(str(secret.settings.get("name")), tuple(sorted(readers.get(secret.name, ()))))


_ENGINES = {"postgres": "PostgreSQL", "redis": "Redis", "valkey": "Valkey"}


def _engine(settings: Mapping[str, Any]) -> str:
    engine = str(settings.get("engine"))
    return f"{_ENGINES.get(engine, engine)} {settings.get('engine_version')}"


def _arrow(connection: Connection) -> Arrow:
    ports, rules = connection.ports, [rule for rule in (connection.egress, connection.ingress) if rule]
    names = party_name(connection.source), party_name(connection.target)
    single = ports.protocol == "tcp" and ports.first == ports.last
    whys = dict.fromkeys(str(rule.block.settings.get("description", "")) for rule in rules)
    return Arrow(
        *names,
        str(ports.first) if single else str(ports),
        "; ".join(filter(None, whys)),
        tuple(f"{rule.block.block.stack} {rule.block.block.address}" for rule in rules),
        INTERNET not in names and all(rule.everywhere for rule in rules),
    )


def _values_from(definition: ScannedBlock) -> Iterator[Any]:
    for container in listed(definition.settings.get("container_definitions")):
        if isinstance(container, dict):
            yield from (each.get("valueFrom") for each in nested(container, "secrets"))


def _position(order: list[str], name: str) -> int:
    return order.index(name) if name in order else len(order)

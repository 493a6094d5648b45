"""What an environment has, from its values: lists of names, for the lines `present` of the tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from environments.beside import GLOBAL_REGION
from environments.endpoints import endpoint_zones, interface_endpoints
from environments.flows import ENDPOINTS, INTERNET, S3, flows, parties
from environments.grouped import groups
from environments.names import DATABASE_METRICS, Names
from environments.schema import Environment, Service
from environments.subnets import Tier, subnet
from modules.ids import slug

Facts = Mapping[str, Sequence[tuple[str, ...]]]
"""Values of the attributes that a line compares, by the fact's name."""
_SERVICES_WITH_A_ROLE = (
    "ecs.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "rds.amazonaws.com",
    "elasticache.amazonaws.com",
)
"""Services whose linked roles an account needs before they create anything: `modules/stacks/account.py` says why."""
FIREWALL_RULES = (
    ("ip-reputation", "AWSManagedRulesAmazonIpReputationList"),
    ("anonymous-ip", "AWSManagedRulesAnonymousIpList"),
    ("rate-limit", ""),
    ("known-bad-inputs", "AWSManagedRulesKnownBadInputsRuleSet"),
    ("common", "AWSManagedRulesCommonRuleSet"),
)
"""The firewall's rules by priority, and their groups; the one without a group is the rate limit.

https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-processing-order.html
"""
_EXEC_FOLDERS = ("/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm")
"""Folders that the agent of ECS Exec writes to: https://github.com/aws/containers-roadmap/issues/1359."""
_PRIVILEGED_PORTS = 1024
_TIERS: tuple[Tier, ...] = ("public", "private", "isolated")


def facts(environment: Environment) -> Facts:
    """What an environment has, by the words that tables use."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for word, values in _facts(environment, Names(environment)):
        found[word] = [each if isinstance(each, tuple) else (each,) for each in values]
    return found


_Values = Sequence[str | tuple[str, ...]]


def _if(condition: object, *values: str) -> tuple[str, ...]:
    """The values if something is so; without values, one without a name."""
    return (values or ("",)) if condition else ()


def _joined(values: Iterable[str]) -> str:
    """Several values of one attribute."""
    return " ".join(sorted(values))


def _facts(environment: Environment, names: Names) -> Iterator[tuple[str, _Values]]:
    yield "one", [""]
    yield from _account(environment, names)
    yield from _network(environment, names)
    yield from _stores(environment, names)
    yield from _services(environment, names)
    yield from _edge(environment, names)


def _account(environment: Environment, names: Names) -> Iterator[tuple[str, _Values]]:
    audit, once, product = environment.audit, environment.creates_account_resources, environment.product
    records, findings, hub = audit.config and once, audit.guardduty and once, audit.security_hub and once
    slack = environment.alerts.slack_workspace and environment.alerts.slack_channel
    yield "once", _if(once)
    for name in ("public_access_block", "ebs_encryption", "imdsv2", "password_policy", "access_analyzer"):
        yield name, _if(once and getattr(audit, name))
    yield "config", _if(records)
    yield "guardduty", _if(findings)
    yield "security_hub", _if(hub)
    yield "standards", ["", ""] if hub else []
    yield "trail", _if(audit.cloudtrail)
    yield "slack", _if(slack)
    yield "emails", environment.alerts.email
    linked = {"config": records, "guardduty": findings, "securityhub": hub}
    linked |= {"access-analyzer": once and audit.access_analyzer}
    yield (
        "linked_roles",
        [*_if(once, *_SERVICES_WITH_A_ROLE), *(f"{name}.amazonaws.com" for name, its in linked.items() if its)],
    )
    yield "budgets", [names.resource("account"), *(names.resource(slug(each)) for each in environment.budgets.services)]
    buckets = [
        names.bucket("access-logs"),
        *_if(audit.cloudtrail, names.bucket("trail")),
        *_if(records, names.bucket("config")),
    ]
    yield "buckets", [names.state_bucket, *buckets]
    yield "logged_buckets", [names.state_bucket, *buckets[1:]]
    own = not environment.registry.source_account
    repositories = sorted({service.repository for service in product.services}) if own else []
    yield "repositories", repositories
    yield "shared_repositories", repositories if environment.registry.readers else []
    yield "scanning", _if(own and once)
    keys = {"state": True, "alerts": True, "logs": True, "secrets": True, "registry": own, "data": environment.stores}
    keys["audit"] = audit.cloudtrail or records
    yield "keys", [names.alias(purpose) for purpose, its in keys.items() if its]
    roles = [
        *("planner", "break-glass", "flow-log"),
        *_if(slack, "slack"),
        *_if(audit.cloudtrail, "trail"),
        *_if(environment.access.shared_zone, "dns", "dns-reader"),
        *_if(environment.region != GLOBAL_REGION, "event-forward"),
        *_if(product.scheduled_tasks, "scheduler"),
        *_if(_blue_green(environment), "deployment"),
        *_if(environment.database, "database-monitoring"),
        *(f"{service.name}-{kind}" for service in product.services for kind in ("execution", "task")),
    ]
    yield "roles", [names.role(purpose) for purpose in ("deployer", *roles)]
    yield "roles_with_a_policy", [(names.role(purpose), names.role(purpose)) for purpose in roles]
    deployer = [
        names.resource(f"deployer-{part}") for part in ("checks", "delivery", "edge", "release", "services", "state")
    ]
    yield "policies", [names.resource("boundary"), *deployer, *_if(slack, names.resource("slack-guardrail"))]
    administrator = names.partition.managed_policy("AdministratorAccess")
    yield (
        "attachments",
        [*((names.role("deployer"), each) for each in deployer), (names.role("break-glass"), administrator)],
    )
    alerts = ["break-glass-assumed", "break-glass-console", "root-console"]
    forwarded = alerts if environment.region != GLOBAL_REGION else []
    rules = [(each, "") for each in (*alerts, *_if(findings, "guardduty"))]
    rules += [(f"forward-{each}", "aws.global_events") for each in forwarded]
    yield "event_rules", [(names.resource(each), provider) for each, provider in rules]
    yield "log_groups", [*_log_groups(environment, names)]


def _log_groups(environment: Environment, names: Names) -> Iterator[str]:
    """AWS creates each of them without a key and without an end, if it has another name than the service's own."""
    alerts = environment.alerts
    if environment.creates_account_resources:
        yield DATABASE_METRICS
    yield names.insights_log_group
    if alerts.slack_workspace and alerts.slack_channel and environment.region == GLOBAL_REGION:
        yield names.chat_log_group
    if environment.audit.cloudtrail:
        yield names.log_group("trail")
    yield names.log_group("flow-log")
    if environment.cache:
        yield from (names.log_group(f"cache-{log}") for log in _CACHE_LOGS)
    if environment.database:
        logs = ("postgresql", "upgrade")
        yield from (f"/aws/rds/instance/{name}/{log}" for name in names.databases for log in logs)
    yield from (names.log_group(each) for each in ("exec", *(service.name for service in environment.product.services)))
    if environment.profile.waf:
        yield names.waf_log_group


_CACHE_LOGS = ("engine-log", "slow-log")


def _network(environment: Environment, names: Names) -> Iterator[tuple[str, _Values]]:
    zones, cidr = environment.zones, environment.network.cidr
    ranges = {tier: [subnet(cidr, tier, zone) for zone in zones] for tier in _TIERS}
    yield (
        "subnets",
        [(subnet(cidr, tier, zone), f"{environment.region}{zone}", tier) for tier in _TIERS for zone in zones],
    )
    tables = {tier: {zone: names.resource(tier) for zone in zones} for tier in _TIERS}
    tables["private"] = {zone: names.resource(f"private-{zone}") for zone in zones}
    yield "route_tables", sorted({table for of_tier in tables.values() for table in of_tier.values()})
    yield (
        "associations",
        [(subnet(cidr, tier, zone), table) for tier, of_tier in tables.items() for zone, table in of_tier.items()],
    )
    gateways = {zone: names.resource(f"nat-{zone}") for zone in environment.nat_zones}
    yield "addresses", list(gateways.values())
    yield "nat", [(name, subnet(cidr, "public", zone), name) for zone, name in gateways.items()]
    through = [
        (table, "", gateways.get(zone, next(iter(gateways.values()), ""))) for zone, table in tables["private"].items()
    ]
    yield "routes", [(names.resource("public"), names.prefix, ""), *(through if gateways else [])]
    yield "balancer_subnets", [_joined(ranges["public"])]
    yield "database_subnets", _if(environment.database, _joined(ranges["isolated"]))
    yield "cache_subnets", _if(environment.cache, _joined(ranges["isolated"]))
    own = parties(environment)

    def group(party: str) -> str:
        """The name of a party's security group; empty if it has none."""
        return names.resource(party.replace("_", "-")) if party in own else ""

    inside = _joined(subnet(cidr, "private", zone) for zone in endpoint_zones(environment))
    interfaces = [
        (names.endpoint_service(each), inside, group(ENDPOINTS), "") for each in interface_endpoints(environment)
    ]
    yield "endpoints", [*interfaces, (names.endpoint_service("s3"), "", "", _joined(tables["private"].values()))]
    yield (
        "opened",
        [
            (group(each.source), group(each.target), str(each.port))
            for each in flows(environment)
            if each.source != INTERNET
        ],
    )
    yield (
        "accepted",
        [
            (group(each.target), group(each.source), str(each.port))
            for each in flows(environment)
            if each.target not in (INTERNET, S3)
        ],
    )
    yield "groups", list(map(group, own))


def _stores(environment: Environment, names: Names) -> Iterator[tuple[str, _Values]]:
    database, product = environment.database, environment.product
    yield "database", _if(database)
    yield "database_events", _if(database, "db-instance", "db-parameter-group")
    yield "cache", _if(environment.cache)
    app, default = names.resource("app"), names.resource("default")
    yield "cache_users", [(app, app), (default, "default")] if environment.cache else []
    yield "cache_user_groups", [f"{app} {default}"] if environment.cache else []
    yield (
        "cache_logs",
        [(log, names.log_group(f"cache-{log}")) for log in _CACHE_LOGS] if environment.cache else [],
    )
    yield "secrets", [names.secret(secret.name) for secret in product.secrets]
    yield "written_secrets", [names.secret(product.database_secret)] if database else []


def _blue_green(environment: Environment) -> list[Service]:
    return [service for service in environment.product.services if service.deployment == "blue_green"]


def _services(environment: Environment, names: Names) -> Iterator[tuple[str, _Values]]:
    product, blue_green = environment.product, _blue_green(environment)
    private = _joined(subnet(environment.network.cidr, "private", zone) for zone in environment.zones)
    yield (
        "services",
        [(names.service(each.name), private, names.resource(each.name)) for each in product.services],
    )
    yield "tasks", [names.service(work.name) for work in product.workloads]
    scaled = [f"service/{names.prefix}/{names.service(service.name)}" for service in product.services]
    yield "scaled_services", scaled
    yield (
        "scaling",
        [(each, f"ECSServiceAverage{metric}Utilization") for each in scaled for metric in ("CPU", "Memory")],
    )
    balanced = [(service, str(service.port)) for service in product.load_balanced]
    yield "balanced", [(names.service(service.name), service.name, port) for service, port in balanced]
    ports = [(names.service(service.name), service.port) for service in product.services if service.port]
    yield "ports", [(family, str(port), str(port)) for family, port in ports]
    yield "low_ports", [(family, str(port)) for family, port in ports if port < _PRIVILEGED_PORTS]
    folders = [
        (names.service(work.name), re.sub(r"\W+", "-", folder).strip("-"), folder)
        for work in product.workloads
        for service in [work if isinstance(work, Service) else product.service(work.service)]
        for folder in (*service.writable, *_EXEC_FOLDERS)
    ]
    yield "mounts", folders
    yield "volumes", [(family, volume) for family, volume, _ in folders]
    yield "blue_green", [names.service(service.name) for service in blue_green]
    scheduled = product.scheduled_tasks
    yield "schedules", [(names.resource(task.name), names.resource(task.service)) for task in scheduled]
    yield "schedule_groups", _if(product.scheduled_tasks)
    yield (
        "target_groups",
        [
            *(names.target_group(service.name) for service in product.load_balanced),
            *(names.target_group(service.name, "green") for service in blue_green),
        ],
    )
    rollbacks = (f"{service.name}-rollback" for service in product.load_balanced)
    # Errors, unhealthy targets and latency of each target group; errors of the load balancer; the database.
    stopping = 3 * (len(product.load_balanced) + sum(each in blue_green for each in product.load_balanced)) + 1
    parts = range(1, groups(stopping + (environment.database is not None)) + 1)
    yield (
        "composite_alarms",
        [names.resource(each) for each in ("cutover", *(f"cutover-{part}" for part in parts), *rollbacks)],
    )


def _edge(environment: Environment, names: Names) -> Iterator[tuple[str, _Values]]:
    yield "created_zone", _if(environment.edge.zone.kind == "created")
    yield "listeners", ["HTTP", "HTTPS"]
    yield "firewall", _if(environment.profile.waf)
    rules = enumerate(FIREWALL_RULES if environment.profile.waf else ())
    yield (
        "firewall_rules",
        [(str(priority), rule, f"{names.prefix}-{rule}", group) for priority, (rule, group) in rules],
    )

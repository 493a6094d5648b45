"""What each phase must publish: later phases and commands use it without a look at what it refers to.

`modules/contracts.py` has the names; this is the only other place that says what they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from environments.flows import parties
from environments.names import Names
from environments.schema import Environment, Service
from environments.subnets import Tier, subnet
from modules.ids import identifier
from modules.phases import AccountRole
from ops.gate.index import Index
from ops.gate.model import ErrorKind, ScanError, ScannedBlock
from ops.gate.templates import plain

_FIX = "publish it as modules/stacks/ does, and synthesize again: make synth"


class Attribute(NamedTuple):
    """An attribute of a resource."""

    path: str
    """Type and attribute, as in `aws_db_instance.address`."""
    name: str = ""
    """The resource's name; empty if the environment has only one of the type."""


Published = str | Attribute | Mapping[str, "Published"]
"""A text, an attribute, or several by name."""


def scan_errors(view: Sequence[ScannedBlock], environment: Environment) -> Iterator[ScanError]:
    """A scan error for each output that isn't what its phase must publish.

    Args:
        view: The merged view of all the environment's stacks.
        environment: Its values.
    """
    index, names = Index(view), Names(environment)
    blocks = {
        (each.block.stack, each.name.partition("__")[2]): each for each in view if each.kind == "terraform_output"
    }
    wanted = {
        (names.stack(phase), name): value
        for phase, values in outputs(environment).items()
        for name, value in values.items()
    }
    for stack, name in sorted(wanted.keys() | blocks.keys()):
        block, known = blocks.get((stack, name)), wanted.get((stack, name))
        where = f"{block.block.file}:{block.block.line} {block.block.address}" if block else stack
        if block is None or known is None:
            what = f"the output {name} {'is gone' if block is None else 'is none that its phase publishes'}"
            yield ScanError(ErrorKind.NOT_UNDERSTOOD, where, what, _FIX)
        else:
            for what in _differences(block.settings.get("value"), known, name, index):
                yield ScanError(ErrorKind.NOT_UNDERSTOOD, where, what, _FIX)


def _differences(value: object, known: Published, name: str, index: Index) -> Iterator[str]:
    if isinstance(known, Attribute):
        found, block = plain(value), index.follow(value)
        path = f"{block.kind}{found['attribute']}" if found and block else ""
        if path != known.path or block is None or (known.name and index.named(block) != known.name):
            yield f"the output {name} must be {known.path} of {known.name or 'the only one of the type'}"
    elif isinstance(known, str):
        if value != known:
            yield f"the output {name} must be {known!r}, from the environment's values"
    elif not isinstance(value, Mapping) or value.keys() != known.keys():
        yield f"the output {name} must have the keys {', '.join(sorted(known)) or 'none'}"
    else:
        for key, each in value.items():
            yield from _differences(each, known[key], f"{name}.{key}", index)


def outputs(environment: Environment) -> Mapping[str, Mapping[str, Published]]:
    """What each phase of an environment publishes."""
    names, product = Names(environment), environment.product
    balanced = product.load_balanced
    green = [service for service in balanced if service.deployment == "blue_green"]
    zones = environment.zones

    def ranges(tier: Tier) -> Published:
        return {zone: Attribute("aws_subnet.id", subnet(environment.network.cidr, tier, zone)) for zone in zones}

    def groups(attribute: str, services: Sequence[Service] = balanced, colour: str = "") -> Published:
        return {
            service.name: Attribute(f"aws_lb_target_group.{attribute}", names.target_group(service.name, colour))
            for service in services
        }

    def roles(kind: str) -> Published:
        return {
            service.name: Attribute("aws_iam_role.arn", names.role(f"{service.name}-{kind}"))
            for service in product.services
        }

    def tasks(path: str) -> Published:
        return {service.name: Attribute(path, names.service(service.name)) for service in product.services}

    logs = {
        service.name: Attribute("aws_cloudwatch_log_group.name", names.log_group(service.name))
        for service in product.services
    }
    used = {"scheduler": product.scheduled_tasks, "deployment": green}
    database, cache = environment.database, environment.cache
    alarms = (
        f"{identifier(service.name)}{colour}_{what}"
        for service in balanced
        for colour in ("", *(["_green"] if service in green else []))
        for what in ("errors", "unhealthy")
    )
    migration: Published = {}
    if product.migration:
        task = Attribute("aws_ecs_task_definition.arn", names.service(product.migration.name))
        migration = {"task_definition_arn": task, "log_group": logs[product.migration.service]}
    zone = environment.edge.zone
    return {
        "state": {
            "bucket_arn": Attribute("aws_s3_bucket.arn", names.state_bucket),
            "key_arn": Attribute("aws_kms_key.arn", names.alias("state")),
        },
        "account": {
            "alerts_topic_arn": Attribute("aws_sns_topic.arn", names.resource("alerts")),
            "log_key_arn": Attribute("aws_kms_key.arn", names.alias("logs")),
            "access_log_bucket": Attribute("aws_s3_bucket.id", names.bucket("access-logs")),
            **{f"{identifier(role)}_role_arn": Attribute("aws_iam_role.arn", names.role(role)) for role in AccountRole},
        },
        "network": {
            "vpc_id": Attribute("aws_vpc.id"),
            "public_subnets": ranges("public"),
            "private_subnets": ranges("private"),
            "isolated_subnets": ranges("isolated"),
            "security_groups": {
                party: Attribute("aws_security_group.id", names.resource(party.replace("_", "-")))
                for party in parties(environment)
            },
        },
        "registry": _registry(environment, names),
        "secrets": {
            "key_arn": Attribute("aws_kms_key.arn", names.alias("secrets")),
            "secret_arns": {
                secret.name: Attribute("aws_secretsmanager_secret.arn", names.secret(secret.name))
                for secret in product.secrets
            },
            "task_role_arns": roles("task"),
            "execution_role_arns": roles("execution"),
            "service_role_arns": {
                role: Attribute("aws_iam_role.arn", names.role(role)) for role, users in used.items() if users
            },
        },
        "data": {
            "database_identifier": Attribute("aws_db_instance.identifier") if database else "",
            "database_address": Attribute("aws_db_instance.address") if database else "",
            "cache_id": Attribute("aws_elasticache_replication_group.id") if cache else "",
            "cache_address": Attribute("aws_elasticache_replication_group.primary_endpoint_address") if cache else "",
            "cache_user": Attribute("aws_elasticache_user.user_name", names.resource("app")) if cache else "",
        },
        "edge": {
            "load_balancer_arn": Attribute("aws_lb.arn"),
            "load_balancer_suffix": Attribute("aws_lb.arn_suffix"),
            "load_balancer_dns_name": Attribute("aws_lb.dns_name"),
            "load_balancer_zone_id": Attribute("aws_lb.zone_id"),
            "listener_arn": Attribute("aws_lb_listener.arn", "HTTPS"),
            "zone_id": zone.id if zone.id and zone.kind != "created" else Attribute("aws_route53_zone.zone_id"),
            "target_group_arns": groups("arn"),
            "target_group_suffixes": groups("arn_suffix"),
            "target_group_names": groups("name"),
            "green_target_group_names": groups("name", green, "green"),
            "green_target_group_suffixes": groups("arn_suffix", green, "green"),
        },
        "services": {
            "cluster_name": Attribute("aws_ecs_cluster.name"),
            "cluster_arn": Attribute("aws_ecs_cluster.arn"),
            "service_names": tasks("aws_ecs_service.name"),
            "task_definition_arns": tasks("aws_ecs_task_definition.arn"),
            "log_group_names": logs,
            "rollback_alarms": {
                alarm: Attribute(
                    "aws_cloudwatch_metric_alarm.alarm_name", names.resource(f"deployment-{alarm}".replace("_", "-"))
                )
                for alarm in alarms
            },
            "migration": migration,
        },
        "observability": {
            "dashboard_name": Attribute("aws_cloudwatch_dashboard.dashboard_name"),
            "cutover_alarm": Attribute("aws_cloudwatch_composite_alarm.alarm_name", names.resource("cutover")),
        },
        "hardening": {
            "web_acl_arns": {"load_balancer": Attribute("aws_wafv2_web_acl.arn")} if environment.profile.waf else {}
        },
        "cutover": {"host": environment.edge.host, "weight": str(environment.cutover.weight)},
    }


def _registry(environment: Environment, names: Names) -> Mapping[str, Published]:
    """The repositories of this account, or those of the account that the images are in."""
    repositories = {service.repository for service in environment.product.services}
    account, region, partition = environment.registry.source_account, environment.region, names.partition
    if account is None:
        paths = {"urls": "aws_ecr_repository.repository_url", "arns": "aws_ecr_repository.arn"}
        return {
            f"repository_{key}": {each: Attribute(path, each) for each in repositories} for key, path in paths.items()
        }
    host = partition.registry(account, region)
    return {
        "repository_urls": {each: f"{host}/{each}" for each in repositories},
        "repository_arns": {
            each: partition.arn("ecr", f"repository/{each}", region=region, account_id=account) for each in repositories
        },
    }

"""Names, ARNs, addresses and console pages that follow from an environment's values alone, without a call to AWS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from urllib.parse import quote

from environments.arns import account_of
from environments.names import Names
from environments.schema import Environment, Service
from modules.phases import PHASES, AccountRole


@dataclass(frozen=True)
class Resource:
    """A resource that the values lead to, whether it exists yet or not."""

    what: str
    phase: str
    """The phase that creates it."""
    name: str
    arn: str
    """Empty if AWS chooses a part of it."""
    console: str | None
    """Address of its page in the AWS console; none in a partition whose console isn't known."""

    def as_data(self) -> dict[str, object]:
        """The resource for a program."""
        return asdict(self)


@dataclass(frozen=True)
class Address:
    """A host name or URL."""

    what: str
    address: str


class Resources:
    """The resources of one environment."""

    def __init__(self, environment: Environment) -> None:
        """Name the environment."""
        self._environment = environment
        self._names = Names(environment)

    def all(self) -> Iterator[Resource]:
        """Those of the environment, then those of each service."""
        names, environment = self._names, self._environment
        prefix = names.prefix
        yield self._bucket("state bucket", "state", names.state_bucket)
        yield self._one(
            "state key", "state", names.alias("state"), "kms/home?region={region}#/kms/keys", names.alias_arn("state")
        )
        for purpose in AccountRole:
            role = names.role(purpose)
            yield self._one(
                f"{purpose} role",
                "account",
                role,
                f"iam/home?region={{region}}#/roles/details/{quote(role, safe='')}",
                names.role_arn(purpose),
            )
        topic = names.arn("sns", names.resource("alerts"))
        yield self._one(
            "alerts topic", "account", names.resource("alerts"), f"sns/v3/home?region={{region}}#/topic/{topic}", topic
        )
        yield self._bucket("access logs", "account", names.bucket("access-logs"))
        yield self._one("VPC", "network", prefix, f"vpcconsole/home?region={{region}}#vpcs:tag:Name={prefix}")
        if environment.database:
            yield self._one(
                "database",
                "data",
                names.database,
                f"rds/home?region={{region}}#database:id={names.database};is-cluster=false",
                names.arn("rds", f"db:{names.database}"),
            )
        if environment.cache:
            yield self._one(
                "cache",
                "data",
                names.cache,
                f"elasticache/home?region={{region}}#/{environment.cache.engine}/{names.cache}",
                names.arn("elasticache", f"replicationgroup:{names.cache}"),
            )
        yield self._one("load balancer", "edge", prefix, f"ec2/home?region={{region}}#LoadBalancers:search={prefix}")
        yield self._zone()
        yield self._one(
            "cluster",
            "services",
            prefix,
            f"ecs/v2/clusters/{prefix}/services?region={{region}}",
            names.arn("ecs", f"cluster/{prefix}"),
        )
        yield self._one(
            "dashboard",
            "observability",
            prefix,
            f"cloudwatch/home?region={{region}}#dashboards/dashboard/{prefix}",
            names.partition.arn("cloudwatch", f"dashboard/{prefix}", account_id=environment.account_id),
        )
        yield self._one(
            "alarms", "observability", f"{prefix}-*", f"cloudwatch/home?region={{region}}#alarmsV2:?search={prefix}"
        )
        if environment.profile.waf:
            yield self._one("web ACL", "hardening", prefix, "wafv2/homev2/web-acls?region={region}")
        for service in environment.product.services:
            yield from self.of(service)

    def of(self, service: Service) -> Iterator[Resource]:
        """Those of one service, with its scheduled tasks and the migration if they run with its role."""
        names, environment = self._names, self._environment
        family, cluster = names.service(service.name), names.prefix
        yield self._repository(service)
        for name in service.secrets:
            yield self._one(
                "secret",
                "secrets",
                names.secret(name),
                f"secretsmanager/secret?name={quote(names.secret(name), safe='')}&region={{region}}",
            )
        for purpose in ("task", "execution"):
            role = names.role(f"{service.name}-{purpose}")
            yield self._one(
                f"{purpose} role",
                "secrets",
                role,
                f"iam/home?region={{region}}#/roles/details/{quote(role, safe='')}",
                names.role_arn(f"{service.name}-{purpose}"),
            )
        if service.paths:
            for colour in ("", "green") if service.deployment == "blue_green" else ("",):
                group = names.target_group(service.name, colour)
                yield self._one(
                    "target group", "edge", group, f"ec2/home?region={{region}}#TargetGroups:search={group}"
                )
        yield self._one(
            "service",
            "services",
            family,
            f"ecs/v2/clusters/{cluster}/services/{family}/health?region={{region}}",
            names.arn("ecs", f"service/{cluster}/{family}"),
        )
        product = environment.product
        tasks = [each for each in product.scheduled_tasks if each.service == service.name]
        works = [service.name, *(task.name for task in tasks)]
        if product.migration and product.migration.service == service.name:
            works.append(product.migration.name)
        for work in map(names.service, works):
            page = f"ecs/v2/task-definitions/{work}?region={{region}}"
            yield self._one("task definition", "services", work, page)
        for task in tasks:
            schedule = names.resource(task.name)
            yield self._one(
                "schedule",
                "services",
                schedule,
                f"scheduler/home?region={{region}}#schedules/{names.prefix}/{schedule}",
                names.arn("scheduler", f"schedule/{names.prefix}/{schedule}"),
            )
        if service.deployment == "blue_green":
            yield self._one(
                "CodeDeploy application",
                "services",
                family,
                f"codesuite/codedeploy/applications/{family}?region={{region}}",
                names.arn("codedeploy", f"application:{family}"),
            )
        log_group = names.log_group(service.name)
        yield self._one(
            "log group",
            "services",
            log_group,
            f"cloudwatch/home?region={{region}}#logsV2:log-groups/log-group/{_twice(log_group)}",
            names.log_group_arn(service.name),
        )

    def addresses(self) -> Iterator[Address]:
        """Host names and URLs that the values lead to."""
        names, environment, edge = self._names, self._environment, self._environment.edge
        yield Address("application", edge.origin)
        owned = {host: name for name, host in edge.service_hosts.items()}
        for host in edge.names[1:]:
            yield Address(f"service {owned[host]}" if host in owned else "redirect", f"https://{host}")
        registry = environment.registry.source_account or environment.account_id
        yield Address("registry", names.partition.registry(registry, environment.region))
        if environment.cutover.previous:
            yield Address("previous target", environment.cutover.previous.dns_name)
        for phase in PHASES:
            yield Address(f"state of {phase.name}", f"s3://{names.state_bucket}/{names.state_key(phase.name)}")

    def addresses_of(self, service: Service) -> Iterator[Address]:
        """Where requests reach a service, and the image that it runs."""
        environment = self._environment
        host = environment.edge.service_hosts.get(service.name, environment.edge.host)
        for path in service.paths:
            yield Address("requests", f"https://{host}{path}")
        registry = environment.registry.source_account or environment.account_id
        repository = f"{self._names.partition.registry(registry, environment.region)}/{service.repository}"
        yield Address("image", f"{repository}@{environment.releases[service.repository]}")

    def _repository(self, service: Service) -> Resource:
        environment, names = self._environment, self._names
        account = environment.registry.source_account or environment.account_id
        return self._one(
            "repository",
            "registry",
            service.repository,
            f"ecr/repositories/private/{account}/{service.repository}?region={{region}}",
            names.partition.arn(
                "ecr", f"repository/{service.repository}", region=environment.region, account_id=account
            ),
        )

    def _zone(self) -> Resource:
        zone = self._environment.edge.zone
        owner = account_of(zone.role) if zone.role else self._environment.account_id
        page = f"#ListRecordSets/{zone.id}" if zone.id else "#"
        return self._one(
            "DNS zone" if owner == self._environment.account_id else f"DNS zone of account {owner}",
            "edge",
            zone.name,
            f"route53/v2/hostedzones?region={{region}}{page}",
            self._names.partition.zone(zone.id) if zone.id else "",
        )

    def _bucket(self, what: str, phase: str, name: str) -> Resource:
        return self._one(what, phase, name, f"s3/buckets/{name}?region={{region}}", self._names.partition.bucket(name))

    def _one(self, what: str, phase: str, name: str, page: str, arn: str = "") -> Resource:
        return Resource(what, phase, name, arn, self._names.partition.console(page, self._environment.region))


def _twice(name: str) -> str:
    """A log group's name as the console's fragment has it: encoded twice, with $ in place of %.

    https://stackoverflow.com/a/60818699
    """
    return quote(quote(name, safe=""), safe="").replace("%", "$")

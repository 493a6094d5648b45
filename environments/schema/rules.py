"""What must hold between the values of an environment. Each rule names the sections it reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import environments
from environments.guardduty import agent_repository
from environments.names import Names, breach
from environments.schema import risks
from environments.schema.environment import Environment
from environments.schema.versions import cache_problem
from environments.schema.workload import Migration, ScheduledTask, Service

# CPU units and their possible memory, in MiB.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
FARGATE_SIZES: dict[int, list[int]] = {
    256: [512, 1024, 2048],
    512: list(range(1024, 4096 + 1, 1024)),
    1024: list(range(2048, 8192 + 1, 1024)),
    2048: list(range(4096, 16384 + 1, 1024)),
    4096: list(range(8192, 30720 + 1, 1024)),
    8192: list(range(16384, 61440 + 1, 4096)),
    16384: list(range(32768, 122880 + 1, 8192)),
}
# A listener rule may have five condition values. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
MAX_PATHS = 5
PLACEHOLDERS = {"origin", "host", "stage", "region"}


class Problem(NamedTuple):
    """One problem: the field, the value, and what is allowed."""

    field: str
    given: object
    allowed: str

    def __str__(self) -> str:
        return f"{self.field}: {self.given!r}: {self.allowed}"


Rule = Callable[[Environment], Iterator[Problem]]
RULES: list[tuple[frozenset[str], Rule]] = []


def rule(*reads: str) -> Callable[[Rule], Rule]:
    """Register a rule that reads these fields of the environment; it is left out while one of them is malformed."""

    def register(function: Rule) -> Rule:
        RULES.append((frozenset(reads), function))
        return function

    return register


def _services(environment: Environment) -> Iterator[tuple[str, Service]]:
    for index, service in enumerate(environment.product.services):
        yield f"product.services.{index}", service


def _repeated(values: list[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


@rule("name", "stage", "account_id", "product", "database", "cache")
def names_fit(environment: Environment) -> Iterator[Problem]:
    """AWS accepts every name that follows from the values."""
    for field, kind, name in Names(environment).every():
        if wrong := breach(kind, name):
            yield Problem(field, name, wrong)


@rule("product")
def workloads_are_unique(environment: Environment) -> Iterator[Problem]:
    """Services and scheduled tasks have names of their own, and none that the network or a log group uses."""
    product = environment.product
    names = [service.name for service in product.services] + [task.name for task in product.scheduled_tasks]
    greens = [f"{service.name}-green" for service in product.services if service.deployment == "blue_green"]
    parties = ("internet", "database", "cache", "endpoints", "load-balancer", "s3")
    taken = (*greens, *parties, "migration", "exec", "flow-log", "trail")
    for name in _repeated([*names, *taken]):
        other = "; the network, a log group or a blue/green deployment has this one" if name in taken else ""
        yield Problem("product.services.name", name, f"services and scheduled tasks need unique names{other}")
    for name in _repeated([secret.name for secret in product.secrets]):
        yield Problem("product.secrets.name", name, "each secret may be listed once")


@rule("product")
def sizes_exist(environment: Environment) -> Iterator[Problem]:
    """Fargate offers the pair of CPU and memory."""
    product = environment.product
    sized: list[tuple[str, Service | ScheduledTask | Migration]] = [
        *_services(environment),
        *((f"product.scheduled_tasks.{index}", task) for index, task in enumerate(product.scheduled_tasks)),
        *([("product.migration", product.migration)] if product.migration else []),
    ]
    for field, item in sized:
        if item.cpu not in FARGATE_SIZES:
            yield Problem(f"{field}.cpu", item.cpu, f"Fargate offers {', '.join(map(str, FARGATE_SIZES))} CPU units")
        elif item.memory not in FARGATE_SIZES[item.cpu]:
            allowed = FARGATE_SIZES[item.cpu]
            yield Problem(
                f"{field}.memory",
                item.memory,
                f"with {item.cpu} CPU units Fargate offers {allowed[0]} to {allowed[-1]} MiB, such as {allowed[1]}",
            )


@rule("product", "edge")
def load_balancing_is_whole(environment: Environment) -> Iterator[Problem]:
    """A service with paths has all that the load balancer needs, and exactly one is the default target."""
    hosts = environment.edge.service_hosts
    default = [
        service.name for service in environment.product.services if "/*" in service.paths and service.name not in hosts
    ]
    if len(default) != 1:
        allowed = 'exactly one service without a host of its own has the path "/*", the default target'
        yield Problem("product.services.paths", default, allowed)
    for field, service in _services(environment):
        everything, own_host = "/*" in service.paths, service.name in hosts
        if service.paths and (service.port is None or service.health_check is None):
            yield Problem(f"{field}.paths", service.paths, "a service with paths needs a port and a health_check")
        if service.paths and service.priority is None and (own_host or not everything):
            yield Problem(f"{field}.priority", None, "a service with paths needs a priority, except the one with /*")
        if everything and len(service.paths) > 1:
            yield Problem(f"{field}.paths", service.paths, 'a service with "/*" has no other path')
        if everything and not own_host and service.priority is not None:
            yield Problem(f"{field}.paths", service.paths, 'the service with "/*" has no other path and no priority')
        if own_host and service.paths != ("/*",):
            allowed = f'("/*",): all requests of {hosts[service.name]} go to it (edge.service_hosts)'
            yield Problem(f"{field}.paths", service.paths, allowed)
        if len(service.paths) > MAX_PATHS:
            yield Problem(f"{field}.paths", service.paths, f"a listener rule may have up to {MAX_PATHS} paths")
        if service.deployment == "blue_green" and not service.paths:
            yield Problem(f"{field}.deployment", service.deployment, "a service without paths deploys rolling")
        if service.health_check and service.health_check.health_check_grace_period and not service.paths:
            yield Problem(f"{field}.health_check", service.health_check.path, "only a service with paths has one")
        if service.health_check and service.health_check.timeout >= service.health_check.interval:
            allowed = f"less than the interval of {service.health_check.interval} seconds"
            yield Problem(f"{field}.health_check.timeout", service.health_check.timeout, allowed)


@rule("product", "edge")
def probes_reach_their_service(environment: Environment) -> Iterator[Problem]:
    """The load balancer sends the requests for liveness and readiness to the service that they are about."""
    hosts = environment.edge.service_hosts
    for field, service in _services(environment):
        probes = [("liveness", service.liveness), ("readiness.path", service.readiness and service.readiness.path)]
        for name, path in ((name, path) for name, path in probes if path):
            target = environment.service_at(path, hosts.get(service.name, ""))
            if not service.paths:
                yield Problem(f"{field}.{name}", path, "only a service with paths can be asked")
            elif target is not service:
                where = f"{target.name} gets it" if target else "no service gets it"
                yield Problem(f"{field}.{name}", path, f"a path that its paths {service.paths} match; {where}")
        for store in set(service.readiness.checks if service.readiness else ()) - set(service.reaches):
            yield Problem(f"{field}.readiness.checks", store, f"one of reaches: {', '.join(service.reaches) or 'none'}")


@rule("product", "edge")
def listener_rules_do_not_clash(environment: Environment) -> Iterator[Problem]:
    """No two rules have the same priority, no two services share a path, and hosts come before paths."""
    services, edge = environment.product.load_balanced, environment.edge
    of_paths = [service for service in services if service.name not in edge.service_hosts]
    for path in _repeated([path for service in of_paths for path in service.paths if path != "/*"]):
        yield Problem("product.services.paths", path, "a path belongs to one service")
    priorities = [service.priority for service in services if service.priority is not None]
    for priority in _repeated([*priorities, *([edge.redirect_priority] if edge.redirects else [])]):
        yield Problem("product.services.priority", priority, "each listener rule needs a different priority")
    # A rule of paths takes the requests of every host. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
    first = min((service.priority for service in of_paths if service.priority), default=None)
    hosts = [("product.services.priority", service.priority) for service in services if service not in of_paths]
    hosts += [("edge.redirect_priority", edge.redirect_priority)] if edge.redirects else []
    for field, priority in hosts:
        if first and priority and priority > first:
            yield Problem(field, priority, f"below {first}: rules of hosts come before rules of paths")


@rule("product", "edge", "cutover")
def hosts_are_whole(environment: Environment) -> Iterator[Problem]:
    """Each name is there once, belongs to a service with paths or redirects, and can be moved by a cutover."""
    edge, previous = environment.edge, environment.cutover.previous
    known = [service.name for service in environment.product.load_balanced]
    for name in sorted(set(edge.service_hosts) - set(known)):
        yield Problem("edge.service_hosts", name, f"a service with paths; there are {', '.join(known)}")
    for host in _repeated(list(edge.names)):
        yield Problem("edge.service_hosts", host, "each name once: as host, of one service, or in redirects")
    others = edge.names[1:]
    for host in previous.hosts if previous else ():
        if host not in others:
            allowed = f"names of edge besides the host: {', '.join(others) or 'there are none'}"
            yield Problem("cutover.previous.hosts", host, allowed)


@rule("product")
def references_exist(environment: Environment) -> Iterator[Problem]:
    """Secrets and services that others name are defined."""
    product = environment.product
    secrets = [secret.name for secret in product.secrets]
    names = [service.name for service in product.services]
    for field, service in _services(environment):
        for name in service.secrets:
            if name not in secrets:
                yield Problem(f"{field}.secrets", name, f"product.secrets defines {', '.join(secrets) or 'none'}")
        for name in service.environment:
            if name in secrets:
                yield Problem(f"{field}.environment", name, "a secret reaches a container through `secrets` only")
            for placeholder in re.findall(r"{(.*?)}", service.environment[name]):
                if placeholder not in PLACEHOLDERS:
                    yield Problem(
                        f"{field}.environment.{name}",
                        f"{{{placeholder}}}",
                        f"the placeholders are {sorted(PLACEHOLDERS)}",
                    )
    users = [(f"product.scheduled_tasks.{index}", task.service) for index, task in enumerate(product.scheduled_tasks)]
    if product.migration:
        users.append(("product.migration", product.migration.service))
    for user, name in users:
        if name not in names:
            yield Problem(f"{user}.service", name, f"product.services defines {', '.join(names)}")


@rule("product", "profile")
def scaling_is_ordered(environment: Environment) -> Iterator[Problem]:
    """A maximum isn't below its minimum."""
    scalings = [("profile.tasks", environment.profile.tasks)]
    scalings += [(f"{field}.scaling", service.scaling) for field, service in _services(environment) if service.scaling]
    for field, scaling in scalings:
        if scaling.maximum < scaling.minimum:
            yield Problem(f"{field}.maximum", scaling.maximum, f"at least the minimum, {scaling.minimum}")


@rule("profile", "region")
def the_agent_exists(environment: Environment) -> Iterator[Problem]:
    """GuardDuty has its agent in the region, if the profile uses it."""
    if environment.profile.guardduty_agent and agent_repository(environment.region) is None:
        yield Problem("profile.guardduty_agent", True, f"False: AWS lists no agent for {environment.region}")


@rule("network", "profile")
def zones_suffice(environment: Environment) -> Iterator[Problem]:
    """There are as many zones as the profile uses, each once."""
    zones = environment.network.zones
    if len(set(zones)) != len(zones) or len(zones) < environment.profile.zone_count:
        yield Problem("network.zones", zones, f"at least {environment.profile.zone_count} different zones")


@rule("edge")
def edge_is_whole(environment: Environment) -> Iterator[Problem]:
    """The certificate covers the host, the zone contains it, and a zone that isn't created here has an id."""
    edge, zone = environment.edge, environment.edge.zone
    for host in edge.names:
        if not {host, "*." + host.partition(".")[2]} & set(edge.certificate_names):
            yield Problem("edge.certificate_names", edge.certificate_names, f"must include the host {host}")
    for name in dict.fromkeys((*edge.names, *edge.certificate_names)):
        if name != zone.name and not name.endswith(f".{zone.name}"):
            yield Problem("edge.certificate_names", name, f"must be in the zone {zone.name}")
    if (zone.id is None) != (zone.kind == "created"):
        yield Problem("edge.zone.id", zone.id, "required for an existing zone, not allowed for others")
    if (zone.role is None) != (zone.kind != "other_account"):
        yield Problem("edge.zone.role", zone.role, "required for a zone of another account, not allowed for others")
    if zone.reader and not zone.role:
        yield Problem("edge.zone.reader", zone.reader, "for a zone of another account only, beside its role")


@rule("database")
def storage_is_ordered(environment: Environment) -> Iterator[Problem]:
    """Storage autoscaling needs room: RDS needs a limit that is at least 10 % above the storage."""
    database = environment.database
    if database is None:
        return
    least = -(-database.storage * 11 // 10)
    if database.storage_limit < least:
        yield Problem("database.storage_limit", database.storage_limit, f"at least {least} GiB")


@rule("product", "database", "cache")
def stores_exist(environment: Environment) -> Iterator[Problem]:
    """What services, secrets and the migration use is a data store that the environment has."""
    product, stores = environment.product, environment.stores
    uses: list[tuple[str, str, object]] = [
        *((f"{field}.reaches", store, store) for field, service in _services(environment) for store in service.reaches),
        *(
            (f"product.secrets.{index}.generated", "cache", secret.generated)
            for index, secret in enumerate(product.secrets)
            if secret.generated == "cache_url"
        ),
        *([("product.migration", "database", product.migration.command)] if product.migration else []),
    ]
    for field, store, given in uses:
        if store not in stores:
            allowed = (
                f"nothing that uses a {store}: the environment has none; to have one, set {store}={store.title()}()"
            )
            yield Problem(field, given, allowed)


@rule("product", "database")
def secrets_are_whole(environment: Environment) -> Iterator[Problem]:
    """Terraform writes the database's URL and nothing else; one holds the cache's; who rotates a secret has a role."""
    secrets = environment.product.secrets
    written = [secret.name for secret in secrets if secret.written_by == "terraform"]
    if environment.database and len(written) != 1:
        yield Problem("product.secrets.written_by", written, "Terraform writes exactly one: the database's URL")
    if written and not environment.database:
        allowed = "none written by terraform: it is the database's URL, and the environment has no database"
        yield Problem("product.secrets.written_by", written, allowed)
    caches = [secret.name for secret in secrets if secret.generated == "cache_url"]
    if len(caches) > 1:
        yield Problem("product.secrets.generated", caches, "one cache_url: the cache's user has one password at a time")
    for index, secret in enumerate(secrets):
        if secret.generated and secret.written_by == "terraform":
            yield Problem(f"product.secrets.{index}.generated", secret.generated, "nothing, where Terraform writes it")
        if (secret.rotation_lambda is None) != (secret.rotation_role is None):
            allowed = "rotation_lambda and rotation_role, or neither"
            yield Problem(f"product.secrets.{index}.rotation_role", secret.rotation_role, allowed)


@rule("cache")
def cache_version_exists(environment: Environment) -> Iterator[Problem]:
    """Each engine has its own versions."""
    cache = environment.cache
    if cache is None:
        return
    if wrong := cache_problem(cache.engine, cache.version):
        yield Problem("cache.version", cache.version, wrong)


@rule("alerts")
def slack_is_whole(environment: Environment) -> Iterator[Problem]:
    """Slack needs workspace and channel."""
    alerts = environment.alerts
    if (alerts.slack_workspace is None) != (alerts.slack_channel is None):
        yield Problem("alerts.slack_channel", alerts.slack_channel, "workspace and channel, or neither")


@rule("cutover")
def cutover_has_a_way_back(environment: Environment) -> Iterator[Problem]:
    """A weight below 100 needs a previous target for the rest."""
    cutover = environment.cutover
    if cutover.previous is None and cutover.weight not in (0, 100):
        yield Problem("cutover.weight", cutover.weight, "0 or 100 where there is no previous target")


@rule("releases", "product", "stage")
def every_image_is_released(environment: Environment) -> Iterator[Problem]:
    """The release file has a digest for every repository that a service uses, and no other."""
    wanted = {service.repository for service in environment.product.services}
    where = environments.shown(environments.release_file(environment))
    for repository in sorted(wanted - set(environment.releases)):
        yield Problem("releases", repository, f"{where} must have its digest")
    for repository in sorted(set(environment.releases) - wanted):
        yield Problem("releases", repository, f"{where} may name only {', '.join(sorted(wanted))}")


@rule("registry", "product")
def unscanned_repositories_are_the_products(environment: Environment) -> Iterator[Problem]:
    """A repository whose images run unscanned is one of the product's."""
    known = sorted({service.repository for service in environment.product.services})
    for index, repository in enumerate(environment.registry.unscanned):
        if repository not in known:
            yield Problem(f"registry.unscanned.{index}", repository, f"one of {', '.join(known)}")


@rule("profile", "product", "audit", "accepts", "protected", "access", "database", "cache", "registry")
def risks_are_accepted(environment: Environment) -> Iterator[Problem]:
    """Every risk is accepted by name, and no risk is accepted that isn't taken."""
    chosen = risks.taken(environment)
    meanings = {choice.risk: choice.meaning for choice in risks.CHOICES}
    for risk in sorted(chosen - set(environment.accepted_risks)):
        yield Problem(
            "accepts",
            risk,
            f"taken but not accepted ({meanings[risk]}); add it here and to environments/risks/",
        )
    for risk in sorted(set(environment.accepted_risks) - chosen - set(risks.DATED)):
        known = ", ".join([*meanings, *risks.DATED])
        yield Problem("accepts", risk, f"accepted but not taken; remove it (known: {known})")

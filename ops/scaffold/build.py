"""Builds the values of a new product, and of a new environment of any product."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import environments
from environments.arns import partition
from environments.endpoints import APIS
from environments.guardduty import agent_repository
from environments.schema import (
    Access,
    Alerts,
    Audit,
    Budgets,
    Cache,
    Cutover,
    Database,
    Edge,
    Environment,
    HealthCheck,
    IamUser,
    Network,
    Product,
    Profile,
    Readiness,
    Registry,
    Scaling,
    ScheduledTask,
    Secret,
    Service,
    Zone,
)
from environments.schema.regions import GUARDDUTY, SECURITY_HUB, WAF, lacks, zone_letters
from environments.schema.risks import taken
from environments.schema.validation import check_fields
from environments.schema.workload import LAST
from ops.scaffold.answers import STORES, Answers, Job, Workload, ZoneChoice

STARTER = Profile(
    name="starter",
    zone_count=2,
    nat="single",
    tasks=Scaling(minimum=1, maximum=2),
    database_class="db.t4g.small",
    database_multi_az=False,
    cache_node_type="cache.t4g.small",
    cache_nodes=1,
    waf=False,
    guardduty_agent=False,
    endpoints=("ecr.api", "ecr.dkr", "logs", "secretsmanager"),
    endpoint_zones=1,
    accepts=(
        "no_guardduty_agent",
        "no_waf",
        "single_az_database",
        "single_nat_gateway",
        "single_node_cache",
        "single_task",
        "single_zone_endpoints",
    ),
)
STANDARD = Profile(
    name="standard",
    zone_count=3,
    nat="per_zone",
    tasks=Scaling(minimum=2, maximum=6),
    database_class="db.m7g.large",
    database_multi_az=True,
    cache_node_type="cache.m7g.large",
    cache_nodes=2,
    waf=True,
    guardduty_agent=True,
)
CACHE = Cache(engine="valkey", version="8.2")
"""Valkey costs a fifth less than Redis, and speaks its protocol (docs/adr/0024)."""
SECRETS = {
    "database": Secret(
        name="DATABASE_URL", description="PostgreSQL URL, with user and password", written_by="terraform"
    ),
    "cache": Secret(
        name="REDIS_URL",
        description="Redis URL, with user and password",
        generated="cache_url",
        caution="running tasks can't open new connections to the cache until they are redeployed",
    ),
}
"""The secret with the URL of each store."""
# One /16 for each stage, so that no two overlap and peering stays possible.
_RANGES = [*ipaddress.IPv4Network("10.0.0.0/8").subnets(new_prefix=16)]
_FIRST_ACCOUNT = 123456789012
NO_IMAGE = f"sha256:{0:064x}"
"""The digest of a repository that has no image yet (docs/services.md)."""
DEFAULT = Workload(name="web", port=8080, paths=("/*",), health="/")
"""The service of a product that is given none."""
_RULE_STEP = 100
"""Between two priorities of listener rules, so that others fit between them."""
EVERYTHING = ("/*",)
"""Paths of the service that takes what no other one does."""
_RISK_OF = {"nat": "single_nat_gateway", "guardduty_agent": "no_guardduty_agent", "waf": "no_waf"}
"""The risk of a profile's setting that may have to change."""


@dataclass
class Free:
    """Address ranges and account ids that no file of values has. You replace the ids."""

    environments: Sequence[Environment]
    _used: list[ipaddress.IPv4Network] = field(init=False)
    _ids: set[str] = field(init=False)

    def __post_init__(self) -> None:
        """Read the values, and the text of files that can't be loaded."""
        texts = [file.read_text(encoding="utf-8", errors="replace") for file in environments.FOLDER.glob("*.py")]
        self._used = [ipaddress.IPv4Network(each.network.cidr) for each in self.environments]
        for text in re.findall(r'"(10\.\d+\.\d+\.\d+/\d+)"', "\n".join(texts)):
            self._used += _network(text)
        self._ids = {each.account_id for each in self.environments} | set(re.findall(r"\b\d{12}\b", "\n".join(texts)))

    def cidr(self) -> str:
        """A range; no other call returns it."""
        found = next(free for free in _RANGES if not any(free.overlaps(each) for each in self._used))
        self._used.append(found)
        return str(found)

    def account_id(self) -> str:
        """An id; no other call returns it."""
        found = next(str(number) for number in count(_FIRST_ACCOUNT) if str(number) not in self._ids)
        self._ids.add(found)
        return found


def _network(text: str) -> Iterator[ipaddress.IPv4Network]:
    try:
        yield ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return


def product(answers: Answers) -> Product:
    """The product of these answers; probes are added by `with_liveness`."""
    services = answers.services or (DEFAULT,)
    stores = {*answers.stores}.union(*(each.stores or () for each in (*services, *answers.workers)))
    first = services[0].repository or f"{answers.name}/{services[0].name}"
    built, priority = [], 0
    for workload in (*services, *answers.workers):
        if workload.stores is None:
            workload = replace(workload, stores=() if is_page(workload, services) else tuple(stores))  # noqa: PLW2901
        has_rule = workload.paths not in {(), EVERYTHING}
        priority += _RULE_STEP if has_rule else 0
        default = f"{answers.name}/{workload.name}" if workload.paths else first
        built.append(_service(workload, default, priority if has_rule else None))
    return Product(
        name=answers.name,
        repository=answers.repository or f"example/{answers.name}-infrastructure",
        services=tuple(built),
        secrets=tuple(SECRETS[store] for store in STORES if store in stores),
        scheduled_tasks=tuple(_task(job, built[0].name) for job in answers.schedules),
    )


def is_page(workload: Workload, services: Sequence[Workload]) -> bool:
    """Whether a service is a product's page: it takes `/*`, and other services have paths of their own."""
    return workload.paths == EVERYTHING and any(other.paths not in {(), EVERYTHING} for other in services)


def _service(workload: Workload, repository: str, priority: int | None) -> Service:
    used = tuple(store for store in STORES if store in (workload.stores or ()))
    return Service(
        name=workload.name,
        repository=workload.repository or repository,
        cpu=workload.size.cpu,
        memory=workload.size.memory,
        port=workload.port,
        paths=workload.paths,
        priority=priority,
        health_check=HealthCheck(path=workload.health) if workload.health else None,
        readiness=Readiness(path=workload.ready, checks=used) if workload.ready else None,
        secrets=tuple(SECRETS[store].name for store in used),
        command=workload.command,
        reaches=used,
        internet=workload.internet,
    )


def _task(job: Job, service: str) -> ScheduledTask:
    return ScheduledTask(
        name=job.name,
        service=job.service or service,
        command=job.command,
        schedule=job.when,
        cpu=job.size.cpu,
        memory=job.size.memory,
    )


def with_liveness(product: Product, environment: Environment) -> Product:
    """The product; its services whose health check's path the load balancer sends to them are asked for it."""
    probed = replace(environment, product=product)
    services = tuple(
        replace(service, liveness=check.path)
        if (check := service.health_check) and service.paths and probed.service_at(check.path) is service
        else service
        for service in product.services
    )
    return replace(product, services=services)


def environment(
    product: Product,
    *,
    name: str,
    stage: str,
    profile: Profile,
    account_id: str,
    region: str,
    cidr: str,
    host: str,
    zone: Zone,
    beside: Sequence[Environment],
    email: str,
    like: Environment | None = None,
    readers: tuple[str, ...] = (),
    monthly: int = 1500,
    protected: bool = True,
) -> Environment:
    """An environment with the values that are given, and the usual ones.

    Args:
        product: What it runs.
        name: Its name.
        stage: Its stage.
        profile: Its sizes; `fitted` changes what the product, the account or the region doesn't allow.
        account_id: Its account.
        region: Its region.
        cidr: Its address range.
        host: Its public name.
        zone: The public name's zone.
        beside: The other environments; one in the same account may create what the account has once.
        email: Who is notified.
        like: An environment of the product whose stores it has.
        readers: Accounts that pull its images.
        monthly: The budget, in US dollars.
        protected: Whether stateful resources are protected.
    """
    prefix = f"{product.name}-{stage}"
    same = [other for other in beside if other.account_id == account_id and other.prefix != prefix]
    creators = [other for other in same if other.creates_account_resources]
    images = {service.repository for service in product.services}
    owners = [other for other in same if other.registry.source_account is None]
    pulled = any(images & {service.repository for service in other.product.services} for other in owners)
    own = {service.name: f"{service.name}.{host}" for service in product.services if _needs_host(service)}
    built = Environment(
        name=name,
        stage=stage,
        product=product,
        profile=profile,
        account_id=account_id,
        region=region,
        account_resources_from=creators[0].prefix if creators else None,
        cli_profile=name,
        owner=like.owner if like else "platform",
        network=Network(cidr=cidr, zones=tuple(zone_letters(region)[:3])),
        registry=Registry(source_account=account_id if pulled else None, readers=readers),
        database=_database(product, like),
        cache=_cache(product, like),
        edge=Edge(host=host, certificate_names=(host, *own.values()), zone=zone, service_hosts=own),
        access=Access(
            github_environment=name,
            administrators=(IamUser(arn=partition(region).arn("iam", "user/administrator", account_id=account_id)),),
        ),
        alerts=Alerts(email=(email,)),
        budgets=Budgets(monthly=monthly),
        audit=_audit(region, creates=not creators),
        cutover=Cutover(weight=100),
        protected=protected,
        releases=_images(product, like),
    )
    return replace(built, accepts=tuple(sorted(taken(built) - set(profile.accepts))))


def _needs_host(service: Service) -> bool:
    """Whether a service takes all requests of a host of its own: it isn't the default target."""
    return service.paths == EVERYTHING and (service.priority or LAST) < LAST


def _images(product: Product, like: Environment | None) -> dict[str, str]:
    """The images of the similar environment; zeros for those that have none yet."""
    released = like.releases if like else {}
    return {service.repository: released.get(service.repository, NO_IMAGE) for service in product.services}


def _audit(region: str, *, creates: bool) -> Audit:
    """All of the account's baseline that the region has."""
    missing = {"guardduty": GUARDDUTY, "security_hub": SECURITY_HUB}
    off: dict[str, Any] = {part: False for part, service in missing.items() if creates and lacks(region, service)}
    return Audit(**off)


def _database(product: Product, like: Environment | None) -> Database | None:
    uses = any("database" in service.reaches for service in product.services)
    if not (uses or product.migration or any(secret.written_by == "terraform" for secret in product.secrets)):
        return None
    if like and like.database:
        return like.database
    name = product.name.replace("-", "_")
    named = Database(name=name, user=name)
    return Database() if check_fields(Database, named) else named


def _cache(product: Product, like: Environment | None) -> Cache | None:
    uses = any("cache" in service.reaches for service in product.services)
    if not (uses or any(secret.generated == "cache_url" for secret in product.secrets)):
        return None
    return (like.cache if like else None) or CACHE


def fitted(profile: Profile, product: Product, region: str, agent: bool | None = None) -> Profile:
    """The profile, changed where the product, the account or the region needs another setting.

    Args:
        profile: The sizes.
        product: Without a service that reaches the internet, a NAT gateway would have no use.
        region: It may lack GuardDuty, its agent, or the firewall.
        agent: Whether the tasks must have GuardDuty's agent, or must not; None leaves it to the profile.
    """
    internet = any(service.internet for service in product.services)
    wanted = {
        "nat": "none" if not internet else "single" if profile.nat == "none" else profile.nat,
        "guardduty_agent": (profile.guardduty_agent if agent is None else agent)
        and bool(agent_repository(region))
        and not lacks(region, GUARDDUTY),
        "waf": profile.waf and not lacks(region, WAF),
        "endpoints": _endpoints(profile, product),
    }
    changed = {name: value for name, value in wanted.items() if value != getattr(profile, name)}
    if not changed:
        return profile
    cheaper = {"nat": "single", "guardduty_agent": False, "waf": False}
    risky = {name: value for name, value in changed.items() if name in _RISK_OF}
    now = {_RISK_OF[name] for name, value in risky.items() if value == cheaper[name]}
    accepts = {*profile.accepts} - {_RISK_OF[name] for name in risky} | now
    return replace(profile, **changed, accepts=tuple(sorted(accepts)))  # type: ignore[arg-type]


def _endpoints(profile: Profile, product: Product) -> tuple[str, ...] | None:
    """The profile's endpoints that tasks use, and those of APIs that tasks without internet need."""
    chosen = profile.endpoints
    if chosen is None:
        return None
    used = {api.endpoint for api in APIS if any(api.called(service) for service in product.services)}
    needed = {
        api.endpoint
        for api in APIS
        if api.required and any(api.called(service) and not service.internet for service in product.services)
    }
    kept = [name for name in chosen if name in used]
    return (*kept, *(api.endpoint for api in APIS if api.endpoint in needed - {*kept}))


def zone_of(choice: ZoneChoice, host: str) -> Zone:
    """The hosted zone of production."""
    parent = host.partition(".")[2]
    usual = host if choice.kind == "created" or "." not in parent else parent
    return Zone(name=choice.name or usual, kind=choice.kind, id=choice.id, role=choice.role)  # type: ignore[arg-type]

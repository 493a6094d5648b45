"""An environment: a product, sized by a profile, in an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import Field

from environments.schema.account import Access, Alerts, Audit, Budgets, IgnoredTags, Quotas
from environments.schema.infrastructure import Cache, Cutover, Database, Edge, Network, Observability, Registry, Waf
from environments.schema.instance_classes import database_class_problem, node_type_problem
from environments.schema.types import (
    AccountId,
    Address,
    Checked,
    Digest,
    ImportId,
    Region,
    RepositoryName,
    Slug,
    TagValue,
    matching,
    value,
)
from environments.schema.usage import Usage
from environments.schema.workload import LAST, Product, Reachable, Scaling, Service, SmokeTest

Endpoint = Literal["ecr.api", "ecr.dkr", "logs", "secretsmanager", "kms", "sts", "ssmmessages", "monitoring"]


@value
class Profile:
    """Sizing. Every choice that is cheaper and less available is a risk that the profile accepts by name."""

    name: Slug
    """Name of the profile."""
    zone_count: Literal[2, 3]
    """Availability zones."""
    nat: Literal["per_zone", "single", "none"]
    """A NAT gateway in each zone, a single one, or none; without one, no service may have `internet`."""
    tasks: Scaling
    """Tasks of a service that has no count of its own."""
    database_class: Annotated[str, Checked(database_class_problem, "an RDS instance class such as db.t4g.small")]
    """RDS instance class."""
    database_multi_az: bool
    """A standby of the database in another zone."""
    cache_node_type: Annotated[str, Checked(node_type_problem, "an ElastiCache node type such as cache.t4g.small")]
    """ElastiCache node type."""
    cache_nodes: Annotated[int, Field(ge=1, le=6)]
    """A primary and its replicas; two or more make failover automatic."""
    waf: bool
    """A web application firewall in front of the load balancer."""
    guardduty_agent: bool
    """GuardDuty's agent in every task, for runtime monitoring; running tasks get it with their next deployment."""
    endpoints: tuple[Endpoint, ...] | None = None
    """Interface endpoints of the VPC; by default those of all APIs that tasks call. Each is billed by zone and hour.

    An API without an endpoint is reached through NAT, by services with `internet` only. Without `ssmmessages` and `kms`
    there are no sessions in containers. S3's gateway endpoint and GuardDuty's are free and always exist.
    """
    endpoint_zones: Annotated[int, Field(ge=1, le=3)] | None = None
    """In how many of the zones each endpoint is; by default in all. Tasks of other zones reach it across zones."""
    accepts: tuple[str, ...] = ()
    """Ids of the risks that these choices accept; each has an entry in environments/risks/."""


_RISKS_OF_STORES = {"database": "single_az_database", "cache": "single_node_cache"}
"""Risks that a profile may accept, by the store that they belong to."""


@value
class Environment:
    """All values of one environment."""

    name: Slug
    """Its name on the command line: the first part of its stacks' names."""
    stage: Slug
    """Part of AWS names and state keys. Environments of one product and stage are the same resources in other sizes."""
    product: Product
    """The product that it runs."""
    profile: Profile
    """Its sizes."""
    account_id: AccountId
    """The AWS account."""
    region: Region
    """The AWS region."""
    account_resources_from: Slug | None = None
    """Product and stage, such as `aep-prod`, that create the once-per-account resources of the same account and region.

    None means that this environment's stage creates them.
    """
    cli_profile: Annotated[str, matching(r"[\w.-]+", "letters, digits and ._-")]
    """The AWS CLI profile that commands use."""
    owner: Annotated[TagValue, Field(min_length=2)]
    """The team that is responsible for it: the Owner tag."""
    network: Network
    registry: Registry
    database: Database | None = None
    """The database; none if the product stores nothing in one."""
    cache: Cache | None = None
    """The cache; none if the product has none."""
    edge: Edge
    access: Access
    alerts: Alerts
    budgets: Budgets
    usage: Usage = field(default_factory=Usage)
    """Assumed use, from which `ops cost` estimates what depends on it; see [Usage](#usage)."""
    audit: Audit = field(default_factory=Audit)
    observability: Observability = field(default_factory=Observability)
    waf: Waf = field(default_factory=Waf)
    quotas: Quotas = field(default_factory=Quotas)
    """The account's service quotas; see [Quotas](#quotas)."""
    cutover: Cutover = field(default_factory=Cutover)
    ignored_tags: IgnoredTags = field(default_factory=IgnoredTags)
    """Tags that others put on its resources."""
    state_history: Annotated[int, Field(ge=30, le=3650)] = 365
    """Days that previous versions of Terraform's state are kept."""
    protected: bool = True
    """Stateful resources and the load balancer can't be destroyed by accident."""
    accepts: tuple[str, ...] = ()
    """Ids of accepted risks, in addition to the profile's."""
    releases: Mapping[RepositoryName, Digest] = field(default_factory=dict)
    """Image digest of each repository; read from environments/releases/<product>-<stage>.json."""
    existing: Mapping[Address, ImportId] = field(default_factory=dict)
    """Existing resources that Terraform takes over: the id by address; see [Adopt](adopt.md).

    Read from environments/existing/<environment>.json, which `ops adopt` writes. Remove the file after the apply.
    """

    @property
    def prefix(self) -> str:
        """Product and stage, as in `aep-prod`: the prefix of most names, and the name of the release file.

        Environments of one prefix are the same resources in different sizes.
        """
        return f"{self.product.name}-{self.stage}"

    @property
    def creates_account_resources(self) -> bool:
        """Whether this product and stage create what exists once in an account and region.

        That is GitHub's identity provider, the service-linked roles, RDS's log group, the account's defaults,
        GuardDuty, Security Hub, AWS Config, IAM Access Analyzer, and the registry's scanning: AWS refuses a second one,
        or keeps the last one.
        """
        return self.account_resources_from is None

    @property
    def accepted_risks(self) -> tuple[str, ...]:
        """Ids of all risks that this environment accepts; a profile's risk of an absent store doesn't count."""
        moot = {risk for store, risk in _RISKS_OF_STORES.items() if getattr(self, store) is None}
        return tuple(sorted({*self.profile.accepts} - moot | {*self.accepts}))

    @property
    def stores(self) -> tuple[Reachable, ...]:
        """The data stores that it has."""
        present: dict[Reachable, object] = {"database": self.database, "cache": self.cache}
        return tuple(name for name, store in present.items() if store is not None)

    @property
    def zones(self) -> tuple[str, ...]:
        """Letters of the zones that the profile uses."""
        return self.network.zones[: self.profile.zone_count]

    @property
    def default_service(self) -> Service:
        """The service that gets the requests of the host that no other path takes."""
        (service,) = (
            each for each in self.product.services if "/*" in each.paths and each.name not in self.edge.service_hosts
        )
        return service

    def service_at(self, path: str, host: str = "") -> Service | None:
        """The service that the load balancer sends a path to; `host` is a service's own one. None if there is none."""
        hosts = self.edge.service_hosts
        ordered = sorted(self.product.load_balanced, key=lambda service: service.priority or LAST)
        fitting = (service for service in ordered if hosts.get(service.name, host) == host)
        return next((each for each in fitting if any(fnmatchcase(path, pattern) for pattern in each.paths)), None)

    @property
    def sample_request(self) -> SmokeTest:
        """One request to the host that succeeds while the product works: the best that the values have."""
        services = [service for service in self.product.services if service.name not in self.edge.service_hosts]
        ready = [SmokeTest(path=service.readiness.path) for service in services if service.readiness]
        live = [SmokeTest(path=service.liveness) for service in services if service.liveness]
        return (*ready, *live, *self.product.smoke_tests, SmokeTest(path="/"))[0]

    def routes(self, service: Service) -> tuple[str, ...]:
        """Path patterns that lead to a service; its own host, if it has one, is in front."""
        return tuple(f"{self.edge.service_hosts.get(service.name, '')}{path}" for path in service.paths)

    @property
    def moved_hosts(self) -> tuple[str, ...]:
        """Names whose traffic a cutover moves, the host first; without a previous target, all."""
        previous = self.cutover.previous
        return (self.edge.host, *previous.hosts) if previous else self.edge.names

    @property
    def nat_zones(self) -> tuple[str, ...]:
        """Letters of the zones that have a NAT gateway."""
        return {"per_zone": self.zones, "single": self.zones[:1], "none": ()}[self.profile.nat]

    def variables(self, service: Service) -> dict[str, str]:
        """The service's plain environment variables, filled in."""
        known = {"origin": self.edge.origin, "host": self.edge.host, "stage": self.stage, "region": self.region}
        filled = dict(service.environment)
        for placeholder, text in known.items():
            filled = {name: value.replace(f"{{{placeholder}}}", text) for name, value in filled.items()}
        return filled

    def scaling(self, service: Service) -> Scaling:
        """How many tasks the service runs here."""
        return service.scaling or self.profile.tasks

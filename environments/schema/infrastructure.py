"""What it runs on: network, registry, data stores, edge, observability and cutover."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from environments.schema.types import (
    AccountId,
    Arn,
    DailyWindow,
    HostName,
    LogRetention,
    Percent,
    VpcCidr,
    WeeklyWindow,
    matching,
    value,
)


@value
class Network:
    """The environment's VPC."""

    cidr: VpcCidr
    """IPv4 range, private, /16 to /19; no two accounts' ranges may overlap."""
    zones: tuple[Annotated[str, matching(r"[a-f]", "a zone letter from a to f")], ...] = ("a", "b", "c")
    """Letters of the availability zones in order; a profile uses the first two or three."""
    flow_log_retention: LogRetention = 365
    """Days that flow logs are kept."""


@value
class Registry:
    """The container registry."""

    keep_images: Annotated[int, Field(ge=5, le=1000)] = 30
    """Newest images of each repository that the lifecycle policy keeps."""
    untagged_days: Annotated[int, Field(ge=1, le=365)] = 14
    """Days after which images without a tag go."""
    release_prefix: Annotated[
        str, matching(r"[a-z][a-z0-9_.-]{1,30}", "up to 31 lower-case letters, digits and _.-, a letter first")
    ] = "release-"
    """What the tags begin with that promotion puts on digests before they run; such images are kept for ever."""
    source_account: AccountId | None = None
    """Account of the same-repository variant: images are pulled from its repositories and none are made here."""
    readers: tuple[AccountId, ...] = ()
    """Accounts that may pull from these repositories, for promotion."""
    refused_severity: Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"] = "HIGH"
    """Promotion to here refuses an image whose scan has findings of this severity or a higher one."""
    signing_key: (
        Annotated[
            str,
            matching(
                r"-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]+-----END PUBLIC KEY-----\n?", "a public key as PEM text"
            ),
        ]
        | None
    ) = None
    """ECDSA P-256 key that images must be signed with to be promoted to here; none asks for no signature."""


@value
class Database:
    """PostgreSQL on RDS."""

    version: Annotated[str, matching(r"1[3-9]", "a major version from 13 to 19")] = "16"
    """Major version only: RDS retires minor ones, and upgrades them by itself."""
    name: Annotated[
        str, matching(r"[a-z][a-z0-9_]{0,62}", "up to 63 lower-case letters, digits and underscores, a letter first")
    ] = "app"
    """Name of the database."""
    user: Annotated[
        str,
        matching(
            r"(?!(?:rdsadmin|admin|postgres)\Z)[a-z][a-z0-9_]{0,15}",
            "up to 16 lower-case letters, digits and _, a letter first, and none of admin, postgres, rdsadmin",
        ),
    ] = "app"
    """Master user; RDS reserves some names."""
    storage: Annotated[int, Field(ge=20, le=65536)] = 20
    """Storage to begin with, in GiB."""
    storage_limit: Annotated[int, Field(ge=20, le=65536)] = 100
    """Storage that autoscaling never exceeds, in GiB."""
    backup_days: Annotated[int, Field(ge=7, le=35)] = 14
    """Days that automated backups are kept."""
    url_scheme: Annotated[str, matching(r"postgresql(\+[a-z0-9]+)?", "postgresql, or postgresql+DRIVER")] = "postgresql"
    """Scheme of DATABASE_URL, with a driver where the application wants one."""
    url_query: Annotated[
        str,
        matching(
            r"(sslmode|ssl)=(require|verify-ca|verify-full)(&[\w.=&/-]+)?", "sslmode=require, ssl=require or stricter"
        ),
    ] = "sslmode=require"
    """Query of DATABASE_URL: TLS in the words of its driver (asyncpg wants `ssl`), and what else it needs."""
    credentials_version: Annotated[int, Field(ge=1)] = 1
    """Raised by one to give the database a new password and write it to DATABASE_URL."""
    slow_query_ms: Annotated[int, Field(ge=10, le=600_000)] = 1000
    """Milliseconds from which on a statement is logged."""
    backup_window: DailyWindow = "06:00-07:00"
    """When the daily backup is made, in UTC."""
    maintenance_window: WeeklyWindow = "sun:08:00-sun:09:00"
    """When RDS may patch and upgrade minor versions, in UTC; apart from the backup window."""


@value
class Cache:
    """Redis or Valkey on ElastiCache."""

    engine: Literal["redis", "valkey"] = "redis"
    """Which of the two."""
    version: Literal["7.1", "7.2", "8.0"] = "7.1"
    """Engine version: 7.1 for Redis, 7.2 or 8.0 for Valkey."""
    snapshot_days: Annotated[int, Field(ge=1, le=35)] = 7
    """Days that daily snapshots are kept."""
    snapshot_window: DailyWindow = "06:00-07:00"
    """When the daily snapshot is made, in UTC."""
    maintenance_window: WeeklyWindow = "sun:09:00-sun:10:00"
    """When ElastiCache may patch, in UTC."""
    eviction: Literal["noeviction", "volatile-lru", "volatile-lfu", "volatile-ttl", "allkeys-lru", "allkeys-lfu"] = (
        "volatile-lru"
    )
    """What goes when memory is full; by default only keys that expire anyway."""


@value
class Zone:
    """The public DNS zone that the certificate is validated in and the application's record will stand in."""

    name: HostName
    """The zone's domain."""
    kind: Literal["created", "existing", "other_account"]
    """Made by this environment, found in this account, or found in another account through a role."""
    id: Annotated[str, matching(r"Z[A-Z0-9]{8,31}", "a hosted zone id: Z and 8 to 31 capitals and digits")] | None = (
        None
    )
    """Hosted zone id; for a zone that is not created here."""
    role: Arn | None = None
    """Role of the other account that may write the zone's records."""


@value
class Edge:
    """Where the internet comes in."""

    host: HostName
    """The application's public name: its DNS record, and the only origin that CORS allows."""
    certificate_names: tuple[HostName, ...]
    """All names of the certificate, the first one its subject; they include the host."""
    zone: Zone
    """The public zone."""
    tls_policy: Annotated[
        str,
        matching(
            r"ELBSecurityPolicy-TLS13-1-[23]-[A-Za-z0-9-]*20\d\d-\d\d",
            "a TLS 1.3 policy of Elastic Load Balancing that takes nothing below TLS 1.2",
        ),
    ] = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    """TLS 1.2 and 1.3 only; the default is the one that AWS recommends."""
    idle_timeout: Annotated[int, Field(ge=1, le=4000)] = 60
    """Seconds that a connection may be silent; longer than the application's slowest answer."""
    hsts: Annotated[int, Field(ge=300, le=63_072_000)] = 31_536_000
    """Seconds that browsers remember to use HTTPS only."""
    content_security_policy: Annotated[str, matching(r"[ -~]{1,1024}", "1 to 1024 printable ASCII characters")] = (
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )
    """Where pages may load from, as the Content-Security-Policy header says it."""
    access_log_days: Annotated[int, Field(ge=30, le=3650)] = 365
    """Days that access logs are kept."""

    @property
    def origin(self) -> str:
        """The one origin that browsers may call from."""
        return f"https://{self.host}"


@value
class Observability:
    """Logs and the thresholds of alarms."""

    log_retention: LogRetention = 365
    """Days that the services' logs are kept."""
    error_count: Annotated[int, Field(ge=1)] = 10
    """5xx answers in five minutes, above which the alarm goes off."""
    latency: Annotated[float, Field(gt=0, le=60)] = 2.0
    """Seconds that the 95th percentile of response times may take."""
    cpu: Percent = 85
    """CPU utilization in percent: services, database."""
    memory: Percent = 85
    """Memory utilization in percent: services, cache."""
    database_connections: Annotated[int, Field(ge=1)] = 80
    """Open connections."""
    database_free_storage: Annotated[int, Field(ge=1)] = 5
    """Free storage in GiB, below which the alarm goes off."""
    cache_evictions: Annotated[int, Field(ge=0)] = 100
    """Keys that a cache node may drop in five minutes to make room."""


@value
class Waf:
    """The web application firewall's own numbers; whether there is one is the profile's choice."""

    rate_limit: Annotated[int, Field(ge=10, le=2_000_000_000)] = 2000
    """Requests to rate-limited paths in five minutes that one address may make."""
    rate_limited_path: Annotated[str, matching(r"/.*", "a path that starts with /")] = "/api/"
    """Paths that start so are rate-limited."""
    blocked_requests: Annotated[int, Field(ge=1)] = 1000
    """Blocked requests in five minutes, above which the alarm goes off."""
    counted_rules: tuple[Annotated[str, matching(r"\w{1,128}", "a rule's name, as AWS documents it")], ...] = (
        "SizeRestrictions_BODY",
    )
    """Rules of AWS's common rule set that only count: its limit of 8 KB on bodies would turn away long prompts."""
    log_retention: LogRetention = 365
    """Days that its logs are kept."""


@value
class PreviousTarget:
    """The load balancer that answered before the cutover."""

    dns_name: HostName
    """Its DNS name."""
    zone_id: Annotated[str, matching(r"Z[A-Z0-9]{8,31}", "a hosted zone id: Z and 8 to 31 capitals and digits")]
    """Its canonical hosted zone id."""


@value
class Cutover:
    """How much traffic this environment takes."""

    weight: Percent = 0
    """Share of DNS answers, in percent, that name this environment's load balancer; 0 changes nothing for users."""
    previous: PreviousTarget | None = None
    """Where the rest goes; none means that there was nothing before."""
    steps: tuple[Annotated[int, Field(ge=1, le=100)], ...] = (10, 50, 100)
    """Weights that a cutover stops at on its way up, in percent; one that has a goal of its own ends there."""
    watch: Annotated[int, Field(ge=300, le=86_400)] = 600
    """Seconds that each step is watched; the alarms look at five minutes, and CloudWatch is two minutes late."""
    errors: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Share of a step's answers that may be 5xx, in percent; more takes the traffic back."""
    requests: Annotated[int, Field(ge=0)] = 20
    """Requests that a step must have seen before it counts as good; silence proves nothing."""
    ttl: Annotated[int, Field(ge=1, le=300)] = 60
    """Seconds that resolvers may keep a plain record by the time it gives way to weighted ones."""
    resolvers: tuple[Annotated[str, matching(r"[0-9a-f.:]{3,39}", "an IP address such as 1.1.1.1")], ...] = (
        "1.1.1.1",
        "8.8.8.8",
    )
    """Public resolvers that must see that lowered TTL before the first step."""

"""Infrastructure: network, registry, data stores, edge, observability and cutover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field

from environments.schema.types import (
    AccountId,
    CertificateName,
    Checked,
    DailyWindow,
    HostName,
    IpAddress,
    LogRetention,
    PartialPercent,
    Percent,
    RoleArn,
    Slug,
    VpcCidr,
    WeeklyWindow,
    ZoneId,
    matching,
    value,
)
from environments.schema.versions import Engine, postgresql_problem

# Words that PostgreSQL reserves: https://www.postgresql.org/docs/current/sql-keywords-appendix.html
_SQL = (
    "all|analyse|analyze|and|any|array|as|asc|asymmetric|authorization|binary|both|case|cast|check|collate|collation|"
    "column|concurrently|constraint|create|cross|current_catalog|current_date|current_role|current_schema|current_time|"
    "current_timestamp|current_user|default|deferrable|desc|distinct|do|else|end|except|false|fetch|for|foreign|freeze|"
    "from|full|grant|group|having|ilike|in|initially|inner|intersect|into|is|isnull|join|lateral|leading|left|like|"
    "limit|localtime|localtimestamp|natural|not|notnull|null|offset|on|only|or|order|outer|overlaps|placing|primary|"
    "references|returning|right|select|session_user|similar|some|symmetric|system_user|table|tablesample|then|to|"
    "trailing|true|union|unique|user|using|variadic|verbose|when|where|window|with"
)
_OVERRIDES = "(?:dbname|host|hostaddr|password|port|service|ssl|sslmode|user)"
"""Options that override the rest of a URL: https://www.postgresql.org/docs/current/libpq-connect.html."""


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
    manifests_per_image: Annotated[int, Field(ge=1, le=20)] = 1
    """What each image adds to a repository: itself, its platforms' images, signatures, attestations and SBOMs.

    ECR counts each of them as an image, so the lifecycle policy keeps `keep_images` times as many. With `signing_key`,
    at least 2.
    """
    untagged_days: Annotated[int, Field(ge=1, le=365)] = 14
    """Days after which images without a tag are deleted."""
    release_prefix: Annotated[
        str,
        matching(
            r"(?!sha256-)[a-z][a-z0-9_.-]{1,30}",
            "up to 31 lower-case letters, digits and _.-, a letter first, and not sha256-, as signatures have",
        ),
    ] = "release-"
    """Prefix of the tags that promotion adds to digests before they run; such images are kept forever."""
    source_account: AccountId | None = None
    """Account whose repositories images are pulled from; none are then created here."""
    readers: tuple[AccountId, ...] = ()
    """Accounts that may pull from these repositories, for promotion."""
    refused_severity: Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"] = "HIGH"
    """Promotion to this environment refuses images whose scan has findings of this severity or higher."""
    unscanned: tuple[str, ...] = ()
    """Repositories whose images ECR can't scan, such as those built from scratch: a risk to accept.

    The risk is `unscanned_images`.
    """
    signing_key: (
        Annotated[
            str,
            matching(
                r"-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]+-----END PUBLIC KEY-----\n?", "a public key as PEM text"
            ),
        ]
        | None
    ) = None
    """ECDSA P-256 key that promoted images must be signed with; none means that no signature is needed."""

    @property
    def keep_manifests(self) -> int:
        """Newest manifests that the lifecycle policy keeps: a signed image is two at least."""
        return self.keep_images * max(self.manifests_per_image, 2 if self.signing_key else 1)


ORIGINAL = "original"
"""In a history of restores: the store that was there before the first one."""
Restored = Annotated[
    str, matching(r"[a-z][a-z0-9]{0,6}|original", "up to 7 lower-case letters and digits, a letter first, or original")
]
"""What the name of a restored store ends with, such as r1. A replication group's name has 40 characters: `names.py`."""


def stores(restored: tuple[str, ...]) -> tuple[str, ...]:
    """What the names of a store and of those before it end with: the present one first, empty for the original one."""
    return tuple(dict.fromkeys("" if each == ORIGINAL else each for each in (*reversed(restored), ORIGINAL)))


@value
class DatabaseCheck:
    """How a restored database is checked: by a task of a service, with a program in its image."""

    tables: Annotated[
        tuple[
            Annotated[
                str, matching(r"([a-z_]\w*\.)?[a-z_]\w*", "a table, or schema.table, of small letters, digits and _")
            ],
            ...,
        ],
        Field(max_length=50),
    ] = ()
    """Tables whose rows are counted. Each must exist, with the rows that the present database has."""
    missing_rows: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Share of a table's present rows, in percent, that the restored one may lack: those of the time after it."""
    level: Annotated[str, matching(r"(?i:select) [^;]{1,300}", "one SELECT without a semicolon, of one value")] = (
        "select version_num from alembic_version"
    )
    """Query of the migration level; the default is Alembic's."""
    command: tuple[str, ...] = ()
    """Command that asks; by default a program for images with Python and psycopg, psycopg2 or asyncpg.

    docs/runbooks/restore.md has what it gets and prints.
    """
    days: Annotated[int, Field(ge=1, le=365)] = 90
    """Days for which a drilled restore counts for `golive`."""


@value
class Database:
    """PostgreSQL on RDS."""

    version: Annotated[str, Checked(postgresql_problem, "a major version of PostgreSQL that RDS offers")] = "16"
    """Major version only: RDS retires minor ones, and upgrades them by itself."""
    name: Annotated[
        str,
        matching(
            rf"(?!(?:rdsadmin|template[01]|{_SQL})\Z)[a-z][a-z0-9_]{{0,62}}",
            "up to 63 lower-case letters, digits and underscores, a letter first, and no reserved word",
        ),
    ] = "app"
    """Name of the database."""
    user: Annotated[
        str,
        matching(
            rf"(?!(?:admin|postgres|public|{_SQL})\Z|rds|pg_)[a-z][a-z0-9_]{{0,15}}",
            "up to 16 lower-case letters, digits and _, a letter first, no reserved word such as admin, postgres, rds…",
        ),
    ] = "app"
    """Master user; RDS reserves some names."""
    storage: Annotated[int, Field(ge=20, le=65536)] = 20
    """Initial storage, in GiB."""
    storage_limit: Annotated[int, Field(ge=20, le=65536)] = 100
    """Maximum storage of autoscaling, in GiB."""
    backup_days: Annotated[int, Field(ge=7, le=35)] = 14
    """Days that automated backups are kept."""
    url_scheme: Annotated[str, matching(r"postgresql(\+[a-z0-9]+)?", "postgresql, or postgresql+DRIVER")] = "postgresql"
    """Scheme of DATABASE_URL, with a driver where the application needs one."""
    url_query: Annotated[
        str,
        matching(
            rf"(sslmode|ssl)=(require|verify-ca|verify-full)(&(?!{_OVERRIDES}=)[\w.]+=[\w.=/-]*)*",
            "sslmode=require, ssl=require or stricter",
        ),
    ] = "sslmode=require"
    """Query of DATABASE_URL: the driver's TLS option (asyncpg needs `ssl`) and others."""
    credentials_version: Annotated[int, Field(ge=1)] = 1
    """Increase it by one to give the database a new password and write it to DATABASE_URL."""
    slow_query_ms: Annotated[int, Field(ge=10, le=600_000)] = 1000
    """Statements that take at least so many milliseconds are logged."""
    backup_window: DailyWindow = "06:00-07:00"
    """Window of the daily backup, in UTC."""
    maintenance_window: WeeklyWindow = "sun:08:00-sun:09:00"
    """Window in which RDS may patch and upgrade minor versions, in UTC; it can't overlap the backup window."""
    restored: tuple[Restored, ...] = ()
    """The restored instances that became the database, in order: the last one is the database now, as in ("r1",).

    Append the name that `ops restore` prints; `original` returns to the first instance. Remove none: each entry is also
    a new password. docs/runbooks/restore.md.
    """
    check: DatabaseCheck = field(default_factory=DatabaseCheck)
    """How a restored database is checked; see [DatabaseCheck](#databasecheck)."""

    @property
    def password_version(self) -> int:
        """Version of the password and of DATABASE_URL: a restored instance gets new ones, both in one apply."""
        return self.credentials_version + len(self.restored)


@value
class Cache:
    """Redis or Valkey on ElastiCache."""

    engine: Engine = "redis"
    """`redis` or `valkey`."""
    version: Annotated[str, matching(r"\d+\.\d+", "a version such as 8.2")] = "7.1"
    """Engine version, major and minor: 7.1 is the last of Redis; Valkey has 7.2, 8 and 9."""
    snapshot_days: Annotated[int, Field(ge=1, le=35)] = 7
    """Days that daily snapshots are kept."""
    snapshot_window: DailyWindow = "06:00-07:00"
    """Window of the daily snapshot, in UTC."""
    maintenance_window: WeeklyWindow = "sun:09:00-sun:10:00"
    """Window in which ElastiCache may patch, in UTC."""
    eviction: Literal["noeviction", "volatile-lru", "volatile-lfu", "volatile-ttl", "allkeys-lru", "allkeys-lfu"] = (
        "volatile-lru"
    )
    """Which keys are evicted when memory is full; by default only keys with an expiry."""
    restored: tuple[Restored, ...] = ()
    """The restored replication groups that became the cache, in order; as in `database.restored`."""


READER = "-reader"
"""What the name of the role that reads a zone ends with, after that of the role that writes it."""


@value
class Zone:
    """The public DNS zone for the certificate's validation records and the application's record."""

    name: HostName
    """The zone's domain."""
    kind: Literal["created", "existing", "other_account"]
    """Created by this environment, found in this account, or found in another account through a role."""
    id: ZoneId | None = None
    """Hosted zone id; for a zone that this environment doesn't create."""
    role: RoleArn | None = None
    """Role of the other account that may write the zone's records."""
    reader: RoleArn | None = None
    """Role of the other account that may read them, for plans and checks; none means `role` with `-reader` appended."""

    @property
    def read_role(self) -> str | None:
        """The role that may read the zone of another account; none for a zone of this one."""
        return self.reader or (f"{self.role}{READER}" if self.role else None)


@value
class Edge:
    """The public entry point: load balancer, certificate and DNS zone."""

    host: HostName
    """The application's main public name: its DNS record, and the only origin that CORS allows."""
    certificate_names: Annotated[tuple[CertificateName, ...], Field(min_length=1)]
    """All names of the certificate, the first one its subject, of up to 64 characters; they cover all hosts."""
    zone: Zone
    """The public zone."""
    service_hosts: Mapping[Slug, HostName] = field(default_factory=dict)
    """Hosts of services that have one of their own, such as {"api": "api.example.com"}; all its requests go to them."""
    # A listener rule may have five condition values. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
    redirects: Annotated[tuple[HostName, ...], Field(max_length=5)] = ()
    """Names that redirect to the host, with the request's path and query, such as www.example.com."""
    redirect_priority: Annotated[int, Field(ge=1, le=50000)] = 1
    """Priority of the listener rule of `redirects`; no service may have it."""
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
    tls_policy: Annotated[
        str,
        matching(
            r"ELBSecurityPolicy-TLS13-1-(2(-Res|-Ext[12])?|3)-(2021-06|PQ-2025-09)"
            r"|ELBSecurityPolicy-TLS13-1-(2(-Res|-Ext[012])?|3)-FIPS-(2023-04|PQ-2025-09)",
            "a TLS 1.3 policy of Elastic Load Balancing that takes nothing below TLS 1.2",
        ),
    ] = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    """TLS 1.2 and 1.3 only; the default is the one that AWS recommends."""
    idle_timeout: Annotated[int, Field(ge=1, le=4000)] = 60
    """Seconds that a connection may be idle; longer than the application's slowest response."""
    hsts: Annotated[int, Field(ge=300, le=63_072_000)] = 31_536_000
    """Seconds that browsers remember to use HTTPS only."""
    content_security_policy: Annotated[str, matching(r"[ -~]{1,1024}", "1 to 1024 printable ASCII characters")] = (
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )
    """Value of the Content-Security-Policy header: where pages may load from."""
    access_log_days: Annotated[int, Field(ge=30, le=3650)] = 365
    """Days that access logs are kept."""

    @property
    def names(self) -> tuple[str, ...]:
        """All names with a public record, the host first."""
        return (self.host, *self.service_hosts.values(), *self.redirects)

    @property
    def origin(self) -> str:
        """The one origin that browsers may call from."""
        return f"https://{self.host}"

    @property
    def strict_transport(self) -> str:
        """The header by which browsers use HTTPS only; without `preload`, which only a long procedure takes back.

        https://developer.mozilla.org/docs/Web/HTTP/Headers/Strict-Transport-Security
        """
        return f"max-age={self.hsts}; includeSubDomains"


@value
class Observability:
    """Logs and the thresholds of alarms."""

    log_retention: LogRetention = 365
    """Days that the services' logs are kept."""
    error_count: Annotated[int, Field(ge=1)] = 10
    """5xx responses in five minutes; the alarm fires above this number."""
    latency: Annotated[float, Field(gt=0, le=60)] = 2.0
    """The alarm fires when the 95th percentile of response times exceeds so many seconds."""
    cpu: PartialPercent = 85
    """CPU utilization in percent: services, database."""
    memory: PartialPercent = 85
    """Memory utilization in percent: services, cache."""
    database_connections: Annotated[int, Field(ge=1)] = 80
    """Open connections to the database."""
    database_free_storage: Annotated[int, Field(ge=1)] = 5
    """Free storage in GiB; the alarm fires below it."""
    cache_evictions: Annotated[int, Field(ge=0)] = 100
    """Keys that a cache node may evict in five minutes."""


@value
class Waf:
    """Limits of the web application firewall; the profile decides whether there is one."""

    rate_limit: Annotated[int, Field(ge=10, le=2_000_000_000)] = 2000
    """Requests to rate-limited paths in five minutes that one address may make."""
    # https://docs.aws.amazon.com/waf/latest/APIReference/API_ByteMatchStatement.html
    rate_limited_path: Annotated[str, matching(r"/[!-~]*", "a path that starts with /", longest=200)] = "/api/"
    """Path prefixes that are rate-limited."""
    blocked_requests: Annotated[int, Field(ge=1)] = 1000
    """Blocked requests in five minutes; the alarm fires above this number."""
    counted_rules: tuple[Annotated[str, matching(r"\w{1,128}", "a rule's name, as AWS documents it")], ...] = (
        "SizeRestrictions_BODY",
    )
    """Rules of AWS's common rule set that only count: its limit of 8 KB on bodies would block long prompts."""
    log_retention: LogRetention = 365
    """Days that its logs are kept."""


@value
class PreviousTarget:
    """The load balancer that served users before the cutover."""

    dns_name: HostName
    """Its DNS name."""
    zone_id: ZoneId
    """Its canonical hosted zone id."""
    hosts: tuple[HostName, ...] = ()
    """Names that it serves besides `edge.host`: the cutover moves their traffic too. Other names lead here at once."""
    dual_stack: bool = False
    """Whether it also serves IPv6: the name then has AAAA records, which use the same weights."""

    @property
    def record_types(self) -> tuple[str, ...]:
        """Types of the records that name it."""
        return ("A", "AAAA") if self.dual_stack else ("A",)


@value
class Cutover:
    """How much traffic this environment gets."""

    weight: Percent = 0
    """Share of DNS responses, in percent, that return this environment's load balancer; 0 changes nothing for users."""
    previous: PreviousTarget | None = None
    """Target of the rest; none means that there is no previous target."""
    steps: tuple[Annotated[int, Field(ge=1, le=100)], ...] = (10, 50, 100)
    """Weights of a cutover's steps, in percent; `cutover run --to` ends at its own weight."""
    watch: Annotated[int, Field(ge=300, le=86_400)] = 600
    """Seconds that each step is watched; alarms evaluate five minutes, and CloudWatch is two minutes late."""
    errors: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Share of a step's responses that may be 5xx, in percent; above it, traffic rolls back."""
    requests: Annotated[int, Field(ge=0)] = 20
    """Minimum of requests in a step before it passes."""
    interrupted: Literal["back", "stay"] = "back"
    """What happens to a step that hasn't passed when Ctrl-C, SIGTERM or a closed terminal interrupts the command."""
    rollback_test_days: Annotated[int, Field(ge=1, le=90)] = 30
    """Days for which a tested rollback of DNS counts for `golive`; CloudTrail's event history has 90 days."""
    ttl: Annotated[int, Field(ge=1, le=300)] = 60
    """Limit of seconds for which resolvers may still cache a plain record of the name when a cutover begins."""
    resolvers: tuple[IpAddress, ...] = (
        "1.1.1.1",
        "8.8.8.8",
    )
    """Public resolvers; their caches must no longer have a plain record when a cutover begins."""

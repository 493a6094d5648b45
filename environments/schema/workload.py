"""What runs: services, scheduled tasks, migrations and the secrets that they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from environments.schema.types import (
    ContainerPath,
    GithubRepository,
    LambdaArn,
    MetricName,
    Namespace,
    PathPattern,
    Percent,
    Port,
    RepositoryName,
    RoleArn,
    Schedule,
    SecretName,
    Slug,
    UrlPath,
    VariableName,
    matching,
    value,
)

Reachable = Literal["database", "cache"]
# https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-ecs
TrafficShift = Literal[
    "CodeDeployDefault.ECSAllAtOnce",
    "CodeDeployDefault.ECSCanary10Percent5Minutes",
    "CodeDeployDefault.ECSCanary10Percent15Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
]


@value
class Scaling:
    """How many tasks a service runs."""

    minimum: Annotated[int, Field(ge=1, le=100)]
    """Tasks that always run; the desired count of the first deployment."""
    maximum: Annotated[int, Field(ge=1, le=100)]
    """Tasks that autoscaling never exceeds."""
    cpu_target: Annotated[int, Field(ge=10, le=90)] = 60
    """Average CPU utilization that autoscaling holds, in percent."""
    memory_target: Annotated[int, Field(ge=10, le=90)] = 75
    """Average memory utilization that autoscaling holds, in percent."""
    out_cooldown: Annotated[int, Field(ge=0, le=3600)] = 60
    """Seconds between two steps up."""
    in_cooldown: Annotated[int, Field(ge=0, le=3600)] = 300
    """Seconds between two steps down."""


@value
class HealthCheck:
    """What the load balancer asks a task."""

    path: UrlPath
    """Path that answers while the task can take requests."""
    codes: Annotated[
        str, matching(r"[2-4]\d\d(-[2-4]\d\d)?(,[2-4]\d\d(-[2-4]\d\d)?)*", "HTTP status codes such as 200 or 200-299")
    ] = "200"
    """HTTP status codes that count as healthy, such as 200 or 200-299."""
    interval: Annotated[int, Field(ge=5, le=300)] = 15
    """Seconds between two checks of one target."""
    timeout: Annotated[int, Field(ge=2, le=120)] = 4
    """Seconds that an answer may take; less than the interval."""
    healthy: Annotated[int, Field(ge=2, le=10)] = 2
    """Passed checks in a row that make a target healthy."""
    unhealthy: Annotated[int, Field(ge=2, le=10)] = 3
    """Failed checks in a row that make a target unhealthy."""
    grace: Annotated[int, Field(ge=0, le=7200)] = 60
    """Seconds after a task's start in which failing checks don't stop it."""


@value
class Service:
    """One long-running ECS service. Without `paths` it is a worker: no load balancer in front of it."""

    name: Slug
    """Short name, unique in the product: part of the names of everything that belongs to the service."""
    repository: RepositoryName
    """ECR repository of its image, without the registry's host."""
    cpu: int
    """CPU units (1024 is one vCPU), of a pair that Fargate offers."""
    memory: int
    """Memory in MiB, of a pair that Fargate offers."""
    port: Port | None = None
    """Port that the container listens on; needed where there are paths."""
    paths: tuple[PathPattern, ...] = ()
    """Path patterns that the load balancer sends here; `/*` makes it the default target."""
    priority: Annotated[int, Field(ge=1, le=50000)] | None = None
    """Priority of its listener rule, lowest first; none for the default target and for workers."""
    health_check: HealthCheck | None = None
    """Needed where there are paths."""
    secrets: tuple[SecretName, ...] = ()
    """Secrets that the container gets as environment variables of the same names."""
    environment: Mapping[VariableName, str] = field(default_factory=dict)
    """Plain environment variables; `{origin}`, `{host}`, `{stage}` and `{region}` are filled in."""
    command: tuple[str, ...] = ()
    """Replaces the image's command, where given."""
    reaches: tuple[Reachable, ...] = ()
    """Data stores that its tasks may connect to."""
    internet: bool = False
    """Its tasks may open HTTPS connections to the internet, through NAT."""
    scaling: Scaling | None = None
    """Replaces the profile's, where given."""
    user: Annotated[
        str, matching(r"[1-9]\d*:[1-9]\d*", "a numeric user and group such as 10001:10001, neither of them 0 (root)")
    ] = "10001:10001"
    """Numeric user and group of the process; never 0, which is root."""
    writable: tuple[ContainerPath, ...] = ("/tmp",)  # noqa: S108  (a path in the container)
    """Directories that are writable volumes; the rest of the file system is read-only."""
    architecture: Literal["X86_64", "ARM64"] = "X86_64"
    """CPU architecture that the image is built for."""
    deployment: Literal["rolling", "blue_green"] = "rolling"
    """ECS's own rolling deployment, or CodeDeploy's blue/green (load-balanced services only)."""
    traffic_shift: TrafficShift = "CodeDeployDefault.ECSCanary10Percent5Minutes"
    """How CodeDeploy moves requests to the green tasks; blue/green only."""
    keep_blue: Annotated[int, Field(ge=0, le=2880)] = 15
    """Minutes that the blue tasks stay after the move, for an instant way back; blue/green only."""
    drain: Annotated[int, Field(ge=0, le=3600)] = 30
    """Seconds that requests under way get before their task is stopped; services with paths only."""
    stop_timeout: Annotated[int, Field(ge=2, le=120)] = 30
    """Seconds between SIGTERM and SIGKILL when a task is stopped."""
    metrics_namespace: Namespace | None = None
    """CloudWatch namespace that its tasks may publish metrics to."""


@value
class ScheduledTask:
    """A command that runs on a schedule with the image, role, secrets and network of a service."""

    name: Slug
    """Short name, unique among services and scheduled tasks."""
    service: Slug
    """The service whose image, role, secrets and security group it uses."""
    command: tuple[str, ...]
    """What the container runs."""
    schedule: Schedule
    """When, as an EventBridge Scheduler expression, in UTC."""
    retries: Annotated[int, Field(ge=0, le=185)] = 3
    """How often a start that ECS refused is tried again."""
    latest: Annotated[int, Field(ge=60, le=86400)] = 3600
    """Seconds after its time in which it may still start; then the run is dropped and an alarm says so."""
    cpu: int = 256
    """CPU units, of a pair that Fargate offers."""
    memory: int = 512
    """Memory in MiB, of a pair that Fargate offers."""


@value
class Migration:
    """The one-off task that brings the database's schema up to date."""

    name: ClassVar[str] = "migration"
    """What it is called among services and scheduled tasks: part of its task definition's family and log streams."""
    service: Slug
    """The service whose image, role, secrets and security group it uses."""
    command: tuple[str, ...]
    """What the container runs."""
    cpu: int = 512
    """CPU units, of a pair that Fargate offers."""
    memory: int = 1024
    """Memory in MiB, of a pair that Fargate offers."""
    snapshot: bool = True
    """A snapshot of the database is made first: a migration can't be undone by deploying the earlier version."""


@value
class Secret:
    """One secret's container in Secrets Manager; its value is never in this repository or in Terraform's state."""

    name: SecretName
    """Name below `<product>/<stage>/`, and the environment variable that containers get."""
    description: Annotated[str, Field(min_length=5, max_length=2048)]
    """What it is for."""
    written_by: Literal["operator", "terraform"] = "operator"
    """Who sets the value: a person by command, or Terraform through a write-only argument."""
    generated: Literal["key", "cache_url"] | None = None
    """How a command makes its value: 256 random bits as URL-safe base64, or the cache's URL with a new password of the
    cache's user; none where somebody else gives it out, as with API keys."""
    caution: str = ""
    """What a new value breaks; commands say it before they ask."""
    rotation_lambda: LambdaArn | None = None
    """ARN of the function that rotates it by itself; none means by command."""
    rotation_days: Annotated[int, Field(ge=1, le=1000)] = 90
    """Days between two rotations by the function."""
    rotation_role: RoleArn | None = None
    """The role that the function runs with: it may read and write the value. Given with `rotation_lambda`."""


@value
class RejectionMetric:
    """The application's own metric of requests that budget enforcement turned away."""

    namespace: Namespace
    """CloudWatch namespace."""
    rejected: MetricName
    """Name of the metric that counts rejected requests."""
    total: MetricName
    """Name of the metric that counts all requests."""
    threshold: Percent = 5
    """Share of rejected requests, in percent, above which the alarm goes off."""


@value
class SmokeTest:
    """A request that shows whether the application works: what it should answer before users are sent there."""

    path: Annotated[str, matching(r"/[!-~]*", "a path that starts with /, with a query where needed")]
    """Path and query of a GET request."""
    status: Annotated[int, Field(ge=200, le=499)] = 200
    """HTTP status code of the answer; 401 shows that a path asks for sign-in."""
    contains: str = ""
    """Text that the answer's body has."""


@value
class Product:
    """What is rolled out: the same in every environment."""

    name: Slug
    """Short name: the first part of every AWS name."""
    repository: GithubRepository
    """The GitHub repository of this infrastructure, owner/name: tag, and subject of GitHub's OIDC tokens."""
    services: tuple[Service, ...]
    """All services."""
    secrets: tuple[Secret, ...]
    """All secrets."""
    scheduled_tasks: tuple[ScheduledTask, ...] = ()
    """Commands on a schedule."""
    migration: Migration | None = None
    """The database migration."""
    rejections: RejectionMetric | None = None
    """The budget-enforcement metric, where the application publishes one."""
    smoke_tests: tuple[SmokeTest, ...] = ()
    """Requests that `verify` and `golive` make, beside those to `/health/live` and `/health/ready`."""

    def service(self, name: str) -> Service:
        """The service of that name.

        Raises:
            KeyError: There is none.
        """
        return {service.name: service for service in self.services}[name]

    @property
    def database_secret(self) -> str:
        """Name of the secret that Terraform writes the database's URL to."""
        (name,) = (secret.name for secret in self.secrets if secret.written_by == "terraform")
        return name

    @property
    def load_balanced(self) -> tuple[Service, ...]:
        """The services behind the load balancer."""
        return tuple(service for service in self.services if service.paths)

"""The workload: services, scheduled tasks, migrations and the secrets that they read."""

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
    PartialPercent,
    PathPattern,
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

LAST = 50_001
"""After the largest priority of a listener rule: the default target has none."""
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
    """Minimum of tasks, and the desired count of the first deployment."""
    maximum: Annotated[int, Field(ge=1, le=100)]
    """Maximum of tasks."""
    cpu_target: Annotated[int, Field(ge=10, le=90)] = 60
    """Average CPU utilization that autoscaling targets, in percent."""
    memory_target: Annotated[int, Field(ge=10, le=90)] = 75
    """Average memory utilization that autoscaling targets, in percent."""
    out_cooldown: Annotated[int, Field(ge=0, le=3600)] = 60
    """Cooldown after a scale-out, in seconds."""
    in_cooldown: Annotated[int, Field(ge=0, le=3600)] = 300
    """Cooldown after a scale-in, in seconds."""


@value
class HealthCheck:
    """The load balancer's health check of a task."""

    path: UrlPath
    """Path that returns 200 while the task can take requests."""
    codes: Annotated[
        str, matching(r"[2-4]\d\d(-[2-4]\d\d)?(,[2-4]\d\d(-[2-4]\d\d)?)*", "HTTP status codes such as 200 or 200-299")
    ] = "200"
    """HTTP status codes that count as healthy, such as 200 or 200-299."""
    interval: Annotated[int, Field(ge=5, le=300)] = 15
    """Seconds between two checks of one target."""
    timeout: Annotated[int, Field(ge=2, le=120)] = 4
    """Seconds that a response may take; less than the interval."""
    healthy_threshold: Annotated[int, Field(ge=2, le=10)] = 2
    """Passed checks in a row that make a target healthy."""
    unhealthy_threshold: Annotated[int, Field(ge=2, le=10)] = 3
    """Failed checks in a row that make a target unhealthy."""
    health_check_grace_period: Annotated[int, Field(ge=0, le=7200)] = 60
    """Seconds after a task's start in which failing checks don't stop it."""


@value
class Readiness:
    """A request that shows whether a service can do its work."""

    path: UrlPath
    """Path that returns 200 while the service can do its work; the load balancer sends it to the service."""
    checks: tuple[Reachable, ...] = ()
    """Data stores that the response shows to work; none if it doesn't depend on one."""


@value
class Service:
    """One long-running ECS service. Without `paths` it is a worker: no load balancer in front of it."""

    name: Slug
    """Short name, unique in the product: part of the names of the service's resources."""
    repository: RepositoryName
    """ECR repository of its image, without the registry's host."""
    cpu: int
    """CPU units (1024 is one vCPU), of a pair that Fargate offers."""
    memory: int
    """Memory in MiB, of a pair that Fargate offers."""
    port: Port | None = None
    """Port that the container listens on; required with `paths`."""
    paths: tuple[PathPattern, ...] = ()
    """Path patterns that the load balancer sends here; `/*` makes it the default target."""
    priority: Annotated[int, Field(ge=1, le=50000)] | None = None
    """Priority of its listener rule, lowest first; none for the default target and for workers."""
    health_check: HealthCheck | None = None
    """Health check; required with `paths`."""
    liveness: UrlPath | None = None
    """Path that returns 200 while the process runs; `verify` and `golive` request it through the load balancer."""
    readiness: Readiness | None = None
    """What `verify` and `golive` request to see whether the service can do its work; none: they don't ask."""
    secrets: tuple[SecretName, ...] = ()
    """Secrets that the container gets as environment variables of the same names."""
    environment: Mapping[VariableName, str] = field(default_factory=dict)
    """Plain environment variables; `{origin}`, `{host}`, `{stage}` and `{region}` are filled in."""
    command: tuple[str, ...] = ()
    """Replaces the image's command."""
    reaches: tuple[Reachable, ...] = ()
    """Data stores that its tasks may connect to."""
    internet: bool = False
    """Its tasks may open HTTPS connections to the internet, through NAT."""
    scaling: Scaling | None = None
    """Replaces the profile's sizing."""
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
    termination_wait: Annotated[int, Field(ge=0, le=2880)] = 15
    """Minutes that the blue tasks keep running after the traffic shift, for a fast rollback; blue/green only."""
    deregistration_delay: Annotated[int, Field(ge=0, le=3600)] = 30
    """Seconds that open requests get before their task is stopped; services with paths only."""
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
    """How often a start that ECS refused is retried."""
    maximum_event_age: Annotated[int, Field(ge=60, le=86400)] = 3600
    """Seconds after the scheduled time in which it may still start; then the run is dropped and an alarm fires."""
    cpu: int = 256
    """CPU units, of a pair that Fargate offers."""
    memory: int = 512
    """Memory in MiB, of a pair that Fargate offers."""


@value
class Migration:
    """The one-off task that migrates the database's schema."""

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
    """A snapshot of the database is created first: deploying the previous version doesn't undo a migration."""


@value
class Secret:
    """One secret in Secrets Manager; its value is never in this repository or in Terraform's state."""

    name: SecretName
    """Name below `<product>/<stage>/`, and the environment variable that containers get."""
    description: Annotated[str, Field(min_length=5, max_length=2048)]
    """What it is for."""
    written_by: Literal["operator", "terraform"] = "operator"
    """Who sets the value: a person by command, or Terraform through a write-only argument."""
    generated: Literal["key", "cache_url"] | None = None
    """How a command generates its value: 256 random bits as URL-safe base64, or the cache's URL with a new
    password of the cache's user; none where a third party issues it, as with API keys."""
    caution: str = ""
    """What a new value breaks; commands print it before they ask for confirmation."""
    rotation_lambda: LambdaArn | None = None
    """ARN of the function that rotates it automatically; none means by command."""
    rotation_days: Annotated[int, Field(ge=1, le=1000)] = 90
    """Days between two rotations by the function."""
    rotation_role: RoleArn | None = None
    """The role that the function runs with: it may read and write the value. Required with `rotation_lambda`."""


@value
class RejectionMetric:
    """The application's own metric of requests that its budget enforcement rejected."""

    namespace: Namespace
    """CloudWatch namespace."""
    rejected: MetricName
    """Name of the metric that counts rejected requests."""
    total: MetricName
    """Name of the metric that counts all requests."""
    threshold: PartialPercent = 5
    """Share of rejected requests, in percent; the alarm fires above it."""


@value
class SmokeTest:
    """A request that shows whether the application works: what it should return before users are sent there."""

    path: Annotated[str, matching(r"/[!-~]*", "a path that starts with /, with a query where needed")]
    """Path and query of a GET request."""
    status: Annotated[int, Field(ge=200, le=499)] = 200
    """HTTP status code of the response; 401 shows that a path asks for sign-in."""
    contains: str = ""
    """Text that the response's body contains."""


Workload = Service | ScheduledTask | Migration
"""What runs as a task."""


@value
class Product:
    """The product: the same in every environment."""

    name: Slug
    """Short name: the first part of every AWS name."""
    repository: GithubRepository
    """The GitHub repository of this infrastructure, owner/name: tag, and subject of GitHub's OIDC tokens."""
    services: tuple[Service, ...]
    """All services."""
    secrets: tuple[Secret, ...] = ()
    """All secrets."""
    scheduled_tasks: tuple[ScheduledTask, ...] = ()
    """Commands on a schedule."""
    migration: Migration | None = None
    """The database migration, where there is a database."""
    rejections: RejectionMetric | None = None
    """The budget-enforcement metric, where the application publishes one."""
    smoke_tests: tuple[SmokeTest, ...] = ()
    """Requests that `verify` and `golive` make, in addition to those for `liveness` and `readiness` of services."""

    def service(self, name: str) -> Service:
        """The service of that name.

        Raises:
            KeyError: There is none.
        """
        return {service.name: service for service in self.services}[name]

    @property
    def database_secret(self) -> str:
        """Name of the secret that Terraform writes the database's URL to, where there is a database."""
        (name,) = (secret.name for secret in self.secrets if secret.written_by == "terraform")
        return name

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """Everything that runs as a task."""
        return (*self.services, *self.scheduled_tasks, *([self.migration] if self.migration else []))

    @property
    def load_balanced(self) -> tuple[Service, ...]:
        """The services behind the load balancer."""
        return tuple(service for service in self.services if service.paths)

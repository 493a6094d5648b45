"""Every AWS name and state key, with AWS's limits, in one place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from environments.arns import Partition, partition
from environments.attributes import Place
from environments.schema import Environment, ScheduledTask, Service
from environments.schema.infrastructure import stores


class Kind(NamedTuple):
    """AWS's rules for the names of one kind of resource."""

    label: str
    longest: int
    pattern: str
    source: str


_API = "https://docs.aws.amazon.com/"
BUCKET = Kind(
    "S3 bucket",
    63,
    r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]+[a-z0-9]",
    _API + "AmazonS3/latest/userguide/bucketnamingrules.html",
)
CACHE = Kind(
    "ElastiCache replication group",
    40,
    r"[a-z][a-z0-9]*(-[a-z0-9]+)*",
    _API + "AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html",
)
CLUSTER = Kind("ECS cluster", 255, r"[\w-]+", _API + "AmazonECS/latest/APIReference/API_CreateCluster.html")
DATABASE = Kind(
    "RDS instance", 63, r"[a-z][a-z0-9]*(-[a-z0-9]+)*", _API + "AmazonRDS/latest/APIReference/API_CreateDBInstance.html"
)
LOAD_BALANCER = Kind(
    "load balancer",
    32,
    r"(?!internal-)[A-Za-z0-9]+(-[A-Za-z0-9]+)*",
    _API + "elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html",
)
ROLE = Kind("IAM role", 64, r"[\w+=,.@-]+", _API + "IAM/latest/APIReference/API_CreateRole.html")
SCHEDULE = Kind("EventBridge schedule", 64, r"[\w.-]+", _API + "scheduler/latest/APIReference/API_CreateSchedule.html")
SECRET = Kind("secret", 512, r"[\w/+=.@-]+", _API + "secretsmanager/latest/apireference/API_CreateSecret.html")
SERVICE = Kind("ECS service", 255, r"[\w-]+", _API + "AmazonECS/latest/APIReference/API_CreateService.html")
TARGET_GROUP = Kind(
    "target group",
    32,
    r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*",
    _API + "elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html",
)

ZONE_ROLE = "zone_role"
"""The variable of stacks that write records in a zone of another account: the role that their provider assumes."""
DATABASE_METRICS = "RDSOSMetrics"
"""The log group that RDS writes the operating systems' metrics of all of an account's databases to.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.CloudWatchLogs.html
"""

PLAN_DAYS = 7
"""Days that a stored plan may wait for approval, and after which S3 removes it from the state bucket."""


def state_bucket(product: str, stage: str, account_id: str) -> str:
    """Name of the S3 bucket that holds a stage's Terraform state."""
    return f"{product}-{stage}-tfstate-{account_id}"


@dataclass(frozen=True)
class Names:
    """The names of one environment. Environments of the same product and stage have the same ones."""

    environment: Environment

    @property
    def prefix(self) -> str:
        """Product and stage, as in `aep-prod`: the prefix of most names."""
        return self.environment.prefix

    @property
    def path(self) -> str:
        """Product and stage as a path, as in `aep/prod`: names of secrets, log groups and parameters."""
        return f"{self.environment.product.name}/{self.environment.stage}"

    def stack(self, phase: str) -> str:
        """Id of a phase's stack."""
        return f"{self.environment.name}-{phase}"

    def state_key(self, phase: str) -> str:
        """Key of a phase's Terraform state."""
        return f"{self.environment.stage}/{phase}.tfstate"

    def tags(self, phase: str) -> dict[str, str]:
        """Default tags of a phase. `Environment` is the stage: prod-starter and prod have the same tags."""
        product = self.environment.product
        return {
            "Project": product.name,
            "Environment": self.environment.stage,
            "Phase": phase,
            "Owner": self.environment.owner,
            "Repository": product.repository,
        }

    def applied_key(self, phase: str) -> str:
        """Key of the record, beside the state, of who applied a phase when and from which commit."""
        return f"{self.environment.stage}/{phase}.applied.json"

    def plan_key(self, phase: str, sha256: str) -> str:
        """Key of a stored plan of a phase. It begins as the phase's state, so its role needs no other permission."""
        return f"{self.plan_prefix(phase)}{sha256}.zip"

    def plan_prefix(self, phase: str) -> str:
        """First part of the keys of a phase's stored plans, in the state bucket."""
        return f"{self.environment.stage}/{phase}.plans/"

    @property
    def journal_prefix(self) -> str:
        """First part of the keys of the journal's entries, in the state bucket.

        It begins as the other objects of the phase `cutover`, so its roles need no other permission.
        """
        return f"{self.environment.stage}/cutover.journal/"

    @property
    def state_bucket(self) -> str:
        """Bucket of the Terraform state."""
        return state_bucket(self.environment.product.name, self.environment.stage, self.environment.account_id)

    def bucket(self, purpose: str) -> str:
        """An S3 bucket; the account id makes it globally unique."""
        return f"{self.prefix}-{purpose}-{self.environment.account_id}"

    def alias(self, purpose: str) -> str:
        """Alias of a KMS key."""
        return f"alias/{self.prefix}-{purpose}"

    def alias_arn(self, purpose: str) -> str:
        """ARN of a KMS key's alias."""
        return self.arn("kms", self.alias(purpose))

    @property
    def partition(self) -> Partition:
        """AWS's partition that the region belongs to: the start of every ARN."""
        return partition(self.environment.region)

    @property
    def place(self) -> Place:
        """The account and region."""
        return Place(self.partition, self.environment.region, self.environment.account_id)

    @property
    def account_arn(self) -> str:
        """ARN that means the whole account in a policy."""
        return self.partition.root(self.environment.account_id)

    @property
    def database(self) -> str:
        """Identifier of the RDS instance that is the database: `aep-prod`, or a restored one, as in `aep-prod-r1`."""
        return self.databases[0]

    @property
    def cache(self) -> str:
        """Id of the replication group that is the cache, as of the database."""
        return self.caches[0]

    @property
    def databases(self) -> tuple[str, ...]:
        """Identifiers of the database and of the instances that were it before."""
        database = self.environment.database
        return tuple(map(self.store, stores(database.restored if database else ())))

    @property
    def caches(self) -> tuple[str, ...]:
        """Ids of the cache and of the replication groups that were it before."""
        cache = self.environment.cache
        return tuple(map(self.store, stores(cache.restored if cache else ())))

    def store(self, restored: str) -> str:
        """Name of a data store, by what it ends with; empty for the original one."""
        return "-".join(filter(None, (self.prefix, restored)))

    def store_id(self, id_: str, name: str) -> str:
        """Id of a data store in its stack: `database` or, of a restored one, as in `database_r1`."""
        return "_".join(filter(None, (id_, name.removeprefix(self.prefix).removeprefix("-"))))

    def arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        """ARN of a resource of this account; `region=""` for services that have none in their ARNs."""
        where = self.environment.region if region is None else region
        return self.partition.arn(service, resource, region=where, account_id=self.environment.account_id)

    def host(self, service: str) -> str:
        """A service's host in this region, as in the condition key `kms:ViaService`."""
        return self.partition.host(service, self.environment.region)

    def endpoint_service(self, service: str) -> str:
        """Name of a service's VPC endpoint in this region."""
        return self.partition.endpoint_service(service, self.environment.region)

    def resource(self, purpose: str) -> str:
        """A resource whose name may be long: topics, alarms, rules, policies, dashboards."""
        return f"{self.prefix}-{purpose}"

    @property
    def weighted_records(self) -> tuple[str, str]:
        """Set identifiers of the public name's records: of this load balancer, and of the previous target."""
        return self.resource("current"), self.resource("previous")

    def role(self, purpose: str) -> str:
        """An IAM role."""
        return f"{self.prefix}-{purpose}"

    def role_arn(self, purpose: str) -> str:
        """ARN of an IAM role of this environment."""
        return self.arn("iam", f"role/{self.role(purpose)}", region="")

    def service(self, name: str) -> str:
        """An ECS service or task definition family, as in `aep-backend-prod`."""
        return f"{self.environment.product.name}-{name}-{self.environment.stage}"

    def target_group(self, service: str, colour: str = "") -> str:
        """A load balancer's target group; blue/green services have a second one."""
        return "-".join(filter(None, (self.prefix, service, colour)))

    def log_group(self, owner: str) -> str:
        """The log group of a service or of anything else that logs."""
        return f"/{self.path}/{owner}"

    def log_group_arn(self, owner: str) -> str:
        """ARN of a log group."""
        return self.arn("logs", f"log-group:{self.log_group(owner)}")

    @property
    def insights_log_group(self) -> str:
        """The log group that Container Insights writes the cluster's metrics to.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-reference-performance-logs-ECS.html
        """
        return f"/aws/ecs/containerinsights/{self.prefix}/performance"

    @property
    def chat_log_group(self) -> str:
        """The log group that AWS Chatbot writes its errors to.

        https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_chatbot-readme.html#log-group
        """
        return f"/aws/chatbot/{self.resource('alerts')}"

    @property
    def waf_log_group(self) -> str:
        """The web ACL's log group; WAF accepts no other prefix.

        https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
        """
        return f"aws-waf-logs-{self.prefix}"

    def secret(self, name: str) -> str:
        """A secret, as in `aep/prod/DATABASE_URL`."""
        return f"{self.path}/{name}"

    def every(self) -> Iterator[tuple[str, Kind, str]]:
        """All names that AWS limits tightly, each with the field that it comes from."""
        product = self.environment.product
        yield "product.name, stage", LOAD_BALANCER, self.prefix
        yield "product.name, stage", CLUSTER, self.prefix
        if self.environment.database:
            yield "product.name, stage", DATABASE, self.database
        if self.environment.cache:
            yield "product.name, stage", CACHE, self.cache
        yield "product.name, stage", BUCKET, self.state_bucket
        yield "product.name, stage", BUCKET, self.bucket("access-logs")
        for index, service in enumerate(product.services):
            yield from self._of_workload(f"product.services.{index}.name", service)
        for index, task in enumerate(product.scheduled_tasks):
            yield from self._of_workload(f"product.scheduled_tasks.{index}.name", task)
            yield f"product.scheduled_tasks.{index}.name", SCHEDULE, self.resource(task.name)
        for index, secret in enumerate(product.secrets):
            yield f"product.secrets.{index}.name", SECRET, self.secret(secret.name)

    def _of_workload(self, field: str, workload: Service | ScheduledTask) -> Iterator[tuple[str, Kind, str]]:
        yield field, SERVICE, self.service(workload.name)
        yield field, ROLE, self.role(f"{workload.name}-execution")
        if isinstance(workload, Service) and workload.paths:
            yield field, TARGET_GROUP, self.target_group(workload.name, "green")


def breach(kind: Kind, name: str) -> str | None:
    """Why AWS refuses a name; none if it is valid."""
    if len(name) > kind.longest:
        return (
            f"makes the {kind.label} name {name!r}, {len(name)} characters; AWS allows {kind.longest} ({kind.source})"
        )
    if not re.fullmatch(kind.pattern, name, re.ASCII):
        return f"results in the {kind.label} name {name!r}, which AWS doesn't allow ({kind.source})"
    return None

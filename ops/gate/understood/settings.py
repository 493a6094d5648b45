"""The environment's values that a line of a table names, as in `value database.backup_days`.

A path starts at the environment, or at what the block is about: the service of a target group, the budget of a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from environments.names import PLAN_DAYS, Names
from environments.schema import Environment, Service
from modules.ids import slug
from modules.phases import DEPLOYED
from ops.gate.index import NAMED_BY, Index
from ops.gate.model import ScannedBlock
from ops.gate.templates import references

_ABOUT = {
    "aws_appautoscaling_policy": "resource_id",
    "aws_appautoscaling_target": "resource_id",
    "aws_codedeploy_deployment_group": "app_name",
    "aws_lb_listener_rule": "action",
    "aws_s3_bucket_lifecycle_configuration": "bucket",
}
"""The attribute that leads from a block to the one that has the name of what both are about."""
_LOG_VERSIONS = 90
"""Days that a log's replaced or deleted versions are kept."""
Roots = Mapping[str, object]


@dataclass(frozen=True)
class Kept:
    """How long something keeps its data."""

    days: int | None
    """None means forever."""
    noncurrent_days: int = _LOG_VERSIONS
    """Days that replaced and deleted versions are kept."""
    expiring: Mapping[str, int] = field(default_factory=dict)
    """Days that objects are kept whose keys begin so; their versions go a day later."""
    disposable: tuple[bool, ...] = (False,)
    """What `force_destroy` may be: a bucket of logs may be emptied where nothing is protected."""

    @property
    def rules(self) -> tuple[Mapping[str, Any], ...]:
        """The rules of a bucket's lifecycle. They are compared as a whole: a rule of plans must not expire states."""
        parts = [("expire", "", self.days, self.noncurrent_days)]
        parts += [(f"expire {prefix}", prefix, days, 1) for prefix, days in self.expiring.items()]
        return tuple(
            {
                "id": name,
                "status": "Enabled",
                "filter": [{"prefix": prefix}],
                "abort_incomplete_multipart_upload": [{"days_after_initiation": 7}],
                "noncurrent_version_expiration": [{"noncurrent_days": noncurrent_days}],
                **({"expiration": [{"days": days}]} if days else {}),
            }
            for name, prefix, days, noncurrent_days in parts
        )


@dataclass(frozen=True)
class Certificate:
    """The names of the certificate."""

    subject: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """A rule of a listener: its priority, and the requests that it is for."""

    priority: int | None
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class Settings:
    """The values of one environment, for the blocks of its merged view."""

    def __init__(self, environment: Environment, index: Index) -> None:
        """Take the environment and an index of its merged view."""
        self._environment = environment
        self._index = index
        self._subjects = dict(subjects(environment))
        edge, logs = environment.edge, environment.observability.log_retention
        first, *others = edge.certificate_names
        self._others: Mapping[str, Roots] = {
            "aws_acm_certificate": {"certificate": Certificate(first, tuple(others))},
            "aws_lb_listener_rule": {"rule": Rule(edge.redirect_priority, hosts=edge.redirects)},
            "aws_cloudwatch_log_group": {"kept": Kept(logs)},
        }

    def of(self, path: str, block: ScannedBlock) -> list[Any]:
        """The values that a path may mean for a block; none if the environment has no such value.

        Args:
            path: Names joined by dots; `not` before it negates a value that is true or false.
            block: The block whose attribute has the value.
        """
        name = path.removeprefix("not ")
        root, *rest = name.split(".")
        about = self._about(block)
        value: object = about[root] if root in about else getattr(self._environment, root, None)
        for part in rest:
            value = getattr(value, part, None)
        if isinstance(value, Mapping):
            value = tuple(value.values())
        if isinstance(value, tuple):
            return [list(value), *value] if value else []
        return [] if value is None else [not value if path != name else value]

    def _about(self, block: ScannedBlock) -> Roots:
        """What a block is about: itself by its name, or the block that it refers to."""
        name = block.settings.get(NAMED_BY.get(block.kind, "name"))
        found = self._subjects.get((block.kind, str(name)))
        if found is None and block.kind in _ABOUT:
            for kind, referred in references(block.settings.get(_ABOUT[block.kind])):
                other = self._index.resource(kind, referred)
                if other is not None and (found := self._about(other)):
                    return found
        return found or self._others.get(block.kind, {})


def subjects(environment: Environment) -> Iterator[tuple[tuple[str, str], Roots]]:
    """What an environment has by its type and name in AWS."""
    names, product = Names(environment), environment.product
    for service in product.services:
        roots: dict[str, object] = {
            "service": service,
            "tasks": environment.scaling(service),
            "rule": _rule(environment, service),
        }
        # CodeDeploy's services can't have it: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
        roots["rebalancing"] = "ENABLED" if service.deployment == "rolling" else "DISABLED"
        for kind in ("aws_ecs_service", "aws_codedeploy_app"):
            yield (kind, names.service(service.name)), roots
        for colour in ("", "green"):
            yield ("aws_lb_target_group", names.target_group(service.name, colour)), roots
    for work in product.workloads:
        runs = work if isinstance(work, Service) else product.service(work.service)
        yield ("aws_ecs_task_definition", names.service(work.name)), {"work": work, "runs": runs}
    for task in product.scheduled_tasks:
        yield ("aws_scheduler_schedule", names.resource(task.name)), {"run": task}
    for kind, store in (("aws_db_instance", names.database), ("aws_elasticache_replication_group", names.cache)):
        yield (kind, store), {"final_snapshot": f"{store}-final" if environment.protected else None}
    budgets = environment.budgets
    yield ("aws_budgets_budget", names.resource("account")), {"budget": budgets.monthly}
    for name, limit in budgets.services.items():
        yield ("aws_budgets_budget", names.resource(slug(name))), {"budget": limit, "billed": (name,)}
    logs = {
        names.bucket("access-logs"): environment.edge.access_log_days,
        names.bucket("trail"): environment.audit.retention_days,
        names.bucket("config"): environment.audit.retention_days,
    }
    plans = {names.plan_prefix(phase): PLAN_DAYS for phase in DEPLOYED}
    disposable = (False,) if environment.protected else (False, True)
    yield ("aws_s3_bucket", names.state_bucket), {"kept": Kept(None, environment.state_history, expiring=plans)}
    for name, days in logs.items():
        yield ("aws_s3_bucket", name), {"kept": Kept(days, disposable=disposable)}
    groups = {
        names.log_group("trail"): environment.audit.log_retention,
        names.log_group("flow-log"): environment.network.flow_log_retention,
        names.waf_log_group: environment.waf.log_retention,
    }
    for name, days in groups.items():
        yield ("aws_cloudwatch_log_group", name), {"kept": Kept(days)}


def _rule(environment: Environment, service: Service) -> Rule:
    host = environment.edge.service_hosts.get(service.name)
    return Rule(service.priority, (host,)) if host else Rule(service.priority, paths=service.paths)

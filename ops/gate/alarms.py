"""Checks that every alarm can fire: its metric has values, its threshold is one that a bad state crosses, and in time.

CloudWatch accepts any metric, dimension and threshold; an alarm that can't fire looks like one that has nothing to say.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from environments.names import Names
from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.templates import plain
from ops.iam.policy import listed, nested

SILENT = "ROLLOUT_ALARM_SILENT"
_SOURCE = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html"
CHECKS = {
    SILENT: Check(SILENT, "Every alarm fires in time when its resource is in a bad state", _SOURCE, own=True),
}
_METRIC, _COMPOSITE = "aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"
_GIB = 1024**3
_NOTICED = 900
"""Seconds in which an alarm must notice a bad state."""
_LASTS = 2
"""Periods in which a value other than a count must be bad: alarms that fire without need aren't read."""
_OPERATORS = {
    "high": ("GreaterThanThreshold", "GreaterThanOrEqualToThreshold"),
    "low": ("LessThanThreshold", "LessThanOrEqualToThreshold"),
}


class Measured(NamedTuple):
    """What is known about a metric."""

    bad: Literal["high", "low"]
    """Which values are bad."""
    statistics: tuple[str, ...]
    """Statistics that show a bad state; an average hides one unhealthy host, a minimum hides most."""
    limit: str
    """The environment's value that the threshold must be; a number is a fixed one."""
    most: float | None = None
    """The greatest value that it can have."""
    unit: int = 1
    """What the environment's value is multiplied by."""
    missing: str = "notBreaching"
    """How missing data counts: no request means no error, but a store that runs always reports."""
    window: int | None = None
    """Seconds that the environment's value counts in; such an alarm fires after one of them."""
    of: str = ""
    """The dimension whose resources need one alarm each; empty for a metric that needs one."""


_FIVE_MINUTES = 300
_BALANCER, _GROUP, _TASKS = "LoadBalancer", "TargetGroup", "ServiceName"
_CACHE, _DATABASE, _SCHEDULES, _FIREWALL = "CacheClusterId", "DBInstanceIdentifier", "ScheduleGroup", "WebACL"
_COUNT = Measured("high", ("Sum",), "observability.error_count", window=_FIVE_MINUTES, of=_BALANCER)
# Units and ranges: the pages of `policies/published.py`.
METRICS: Mapping[tuple[str, str], Measured] = {
    ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count"): _COUNT,
    ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"): _COUNT._replace(of=_GROUP),
    ("AWS/ApplicationELB", "TargetResponseTime"): Measured("high", ("p95",), "observability.latency", of=_GROUP),
    ("AWS/ApplicationELB", "UnHealthyHostCount"): Measured("high", ("Maximum",), "0", of=_GROUP),
    ("AWS/ECS", "CPUUtilization"): Measured("high", ("Average",), "observability.cpu", 100, of=_TASKS),
    ("AWS/ECS", "MemoryUtilization"): Measured("high", ("Average",), "observability.memory", 100, of=_TASKS),
    ("AWS/ElastiCache", "DatabaseMemoryUsagePercentage"): Measured(
        "high", ("Average",), "observability.memory", 100, missing="breaching", of=_CACHE
    ),
    ("AWS/ElastiCache", "Evictions"): Measured(
        "high", ("Sum",), "observability.cache_evictions", window=_FIVE_MINUTES, of=_CACHE
    ),
    ("AWS/RDS", "CPUUtilization"): Measured(
        "high", ("Average",), "observability.cpu", 100, missing="breaching", of=_DATABASE
    ),
    ("AWS/RDS", "DatabaseConnections"): Measured(
        "high", ("Maximum",), "observability.database_connections", of=_DATABASE
    ),
    ("AWS/RDS", "FreeStorageSpace"): Measured(
        "low", ("Minimum",), "observability.database_free_storage", unit=_GIB, of=_DATABASE
    ),
    ("AWS/Scheduler", "InvocationDroppedCount"): Measured("high", ("Sum",), "0", window=_FIVE_MINUTES, of=_SCHEDULES),
    ("AWS/WAFV2", "BlockedRequests"): Measured(
        "high", ("Sum",), "waf.blocked_requests", window=_FIVE_MINUTES, of=_FIREWALL
    ),
}
"""Metrics by namespace and name."""
DIMENSIONS = {
    "CacheClusterId": "aws_elasticache_replication_group.id",
    "ClusterName": "aws_ecs_cluster.name",
    "DBInstanceIdentifier": "aws_db_instance.identifier",
    "LoadBalancer": "aws_lb.arn_suffix",
    "ScheduleGroup": "aws_scheduler_schedule_group.name",
    "ServiceName": "aws_ecs_service.name",
    "TargetGroup": "aws_lb_target_group.arn_suffix",
}
"""Attributes of this environment's resources that dimensions must refer to."""
_ABOUT = (_GROUP, _TASKS, _CACHE, _DATABASE, _SCHEDULES, _FIREWALL, _BALANCER)
"""Dimensions that identify what an alarm is about, the narrowest first."""
_MISSING_TASKS = "desired - FILL(running, 0)"
_NODE = re.compile(r"-(\d{3})$")
_MEMBERS = re.compile(r'ALARM\("([^"]+|\$\{[^}]*\})"\)')
CHILDREN = 100
"""Limit of alarms in one composite alarm.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""
_STOPS = frozenset(
    {
        *("DatabaseConnections", "HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count"),
        *("TargetResponseTime", "UnHealthyHostCount"),
    }
)
"""Metrics whose alarms stop a cutover."""
_ROLLS_BACK = frozenset({"HTTPCode_Target_5XX_Count", "UnHealthyHostCount"})
"""Metrics whose alarms roll a deployment back."""


def silent_alarms(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare one environment's alarms with the table of metrics, and what uses them with their resources.

    Raises:
        ScanFailedError: A resource is repeated, so the number of alarms is unknown.
    """
    return _Alarms(view, environment).records()


class _Alarms:
    def __init__(self, view: Sequence[ScannedBlock], environment: Environment) -> None:
        self._index, self._ledger = Index(view), Ledger()
        self._environment, self._names = environment, Names(environment)
        self._alarms = list(self._index.all(_METRIC))

    def records(self) -> list[Record]:
        for alarm in self._alarms:
            self._judge(alarm, self._metric_alarm(alarm))
        for composite in self._index.all(_COMPOSITE):
            self._judge(composite, self._composite(composite))
        for balancer in self._index.all("aws_lb"):
            self._judge(balancer, self._missing())
        for block, problems in self._unwatched():
            self._judge(block, problems)
        for service in self._index.all("aws_ecs_service"):
            if controls(service) == "ECS":
                groups = [each.get("target_group_arn") for each in nested(service.settings, "load_balancer")]
                named = [
                    name for each in nested(service.settings, "alarms") for name in listed(each.get("alarm_names"))
                ]
                self._judge(service, self._rolls_back(groups, named))
        for group in self._index.all("aws_codedeploy_deployment_group"):
            alarms = nested(group.settings, "alarm_configuration")
            self._judge(
                group, self._rolls_back(self._pair(group), [n for e in alarms for n in listed(e.get("alarms"))])
            )
        return self._ledger.records()

    def _judge(self, block: ScannedBlock, problems: Iterator[str]) -> None:
        self._ledger.judge(SILENT, block.block, problems)

    def _metric_alarm(self, alarm: ScannedBlock) -> Iterator[str]:
        settings, queries = alarm.settings, nested(alarm.settings, "metric_query")
        measured = self._formula(queries) if queries else self._metric(settings)
        if isinstance(measured, str):
            yield measured
            return
        yield from self._dimensions(settings)
        for query in queries:
            for metric in nested(query, "metric"):
                yield from self._dimensions(metric)
        subjects = [nested(metric, "dimensions") for query in queries for metric in nested(query, "metric")]
        if any(each != subjects[0] for each in subjects):
            yield "has a formula of metrics about several resources, so it compares what doesn't belong together"
        statistic = settings.get("statistic") or settings.get("extended_statistic")
        if not queries and statistic not in measured.statistics:
            yield f"uses the statistic {statistic}, which hides a bad state; must be {' or '.join(measured.statistics)}"
        operator, threshold = settings.get("comparison_operator"), settings.get("threshold")
        if operator not in _OPERATORS[measured.bad]:
            yield f"compares with {operator}, but {measured.bad} values are the bad ones"
        wanted = self._limit(measured)
        if not isinstance(threshold, int | float) or isinstance(threshold, bool) or float(threshold) != wanted:
            yield f"has the threshold {threshold}, must be {wanted:g}, from the environment's {measured.limit}"
        elif measured.most is not None and threshold >= measured.most:
            yield f"has the threshold {threshold:g}, but the metric's greatest value is {measured.most:g}"
        if settings.get("treat_missing_data") != measured.missing:
            yield f"treats missing data as {settings.get('treat_missing_data')!r}, must be {measured.missing!r}"
        once = (settings.get("period"), settings.get("evaluation_periods"))
        if measured.window is not None and once != (measured.window, 1):
            yield f"counts in {once[1]} periods of {once[0]} seconds, must be 1 of {measured.window}"
        yield from self._time(alarm, measured)

    def _metric(self, settings: Mapping[str, Any]) -> Measured | str:
        metric = str(settings.get("namespace")), str(settings.get("metric_name"))
        found = METRICS.get(metric)
        return (
            found or f"is on {' '.join(metric)}, which isn't in ops/gate/alarms.py; add its direction, range and limit"
        )

    def _formula(self, queries: Sequence[Mapping[str, Any]]) -> Measured | str:
        """What is known about a formula; it isn't known which others ever cross a threshold."""
        metrics = {
            str(query.get("id")): (str(each.get("namespace")), str(each.get("metric_name")), str(each.get("stat")))
            for query in queries
            for each in nested(query, "metric")
        }
        results = [str(query["expression"]) for query in queries if "expression" in query and query.get("return_data")]
        for formula, known, measured in self._formulas():
            if results == [formula] and metrics == known and len(queries) == len(known) + 1:
                return measured
        return f"has the formula {' and '.join(results) or 'none'} of other metrics than ops/gate/alarms.py has"

    def _formulas(self) -> Iterator[tuple[str, Mapping[str, tuple[str, str, str]], Measured]]:
        insights = "ECS/ContainerInsights"
        tasks = {
            "desired": (insights, "DesiredTaskCount", "Average"),
            "running": (insights, "RunningTaskCount", "Average"),
        }
        yield _MISSING_TASKS, tasks, Measured("high", (), "0", missing="breaching", of=_TASKS)
        if rejections := self._environment.product.rejections:
            metrics = {
                "rejected": (rejections.namespace, rejections.rejected, "Sum"),
                "total": (rejections.namespace, rejections.total, "Sum"),
            }
            share = Measured("high", (), "product.rejections.threshold", 100)
            yield "IF(total > 0, 100 * FILL(rejected, 0) / total, 0)", metrics, share

    def _limit(self, measured: Measured) -> float:
        with suppress(ValueError):
            return float(measured.limit) * measured.unit
        value: Any = self._environment
        for part in measured.limit.split("."):
            value = getattr(value, part)
        return float(value * measured.unit)

    def _time(self, alarm: ScannedBlock, measured: Measured) -> Iterator[str]:
        settings = alarm.settings
        inner = [each.get("period") for query in nested(settings, "metric_query") for each in nested(query, "metric")]
        periods, evaluations = [settings.get("period"), *inner], settings.get("evaluation_periods")
        longest = max((each for each in periods if isinstance(each, int)), default=0)
        starting = self._starting(alarm)
        most = max(_NOTICED, starting + 120)
        if not isinstance(evaluations, int) or evaluations < 1 or longest < 1:
            yield f"evaluates {evaluations} periods of {longest} seconds; both must be 1 or more"
        elif evaluations * longest > most:
            yield f"fires after {evaluations * longest} seconds; must be {most} or less"
        elif evaluations * longest <= starting:
            yield f"fires after {evaluations * longest} seconds, in which tasks may start; must be over {starting}"
        elif measured.window is None and evaluations < _LASTS:
            yield f"fires after {evaluations} period; must be {_LASTS} or more, since a single value may be an outlier"

    def _starting(self, alarm: ScannedBlock) -> int:
        """Seconds in which a starting task may fail the health checks that an alarm is on."""
        if alarm.settings.get("metric_name") != "UnHealthyHostCount":
            return 0
        group = self._group(alarm)
        checks = [
            service.health_check
            for service in self._environment.product.load_balanced
            if service.health_check
            and group in {self._names.target_group(service.name, colour) for colour in ("", "green")}
        ]
        return max(
            (each.health_check_grace_period + each.interval * each.unhealthy_threshold for each in checks), default=0
        )

    def _dimensions(self, settings: Mapping[str, Any]) -> Iterator[str]:
        for name, value in (each for block in nested(settings, "dimensions") for each in block.items()):
            if name in DIMENSIONS:
                kind, _, attribute = DIMENSIONS[name].partition(".")
                text = _NODE.sub("", str(value)) if name == "CacheClusterId" else str(value)
                block, found = self._index.follow(text), plain(text)
                if block is None or found is None or (block.kind, found["attribute"]) != (kind, f".{attribute}"):
                    yield f"has the dimension {name} of {value}, must be {DIMENSIONS[name]} of this environment"
                elif name == "CacheClusterId":
                    yield from self._node(str(value), block)
            elif value not in self._plain_dimensions().get(name, ()):
                yield f"has the dimension {name} of {value}, which this environment doesn't have"

    def _plain_dimensions(self) -> Mapping[str, Sequence[object]]:
        firewalls = [each.settings.get("name") for each in self._index.all("aws_wafv2_web_acl")]
        return {"Region": [self._environment.region], "Rule": ["ALL"], "WebACL": firewalls}

    @staticmethod
    def _node(value: str, cache: ScannedBlock) -> Iterator[str]:
        number, nodes = _NODE.search(value), cache.settings.get("num_cache_clusters")
        if number is None or not isinstance(nodes, int) or not 1 <= int(number[1]) <= nodes:
            yield f"has the dimension CacheClusterId of {value}; the cache has {nodes} nodes"

    def _composite(self, composite: ScannedBlock) -> Iterator[str]:
        rule = str(composite.settings.get("alarm_rule"))
        members = _MEMBERS.findall(rule)
        if rule != " OR ".join(f'ALARM("{each}")' for each in members) or not members:
            yield "has another rule than ALARM(…) OR ALARM(…), so it may never fire"
            return
        if len(members) > CHILDREN:
            yield f"has {len(members)} alarms; AWS takes {CHILDREN}"
        alarms = [self._index.follow(each) for each in members]
        name, cutover = str(composite.settings.get("alarm_name")), self._names.resource("cutover")
        if name == cutover:
            alarms = [alarm for each in alarms for alarm in self._of_group(each)]
        if any(each is None or each.kind != _METRIC for each in alarms):
            yield "has a member that isn't an alarm of this environment"
        if re.fullmatch(rf"{re.escape(cutover)}-\d+", name):
            return  # The cutover's own alarm has to include exactly what its groups have.
        found = {each.name: each for each in alarms if each}
        needed = {each.name: each for each in self._needed(name)}
        for name in sorted(needed.keys() ^ found.keys()):
            wrong = "doesn't include" if name in needed else "includes"
            yield f"{wrong} {(needed | found)[name].block.address}"

    def _of_group(self, alarm: ScannedBlock | None) -> list[ScannedBlock | None]:
        """The alarms of a composite alarm; another alarm is its own group."""
        if alarm is None or alarm.kind != _COMPOSITE:
            return [alarm]
        return [self._index.follow(each) for each in _MEMBERS.findall(str(alarm.settings.get("alarm_rule")))]

    def _missing(self) -> Iterator[str]:
        """Composite alarms that don't exist: what stops a cutover, and what says to roll a service back."""
        found = {each.settings.get("alarm_name") for each in self._index.all(_COMPOSITE)}
        purposes = ["cutover", *(f"{service.name}-rollback" for service in self._environment.product.load_balanced)]
        for name in map(self._names.resource, purposes):
            if name not in found:
                yield f"no composite alarm {name} exists"

    def _unwatched(self) -> Iterator[tuple[ScannedBlock, Iterator[str]]]:
        """Each resource that metrics are about, with the metrics that none or several alarms are on."""
        known = {*((measured.of, " ".join(metric)) for metric, measured in METRICS.items())}
        known |= {(measured.of, formula) for formula, _, measured in self._formulas()}
        watched = Counter(self._watches(alarm) for alarm in self._alarms)
        for dimension, metric in sorted(known):
            for block, value in self._resources(dimension):
                count = watched[metric, value]
                yield block, iter([f"{count} alarms are on {metric} of {value}, must be 1"] if count != 1 else [])

    def _watches(self, alarm: ScannedBlock) -> tuple[str, str]:
        """The metric or formula of an alarm, and the name of what it is about."""
        settings, queries = alarm.settings, nested(alarm.settings, "metric_query")
        metric = f"{settings.get('namespace')} {settings.get('metric_name')}"
        formulas = [str(query["expression"]) for query in queries if "expression" in query]
        blocks = [settings, *(metric for query in queries for metric in nested(query, "metric"))]
        dimensions = {
            name: value for block in blocks for each in nested(block, "dimensions") for name, value in each.items()
        }
        about = next((dimensions[name] for name in _ABOUT if name in dimensions), "")
        return (formulas or [metric])[0], str(self._index.evaluated(about))

    def _resources(self, dimension: str) -> Iterator[tuple[ScannedBlock, str]]:
        """The resources that have values of a dimension, with these values as names."""
        kind, _, _ = DIMENSIONS.get(dimension, "aws_wafv2_web_acl." if dimension else "aws_lb.").partition(".")
        for block in self._index.all(kind):
            name = str(self._index.evaluated(f"${{{kind}.{block.name}.id}}"))
            nodes = block.settings.get("num_cache_clusters") if dimension == _CACHE else None
            values = [f"{name}-{number:03}" for number in range(1, nodes + 1)] if isinstance(nodes, int) else [name]
            yield from ((block, value if dimension else "") for value in values)

    def _needed(self, name: str) -> list[ScannedBlock]:
        """The alarms that a composite alarm must include, and no others: it says what to do about them."""
        if name == self._names.resource("cutover"):
            return [each for each in self._alarms if each.settings.get("metric_name") in _STOPS]
        for service in self._environment.product.load_balanced:
            if name == self._names.resource(f"{service.name}-rollback"):
                groups = {self._names.target_group(service.name, colour) for colour in ("", "green")}
                missing = (_MISSING_TASKS, self._names.service(service.name))
                return [each for each in self._alarms if self._group(each) in groups or self._watches(each) == missing]
        return []

    def _group(self, alarm: ScannedBlock) -> str:
        """The name of the target group that an alarm is on; empty if it is on none."""
        for dimensions in nested(alarm.settings, "dimensions"):
            if group := self._index.follow(dimensions.get("TargetGroup")):
                return str(group.settings.get("name"))
        return ""

    def _pair(self, group: ScannedBlock) -> Iterator[object]:
        for info in nested(group.settings, "load_balancer_info"):
            for pair in nested(info, "target_group_pair_info"):
                yield from (each.get("name") for each in nested(pair, "target_group"))

    def _rolls_back(self, groups: Sequence[object] | Iterator[object], alarms: Sequence[object]) -> Iterator[str]:
        """What a deployment to target groups lacks of the alarms that roll it back."""
        watching = [block for each in alarms if (block := self._index.follow(each))]
        seen = {(self._group(each), each.settings.get("metric_name")) for each in watching}
        for group in groups:
            block = self._index.follow(group)
            name = str(block.settings.get("name")) if block else str(group)
            for metric in sorted(_ROLLS_BACK):
                if (name, metric) not in seen:
                    yield f"no alarm on {metric} of {name} rolls a deployment back"


def controls(service: ScannedBlock) -> str:
    """What deploys a service: ECS or CODE_DEPLOY."""
    types = [each.get("type") for each in nested(service.settings, "deployment_controller")]
    return str(types[0]) if types else "ECS"

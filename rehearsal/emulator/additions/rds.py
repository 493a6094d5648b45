"""RDS: identity of an instance, what RDS refuses of one, Performance Insights, event subscriptions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.rds.models import DBInstance, DBSubnetGroup, RDSBackend
from moto.rds.responses import RDSResponse

from environments.schema.versions import POSTGRESQL
from rehearsal.emulator import servers
from rehearsal.emulator.additions.logs import created_by_service
from rehearsal.emulator.additions.registry import AwsError, adds, corrects
from rehearsal.emulator.windows import check_windows

_INSIGHTS = {
    "enable_performance_insights": "performance_insights_enabled",
    "performance_insights_kms_key_id": "performance_insights_kms_key_id",
    "performance_insights_retention_period": "performance_insights_retention_period",
}
"""A parameter, and its field in the response."""


_NEWEST_MINOR = {"13": "23", "14": "20", "15": "15", "16": "11", "17": "7", "18": "1"}
"""Of a major version of PostgreSQL, as of late 2025.

https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
"""
_ADDED: dict[str, object] = {
    "license_model": "postgresql-license",
    "backup_target": "region",
    "network_type": "IPV4",
    "customer_owned_ip_enabled": False,
    "dedicated_log_volume": False,
    "database_insights_mode": "standard",
    "engine_lifecycle_support": "open-source-rds-extended-support",
}
"""Fields of an instance of PostgreSQL for which nothing was sent."""
_GP3 = {"iops": 3000, "storage_throughput": 125}
"""Below 400 GiB: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage."""
_GP3_STRIPED = {"iops": 12000, "storage_throughput": 500}
_STRIPED_FROM = 400
"""GiB."""
_MAJORS = {*POSTGRESQL, "11", "12"}
"""The table's and those in Extended Support that it leaves out; the calendar above has both."""
_VERSION = re.compile(r"(\d+)(\.\d+(-rds\.\d{8})?)?")
"""A major version, or a minor one too: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html"""
_RETENTION = range(36)
"""Days for which backups are kept, and the shortest windows in minutes; the same page."""
_SHORTEST_WINDOW = 30
_WINDOWS = ("preferred_backup_window", "preferred_maintenance_window")


def _check(given: Mapping[str, Any], windows: Mapping[str, str | None]) -> None:
    """Refuse versions, windows and retention that RDS refuses.

    Which minor versions there are isn't checked: AWS adds and removes them every quarter.

    Args:
        given: What is sent.
        windows: What the windows are then, by parameter.
    """
    version = given.get("engine_version")
    found = _VERSION.fullmatch(str(version))
    if version and given.get("engine", "postgres") == "postgres" and (not found or found[1] not in _MAJORS):
        raise AwsError("InvalidParameterCombination", f"Cannot find version {version} for postgres")
    days = given.get("backup_retention_period")
    if days is not None and int(days) not in _RETENTION:
        raise AwsError(
            "InvalidParameterValue",
            f"Invalid backup retention period: {days}. It must be between {_RETENTION[0]} and {_RETENTION[-1]}.",
        )
    check_windows(*(windows.get(name) for name in _WINDOWS), shortest=_SHORTEST_WINDOW)


def _taken_out(given: dict[str, Any]) -> dict[str, str]:
    """The windows, taken out of what moto gets: it refuses those that touch."""
    return {name: given.pop(name) for name in _WINDOWS if given.get(name) is not None}


def _set(instance: DBInstance, windows: Mapping[str, str]) -> None:
    for name, window in windows.items():
        setattr(instance, name, window.lower())


def _fill_up(instance: DBInstance) -> None:
    """Return what RDS adds.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
    """
    if instance.engine != "postgres":
        return
    major, _, minor = str(instance.engine_version).partition(".")
    instance.engine_version = f"{major}.{minor or _NEWEST_MINOR.get(major, '1')}"
    added = dict(_ADDED)
    if instance.storage_type == "gp3":
        baseline = _GP3_STRIPED if int(instance.allocated_storage) >= _STRIPED_FROM else _GP3
        added |= {name: getattr(instance, name) or value for name, value in baseline.items()}
    for name, value in added.items():
        setattr(instance, name, value)


def _remember_insights(instance: DBInstance, given: dict[str, object]) -> None:
    for parameter, field in _INSIGHTS.items():
        if given.get(parameter) is not None:
            setattr(instance, field, given[parameter])


@corrects(
    DBInstance,
    "__init__",
    "rds",
    "CreateDBInstance",
    why="in moto all instances have one resource id, none has Performance Insights, a minor version or log groups, "
    "each has a certificate authority that the provider then changes (80 s), and any version and retention is taken",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.CloudWatchLogs.html",
)
def make_instance(
    original: Callable[..., None],
    instance: DBInstance,
    backend: RDSBackend,
    *given: object,
    **named: Any,  # noqa: ANN401  (moto's own parameters)
) -> None:
    """Give the instance a resource id of its own, and what was asked for."""
    # What AWS gives since 2024: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
    named.setdefault("ca_certificate_identifier", "rds-ca-rsa2048-g1")
    _check_monitoring_role(backend, named.get("monitoring_role_arn"))
    _check(named, named)
    windows = _taken_out(named)
    original(instance, backend, *given, **named)
    _set(instance, windows)
    instance.dbi_resource_id = f"db-{mock_random.get_random_string(26, include_digits=True).upper()}"
    _remember_insights(instance, named)
    _fill_up(instance)
    _create_log_groups(instance, named)


def _check_monitoring_role(backend: RDSBackend, arn: str | None) -> None:
    """Refuse a role without permissions: https://github.com/hashicorp/terraform-provider-aws/issues/315."""
    roles = [role for role in iam_backends[backend.account_id][backend.partition].roles.values() if role.arn == arn]
    if arn and not any(role.policies or role.managed_policies for role in roles):
        raise AwsError(
            "InvalidParameterValue",
            "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING",
        )


def _create_log_groups(instance: DBInstance, given: dict[str, Any]) -> None:
    """What RDS writes to, unless it is there.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.CloudWatchLogs.html
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html
    """
    if int(given.get("monitoring_interval") or 0):
        created_by_service(instance.backend, "RDSOSMetrics", days=30)
    for log in given.get("enable_cloudwatch_logs_exports") or ():
        created_by_service(instance.backend, f"/aws/rds/instance/{instance.db_instance_identifier}/{log}")


@corrects(
    RDSBackend,
    "modify_db_instance",
    "rds",
    "ModifyDBInstance",
    why="moto has no Performance Insights, accepts any version and retention, and refuses windows that touch",
)
def modify_db_instance(
    original: Callable[..., DBInstance], backend: RDSBackend, identifier: str, given: dict[str, Any]
) -> DBInstance:
    """Refuse what RDS refuses; change Performance Insights too."""
    instance = backend.describe_db_instances(identifier)[0]
    if instance.status == "creating":
        # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
        raise AwsError("InvalidDBInstanceState", f"Database instance is not in available state: {identifier}")
    if instance.engine == "postgres":
        _check(given, {name: given.get(name) or getattr(instance, name) for name in _WINDOWS})
    windows = _taken_out(given)
    changed = original(backend, identifier, given)
    _set(changed, windows)
    _remember_insights(changed, given)
    _fill_up(changed)
    if password := given.get("master_user_password"):
        servers.set_password(backend, identifier, password)
    return changed


@corrects(
    RDSBackend,
    "modify_db_subnet_group",
    "rds",
    "ModifyDBSubnetGroup",
    why="moto deletes a subnet group that is changed",
)
def modify_db_subnet_group(
    original: Callable[..., DBSubnetGroup], backend: RDSBackend, subnet_name: str, *changed: object
) -> DBSubnetGroup:
    """Keep the group."""
    backend.subnet_groups[subnet_name] = original(backend, subnet_name, *changed)
    return backend.subnet_groups[subnet_name]


@adds(RDSResponse, "rds", "ModifyEventSubscription", why="moto can't change a subscription")
def modify_event_subscription(self: RDSResponse) -> ActionResult:
    """Change a subscription."""
    (subscription,) = self.backend.describe_event_subscriptions(self.params["SubscriptionName"])
    for name in ("sns_topic_arn", "source_type", "event_categories", "enabled"):
        value = self.params.get("".join(part.capitalize() for part in name.split("_")))
        if value is not None:
            setattr(subscription, name, value)
    return ActionResult({"EventSubscription": subscription})

"""What comes first: the synthesized stacks wait for all that AWS needs, and any wait that is gone is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

import environments
from ops.gate.model import ScanFailedError
from ops.gate.order import ORDER, what_comes_first
from ops.gate.order.table import NEEDS
from tests.cases import every_case
from tests.gate.plants import Body, Ground, add

PROD = environments.load("prod")
RECORDER = "aws_config_configuration_recorder_status.config_status"
GATEWAY = "aws_internet_gateway.internet_gateway"
# By phase: resources whose `depends_on` has nothing but what AWS needs.
WAITS = [
    ("network", "aws_eip", "nat_address_b", GATEWAY),
    ("network", "aws_flow_log", "flow_log", "aws_iam_role_policy.flow_log_role_policy"),
    ("account", "aws_cloudtrail", "trail", "aws_s3_bucket_policy.trail_bucket_policy"),
    ("account", "aws_cloudtrail", "trail", "aws_iam_role_policy.trail_role_policy"),
    ("account", "aws_config_delivery_channel", "config_channel", "aws_s3_bucket_policy.config_bucket_policy"),
    (
        "account",
        "aws_config_configuration_recorder_status",
        "config_status",
        "aws_config_delivery_channel.config_channel",
    ),
    ("account", "aws_securityhub_standards_subscription", "security_hub_cis", "aws_securityhub_account.security_hub"),
    ("account", "aws_securityhub_standards_subscription", "security_hub_fsbp", RECORDER),
    ("account", "aws_securityhub_account", "security_hub", "aws_iam_service_linked_role.security_hub_role"),
    ("account", "aws_guardduty_detector", "guardduty", "aws_iam_service_linked_role.guardduty_role"),
    ("account", "aws_accessanalyzer_analyzer", "access_analyzer", "aws_iam_service_linked_role.access_analyzer_role"),
    ("account", "aws_s3_bucket_logging", "state_logging", "aws_s3_bucket_policy.access_logs_policy"),
    ("account", "aws_cloudwatch_event_target", "break_glass_assumed_target", "aws_sns_topic_policy.alerts_policy"),
    ("account", "aws_budgets_budget", "budget_account", "aws_sns_topic_policy.alerts_policy"),
    ("account", "aws_chatbot_slack_channel_configuration", "slack", "aws_iam_role_policy.slack_role_policy"),
    ("account", "aws_chatbot_slack_channel_configuration", "slack", "aws_cloudwatch_log_group.slack_log"),
    ("data", "aws_db_instance", "database", "aws_iam_role_policy.database_monitoring_role_policy"),
    ("data", "aws_db_instance", "database", "aws_cloudwatch_log_group.database_postgresql_log"),
]
REQUIRED = [
    ("account", "aws_iam_service_linked_role", "database_role", "aws_db_instance.database"),
    ("account", "aws_iam_service_linked_role", "database_role", "aws_db_subnet_group.database_subnets"),
    ("account", "aws_iam_service_linked_role", "cache_role", "aws_elasticache_replication_group.cache"),
    ("account", "aws_iam_service_linked_role", "ecs_role", "aws_ecs_cluster.cluster"),
    ("account", "aws_iam_service_linked_role", "load_balancing_role", "aws_lb.load_balancer"),
    ("account", "aws_iam_service_linked_role", "scaling_role", "aws_appautoscaling_target.backend_scaling"),
    ("account", "aws_cloudwatch_log_group", "database_metrics_log", "aws_db_instance.database"),
    ("account", "aws_cloudwatch_log_group", "insights_log", "aws_ecs_cluster.cluster"),
    ("data", "aws_cloudwatch_log_group", "database_upgrade_log", "aws_db_instance.database"),
    ("network", "aws_internet_gateway", "internet_gateway", "aws_lb.load_balancer"),
    ("network", "aws_internet_gateway", "internet_gateway", "aws_eip.nat_address_a"),
]


@pytest.fixture(scope="session")
def prod(output: Path) -> Ground:
    return Ground.of(output, PROD, what_comes_first)


def body(kind: str, name: str, change: Callable[[Body], object]) -> Callable[[Body], None]:
    """A change of one resource."""

    def changed(content: Body) -> None:
        change(content["resource"][kind][name])

    return changed


@every_case("name", environments.known())
def test_everything_waits_for_what_aws_needs(output: Path, name: str) -> None:
    assert not Ground.of(output, environments.load(name), what_comes_first).failed


@pytest.mark.slow
@every_case(("phase", "kind", "name", "first"), WAITS, ids=str)
def test_a_wait_that_is_gone_is_found(prod: Ground, phase: str, kind: str, name: str, first: str) -> None:
    assert first in str(prod.documents[phase].content["resource"][kind][name]["depends_on"])
    found = prod.planted(phase, body(kind, name, lambda settings: settings.pop("depends_on")))
    assert f"must depend on {first}" in found[ORDER, f"{kind}.{name}"]


@every_case(("phase", "kind", "name", "who"), REQUIRED, ids=str)
def test_what_must_exist_is_missed(prod: Ground, phase: str, kind: str, name: str, who: str) -> None:
    found = prod.planted(phase, lambda content: content["resource"][kind].pop(name))
    assert f"needs {kind}" in found[ORDER, who]


def test_another_stage_may_create_what_an_account_has_once(output: Path) -> None:
    second = Ground.of(output, replace(PROD, account_resources_from="aep-staging"), what_comes_first)

    def without(content: Body) -> None:
        content["resource"].pop("aws_iam_service_linked_role")
        content["resource"]["aws_cloudwatch_log_group"].pop("database_metrics_log")
        content["resource"]["aws_cloudwatch_log_group"].pop("insights_log")

    assert [address for _, address in second.planted("account", without)] == ["aws_ecs_cluster.cluster"]


def test_a_wait_through_others_counts(prod: Ground) -> None:
    """A NAT gateway refers to its address, which waits too."""

    def change(content: Body) -> None:
        content["resource"]["aws_nat_gateway"]["nat_a"].pop("depends_on")

    assert not prod.planted("network", change)

    def both(content: Body) -> None:
        change(content)
        content["resource"]["aws_eip"]["nat_address_a"].pop("depends_on")

    assert {address for _, address in prod.planted("network", both)} == {
        "aws_eip.nat_address_a",
        "aws_nat_gateway.nat_a",
    }


PLANTS: list[tuple[str, str, Body, str]] = [
    ("network", "aws_lb", {"subnets": ["${aws_subnet.public_a.id}"]}, f"must depend on {GATEWAY}"),
    ("network", "aws_nat_gateway", {"subnet_id": "${aws_subnet.public_a.id}"}, f"must depend on {GATEWAY}"),
    ("network", "aws_nat_gateway", {"subnet_id": "${aws_subnet.public_a.id}", "connectivity_type": "private"}, ""),
    ("network", "aws_nat_gateway", {"subnet_id": "${aws_subnet.public_a.id}", "depends_on": [GATEWAY]}, ""),
    (
        "network",
        "aws_flow_log",
        {"iam_role_arn": "${aws_iam_role.flow_log_role.arn}"},
        "must depend on aws_iam_role_policy.flow_log_role_policy",
    ),
    ("account", "aws_config_config_rule", {"name": "one"}, "must depend on aws_config_configuration_recorder.config"),
    (
        "account",
        "aws_cloudwatch_metric_alarm",
        {"alarm_actions": ["${aws_sns_topic.alerts.arn}"]},
        "must depend on aws_sns_topic_policy.alerts_policy",
    ),
    (
        "account",
        "aws_flow_log",
        {"log_destination": "${aws_s3_bucket.trail_bucket.arn}"},
        "must depend on aws_s3_bucket_policy.trail_bucket_policy",
    ),
    (
        "edge",
        "aws_ecs_service",
        {
            "load_balancer": [{"target_group_arn": "${aws_lb_target_group.backend_targets.arn}"}],
            "launch_type": "FARGATE",
        },
        "must depend on aws_lb_listener_rule",
    ),
    (
        "services",
        "aws_ecs_service",
        {"cluster": "${aws_ecs_cluster.cluster.arn}"},
        "must depend on aws_ecs_cluster_capacity_providers.cluster_capacity",
    ),
    ("services", "aws_ecs_service", {"cluster": "${aws_ecs_cluster.cluster.arn}", "launch_type": "FARGATE"}, ""),
    (
        "data",
        "aws_db_instance",
        {"identifier": "other", "enabled_cloudwatch_logs_exports": ["postgresql"]},
        "needs aws_cloudwatch_log_group with name '/aws/rds/instance/other/postgresql', which doesn't exist",
    ),
    # A phase that doesn't read the account's.
    ("registry", "aws_lb", {"internal": True}, "must come after prod-account aws_iam_service_linked_role"),
]


@every_case(("phase", "kind", "settings", "says"), PLANTS, ids=lambda each: str(each)[:60])
def test_a_resource_that_is_added_has_to_wait_too(
    prod: Ground, phase: str, kind: str, settings: Body, says: str
) -> None:
    found = prod.planted(phase, add(kind, "planted", settings))
    if says:
        assert says in found[ORDER, f"{kind}.planted"]
    else:
        assert not found


def test_what_stands_for_several_cannot_be_judged(prod: Ground) -> None:
    with pytest.raises(ScanFailedError, match="count"):
        prod.planted("network", add("aws_nat_gateway", "planted", {"count": 2}))


def test_every_row_names_types_that_the_provider_has_and_a_page() -> None:
    spec = find_spec("cdktf_cdktf_provider_aws")  # Importing it takes ten seconds.
    assert spec and spec.origin
    package = Path(spec.origin).parent
    for row in NEEDS:
        for kind in (row.kind, row.first):
            assert (package / kind.removeprefix("aws_")).is_dir(), kind
        assert row.source.startswith(("https://docs.aws.amazon.com/", "https://github.com/")), row
        assert bool(row.by) == bool(row.at), row

"""What is watched, and from which value on it is wrong."""

from __future__ import annotations

import pytest

from environments.names import Names
from environments.schema import Environment
from modules.alarms import CUTOVER, expected
from ops.gate.understood.facts import facts
from tests.conftest import Body
from tests.synth.alarms import COMPOSITE_ALARM, METRIC_ALARM, Phases, alarms_on, watched


def one(alarms: list[Body]) -> Body:
    assert len(alarms) == 1
    return alarms[0]


@pytest.mark.requirement("R8.2")
def test_commands_expect_the_alarms_that_stacks_make(observed: tuple[Environment, Phases]) -> None:
    """All but the firewall's, whose phase comes later."""
    environment, phases = observed
    made = [
        alarm["alarm_name"]
        for phase in ("services", "observability")
        for kind in (METRIC_ALARM, COMPOSITE_ALARM)
        for alarm in phases[phase].resources(kind).values()
    ]
    assert sorted(made) == sorted(expected(Names(environment)))
    assert Names(environment).resource(CUTOVER.purpose) in made


@pytest.mark.requirement("R8.2")
def test_the_alarms_that_stop_a_cutover_are_grouped_when_one_alarm_cant_take_them(
    many_services: tuple[Environment, Phases],
) -> None:
    environment, phases = many_services
    test_commands_expect_the_alarms_that_stacks_make(many_services)
    composites = phases["observability"].resources(COMPOSITE_ALARM)
    members = {id_: alarm["alarm_rule"].split(" OR ") for id_, alarm in composites.items()}
    assert max(map(len, members.values())) <= 50, "CloudWatch takes 100, and 10,240 characters"
    groups = [f"cutover_{number}" for number in (1, 2, 3)]
    assert members["cutover"] == [
        f'ALARM("${{aws_cloudwatch_composite_alarm.{group}.alarm_name}}")' for group in groups
    ]
    grouped = [member for group in groups for member in members[group]]
    services = environment.product.load_balanced
    assert len(grouped) == len(set(grouped)) == 3 * len(services) + 2
    wanted = facts(environment)["composite_alarms"]
    assert sorted(name for (name,) in wanted) == sorted(alarm["alarm_name"] for alarm in composites.values())


@pytest.mark.requirement("R8.2")
def test_answers_and_health_are_watched(observed: tuple[Environment, Phases]) -> None:
    environment, phases = observed
    limits = environment.observability
    assert one(alarms_on(phases, "HTTPCode_ELB_5XX_Count"))["threshold"] == limits.error_count
    for service in environment.product.load_balanced:
        colours = ["", "green_"] if service.deployment == "blue_green" else [""]
        for group in [f'.{colour}target_group_suffixes["{service.name}"]' for colour in colours]:
            for metric, threshold, statistic in (
                ("UnHealthyHostCount", 0, "Maximum"),
                ("HTTPCode_Target_5XX_Count", limits.error_count, "Sum"),
                ("TargetResponseTime", limits.latency, "p95"),
            ):
                alarm = one(alarms_on(phases, metric, group))
                assert alarm["threshold"] == threshold
                assert alarm["comparison_operator"] == "GreaterThanThreshold"
                assert statistic in (alarm.get("statistic"), alarm.get("extended_statistic"))
                assert alarm["treat_missing_data"] == "notBreaching", "no requests are no errors"


@pytest.mark.requirement("R8.2")
def test_tasks_of_every_service_are_watched(observed: tuple[Environment, Phases]) -> None:
    environment, phases = observed
    for service in environment.product.services:
        name = f'service_names["{service.name}"]'
        assert one(alarms_on(phases, "CPUUtilization", name))["threshold"] == environment.observability.cpu
        assert one(alarms_on(phases, "MemoryUtilization", name))["threshold"] == environment.observability.memory
        missing = one(alarms_on(phases, "RunningTaskCount", name))
        result = one([query for query in missing["metric_query"] if query.get("return_data")])
        assert result["expression"] == "desired - FILL(running, 0)"
        assert {query["id"] for query in missing["metric_query"]} == {result["id"], "desired", "running"}
        assert (missing["threshold"], missing["treat_missing_data"]) == (0, "breaching"), "silence is no health"


@pytest.mark.requirement("R8.2")
def test_database_and_every_cache_node_are_watched(observed: tuple[Environment, Phases]) -> None:
    environment, phases = observed
    limits = environment.observability
    for metric, threshold, comparison in (
        ("DatabaseConnections", limits.database_connections, "GreaterThanThreshold"),
        ("FreeStorageSpace", limits.database_free_storage * 1024**3, "LessThanThreshold"),
        ("CPUUtilization", limits.cpu, "GreaterThanThreshold"),
    ):
        alarm = one(alarms_on(phases, metric, ".database_identifier}"))
        assert (alarm["threshold"], alarm["comparison_operator"]) == (threshold, comparison)
    for metric, threshold in (("DatabaseMemoryUsagePercentage", limits.memory), ("Evictions", limits.cache_evictions)):
        alarms = alarms_on(phases, metric)
        assert {alarm["threshold"] for alarm in alarms} == {threshold}
        assert sorted(alarm["dimensions"]["CacheClusterId"][-4:] for alarm in alarms) == [
            f"-00{number + 1}" for number in range(environment.profile.cache_nodes)
        ]


@pytest.mark.requirement("R8.2")
def test_budget_rejections_are_watched_where_there_is_a_metric(observed: tuple[Environment, Phases]) -> None:
    environment, phases = observed
    rejections = environment.product.rejections
    alarms = alarms_on(phases, rejections.rejected if rejections else "BudgetEnforcementRejections")
    assert len(alarms) == (1 if rejections else 0)
    if rejections:
        assert alarms[0]["threshold"] == rejections.threshold
        assert {name for name, _ in watched(alarms[0])} == {rejections.rejected, rejections.total}

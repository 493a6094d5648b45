"""Whom alarms tell, what they send them to read, and what they decide together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import environments
from environments.schema import Environment
from modules.alarms import (
    CUTOVER,
    AlarmRow,
    blocked_requests,
    dropped_runs,
    rollback,
    rollback_alarms,
    table,
)
from modules.contracts import Data, Edge, Services
from tests.conftest import Stack
from tests.synth.alarms import COMPOSITE_ALARM, METRIC_ALARM, Phases, alarms_on, watched

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs" / "runbooks" / "alarms.md"
TOPIC = "${data.terraform_remote_state.account.outputs.alerts_topic_arn}"


@pytest.mark.requirement("R8.3")
def test_every_alarm_tells_the_topic_and_names_a_runbook_section(observed: tuple[Environment, Phases]) -> None:
    _, phases = observed
    names = []
    for stack in phases.values():
        for alarm in [body for kind in (METRIC_ALARM, COMPOSITE_ALARM) for body in stack.resources(kind).values()]:
            topic = stack.outputs.get("alerts_topic_arn", TOPIC)
            assert alarm["alarm_actions"] == alarm["ok_actions"] == [topic], alarm["alarm_name"]
            named = re.search(r"Runbook: https://github\.com/\S+/blob/HEAD/(\S+)#(\S+)$", alarm["alarm_description"])
            assert named, alarm["alarm_name"]
            page = (ROOT / named[1]).read_text(encoding="utf-8")
            assert named[2] in {anchor(title) for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}, named[2]
            names.append(alarm["alarm_name"])
    assert len(names) == len(set(names)), "one account has no two alarms of one name"


def anchor(title: str) -> str:
    """What GitHub makes of a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


@pytest.mark.requirement("R8.3")
def test_the_topic_has_subscribers(stacks: dict[str, Stack], env: Environment) -> None:
    account = stacks[f"{env.name}-account"]
    topic = account.outputs["alerts_topic_arn"]
    subscriptions = account.resources("aws_sns_topic_subscription").values()
    told = {each["endpoint"] for each in subscriptions if (each["topic_arn"], each["protocol"]) == (topic, "email")}
    assert told == set(env.alerts.email)
    slack = account.resources("aws_chatbot_slack_channel_configuration").values()
    assert [topic in each["sns_topic_arns"] for each in slack] == [True] * bool(env.alerts.slack_channel)


def test_every_section_of_the_runbook_says_what_it_means_where_to_look_and_what_to_do() -> None:
    for section in RUNBOOK.read_text(encoding="utf-8").split("\n## ")[1:]:
        assert re.findall(r"^\*\*(\w+)\.\*\*", section, re.MULTILINE) == ["Means", "Look", "Do"]


@pytest.mark.requirement("R8.3")
def test_every_section_of_the_runbook_is_linked_by_an_alarm() -> None:
    environment = environments.load("prod")
    edge = Edge.remote("edge")
    rows: list[AlarmRow] = [
        CUTOVER,
        blocked_requests(environment, web_acl=""),
        dropped_runs(group=""),
        *table(environment, data=Data.remote("data"), edge=edge, services=Services.remote("services")),
    ]
    for service in environment.product.load_balanced:
        rows += [rollback(service), *rollback_alarms(environment, service, edge)]
    titles = re.findall(r"^## (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert {row.runbook for row in rows} == {anchor(title) for title in titles}


def combined(phases: Phases, id_: str) -> list[str]:
    """Metrics of the alarms that a composite alarm combines, wherever they stand."""
    rule = phases["observability"].resources(COMPOSITE_ALARM)[id_]["alarm_rule"]
    metrics: list[str] = []
    for part in rule.split(" OR "):
        key = re.fullmatch(r'ALARM\("\$\{data\.\w+\.services\.outputs\.rollback_alarms\["(\w+)"\]\}"\)', part)
        stack = phases["services" if key else "observability"]
        name = stack.outputs["rollback_alarms"][key[1]] if key else part
        alarm = re.search(r"\$\{aws_cloudwatch_metric_alarm\.(\w+)\.alarm_name\}", name)
        assert alarm, part
        metrics += [metric for metric, _ in watched(stack.resources(METRIC_ALARM)[alarm[1]])]
    return metrics


def test_what_means_roll_back_is_one_alarm_per_service(observed: tuple[Environment, Phases]) -> None:
    environment, phases = observed
    composites = phases["observability"].resources(COMPOSITE_ALARM)
    services = environment.product.load_balanced
    assert set(composites) == {"cutover", *(f"{service.name}_rollback" for service in services)}
    for service in services:
        signs = {"UnHealthyHostCount", "HTTPCode_Target_5XX_Count", "TargetResponseTime", "RunningTaskCount"}
        assert signs <= set(combined(phases, f"{service.name}_rollback"))


def test_one_alarm_stops_a_cutover(observed: tuple[Environment, Phases]) -> None:
    environment, phases = observed
    metrics = combined(phases, "cutover")
    assert {"HTTPCode_ELB_5XX_Count", "DatabaseConnections"} <= set(metrics)
    for metric in ("UnHealthyHostCount", "HTTPCode_Target_5XX_Count", "TargetResponseTime"):
        assert metrics.count(metric) == len(alarms_on(phases, metric)) >= len(environment.product.load_balanced)
    published = phases["observability"].outputs["cutover_alarm"]
    assert published == "${aws_cloudwatch_composite_alarm.cutover.alarm_name}"

"""The dashboard shows what the plan names, in a structure that CloudWatch takes."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest

from environments.schema import Environment
from tests.synth.alarms import METRIC_ALARM, Phases


def widgets(phases: Phases) -> list[dict[str, Any]]:
    """The dashboard's widgets, as Terraform makes them of the body."""
    body = phases["observability"].resources("aws_cloudwatch_dashboard")["dashboard"]["dashboard_body"]
    expressions = re.findall(r"\$\{[^}]*\}", body)
    assert expressions and not any("\\" in expression for expression in expressions), "Terraform can't read them"
    made: list[dict[str, Any]] = json.loads(re.sub(r"\$\{[^}]*\}", "known-at-apply", body))["widgets"]
    return made


@pytest.mark.requirement("R8.4")
def test_the_dashboard_shows_answers_health_tasks_and_latency(observed: tuple[Environment, Phases]) -> None:
    environment, phases = observed
    shown = {row[1] for each in widgets(phases) for row in each["properties"].get("metrics", []) if len(row) > 1}
    assert shown >= {f"HTTPCode_Target_{code}XX_Count" for code in (2, 4, 5)} | {"HTTPCode_ELB_5XX_Count"}
    assert shown >= {"HealthyHostCount", "UnHealthyHostCount", "TargetResponseTime"}
    assert shown >= {"CPUUtilization", "MemoryUtilization", "RunningTaskCount", "DatabaseConnections", "Evictions"}
    alarms = next(each for each in widgets(phases) if each["type"] == "alarm")["properties"]["alarms"]
    here = phases["observability"].resources(METRIC_ALARM)
    assert len(here) < len(alarms) <= 100, "CloudWatch shows 100 in one widget"
    assert ("BudgetEnforcementRejections" in shown) == (environment.product.rejections is not None)


@pytest.mark.requirement("R8.4")
def test_the_dashboard_has_the_structure_that_cloudwatch_documents(observed: tuple[Environment, Phases]) -> None:
    environment, phases = observed
    for each in widgets(phases):
        assert each["type"] in {"metric", "alarm", "log"}
        assert 1 <= each["width"] <= 24 - each["x"] and each["x"] >= 0 and each["y"] >= 0 and each["height"] >= 1
        properties = each["properties"]
        if each["type"] == "log":
            assert properties["query"].startswith("SOURCE '")
        if each["type"] != "alarm":
            assert properties["region"] == environment.region
        for row in properties.get("metrics", []):
            *path, options = row
            assert isinstance(options, dict)
            assert ("expression" in options and not path) or (len(path) % 2 == 0 and len(path) >= 2)
            assert options.get("stat", "Sum") in {"Average", "Maximum", "Minimum", "Sum", "p50", "p95", "p99"}
    for one_, other in itertools.combinations(widgets(phases), 2):
        apart = one_["y"] + one_["height"] <= other["y"] or one_["x"] + one_["width"] <= other["x"]
        assert apart, f"{one_['properties']['title']} covers {other['properties']['title']}"

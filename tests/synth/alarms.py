"""Alarms of all phases of an environment, for the tests of what is observed."""

from __future__ import annotations

from modules.phases import PHASES
from tests.conftest import Body, Stack

METRIC_ALARM = "aws_cloudwatch_metric_alarm"
COMPOSITE_ALARM = "aws_cloudwatch_composite_alarm"
Phases = dict[str, Stack]


def phases_of(stacks: dict[str, Stack], environment: str) -> Phases:
    """An environment's stacks by phase."""
    return {phase.name: stacks[f"{environment}-{phase.name}"] for phase in PHASES}


def watched(body: Body) -> list[tuple[str, str]]:
    """Metrics of an alarm, each with all of its dimensions in one string."""
    metrics = [query["metric"] for query in body.get("metric_query", []) if "metric" in query] or [body]
    return [(metric["metric_name"], " ".join(metric.get("dimensions", {}).values())) for metric in metrics]


def alarms_on(phases: Phases, metric: str, what: str = "") -> list[Body]:
    """All alarms of an environment on a metric of one thing, which is named in its dimensions."""
    return [
        body
        for stack in phases.values()
        for body in stack.resources(METRIC_ALARM).values()
        if any(name == metric and what in dimensions for name, dimensions in watched(body))
    ]

"""Two resources that set the same thing at AWS are a finding: the second overwrites the first without an error."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

import environments
from ops.gate.overwritten import IDENTITIES, NAMES, OVERWRITTEN, overwritten
from ops.gate.understood import table
from tests.cases import every_case
from tests.gate.plants import Body, Ground, add
from tests.products import SUBJECTS, Subject, values

ALARM = "aws_cloudwatch_metric_alarm"
SCALING = "aws_appautoscaling_policy"


@pytest.fixture(scope="module")
def prod(output: Path) -> Ground:
    return Ground.of(output, environments.load("prod"), overwritten)


@every_case("subject", SUBJECTS, ids=str)
def test_no_product_overwrites_anything(subject: Subject, outputs: Callable[[Path], Path]) -> None:
    with values(subject.folder):
        assert Ground.of(outputs(subject.folder), subject.environment, overwritten).failed == frozenset()


def again(kind: str, name: str, /, **settings: Any) -> Callable[[Body], None]:
    """A change that adds another resource with the same settings, except some."""

    def change(content: Body) -> None:
        blocks = content["resource"][kind]
        blocks["another"] = deepcopy(blocks[name]) | settings

    return change


@pytest.mark.requirement("R13.2")
@every_case(
    ("phase", "kind", "name"),
    [
        ("services", SCALING, "backend_scaling_cpu"),
        ("account", "aws_guardduty_detector_feature", "guardduty_runtime_monitoring"),
        ("observability", ALARM, "load_balancer_5xx"),
        ("observability", "aws_cloudwatch_composite_alarm", "cutover"),
        ("cutover", "aws_route53_record", "application_current"),
    ],
)
def test_a_second_resource(prod: Ground, phase: str, kind: str, name: str) -> None:
    found = prod.planted(phase, again(kind, name))
    assert {(OVERWRITTEN, f"{kind}.{each}") for each in (name, "another")} <= found.keys()


def test_a_composite_alarm_with_the_name_of_a_metric_alarm(prod: Ground) -> None:
    name = prod.documents["observability"].content["resource"][ALARM]["load_balancer_5xx"]["alarm_name"]
    found = prod.planted("observability", add("aws_cloudwatch_composite_alarm", "another", {"alarm_name": name}))
    assert "aws_cloudwatch_composite_alarm.another" in found[OVERWRITTEN, f"{ALARM}.load_balancer_5xx"]


@every_case(
    ("phase", "change"),
    [
        ("services", again(SCALING, "backend_scaling_cpu", name="requests")),
        ("services", again(SCALING, "backend_scaling_cpu", resource_id="service/aep-prod/another")),
        ("observability", again(ALARM, "load_balancer_5xx", alarm_name="aep-prod-another")),
        ("observability", again(ALARM, "load_balancer_5xx", provider="aws.global")),
    ],
)
def test_others_are_no_finding(prod: Ground, phase: str, change: Callable[[Body], None]) -> None:
    assert prod.planted(phase, change) == {}


@every_case("name", ["aep-staging-alerts", "shop-prod-alerts", "alerts", "aep-prod2-alerts"])
def test_a_name_of_another_environment(prod: Ground, name: str) -> None:
    def change(content: Body) -> None:
        content["resource"]["aws_sns_topic"]["alerts"]["name"] = name

    said = prod.planted("account", change)[OVERWRITTEN, "aws_sns_topic.alerts"]
    assert f"its name {name!r} doesn't start with 'aep-prod'" in said


def test_the_tables_name_attributes_of_the_types() -> None:
    types = table.types()
    for kind, attributes in [*IDENTITIES.items(), *((kind, (name,)) for kind, name in NAMES.items())]:
        assert {*attributes} <= {*types[kind], *types[kind].get("unset", ())}

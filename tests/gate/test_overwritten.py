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
from tests.gate.plants import Body, Ground
from tests.products import SUBJECTS, Subject, values


@pytest.fixture(scope="module")
def prod(output: Path) -> Ground:
    return Ground.of(output, environments.load("prod"), overwritten)


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
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
def test_a_second_resource_of_each_type_in_use(prod: Ground) -> None:
    unnoticed, known = [], set()
    for phase, document in prod.documents.items():
        for kind, blocks in document.content.get("resource", {}).items():
            if kind in IDENTITIES:
                known.add(kind)
                name = next(iter(blocks))
                found = prod.planted(phase, again(kind, name))
                if {(OVERWRITTEN, f"{kind}.{each}") for each in (name, "another")} - found.keys():
                    unnoticed.append(kind)
    assert unnoticed == []
    assert len(known) > 30


@pytest.mark.parametrize(
    ("phase", "change"),
    [
        # The same bucket or secret in another form.
        ("state", again("aws_s3_bucket_policy", "state_policy", bucket="aep-prod-tfstate-111122223333")),
        ("account", again("aws_s3_bucket_logging", "state_logging", target_prefix="other/")),
        ("secrets", again("aws_secretsmanager_secret_policy", "redis_url_policy", policy="{}")),
        ("account", again("aws_iam_role_policy", "planner_policy", role="aep-prod-planner")),
        ("account", again("aws_cloudwatch_event_rule", "root_console", event_pattern="{}")),
    ],
)
def test_the_same_in_another_form(prod: Ground, phase: str, change: Callable[[Body], None]) -> None:
    assert any(check == OVERWRITTEN for check, _ in prod.planted(phase, change))


@pytest.mark.parametrize(
    ("phase", "change"),
    [
        ("account", again("aws_iam_role_policy", "planner_policy", name="aep-prod-planner-more")),
        ("account", again("aws_iam_role_policy", "planner_policy", role="${aws_iam_role.slack_role.id}")),
        ("account", again("aws_cloudwatch_event_rule", "root_console", provider="aws.global")),
        ("account", again("aws_sns_topic", "alerts", name="aep-prod-other")),
    ],
)
def test_others_are_no_finding(prod: Ground, phase: str, change: Callable[[Body], None]) -> None:
    assert prod.planted(phase, change) == {}


@pytest.mark.parametrize("name", ["aep-staging-alerts", "shop-prod-alerts", "alerts", "aep-prod2-alerts"])
def test_a_name_of_another_environment(prod: Ground, name: str) -> None:
    def change(content: Body) -> None:
        content["resource"]["aws_sns_topic"]["alerts"]["name"] = name

    said = prod.planted("account", change)[OVERWRITTEN, "aws_sns_topic.alerts"]
    assert f"its name {name!r} doesn't start with 'aep-prod'" in said


@pytest.mark.parametrize("tag", ["Project", "Environment", "Owner"])
def test_a_tag_that_overrides_a_default_tag(prod: Ground, tag: str) -> None:
    """The deployer's permissions and the costs depend on default tags."""

    def change(content: Body) -> None:
        content["resource"]["aws_vpc"]["vpc"]["tags"][tag] = "other"

    said = prod.planted("network", change)[OVERWRITTEN, "aws_vpc.vpc"]
    assert said == f"its tags override the provider's default tags: {tag}"


def test_the_tables_name_attributes_of_the_types() -> None:
    types = table.types()
    for kind, attributes in [*IDENTITIES.items(), *((kind, (name,)) for kind, name in NAMES.items())]:
        assert kind not in types or {*attributes} <= {*types[kind], *types[kind].get("unset", ())}

"""Products without a database, a cache, or both: nothing is left of what belongs to a store."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from environments.flows import parties
from environments.names import Names
from environments.schema import Environment, Migration
from modules.alarms import expected
from tests.conftest import Stack
from tests.shapes import PROD, VARIANTS, without
from tests.unit.test_environments import problems

Phases = dict[str, Stack]
WORDS = {"database": ("aws_db_", "database_"), "cache": ("aws_elasticache_", "cache_")}


@pytest.fixture(scope="module", params=["no_database", "no_cache", "no_stores"])
def shape(request: pytest.FixtureRequest) -> Environment:
    return VARIANTS[request.param]


@pytest.fixture(scope="module")
def phases(shape: Environment, synthesized: Callable[[Environment], Phases]) -> Phases:
    return synthesized(shape)


def test_nothing_of_an_absent_store_is_left(shape: Environment, phases: Phases) -> None:
    absent = {"database", "cache"} - set(shape.stores)
    for name in ("network", "secrets", "data", "edge", "services", "observability"):
        resources = {f"{kind}.{id_}" for kind, id_, _ in phases[name].all_resources()}
        for store in absent:
            assert not [each for each in resources if any(word in each for word in WORDS[store])]
    dashboard = json.dumps(phases["observability"].resources("aws_cloudwatch_dashboard"))
    assert ("AWS/RDS" in dashboard, "AWS/ElastiCache" in dashboard) == (bool(shape.database), bool(shape.cache))


def test_the_phase_data_is_empty_without_stores_and_publishes_its_contract(shape: Environment, phases: Phases) -> None:
    data = phases["data"]
    outputs = {name: output["value"] for name, output in data.document["output"].items()}
    assert bool(outputs["database_identifier"]) == bool(shape.database)
    assert bool(outputs["cache_id"]) == bool(shape.cache)
    assert bool(list(data.all_resources())) == bool(shape.stores)


def test_operators_expect_no_store_that_is_absent(shape: Environment) -> None:
    assert ("database" in parties(shape), "cache" in parties(shape)) == (bool(shape.database), bool(shape.cache))
    alarms = list(expected(Names(shape)))
    assert any("database" in name for name in alarms) == bool(shape.database)
    assert any("cache" in name for name in alarms) == bool(shape.cache)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(PROD, database=None), "product.migration"),
        (replace(PROD, cache=None), "product.secrets.4.generated"),
        (replace(without(PROD, "cache"), product=PROD.product), "product.services.0.reaches"),
        (replace(without(PROD, "database"), product=PROD.product), "product.secrets.written_by"),
        (
            replace(
                without(PROD, "database"),
                product=replace(
                    without(PROD, "database").product, migration=Migration(service="backend", command=("migrate",))
                ),
            ),
            "product.migration",
        ),
    ],
    ids=["database", "cache", "reaches", "secret", "migration"],
)
def test_what_uses_an_absent_store_is_refused(wrong: Environment, field: str) -> None:
    assert field in problems(wrong)

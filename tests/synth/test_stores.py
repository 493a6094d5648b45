"""Products without a database, a cache, or both: nothing is left of what belongs to a store."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from environments.flows import parties
from environments.names import Names
from environments.schema import Environment, Migration
from modules.alarms import expected
from tests.cases import every_case
from tests.conftest import Stack, subjects_with
from tests.shapes import PROD, without
from tests.synth.alarms import Phases, phases_of
from tests.unit.test_environments import problems

WORDS = {"database": ("aws_db_", "database_"), "cache": ("aws_elasticache_", "cache_")}


without_a_store = subjects_with(lambda environment: len(environment.stores) < len(WORDS))


@pytest.fixture
def phases(env: Environment, stacks: dict[str, Stack]) -> Phases:
    return phases_of(stacks, env.name)


@without_a_store
def test_nothing_of_an_absent_store_is_left(env: Environment, phases: Phases) -> None:
    absent = set(WORDS) - set(env.stores)
    for name in ("network", "secrets", "data", "edge", "services", "observability"):
        resources = {f"{kind}.{id_}" for kind, id_, _ in phases[name].all_resources()}
        for store in absent:
            assert not [each for each in resources if any(word in each for word in WORDS[store])]
    dashboard = json.dumps(phases["observability"].resources("aws_cloudwatch_dashboard"))
    assert ("AWS/RDS" in dashboard, "AWS/ElastiCache" in dashboard) == (bool(env.database), bool(env.cache))


@without_a_store
def test_the_phase_data_is_empty_without_stores_and_publishes_its_contract(env: Environment, phases: Phases) -> None:
    data = phases["data"]
    outputs = {name: output["value"] for name, output in data.document["output"].items()}
    assert bool(outputs["database_identifier"]) == bool(env.database)
    assert bool(outputs["cache_id"]) == bool(env.cache)
    assert bool(list(data.all_resources())) == bool(env.stores)


@without_a_store
def test_operators_expect_no_store_that_is_absent(env: Environment) -> None:
    assert ("database" in parties(env), "cache" in parties(env)) == (bool(env.database), bool(env.cache))
    alarms = list(expected(Names(env)))
    assert any("database" in name for name in alarms) == bool(env.database)
    assert any("cache" in name for name in alarms) == bool(env.cache)


@every_case(
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

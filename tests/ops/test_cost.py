"""Prices, the table of types, and how quantities follow from arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from environments.schema import LARGE_USAGE, SMALL_USAGE, Usage
from environments.schema.billing import SERVICES
from ops.cost.estimate import estimate_view, unknown_types
from ops.cost.prices import CONFIRMED_BY, Prices, read, regions
from ops.cost.table import table
from ops.errors import OpsError
from ops.gate.model import Block, ScannedBlock
from ops.gate.understood.table import types
from tests.cases import every_case
from tests.ops.cost import PRICES, views
from tests.products import AEP, SHAPES

GOOD = 'usd = 1.5\nunit = "hour"\ndate = 2026-11-29\nsources = ["one", "two"]\n'


def block(kind: str, settings: dict[str, Any], name: str = "one", stack: str = "demo-network") -> ScannedBlock:
    return ScannedBlock(Block(stack, f"{kind}.{name}", "f", 1), "resource", kind, name, settings)


def test_every_type_that_the_gate_understands_is_priced_or_free_or_unpriced_and_only_one_of_them() -> None:
    known = table()
    understood = {kind for kind in types() if not kind.startswith(("data.", "ephemeral."))}
    ways = [set(known.charges), set(known.free), set(known.unpriced)]
    assert set.union(*ways) == understood
    assert sum(map(len, ways)) == len(understood)


@every_case("folder", [AEP, *SHAPES], ids=lambda folder: folder.name)
@pytest.mark.requirement("R11.3")
def test_every_synthesized_type_is_known_and_every_quantity_follows(
    folder: Path, outputs: Callable[[Path], Path]
) -> None:
    for name, view in views(folder, outputs(folder)).items():
        assert list(unknown_types(view)) == []
        found = estimate_view(view, name, LARGE_USAGE, Prices("nowhere", {}))
        reasons = {*table().unpriced.values(), "no price in ops/cost/prices/nowhere.toml"}
        assert set(found.unpriced) <= reasons, name
        assert all(line.quantity > 0 for line in found.lines)


def test_a_type_that_the_table_lacks_is_found() -> None:
    strange = block("aws_eks_cluster", {})
    assert list(unknown_types([block("aws_vpc", {}), strange])) == [strange]


def test_bills_are_names_of_services_on_bills_and_every_assumption_is_used() -> None:
    charges = [charge for found in table().charges.values() for charge in found]
    assert {charge.bill for charge in charges} <= set(SERVICES)
    texts = " ".join(charge.quantity for charge in charges)
    assert [field.name for field in fields(Usage) if f"usage.{field.name}" not in texts] == []


@every_case(
    ("kind", "settings", "what", "quantity"),
    [
        ("aws_vpc_endpoint", {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b"]}, "interface endpoint", 1460),
        ("aws_vpc_endpoint", {"vpc_endpoint_type": "Gateway"}, "interface endpoint", None),
        (
            "aws_vpc_endpoint",
            {"vpc_endpoint_type": "Interface", "service_name": "com.amazonaws.x.guardduty-data", "subnet_ids": ["a"]},
            "interface endpoint",
            None,
        ),
        ("aws_cloudwatch_metric_alarm", {}, "alarm", 1),
        ("aws_cloudwatch_metric_alarm", {"metric_query": [{"metric": {}}, {"id": "e"}, {"metric": [{}]}]}, "alarm", 2),
        ("aws_lb", {"internal": False, "subnets": ["a", "b"]}, "public addresses of the load balancer", 1460),
        ("aws_lb", {"internal": True, "subnets": ["a", "b"]}, "public addresses of the load balancer", None),
        ("aws_db_instance", {"multi_az": True, "allocated_storage": 30}, "storage of the database, Multi-AZ", 30),
        ("aws_db_instance", {"allocated_storage": 30}, "storage of the database, Single-AZ", 30),
    ],
)
def test_a_quantity_follows_from_the_arguments(
    kind: str, settings: dict[str, Any], what: str, quantity: int | None
) -> None:
    lines = estimate_view([block(kind, settings)], "demo", SMALL_USAGE, PRICES).lines
    assert [line.quantity for line in lines if line.what == what] == ([] if quantity is None else [quantity])


def test_tasks_have_the_size_of_the_task_definition_that_the_service_refers_to() -> None:
    service = {"desired_count": 3, "task_definition": "${aws_ecs_task_definition.app.arn}"}
    task = {"cpu": "2048", "memory": "4096", "runtime_platform": {"cpu_architecture": "X86_64"}}
    other = block("aws_ecs_task_definition", {**task, "cpu": "256"}, "other")
    view = [other, block("aws_ecs_task_definition", task, "app"), block("aws_ecs_service", service)]
    found = {line.what: line for line in estimate_view(view, "demo", SMALL_USAGE, PRICES).lines}
    assert found["Fargate: CPU"].quantity == 730 * 3 * 2
    assert found["Fargate: memory"].usd == 730 * 3 * 4 * Decimal("0.004445")
    assert "GuardDuty's agent in tasks" not in found
    managed = {"name": "ECS_FARGATE_AGENT_MANAGEMENT", "status": "ENABLED"}
    agent = {"name": "RUNTIME_MONITORING", "status": "ENABLED", "additional_configuration": [managed]}
    detector = block("aws_guardduty_detector_feature", agent)
    lines = estimate_view([*view, detector], "demo", SMALL_USAGE, PRICES).lines
    assert next(line.quantity for line in lines if line.what == "GuardDuty's agent in tasks") == 6


@every_case(("size", "vcpus"), [("small", 2), ("large", 2), ("xlarge", 4), ("2xlarge", 8), ("16xlarge", 64)])
def test_virtual_cpus_follow_from_the_size(size: str, vcpus: int) -> None:
    database = block("aws_db_instance", {"instance_class": f"db.m7g.{size}", "allocated_storage": 20})
    feature = block("aws_guardduty_detector_feature", {"name": "RDS_LOGIN_EVENTS", "status": "ENABLED"})
    lines = estimate_view([database, feature], "demo", SMALL_USAGE, PRICES).lines
    assert next(line.quantity for line in lines if line.price_id == "guardduty.rds") == vcpus


def test_a_shared_quantity_counts_once_and_an_own_one_for_each_resource() -> None:
    gateways = [block("aws_nat_gateway", {}, name) for name in "abc"]
    found = {line.what: line for line in estimate_view(gateways, "demo", replace(SMALL_USAGE, nat_gb=7), PRICES).lines}
    own, shared = found["NAT gateway"], found["data through NAT gateways"]
    assert own.resources == 3 and own.quantity == 2190 and not own.assumed
    assert shared.quantity == 7 and shared.assumed


def test_what_has_no_price_or_no_quantity_is_in_no_total_and_is_named() -> None:
    view = [
        block("aws_db_instance", {"instance_class": "db.r7g.large", "multi_az": True, "storage_type": "gp3"}),
        block("aws_securityhub_account", {}),
    ]
    found = estimate_view(view, "demo", SMALL_USAGE, PRICES)
    assert found.fixed == 0
    assert found.unpriced["no price in ops/cost/prices/us-east-1.toml"] == ("rds.db.r7g.large.multi_az",)
    unknown = "storage of the database, Multi-AZ: allocated_storage is missing, must be a number"
    assert found.unpriced[unknown] == ("aws_db_instance",)
    assert any("aws_securityhub_account" in types for types in found.unpriced.values())


@pytest.mark.parametrize("region", regions())
def test_shipped_prices_are_complete_and_confirmed_or_marked(region: str) -> None:
    prices = read(region)
    assert prices is not None
    assert set(PRICES.by_id) <= set(prices.by_id)
    for price in prices.by_id.values():
        assert price.unit and price.sources
        assert price.unconfirmed or len(price.sources) >= CONFIRMED_BY


def test_a_region_without_a_file_has_no_prices(tmp_path: Path) -> None:
    assert read("us-east-1", tmp_path) is None
    assert regions(tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[nat", "isn't readable as TOML"),
        (f"[a]\n{GOOD}".replace("1.5", "-1"), "a: usd is -1, must be 0 or more"),
        (f"[a]\n{GOOD}".replace("1.5", "nan"), "usd"),
        (f"[a]\n{GOOD}".replace('"one", ', ""), "a: has 1 sources; add one, or say why it is unconfirmed"),
        (f"[a]\n{GOOD}".replace('"one", "two"', ""), "a: has 0 sources"),
        (f'[a]\n{GOOD}unconfirmd = "x"\n', "a.unconfirmd"),
        (f"[a]\n{GOOD}".replace("date = 2026-11-29", 'date = "soon"'), "a.date"),
        ("a = 1", "a: "),
    ],
)
def test_a_damaged_file_is_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "us-east-1.toml").write_text(text)
    with pytest.raises(OpsError) as raised:
        read("us-east-1", tmp_path)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_prices_are_exact(tmp_path: Path) -> None:
    (tmp_path / "us-east-1.toml").write_text(f"[a]\n{GOOD}".replace("1.5", "0.004445"))
    prices = read("us-east-1", tmp_path)
    assert prices and prices.by_id["a"].usd == Decimal("0.004445")

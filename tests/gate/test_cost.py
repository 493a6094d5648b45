"""The gate compares the estimated cost with the budgets, and warns of prices that are old or missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from environments.schema import LARGE_USAGE, Environment, Usage
from ops.cost import prices as shipped
from ops.gate import cost
from ops.gate.cost import BUDGET, STALE, TYPE
from ops.gate.model import Block, ErrorKind, Outcome, Record, ScannedBlock
from tests.gate.project import Project, entry, failed
from tests.ops.cost import PRICES, READ_ON, views
from tests.products import AEP, OF_AEP, SHAPES, SUBJECTS

STARTER = next(each.environment for each in OF_AEP if each.environment.name == "prod-starter")
DEMO = replace(STARTER, name="demo", usage=Usage())
NAT = {"allocation_id": "x", "subnet_id": "y"}


@pytest.fixture(autouse=True)
def prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only us-east-1 has prices, which no renewal of the shipped ones changes."""
    monkeypatch.setattr(cost, "read", lambda region: PRICES if region == "us-east-1" else None)


def block(kind: str, settings: dict[str, Any], name: str = "one") -> ScannedBlock:
    return ScannedBlock(Block("demo-account", f"{kind}.{name}", "f", 1), "resource", kind, name, settings)


def budget(limit: str, *services: str) -> ScannedBlock:
    filters = {"cost_filter": [{"name": "Service", "values": list(services)}]} if services else {}
    return block("aws_budgets_budget", {"limit_amount": limit, **filters}, f"b{len(services)}")


def wrong(*blocks: ScannedBlock, environment: Environment = DEMO, today: date = READ_ON) -> list[str]:
    records, _ = cost.cost({"demo": blocks}, {"demo": environment}, today)
    return [detail for record in records for detail in record.details]


def warned(*blocks: ScannedBlock, environment: Environment = DEMO, today: date = READ_ON) -> list[str]:
    return cost.cost({"demo": blocks}, {"demo": environment}, today)[1]


@pytest.mark.slow
@pytest.mark.parametrize("folder", [AEP, *SHAPES], ids=lambda folder: folder.name)
def test_every_environment_is_within_its_budgets(folder: Path, outputs: Callable[[Path], Path]) -> None:
    values: Mapping[str, Environment] = {
        each.environment.name: each.environment for each in SUBJECTS if each.folder == folder
    }
    records, warnings = cost.cost(views(folder, outputs(folder)), values, READ_ON)
    assert [record for record in records if not record.passed] == []
    assert {record.check for record in records if values} >= {TYPE}
    skipped = {each.region for each in values.values()} - {"us-east-1"}
    assert len(warnings) == len(skipped)
    assert all("skipped: no prices of" in warning for warning in warnings)


def test_a_budget_is_compared_with_the_cost_of_all_or_of_its_services() -> None:
    # A NAT gateway costs 730 x 0.045 = 32.85, and the data through it 50 GB x 0.045 = 2.25.
    gateway = block("aws_nat_gateway", NAT)
    assert wrong(gateway, budget("36"), budget("36", "EC2 - Other")) == []
    assert wrong(gateway, budget("35.10")) == []
    (over,) = wrong(gateway, budget("35"))
    assert over.startswith("the environment costs about 35.10 USD a month, over the budget of 35.00: ")
    assert "raise budgets.monthly; bin/ops cost demo shows the lines" in over
    (over,) = wrong(gateway, budget("35", "EC2 - Other"), budget("1000"))
    assert over.startswith("EC2 - Other costs about 35.10 USD a month")
    assert wrong(gateway, budget("1", "Amazon ElastiCache")) == []
    assert wrong(gateway, budget("1", "Amazon ElastiCache", "EC2 - Other"))


def test_the_assumed_use_counts() -> None:
    gateway = block("aws_nat_gateway", NAT)
    assert wrong(gateway, budget("40")) == []
    assert wrong(gateway, budget("40"), environment=replace(DEMO, usage=LARGE_USAGE))


def test_a_budget_without_a_number_is_a_finding() -> None:
    assert wrong(budget("much")) == ["has no limit_amount that is a number"]


def test_a_type_that_the_table_lacks_is_a_finding_whatever_the_region_has() -> None:
    (detail,) = wrong(block("aws_eks_cluster", {}), environment=replace(DEMO, region="eu-west-1"))
    assert detail == "aws_eks_cluster is not in ops/cost/types.toml: add its price, or why it has none"


def test_prices_are_old_after_180_days_in_one_warning() -> None:
    assert warned(today=READ_ON + STALE) == []
    (warning,) = warned(today=READ_ON + STALE + timedelta(days=1))
    assert warning.startswith(
        f"cost: {len(PRICES.by_id)} of {len(PRICES.by_id)} prices of us-east-1 are older than 180 "
    )
    assert "of 2026-11-29; renew them: make prices ENV=" in warning


def test_what_the_total_lacks_is_a_warning_but_for_what_is_decided() -> None:
    database = {"instance_class": "db.r7g.large", "allocated_storage": 20, "storage_type": "gp3"}
    (warning,) = warned(block("aws_db_instance", database), block("aws_securityhub_account", {}))
    assert "the total lacks rds.db.r7g.large.single_az: no price in ops/cost/prices/us-east-1.toml" in warning


def test_a_region_without_prices_is_skipped_with_one_warning_and_no_total() -> None:
    elsewhere = replace(DEMO, region="eu-west-1")
    view = [block("aws_nat_gateway", NAT), budget("1")]
    records, warnings = cost.cost({"demo": view, "more": view}, {"demo": elsewhere, "more": elsewhere}, READ_ON)
    assert warnings == ["cost of demo, more: skipped: no prices of eu-west-1; create them: make prices ENV=demo"]
    assert {record.check for record in records} == {TYPE}


def test_stacks_without_values_are_left_out() -> None:
    assert cost.cost({"organization": [block("aws_eks_cluster", {})]}, {}, READ_ON) == ([], [])


@pytest.fixture
def expensive(project: Project) -> Project:
    project.expected = replace(project.expected, values={"demo": DEMO})
    project.add("network", "aws_nat_gateway", "gateway", NAT)
    project.add("services", "aws_budgets_budget", "account", {"name": "all", "limit_amount": "10"})
    return project


@pytest.mark.requirement("R11.3")
def test_the_verdict_has_it_and_the_register_may_accept_it(expensive: Project) -> None:
    at = (BUDGET, "aws_budgets_budget.account")
    verdict = expensive.judge()
    assert verdict.outcome is Outcome.FINDINGS
    assert at in failed(verdict)
    expensive.risks = [entry(checks=[BUDGET], resources=["aws_budgets_budget.account"], stacks=["demo-services"])]
    verdict = expensive.judge()
    assert at not in failed(verdict)
    assert [accepted.record.check for accepted in verdict.accepted] == [BUDGET]


def test_old_prices_are_a_warning_of_the_verdict(expensive: Project) -> None:
    assert not any("are older than" in warning for warning in expensive.judge(today=READ_ON).warnings)
    late = expensive.judge(today=READ_ON + timedelta(days=200))
    assert sum("are older than 180 days" in warning for warning in late.warnings) == 1


def test_a_damaged_file_of_prices_is_a_scan_error(
    expensive: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "us-east-1.toml").write_text("[nat")
    monkeypatch.setattr(cost, "read", lambda region: shipped.read(region, tmp_path))
    (error,) = (error for error in expensive.judge().errors if "prices" in error.where)
    assert (error.kind, error.fix) == (ErrorKind.CHECK_RAISED, "correct the file")


def test_records_name_the_budget() -> None:
    records, _ = cost.cost({"demo": [block("aws_nat_gateway", NAT), budget("1")]}, {"demo": DEMO}, READ_ON)
    (found,) = (record for record in records if record.check == BUDGET)
    assert isinstance(found, Record) and found.block.address == "aws_budgets_budget.b0"

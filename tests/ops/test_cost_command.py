"""`ops cost`: the report as text, Markdown and data; comparisons; what cannot be estimated."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from environments.schema import SMALL_USAGE
from environments.schema.risks import CHOICES, without
from ops.cost import read
from ops.cost.estimate import Estimate, estimate_view
from ops.cost.read import Saving, Skipped, estimate_of, savings
from ops.cost.report import Report, as_data, as_markdown, as_text, by_phase, differences
from tests.cases import every_case
from tests.ops.cli import run
from tests.ops.cost import PRICES, views
from tests.products import AEP, OF_AEP, values

STARTER = next(each.environment for each in OF_AEP if each.environment.name == "prod-starter")


@pytest.fixture(scope="module")
def estimates(output: Path) -> dict[str, Estimate]:
    found = views(AEP, output)
    return {name: estimate_view(view, name, SMALL_USAGE, PRICES) for name, view in found.items()}


@pytest.fixture(scope="module")
def report(estimates: dict[str, Estimate]) -> Report:
    saving = Saving("no_waf", "requests reach the application unfiltered", Decimal("10.10"), Decimal("3.53"))
    return Report(
        (estimates["prod-starter"], estimates["prod"]),
        (Skipped("intake-prod", "eu-west-1"),),
        {"prod-starter": [saving]},
        "v1",
        {"prod": estimates["prod-starter"]},
    )


@pytest.mark.requirement("R11.3")
def test_the_text_has_lines_totals_prices_and_differences(report: Report) -> None:
    lines = [" ".join(line.split()) for line in as_text(report).splitlines()]
    assert "prod: 929.46 USD a month: 883.85 fixed, 45.61 for the assumed use (us-east-1)" in lines
    assert "network NAT gateway 3 2,190 unit 0.045 98.55 2026-11-29" in lines
    assert "nat.hour 0.045 unit 2026-11-29 one; two" in lines
    assert "network NAT gateway 32.85 98.55" in lines
    assert "total 228.71 929.46" in lines
    assert "no_waf 13.63 10.10 3.53 requests reach the application unfiltered" in lines
    assert "intake-prod: skipped: no prices of eu-west-1; create them: make prices ENV=intake-prod" in lines
    assert "prod: +700.75 USD a month against v1" in lines
    assert "prod-starter: isn't in v1, or its values aren't valid there" in lines
    assert any(line.startswith("not in the total: aws_ecs_cluster: ") for line in lines)


@pytest.mark.requirement("R11.3")
def test_the_data_has_everything_and_adds_up(report: Report) -> None:
    data = json.loads(json.dumps(as_data(report)))
    starter, prod = data["environments"]
    assert [starter[key] for key in ("name", "total", "fixed", "assumed")] == ["prod-starter", 228.71, 186.63, 42.08]
    assert abs(sum(starter["phases"].values()) - starter["total"]) < 0.05
    line = next(line for line in prod["lines"] if line["what"] == "Fargate: memory")
    assert line == {
        "phase": "services",
        "what": "Fargate: memory",
        "bill": "Amazon Elastic Container Service",
        "resources": 2,
        "assumed": False,
        "quantity": 2190.0,
        "unit": "unit",
        "price": 0.004445,
        "usd": 9.73,
        "price_id": "fargate.X86_64.gb",
        "date": "2026-11-29",
        "sources": ["one", "two"],
        "unconfirmed": "",
    }
    assert data["skipped"] == [{"name": "intake-prod", "region": "eu-west-1"}]
    assert data["savings"]["prod-starter"] == [{"risk": "no_waf", "fixed": 10.1, "assumed": 3.53}]
    gateways = next(each for each in data["differences"] if each["what"] == "NAT gateway")
    assert gateways["usd"] == {"prod-starter": 32.85, "prod": 98.55}


def test_differences_explain_the_whole_difference_of_totals(estimates: dict[str, Estimate]) -> None:
    starter, prod = estimates["prod-starter"], estimates["prod"]
    found = differences([starter, prod])
    assert sum((each.usd[1] - each.usd[0] for each in found), Decimal()) == prod.total - starter.total
    assert sum(by_phase(prod).values(), Decimal()) == prod.total
    assert differences([prod, prod]) == []


def test_markdown_is_tables(report: Report) -> None:
    text = as_markdown(report)
    assert "### prod: 929.46 USD a month" in text
    assert "| network | NAT gateway | 3 | 2,190 | unit | 0.045 | 98.55 | 2026-11-29 |" in text


def command(output: Path, *words: str) -> Any:
    with values(AEP):
        return run("cost", *words, "--out", str(output))


def test_the_command_reads_the_synthesized_stacks(output: Path) -> None:
    done = command(output, "prod", "--json")
    assert done.exit_code == 0, done.stderr
    data = json.loads(done.stdout)
    assert [each["name"] for each in data["environments"]] == ["prod"]
    larger = json.loads(command(output, "prod", "--json", "--use", "large").stdout)["environments"][0]
    assert larger["fixed"] == data["environments"][0]["fixed"]
    assert larger["assumed"] > data["environments"][0]["assumed"]
    assert command(output).stdout.count("USD a month") == len(OF_AEP)
    assert "| phase | USD |" in command(output, "prod", "--markdown").stdout


@every_case(
    ("words", "message"),
    [
        (("nowhere",), "unknown environment 'nowhere'"),
        (("prod", "--use", "larg"), "no such use 'larg'; did you mean large?"),
        (("prod", "--json", "--markdown"), "--json and --markdown exclude each other"),
        (
            ("prod", "--against", "no-such-version"),
            "git knows no commit 'no-such-version'; name a commit, branch or tag",
        ),
        (("prod", "--against", "--output=x"), "git knows no commit '--output=x'"),
    ],
)
def test_a_mistake_is_one_line(output: Path, words: tuple[str, ...], message: str) -> None:
    done = command(output, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_an_environment_that_accepts_no_risk_reports_it(output: Path) -> None:
    done = command(output, "prod", "--risks")
    assert "prod: it accepts no risk that lowers its cost" in done.stdout
    assert "lowers its cost" not in command(output, "prod").stdout


def test_an_environment_that_is_not_synthesized_is_one_line(tmp_path: Path) -> None:
    done = command(tmp_path, "prod")
    assert done.exit_code == 2
    assert "prod isn't synthesized; run make synth ENV=prod" in done.stderr


def test_a_region_without_prices_is_skipped_and_has_no_total(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "read_prices", lambda _: None)
    assert estimate_of(STARTER, output) == Skipped("prod-starter", "us-east-1")
    done = command(output, "prod")
    assert done.exit_code == 0
    assert done.stdout == "prod: skipped: no prices of us-east-1; create them: make prices ENV=prod\n"
    data = json.loads(command(output, "prod", "--json").stdout)
    assert (data["environments"], data["skipped"]) == ([], [{"name": "prod", "region": "us-east-1"}])


@every_case("choice", [choice for choice in CHOICES if choice.safer], ids=lambda choice: choice.risk)
def test_the_safer_values_take_no_risk(choice: Any) -> None:
    risky = next(each.environment for each in OF_AEP if each.environment.name == "staging")
    for path, value in choice.safer.items():
        assert path.split(".")[0] in {"profile", "audit"}, value
    safer = without(risky, choice.risk)
    assert not choice.taken(safer)
    assert choice.risk not in safer.accepted_risks


def test_a_risk_without_safer_values_is_an_error() -> None:
    with pytest.raises(LookupError, match="unprotected"):
        without(STARTER, "unprotected")


@pytest.mark.slow
@pytest.mark.requirement("R11.3")
def test_each_accepted_risk_saves_what_the_safer_stacks_cost_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "read_prices", lambda _: PRICES)
    with values(AEP):
        found = {saving.risk: (saving.fixed, saving.assumed) for saving in savings(STARTER)}
    assert found == {
        # 4 endpoints in a second zone: 4 x 730 h x 0.01
        "single_zone_endpoints": (Decimal("29.20"), Decimal()),
        # a second gateway, and its address: 730 h x (0.045 + 0.005)
        "single_nat_gateway": (Decimal("36.50"), Decimal()),
        # 730 h x (0.065 - 0.032) + 50 GB x (0.23 - 0.115)
        "single_az_database": (Decimal("24.09") + Decimal("5.75"), Decimal()),
        # a second task of each service
        "single_task": (Decimal("27.030075"), Decimal()),
        # a second node, and its 2 alarms: 730 h x 0.032 + 2 x 0.10
        "single_node_cache": (Decimal("23.56"), Decimal()),
        # 5 + 5 x 1 + an alarm; requests, logs and stored logs
        "no_waf": (Decimal("10.10"), Decimal("3.53")),
        # 0.75 vCPU x 1.50
        "no_guardduty_agent": (Decimal("1.125"), Decimal()),
    }

"""`make prices`: what AWS's Price List API returns becomes prices with sources and a day."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from ops.aws.errors import AwsError
from ops.cost import prices as shipped
from ops.cost import renew as module
from ops.cost.prices import Price, Prices, read, regions
from ops.cost.renew import API, queries, renew, write
from tests.ops.cli import run
from tests.ops.price_list import PriceList
from tests.products import AEP, values

TODAY = date(2027, 6, 1)
OLD = Price(Decimal("0.045"), "hour", date(2026, 11, 29), ("a table",), "one source")
KNOWN = Prices("us-east-1", {"nat.hour": OLD})


@pytest.fixture
def aws() -> PriceList:
    found = PriceList()
    found.add("AmazonEC2", "USE1-NatGateway-Hours", ("0", "0.045"), productFamily="NAT Gateway")
    found.add("AmazonEC2", "EU-NatGateway-Hours", ("0", "0.048"), region="eu-west-1", productFamily="NAT Gateway")
    found.add("AmazonEC2", "USE1-NatGateway-Bytes", ("0", "0.099"), productFamily="NAT Gateway")
    return found


def renewed(aws: PriceList, known: Prices | None, *ids: str, region: str = "us-east-1") -> dict[str, module.Renewed]:
    return {each.id: each for each in renew(region, known, ids, aws.client(), TODAY)}


def test_a_price_that_aws_confirms_keeps_its_sources(aws: PriceList) -> None:
    found = renewed(aws, KNOWN)["nat.hour"]
    assert found.new == Price(Decimal("0.045"), "hour", TODAY, ("a table", f"{API} {TODAY}"))
    assert str(found) == "nat.hour: no changes: 0.045"
    (asked,) = aws.asked
    assert asked["ServiceCode"] == "AmazonEC2"
    assert {(each["Type"], each["Field"], each["Value"]) for each in asked["Filters"]} == {
        ("TERM_MATCH", "productFamily", "NAT Gateway"),
        ("TERM_MATCH", "regionCode", "us-east-1"),
    }


def test_a_price_that_changed_has_aws_as_its_only_source_and_is_marked(aws: PriceList) -> None:
    found = renewed(aws, Prices("eu-west-1", {"nat.hour": OLD}), region="eu-west-1")["nat.hour"]
    assert found.new and found.new.usd == Decimal("0.048")
    assert found.new.sources == (f"{API} {TODAY}",)
    assert found.new.unconfirmed == f"only the {API}; on 2026-11-29 it was 0.045"
    assert str(found) == "nat.hour: 0.045 → 0.048"


def test_a_second_renewal_does_not_count_as_a_second_source(aws: PriceList) -> None:
    first = Price(Decimal("0.045"), "hour", date(2027, 1, 1), (f"{API} 2027-01-01",), f"only the {API}")
    found = renewed(aws, Prices("us-east-1", {"nat.hour": first}))["nat.hour"]
    assert found.new and found.new.sources == (f"{API} {TODAY}",)
    assert found.new.unconfirmed == f"only the {API}"


def test_a_price_of_a_class_that_the_file_lacks_is_new_and_in_its_unit(aws: PriceList) -> None:
    database = {"databaseEngine": "PostgreSQL", "productFamily": "Database Instance"}
    for usage, option, usd in (("InstanceUsage", "Single-AZ", "0.24"), ("Multi-AZUsage", "Multi-AZ", "0.478")):
        aws.add(
            "AmazonRDS",
            f"{usage}:db.r7g.large",
            ("0", usd),
            instanceType="db.r7g.large",
            deploymentOption=option,
            **database,
        )
    aws.add("awskms", "us-east-1-KMS-Requests", ("0", "1"))  # not a region's prefix
    aws.add("awskms", "USE1-KMS-Requests", ("0", "0.0000000000"), ("20000", "0.0000030000"))
    aws.add("AmazonRoute53", "HostedZone", ("0", "0.50"), ("25", "0.10"), region="", productFamily="DNS Zone")
    found = renewed(aws, None, "rds.db.r7g.large.multi_az", "kms.requests", "route53.zone")
    assert [(id_, each.new.usd, each.new.unit) for id_, each in found.items() if each.new] == [
        ("kms.requests", Decimal("0.03"), "10,000 requests"),
        ("rds.db.r7g.large.multi_az", Decimal("0.478"), "hour"),
        ("route53.zone", Decimal("0.5"), "zone-month"),
    ]


def test_all_pages_are_read_and_several_prices_are_none(aws: PriceList) -> None:
    for usd in ("0.045", "0.045", "0.046"):
        aws.add("AmazonEC2", "NatGateway-Hours", ("0", usd), productFamily="NAT Gateway")
    found = renewed(aws, KNOWN)["nat.hour"]
    assert len(aws.asked) > 2
    assert str(found) == "nat.hour: kept: AWS lists 2 prices for it in us-east-1 (0.045, 0.046)"
    assert str(renewed(aws, None, "nat.hour", region="sa-east-1")["nat.hour"]) == (
        "nat.hour: missing: AWS lists 0 prices for it in sa-east-1"
    )


def test_a_price_without_a_query_is_kept(aws: PriceList) -> None:
    found = renewed(aws, Prices("us-east-1", {"guardduty.rds": OLD}))["guardduty.rds"]
    assert (found.new, str(found)) == (None, "guardduty.rds: kept: no query in ops/cost/queries.toml")
    assert aws.asked == []


def test_a_refusal_and_a_product_in_another_form_are_one_line(aws: PriceList) -> None:
    aws.refused = "AccessDeniedException"
    with pytest.raises(AwsError, match=r"read the prices of AmazonEC2 \(pricing:GetProducts\): AccessDeniedException"):
        renewed(aws, KNOWN)
    aws.refused = ""
    for broken in ("{}", '{"product": {"attributes": []}}', "no JSON"):
        stub = SimpleNamespace(paginate=lambda text=broken, **_: [{"PriceList": [text]}])
        client = SimpleNamespace(get_paginator=lambda _, stub=stub: stub)
        with pytest.raises(AwsError, match="returned a product in another form"):
            renew("us-east-1", KNOWN, (), client, TODAY)


def test_what_is_written_is_what_is_read_and_other_prices_stay(aws: PriceList, tmp_path: Path) -> None:
    path = tmp_path / "us-east-1.toml"
    path.write_text(shipped.path_of("us-east-1").read_text(encoding="utf-8"), encoding="utf-8")
    before = read("us-east-1", tmp_path)
    assert before is not None
    changes = renew("us-east-1", Prices("us-east-1", {"nat.hour": OLD}), (), aws.client(), TODAY)
    write("us-east-1", changes, tmp_path)
    after = read("us-east-1", tmp_path)
    assert after is not None
    assert after.by_id == {**before.by_id, "nat.hour": changes[0].new}
    assert path.read_text(encoding="utf-8").startswith("# AWS's list prices in one region")


def test_the_file_of_another_region_is_created(aws: PriceList, tmp_path: Path) -> None:
    write("eu-west-1", renew("eu-west-1", None, ("nat.hour",), aws.client(), TODAY), tmp_path)
    assert regions(tmp_path) == ("eu-west-1",)
    found = read("eu-west-1", tmp_path)
    assert found and found.by_id["nat.hour"].usd == Decimal("0.048")


def test_queries_are_for_prices_that_exist_one_each_and_in_their_unit() -> None:
    known = read("us-east-1")
    assert known is not None
    without = set()
    for id_, price in known.by_id.items():
        own = [query for query in queries() if re.fullmatch(query.price, id_)]
        assert len(own) <= 1, id_
        assert all(query.unit == price.unit for query in own), id_
        without |= set() if own else {id_}
    assert without == {
        *(f"guardduty.{each}" for each in ("events", "logs", "s3_events", "runtime", "rds")),
        "cloudwatch.composite_alarm",
        "internet.gb",
    }
    unused = [query.price for query in queries() if not any(re.fullmatch(query.price, id_) for id_ in known.by_id)]
    assert unused == []


def test_the_command_asks_for_what_the_stacks_need(
    aws: PriceList, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = aws.client()
    account = SimpleNamespace(client=lambda service, region_name: client)
    monkeypatch.setattr("ops.aws.session.connect", lambda _: account)
    monkeypatch.setattr("ops.cost.prices.read", lambda _: None)
    monkeypatch.setattr(module, "write", lambda region, found: write(region, found, tmp_path))
    with values(AEP):
        done = run("prices", "prod", "--out", str(output))
    assert done.exit_code == 1, done.stderr
    assert "nat.hour: new: 0.045" in done.stdout
    assert "alb.hour: missing: AWS lists 0 prices for it in us-east-1" in done.stdout
    assert "review its changes" in done.stderr
    written = tomllib.loads((tmp_path / "us-east-1.toml").read_text(encoding="utf-8"))
    assert set(written) == {"nat.hour", "nat.gb"}

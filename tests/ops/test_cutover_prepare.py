"""Weighted records in the place of a plain one, and back; against a small Route 53 with the emulator's rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ops.aws.dns import in_the_way, longest_ttl, same
from ops.aws.errors import AwsError
from ops.cutover.prepare import COMMAND, UNDO, kept_until, undone, wanted
from ops.cutover.prepare import replace as replace_records
from ops.cutover.records import Zone
from ops.cutover.rollback import already, back
from ops.cutover.watch import OverruledError
from ops.errors import RefusedError
from ops.journal import Entry, Journal, read
from tests.ops.cutover_fakes import CNAME, HOST, SHARES, Public, Route53, shared

OLD = SHARES.previous.dns_name
DUAL = replace(SHARES, kinds=("A", "AAAA"))


def alias(
    kind: str = "A", target: str = f"dualstack.{SHARES.previous.dns_name.upper()}.", **fields: Any
) -> dict[str, Any]:
    where = {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": target, "EvaluateTargetHealth": True}
    return {"Name": f"{HOST}.", "Type": kind, "AliasTarget": where, **fields}


def address(value: str = "192.0.2.1", **fields: Any) -> dict[str, Any]:
    return {"Name": f"{HOST}.", "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": value}], **fields}


class Name:
    """The public name with some records, and the commands that change it."""

    def __init__(self, folder: Path, *records: dict[str, Any], shares: Any = SHARES) -> None:
        self.route53, self.folder = Route53(*records), folder
        self.zone = Zone(Public(self.route53), shares)

    def journal(self, command: str = COMMAND) -> Journal:
        return Journal("prod", command=command, caller="arn:aws:sts::1:caller", folder=self.folder)

    def prepare(self, **options: bool) -> bool:
        present = self.zone.read()
        records = wanted(self.zone, present, **options)
        if records is not None:
            replace_records(self.zone, present, records, self.journal())
        return records is not None

    def undo(self) -> bool:
        present = self.zone.read()
        records = undone(self.zone, present)
        if records is not None:
            replace_records(self.zone, present, records, self.journal(), event=UNDO)
        return records is not None

    def roll_back(self) -> None:
        back(self.zone, self.zone.read(), self.journal("rollback dns"))

    @property
    def weight(self) -> int | None:
        return self.zone.read().weight

    @property
    def entries(self) -> list[Entry]:
        return read("prod", self.folder)


@pytest.mark.requirement("R10.4", "R10.1")
@pytest.mark.parametrize(
    ("records", "shares"),
    [
        ([alias()], SHARES),
        ([alias(target=OLD)], SHARES),
        ([CNAME], SHARES),
        ([alias(), alias("AAAA")], DUAL),
        ([CNAME], DUAL),
        ([alias()], DUAL),
    ],
    ids=["alias", "alias without dualstack", "CNAME", "both kinds", "CNAME to both kinds", "A of both kinds"],
)
def test_plain_records_are_replaced_in_one_change_and_users_notice_nothing(
    tmp_path: Path, records: list[dict[str, Any]], shares: Any
) -> None:
    name = Name(tmp_path, *records, shares=shares)
    assert name.prepare()
    assert name.weight == 0
    assert same(name.route53.records, shares.at(0))
    (batch,) = name.route53.batches
    assert [change["Action"] for change in batch] == ["DELETE"] * len(records) + ["CREATE"] * 2 * len(shares.kinds)
    assert [(entry.event, entry.outcome, entry.after) for entry in name.entries] == [
        ("prepare", "intended", 0),
        ("prepare", "done", 0),
    ]
    assert name.entries[0].evidence["records"] == records, "the journal has what was there"


def test_a_second_time_does_nothing(tmp_path: Path) -> None:
    name = Name(tmp_path, alias())
    assert name.prepare()
    assert not name.prepare()
    assert len(name.route53.batches) == 1
    assert not Name(tmp_path, *shared(37)).prepare(), "weighted already, whatever the weight"
    assert not Name(tmp_path).prepare(), "without a record, an apply of cutover creates them"


REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "another load balancer": ([alias(target="elsewhere.elb.amazonaws.com.")], "not cutover.previous, old.elb"),
    "an address": ([address()], "names A 192.0.2.1"),
    "one of two elsewhere": ([alias(), alias("AAAA", "elsewhere.elb.amazonaws.com.")], "names AAAA elsewhere"),
    "latency records": ([alias(SetIdentifier="eu", Region="eu-central-1")], "this command didn't create"),
    "somebody else's weights": ([alias(SetIdentifier="canary", Weight=5)], "this command didn't create"),
    "a third weighted record": ([*shared(10), alias(SetIdentifier="canary", Weight=5)], "this command didn't create"),
    "half of its own": (shared(0)[:1], "this command didn't create"),
}


@pytest.mark.parametrize(("records", "why"), REFUSED.values(), ids=REFUSED)
def test_what_isnt_the_previous_targets_is_refused(tmp_path: Path, records: list[dict[str, Any]], why: str) -> None:
    name = Name(tmp_path, *records, shares=DUAL)
    with pytest.raises(RefusedError, match=why):
        name.prepare()
    assert not name.route53.batches
    assert not name.entries


def test_another_target_is_replaced_when_that_is_asked_for(tmp_path: Path) -> None:
    name = Name(tmp_path, address())
    assert name.prepare(any_target=True)
    assert name.weight == 0
    routed = Name(tmp_path, alias(SetIdentifier="eu", Region="eu-central-1"))
    with pytest.raises(RefusedError):
        routed.prepare(any_target=True)


def test_ipv6_users_arent_forgotten(tmp_path: Path) -> None:
    name = Name(tmp_path, alias(), alias("AAAA"))
    with pytest.raises(RefusedError, match=r"has an AAAA record too.*set cutover\.previous\.dual_stack"):
        name.prepare()


def test_what_dns_says_counts_and_not_the_error(tmp_path: Path) -> None:
    name = Name(tmp_path, alias())
    name.route53.faults.plan({2: "lost"})
    assert name.prepare()
    assert name.entries[-1].outcome == "done"
    assert "InternalError" in str(name.entries[-1].evidence["error"])


@pytest.mark.parametrize(("fault", "outcome"), [("failed", "failed"), ("expired", "unknown")])
def test_a_change_that_fails_is_said_to_have_failed(tmp_path: Path, fault: str, outcome: str) -> None:
    name = Name(tmp_path, alias())
    name.route53.faults.plan({2: fault})
    with pytest.raises(AwsError):
        name.prepare()
    assert name.route53.records == [alias()]
    assert name.entries[-1].outcome == outcome


def test_a_change_of_the_same_moment_is_never_overwritten(tmp_path: Path) -> None:
    name = Name(tmp_path, alias())
    present = name.zone.read()
    name.route53.records = [alias(target="elsewhere.elb.amazonaws.com.")]
    with pytest.raises(OverruledError):
        replace_records(name.zone, present, SHARES.at(0), name.journal())
    assert name.route53.records == [alias(target="elsewhere.elb.amazonaws.com.")]


@pytest.mark.parametrize("shares", [SHARES, DUAL])
def test_it_can_be_undone_and_done_again(tmp_path: Path, shares: Any) -> None:
    name = Name(tmp_path, *(alias(kind) for kind in shares.kinds), shares=shares)
    name.prepare()
    assert name.undo()
    assert [(each["Type"], set(each)) for each in name.route53.records] == [
        (kind, {"Name", "Type", "AliasTarget"}) for kind in shares.kinds
    ]
    assert already(name.zone, name.zone.read())
    assert not name.undo()
    assert name.prepare()
    assert name.weight == 0


def test_while_traffic_comes_here_it_isnt_undone(tmp_path: Path) -> None:
    name = Name(tmp_path, *shared(10))
    with pytest.raises(RefusedError, match=r"has weight 10; run rollback dns first"):
        name.undo()
    name.roll_back()
    assert name.undo()


@pytest.mark.requirement("R10.5")
def test_rolling_back_works_at_every_step(tmp_path: Path) -> None:
    name = Name(tmp_path, alias(), alias("AAAA"), shares=DUAL)
    name.roll_back()
    assert name.route53.records == [alias(), alias("AAAA")], "everything goes to the previous target already"
    name.prepare()
    for weight in (0, 10, 100):
        name.zone.move(name.zone.read(), weight)
        name.roll_back()
        assert name.weight == 0
    name.undo()
    name.roll_back()
    assert name.weight is None


@pytest.mark.requirement("R10.5")
@pytest.mark.parametrize("target", [OLD, "elsewhere.elb.amazonaws.com"])
def test_rolling_back_leaves_alone_a_plain_record_beside_its_own(tmp_path: Path, target: str) -> None:
    """Route 53 refuses a weighted record beside it, and with that the whole batch."""
    other = alias("AAAA", f"{target}.")
    for shares in (SHARES, DUAL):
        name = Name(tmp_path, *shared(50), other, shares=shares)
        name.roll_back()
        assert same(name.route53.records, [*SHARES.at(0), other])


def test_a_plain_record_beside_weights_of_0_is_replaced_too(tmp_path: Path) -> None:
    """As after `dual_stack` was set, once A records were prepared."""
    name = Name(tmp_path, *shared(0), alias("AAAA"), shares=DUAL)
    assert name.prepare()
    assert name.weight == 0
    with pytest.raises(RefusedError, match="this command didn't create"):
        Name(tmp_path, *shared(50), alias("AAAA"), shares=DUAL).prepare()


def test_what_is_in_the_way_of_weighted_records() -> None:
    latency = alias(SetIdentifier="eu", Region="eu-central-1")
    assert in_the_way([alias(), CNAME, latency], ("A",)) == [alias(), CNAME, latency]
    assert in_the_way([*shared(10), alias("AAAA")], ("A",)) == []
    assert in_the_way([*shared(10), alias("AAAA")], ("A", "AAAA")) == [alias("AAAA")]
    assert in_the_way([], ("A",)) == []


@pytest.mark.requirement("R10.4")
def test_the_journal_knows_until_when_resolvers_keep_a_plain_record(tmp_path: Path) -> None:
    name = Name(tmp_path, alias())
    name.prepare()
    assert kept_until(name.entries) is None, "an alias has no TTL of its own"
    slow = Name(tmp_path, {**CNAME, "TTL": 3600})
    slow.prepare()
    until = datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert kept_until(slow.entries) == until
    slow.undo()
    slow.prepare()
    assert kept_until(slow.entries) == until, "what came later makes resolvers forget nothing"
    assert longest_ttl([CNAME, address(TTL=300)]) == 300

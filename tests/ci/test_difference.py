"""What a change means: permissions down to one action, entries of the register, values that differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ops.ci.access import Grant, compared
from ops.ci.difference import _entries, _of_pair
from ops.risks.listing import Accepted

READ = Grant("role web", "Allow", "s3:GetObject", "arn:aws:s3:::a/*", frozenset())
RISK = Accepted("no-waf", date(2027, 1, 1), 200, "lead", ("no_waf",), ("prod",), "small", "a firewall")


def lines(old: set[Grant], new: set[Grant]) -> list[str]:
    return list(compared(frozenset(old), frozenset(new)))


def test_one_more_action_is_shown_alone_and_several_are_one_line() -> None:
    write, delete = READ._replace(action="s3:PutObject"), READ._replace(action="s3:DeleteObject")
    assert lines({READ}, {READ, write, delete}) == [
        "+ role web: Allow s3:DeleteObject, s3:PutObject on arn:aws:s3:::a/*"
    ]
    other = READ._replace(resource="arn:aws:s3:::b/*")
    assert lines({READ, other}, set()) == ["- role web: Allow s3:GetObject on arn:aws:s3:::a/*, arn:aws:s3:::b/*"]
    assert lines({READ, write}, {READ, write}) == []


def test_other_conditions_are_shown_as_what_is_added_and_removed() -> None:
    narrow = READ._replace(conditions=frozenset({"StringEquals aws:SourceAccount 1", "Bool aws:SecureTransport true"}))
    wider = READ._replace(conditions=frozenset({"Bool aws:SecureTransport true"}))
    assert lines({narrow}, {wider}) == [
        "~ role web: Allow s3:GetObject on arn:aws:s3:::a/*: conditions - StringEquals aws:SourceAccount 1"
    ]
    assert lines({wider}, {wider, READ}) == ["+ role web: Allow s3:GetObject on arn:aws:s3:::a/*"]
    assert lines({narrow}, {wider, READ}) == [
        "+ role web: Allow s3:GetObject on arn:aws:s3:::a/*",
        "+ role web: Allow s3:GetObject on arn:aws:s3:::a/* if Bool aws:SecureTransport true",
        "- role web: Allow s3:GetObject on arn:aws:s3:::a/* if Bool aws:SecureTransport true and "
        "StringEquals aws:SourceAccount 1",
    ]


def test_a_deny_that_is_gone_is_shown() -> None:
    assert lines({READ._replace(effect="Deny")}, set()) == ["- role web: Deny s3:GetObject on arn:aws:s3:::a/*"]


def test_entries_of_the_register_are_added_removed_changed_and_expire() -> None:
    soon = replace(RISK, id="soon", days_left=9)
    gone = replace(RISK, id="gone", days_left=0)
    later = replace(RISK, expires=date(2027, 6, 1), days_left=300)
    found = list(_entries({"no-waf": RISK, "old": RISK}, {"no-waf": later, "soon": soon, "gone": gone}))
    assert found == [
        "~ no-waf: expires 2027-01-01 → 2027-06-01",
        "+ soon: no_waf, until 2027-01-01, by lead: small",
        "+ gone: no_waf, until 2027-01-01, by lead: small",
        "- old",
        "! soon expires in 9 days, on 2027-01-01; closed by: a firewall",
        "! gone expired on 2027-01-01; closed by: a firewall",
    ]
    assert list(_entries({"no-waf": RISK}, {"no-waf": replace(RISK, days_left=199)})) == []


def test_values_that_differ_between_environments_are_compared_with_the_bases() -> None:
    before = {"tasks": "2 → 1", "nat": "per_zone → single", "waf": "True → False"}
    now = {"tasks": "3 → 1", "waf": "True → False", "backup_days": "30 → 7"}
    assert list(_of_pair(before, now)) == [
        "~ tasks: 3 → 1 (was 2 → 1)",
        "+ backup_days: 30 → 7",
        "- nat: per_zone → single",
    ]

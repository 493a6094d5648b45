"""Evidence of a tested rollback counts if CloudTrail confirms it; a line that was typed doesn't."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import environments
from environments.arns import partitions
from environments.schema import Environment
from ops.aws.errors import AwsError
from ops.conditions import ConditionResult, Status, run
from ops.golive.items import conditions, rollback_was_tested
from ops.journal import Journal
from tests.cases import every_case
from tests.ops.rollback_evidence import DEPLOYER, Evidence
from tests.ops.verify_responses import Canned

ELSEWHERE = environments.load("prod")
"""Its zone is another account's."""
HERE = replace(
    ELSEWHERE,
    edge=replace(ELSEWHERE.edge, zone=replace(ELSEWHERE.edge.zone, kind="existing", id="Z1", role=None)),
)
BOTH = pytest.mark.parametrize("environment", [HERE, ELSEWHERE], ids=["own-zone", "other-account"])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ops.journal.os.fsync", lambda _: None)


def golive(environment: Environment, evidence: Evidence, change: Callable[[Canned], None] | None = None) -> Any:
    context = Canned(replace(environment, edge=replace(environment.edge, zone=replace(environment.edge.zone, id="Z1"))))
    evidence.into(context)
    if change:
        change(context)
    return _result(context)


def _result(context: Canned) -> ConditionResult:
    (condition,) = [each for each in conditions() if each.check is rollback_was_tested]
    (result,) = run([condition], context)
    return result


@BOTH
@pytest.mark.requirement("R12.1")
def test_a_rollback_that_cloudtrail_confirms_counts(environment: Environment) -> None:
    result = golive(environment, Evidence(environment))
    assert result.status is Status.PASS, result.evidence
    assert f"100 % to 0 % by {DEPLOYER} on aws, as CloudTrail confirms for Z1" in result.evidence


def hand_typed(evidence: Evidence) -> None:
    """A line as the item accepted it before: it names no account and no zone."""
    evidence.change(account="", zone="", writer="", number=0)


def entry(**fields: object) -> Callable[[Evidence], None]:
    return lambda evidence: evidence.change(**fields)


def event(*path: str, value: object) -> Callable[[Evidence], None]:
    def change(evidence: Evidence) -> None:
        found = evidence.event
        for part in path[:-1]:
            found = found[part]
        found[path[-1]] = value

    return change


def weights(before: int, after: int) -> Callable[[Evidence], None]:
    def change(evidence: Evidence) -> None:
        evidence.event["requestParameters"]["changeBatch"]["changes"] = evidence.changes(before, after)

    return change


def another_record(evidence: Evidence) -> None:
    for change in evidence.event["requestParameters"]["changeBatch"]["changes"]:
        change["resourceRecordSet"]["name"] = "other.navralabs.com."


def one_record_less(evidence: Evidence) -> None:
    evidence.event["requestParameters"]["changeBatch"]["changes"].pop()


def no_event(evidence: Evidence) -> None:
    evidence.events = False


def old(evidence: Evidence) -> None:
    long_ago = Evidence(evidence.environment, hours_ago=31 * 24)
    evidence.at, evidence.entry, evidence.event = long_ago.at, long_ago.entry, long_ago.event


def tomorrow(evidence: Evidence) -> None:
    ahead = Evidence(evidence.environment, hours_ago=-24)
    evidence.at, evidence.entry, evidence.event = ahead.at, ahead.entry, ahead.event


def an_hour_off(evidence: Evidence) -> None:
    evidence.event["eventTime"] = f"{evidence.at - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"


FORGED: dict[str, tuple[Callable[[Evidence], None], str]] = {
    "typed by hand": (hand_typed, "it names account none, not 111122223333"),
    "another account": (entry(account="999999999999"), "it names account 999999999999, not 111122223333"),
    "no zone": (entry(zone=""), "it names hosted zone none, not Z1"),
    "another zone": (entry(zone="Z2"), "it names hosted zone Z2, not Z1"),
    "the emulator": (entry(endpoint="http://127.0.0.1:41999"), "it ran on http://127.0.0.1:41999, not on aws"),
    "too old": (old, "it is older than 30 days (cutover.rollback_test_days)"),
    "not yet": (tomorrow, "its time is after AWS's"),
    "no event": (no_event, "CloudTrail has no ChangeResourceRecordSets within 5 minutes of it"),
    "event at another time": (an_hour_off, "CloudTrail has no ChangeResourceRecordSets within 5 minutes of it"),
    "another call": (event("eventName", value="ListHostedZones"), "CloudTrail has no ChangeResourceRecordSets"),
    "other weights before": (weights(50, 0), "aep-prod-current 50"),
    "other weights after": (weights(100, 50), "aep-prod-current 50"),
    "the other direction": (weights(0, 100), "→ (aep-prod-current 100, aep-prod-previous 0), not"),
    "another record": (another_record, "CloudTrail's ChangeResourceRecordSets of that time differs: records"),
    "one record less": (one_record_less, "CloudTrail's ChangeResourceRecordSets of that time differs: records"),
    "event of another zone": (event("requestParameters", "hostedZoneId", value="Z3"), "hosted zone Z3, not Z1"),
    "event of another caller": (
        event("userIdentity", "arn", value="arn:aws:iam::1:user/mallory"),
        "caller arn:aws:iam::1:user/mallory, not",
    ),
    "event of another account": (event("recipientAccountId", value="999999999999"), "account 999999999999, not"),
    "a call that failed": (event("errorCode", value="AccessDenied"), "it failed with AccessDenied"),
    "a shortened event": (event("requestParameters", value=None), "hosted zone , not Z1"),
}


@BOTH
@pytest.mark.requirement("R12.1")
@every_case(("forge", "says"), FORGED.values(), ids=FORGED)
def test_a_forged_entry_is_refused(environment: Environment, forge: Callable[[Evidence], None], says: str) -> None:
    evidence = Evidence(environment)
    forge(evidence)
    result = golive(environment, evidence)
    assert result.status is Status.FAIL, result.evidence
    assert says in result.evidence


@pytest.mark.requirement("R12.1")
def test_a_line_that_was_typed_into_this_machines_file_is_refused() -> None:
    """Before, this alone made the item pass."""
    evidence = Evidence(HERE)
    evidence.entries = evidence.events = False
    written = Journal("aep-prod", command="rollback dns", caller=DEPLOYER, account=HERE.account_id, zone="Z1")
    written.append("back", "done", before=100, after=0)
    result = golive(HERE, evidence)
    assert result.status is not Status.PASS
    assert "CloudTrail has no ChangeResourceRecordSets" in result.evidence


def test_a_rollback_of_a_moment_ago_is_unknown_until_cloudtrail_lists_it() -> None:
    evidence = Evidence(HERE, hours_ago=0.1)
    assert golive(HERE, evidence).status is Status.PASS
    evidence.events = False
    result = golive(HERE, evidence)
    assert result.status is Status.UNKNOWN
    assert "up to 15 minutes later: run golive again then" in result.evidence


def test_the_days_are_a_setting() -> None:
    patient = replace(HERE, cutover=replace(HERE.cutover, rollback_test_days=32))
    evidence = Evidence(patient)
    old(evidence)
    assert golive(patient, evidence).status is Status.PASS


@BOTH
def test_a_refused_lookup_is_unknown(environment: Environment) -> None:
    def refuse(context: Canned) -> None:
        context.answers["cloudtrail", "lookup_events"] = AwsError("AccessDeniedException", code="AccessDeniedException")

    result = golive(environment, Evidence(environment), refuse)
    assert (result.status, result.evidence) == (Status.UNKNOWN, "AccessDeniedException")


def test_without_a_bucket_the_entries_of_this_machine_are_looked_up() -> None:
    evidence = Evidence(HERE, hours_ago=0)

    def gone(context: Canned) -> None:
        context.answers["s3", "list_objects_v2"] = AwsError("no response")
        written = Journal("aep-prod", command="rollback dns", caller=DEPLOYER, account=HERE.account_id, zone="Z1")
        written.append("back", "done", before=100, after=0)

    assert golive(HERE, evidence, gone).status is Status.PASS


@pytest.mark.parametrize(
    ("partition", "region"), [("aws", "us-east-1"), ("aws-cn", "cn-northwest-1"), ("aws-us-gov", "us-gov-west-1")]
)
def test_route_53s_events_are_those_of_the_partitions_region(partition: str, region: str) -> None:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/logging-using-cloudtrail.html"""
    (found,) = [each for each in partitions() if each.name == partition]
    assert found.global_region("route53") == region


def test_events_are_looked_up_in_the_region_of_global_services() -> None:
    context = Canned(replace(HERE, region="eu-central-1"))
    Evidence(HERE).into(context)
    assert _result(context).status is Status.PASS
    assert context.regions["cloudtrail"] == "us-east-1"


def test_evidence_of_an_hour_ago_by_a_clock_with_another_zone() -> None:
    evidence = Evidence(HERE)
    evidence.change(at=evidence.at.astimezone(UTC).isoformat(timespec="seconds"))
    assert datetime.fromisoformat(evidence.entry.at).tzinfo
    assert golive(HERE, evidence).status is Status.PASS

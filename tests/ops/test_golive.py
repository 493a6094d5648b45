"""The go-live list is green only when every item is, and says what is open."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

import environments
from environments.schema import Readiness
from ops.__main__ import app
from ops.conditions import ConditionResult, Status, run
from ops.golive.items import ITEMS, CheckedItem, checked, conditions
from ops.risks.listing import accepted
from ops.verify.http import ConnectTo, Http
from tests.ops.rollback_evidence import Evidence
from tests.ops.test_verify import dns, fails, put
from tests.ops.test_verify_http import ANSWERS, HEADERS
from tests.ops.tls_server import Site, served
from tests.ops.verify_responses import LOAD_BALANCER, PREVIOUS, Canned, asks, records

PLAN = Path(__file__).parents[2] / "docs" / "rollout-plan.md"
PROD = environments.load("prod")
LIVE = replace(
    PROD,
    cutover=replace(PROD.cutover, weight=100),
    edge=replace(PROD.edge, zone=replace(PROD.edge.zone, id="Z1")),
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with served(tmp_path, LIVE.edge.host, HEADERS, ANSWERS) as serving:
        yield serving


@pytest.fixture
def context(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Canned:
    """Production after its cutover, with a journal that has a tested rollback."""
    monkeypatch.chdir(tmp_path)
    found = Canned(LIVE, Http(LIVE.edge.host, ConnectTo.parse(site.connect_to), site.ca_file))
    Evidence(LIVE).into(found)
    return found


def asked(context: Canned) -> dict[str, CheckedItem]:
    return {item.text: item for item in checked(run(conditions(), context), context.environment)}


@pytest.mark.requirement("R12.1")
def test_when_all_is_well_every_item_is_green_with_evidence(context: Canned) -> None:
    items = asked(context)
    assert {says: item.results for says, item in items.items() if item.status is not Status.PASS} == {}
    assert len(items) == len(ITEMS)
    assert all(result.evidence for item in items.values() for result in item.results)


@pytest.mark.requirement("R12.1")
def test_the_list_has_every_line_of_the_plans(context: Canned) -> None:
    lines = PLAN.read_text(encoding="utf-8").partition('## Exit Criteria (Prod "Go Live")')[2].replace("`", "")
    items = [item.text for item in checked(run(conditions(), context), context.environment)]
    assert items[:6] == [line.strip() for line in lines.split("\n- ")[1:]]


OPEN: list[tuple[str, Callable[[Canned], None], str]] = [
    (
        "HTTPS on real prod domain",
        dns((50, LOAD_BALANCER), (50, PREVIOUS)),
        "DNS sends 50 % of app.navralabs.com here",
    ),
    (
        "Secrets in Secrets Manager only",
        put("secretsmanager", "describe_secret", "VersionIdsToStages", value={}),
        "no value",
    ),
    (
        "Tasks in private subnets, no public IP",
        put(
            "ec2", "describe_network_interfaces", "NetworkInterfaces", 0, "Association", value={"PublicIp": "192.0.2.1"}
        ),
        "eni-1 has a public address",
    ),
    (
        "Observability alarms configured",
        put("cloudwatch", "describe_alarms", "MetricAlarms", value=[]),
        "aep-prod-cutover is missing",
    ),
    (
        "Rollback procedure tested",
        put("s3", "list_objects_v2", "Contents", value=[]),
        "s3://aep-prod-tfstate-111122223333/prod/cutover.journal/ has no rollback",
    ),
    (
        "Restore of the database drilled",
        put("s3", "list_objects_v2", "Contents", value=[]),
        "s3://aep-prod-tfstate-111122223333/prod/cutover.journal/ has no restore of the database",
    ),
    ("Values say what public DNS says", dns((0, LOAD_BALANCER), (100, PREVIOUS)), "cutover.weight is 100"),
]


@pytest.mark.requirement("R12.1")
@pytest.mark.parametrize(("says", "change", "evidence"), OPEN, ids=[says for says, *_ in OPEN])
def test_each_item_can_be_open(context: Canned, says: str, change: Callable[[Canned], None], evidence: str) -> None:
    change(context)
    item = asked(context)[says]
    assert item.status is Status.FAIL
    assert evidence in "; ".join(result.evidence for result in item.results)


@pytest.mark.requirement("R12.1")
def test_an_application_that_isnt_ready_keeps_it_open(context: Canned, site: Site) -> None:
    site.answers["/health/ready"] = (500, "redis: no answer")
    items = asked(context)
    assert items["/health/ready green (db + redis)"].status is Status.FAIL
    assert items["HTTPS on real prod domain"].status is Status.FAIL


@pytest.mark.requirement("R12.1")
def test_it_passes_in_full_without_a_previous_deployment_and_says_why_an_item_does_not_apply(
    context: Canned, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new product: nothing to return to, no smoke tests, and services that have no path to ask."""
    product = context.environment.product
    bare = replace(
        product,
        smoke_tests=(),
        services=tuple(replace(service, liveness=None, readiness=None) for service in product.services),
    )
    changed = replace(context.environment, product=bare, cutover=replace(context.environment.cutover, previous=None))
    context.environment = changed
    context.records = records(changed.edge.host, [(100, LOAD_BALANCER)])
    asks(monkeypatch, context)
    items = asked(context)
    reasons = {item.text: item.results[0].evidence for item in items.values() if item.status is Status.SKIPPED}
    assert reasons == {
        "Readiness green": "no service of aep has a readiness path",
        "Rollback procedure tested": "cutover.previous isn't set: there is no previous deployment that DNS could "
        "return to",
        "Liveness and smoke tests green": "no service of aep has a liveness path",
    }
    done = CliRunner().invoke(app, ["golive", "prod", "--out", "golive.md"])
    assert "skipped  Rollback procedure tested" in done.stdout
    assert "- [x] **Rollback procedure tested**: skipped" in Path("golive.md").read_text(encoding="utf-8")
    assert {text: item.status for text, item in items.items() if item.status not in {Status.PASS, Status.SKIPPED}} == {}
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "All 7 pass; 3 not applicable.")


def test_the_readiness_item_names_what_the_values_say(context: Canned) -> None:
    first, *others = context.environment.product.services
    ready = replace(first, readiness=Readiness(path="/health/state", checks=("database",)))
    product = replace(context.environment.product, services=(ready, *others))
    items = checked(run(conditions(), context), replace(context.environment, product=product))
    assert items[1].text == "/health/state green (db)"


@pytest.mark.requirement("R12.1", "R11.2")
def test_an_expired_risk_keeps_it_open(context: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    late = date(2030, 1, 1)
    monkeypatch.setattr("ops.golive.items.accepted", lambda _, environment: accepted(late, environment))
    item = asked(context)["No accepted risk has expired"]
    assert item.status is Status.FAIL
    assert "tls-ends-at-the-load-balancer expired on 2027-11-22" in item.results[0].evidence


def test_an_item_is_as_good_as_its_worst_check() -> None:
    def item(*lights: Status) -> Status:
        return CheckedItem("", tuple(ConditionResult("a", "golive", (), "", light, "") for light in lights)).status

    assert item(Status.PASS, Status.PASS) is Status.PASS
    assert item(Status.PASS, Status.UNKNOWN) is Status.UNKNOWN
    assert item(Status.UNKNOWN, Status.FAIL, Status.PASS) is Status.FAIL
    assert item(Status.SKIPPED, Status.PASS) is Status.PASS
    assert item(Status.SKIPPED, Status.SKIPPED) is Status.SKIPPED


@pytest.mark.requirement("R12.1")
def test_the_command_prints_the_list_and_writes_the_record(context: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    asks(monkeypatch, context)
    done = CliRunner().invoke(app, ["golive", "prod", "--out", "golive.md"])
    assert done.exit_code == 0, done.output
    assert "rehearsal" not in Path("golive.md").read_text(encoding="utf-8")
    assert done.stdout.splitlines()[0] == "pass     HTTPS on real prod domain"
    assert done.stdout.splitlines()[-1] == "All 10 pass."
    record = Path("golive.md").read_text(encoding="utf-8")
    assert record.startswith("# Go-live list of prod\n")
    assert "prod (account 111122223333), checked by arn:aws:iam::111122223333:role/aep-prod-planner." in record
    assert record.count("- [x] **") == 10


@pytest.mark.requirement("R12.1")
def test_the_command_fails_while_one_is_open(context: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    asks(monkeypatch, context)
    put("cloudwatch", "describe_alarms", "MetricAlarms", 0, "StateValue", value="ALARM")(context)
    done = CliRunner().invoke(app, ["golive", "prod", "--out", "golive.md"])
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (1, "1 of 10 open: Observability alarms configured")
    assert "- [ ] **Observability alarms configured**: fail" in Path("golive.md").read_text(encoding="utf-8")
    as_data = CliRunner().invoke(app, ["golive", "prod", "--json"])
    items = json.loads(as_data.stdout)
    assert [item["item"] for item in items if item["status"] != "pass"] == ["Observability alarms configured"]
    assert {*items[0]} == {"item", "status", "light", "results"}
    assert {item["light"] == item["status"] for item in items} == {True}
    assert [each["name"] for each in items[0]["results"]][2:] == [
        *("public-name-leads-here", "public-name-answers-over-https")
    ]


def test_the_command_cant_tell_what_aws_doesnt_say(context: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    asks(monkeypatch, context)
    fails("cloudwatch", "describe_alarms", "ThrottlingException")(context)
    assert CliRunner().invoke(app, ["golive", "prod"]).exit_code == 2


def test_a_record_that_cant_be_written_is_one_clear_line(context: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    asks(monkeypatch, context)
    done = CliRunner().invoke(app, ["golive", "prod", "--out", "missing/golive.md"])
    assert (done.exit_code, done.stderr) == (
        2,
        "error: can't write missing/golive.md: No such file or directory; name another file with --out\n",
    )


@pytest.mark.parametrize("option", [("--connect-to", "127.0.0.1"), ("--ca-file", "ca.pem")], ids=" ".join)
def test_evidence_of_another_server_is_refused_on_aws_and_taken_in_a_rehearsal(
    context: Canned, monkeypatch: pytest.MonkeyPatch, option: tuple[str, str]
) -> None:
    monkeypatch.setattr("ops.verify.command.context", lambda *_: context)
    Path("ca.pem").touch()
    refused = CliRunner().invoke(app, ["golive", "prod", "--out", "golive.md", *option])
    assert refused.exit_code == 2
    assert "--connect-to and --ca-file are for rehearsals" in refused.stderr
    assert not Path("golive.md").exists()
    context.endpoint = "http://127.0.0.1:41999"
    CliRunner().invoke(app, ["golive", "prod", "--out", "golive.md", *option])
    record = Path("golive.md").read_text(encoding="utf-8")
    assert "A rehearsal on http://127.0.0.1:41999: no evidence of AWS." in record
    assert "it ran on aws, not on http://127.0.0.1:41999" in record, "and nothing of AWS counts in a rehearsal"


def test_evidence_of_a_service_that_is_elsewhere_is_refused(context: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.verify.command.context", lambda *_: context)
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", "http://127.0.0.1:9")
    refused = CliRunner().invoke(app, ["golive", "prod"])
    assert refused.exit_code == 2
    assert "AWS_ENDPOINT_URL_CLOUDTRAIL sends one service's calls to '127.0.0.1'" in refused.stderr

"""What the page says is in the stacks, values and reports; what is missing is named."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import environments
from environments.flows import flows
from environments.permissions import permissions
from modules.phases import PHASES
from ops.__main__ import app
from ops.gate.folder import loaded
from ops.gate.scanner import Scanner
from ops.report.architecture import architecture
from ops.report.contents import Reports, contents, resources
from ops.report.controls import controls, judge
from ops.report.page import filled, page
from ops.report.stacks import Synthesized, read
from ops.risks.listing import accepted
from tests.cases import every_case
from tests.products import AEP, OF_AEP, values

pytestmark = pytest.mark.slow

Json = dict[str, Any]
RISKS = [
    {
        "id": "no-waf",
        "expires": "2027-11-22",
        "accepts": ["no_waf"],
        "where": ["staging"],
        "why": "x",
        "closes": "y",
        "owner": "z",
    }
]


def said_of(found: list[Synthesized], out: Path) -> Json:
    reports = Reports(out)
    shown = [architecture(each.view, each.environment) for each in found]
    return contents(found, shown, reports.gate(found), reports, RISKS)


@pytest.fixture(scope="module")
def found(output: Path) -> list[Synthesized]:
    """AEP's environments."""
    with values(AEP):
        return read(output, [])


@pytest.fixture(scope="module")
def said(output: Path, found: list[Synthesized]) -> Json:
    with values(AEP):
        environments.load_all()  # A place is read from the modules that are imported.
        return said_of(found, output)


def test_it_is_about_all_environments(said: Json) -> None:
    assert [each["name"] for each in said["environments"]] == [subject.environment.name for subject in OF_AEP]
    for each in said["environments"]:
        assert [phase["name"] for phase in each["phases"]] == [phase.name for phase in PHASES]


def test_connections_and_permissions_are_those_of_the_tables(said: Json, found: list[Synthesized]) -> None:
    for each, of in zip(said["environments"], found, strict=True):
        shown = {(a["source"], a["target"], a["port"], a["why"]) for a in each["arrows"] if not a["implied"]}
        assert shown == {(flow.source, flow.target, str(flow.port), flow.why) for flow in flows(of.environment)}
        assert [tuple(row.values()) for row in each["permissions"]] == [*permissions(of.environment)]


def test_a_setting_that_differs_has_its_file_and_line(said: Json) -> None:
    settings = {each["setting"]: each for each in said["settings"]}
    names = [each["name"] for each in said["environments"]]
    nat = dict(
        zip(names, zip(settings["profile.nat"]["values"], settings["profile.nat"]["places"], strict=True), strict=True)
    )
    assert nat["prod"][0] == "per_zone" and nat["prod-starter"][0] == "single"
    file, _, line = nat["prod"][1].rpartition(":")
    assert 'nat="per_zone"' in Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
    assert "product.name" not in settings
    assert all(any(each["places"]) for each in said["settings"])
    assert "data aws_db_instance.database instance_class" in settings["profile.database_class"]["changes"]
    assert settings["name"]["changes"] == []


def test_every_resource_has_its_arguments_and_line(found: list[Synthesized], output: Path) -> None:
    rows = resources(found, Reports(output).gate(found))["rows"]
    counted = sum(
        block.section in {"resource", "data"} and not block.synthetic for each in found for block in each.view
    )
    assert len(rows) == counted
    for row in rows[::17]:
        text = Path(row["file"]).read_text(encoding="utf-8")
        name = row["address"].rpartition(".")[2]
        assert f'"{name}": {{' in text.splitlines()[row["line"] - 1]
        section = "data" if row["address"].startswith("data.") else "resource"
        body = json.loads(text)[section][row["type"]][name]
        first, *rest = row["arguments"].splitlines()
        assert first.removesuffix(" {") == f'{section} "{row["type"]}" "{name}"'
        assert {key for key, value in body.items() if key != "//" and value != []} <= {*"\n".join(rest).split()}


def test_resources_refer_to_each_other_across_stacks(found: list[Synthesized], output: Path) -> None:
    rows = resources(found, Reports(output).gate(found))["rows"]
    (service,) = [
        row for row in rows if row["stack"] == "prod-services" and row["address"] == "aws_ecs_service.backend_service"
    ]
    used = {(rows[number]["stack"], rows[number]["address"]) for number in service["uses"]}
    assert ("prod-services", "aws_ecs_task_definition.backend_task") in used
    assert ("prod-network", "aws_subnet.private_a") in used
    assert ("prod-edge", "aws_lb_target_group.backend_targets") in used
    assert {rows[number]["environment"] for number in service["uses"]} == {"prod"}


# Reports -----------------------------------------------------------------------------------------------------


def test_missing_reports_are_named_and_nothing_is_invented(said: Json) -> None:
    assert said["gate"] is None
    assert said["missing"]["gate.json"] == "isn't written; make gate writes it"
    assert said["missing"]["rehearsal-prod.json"] == "isn't written; make rehearse ENV=prod writes it"
    assert said["missing"]["plan-prod-*.json"] == "isn't written; make plan ENV=prod writes it"
    for each in said["environments"]:
        assert not any(phase["plan"] or phase["runs"] or phase["rehearsed"] for phase in each["phases"])
        assert all(each[name] is None for name in ("findings", "accepted", "status", "rehearsal", "verify"))
    assert {result["status"] for each in said["controls"] for result in each["results"].values()} == {
        "not applicable",
        "unknown",
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "isn't readable"),
        ("[]", "isn't a report"),
        ('{"version": 1}', "isn't a report"),
        ("\xff", "isn't readable"),
    ],
)
def test_a_damaged_report_is_named(found: list[Synthesized], tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "verify-prod.json").write_bytes(text.encode("latin-1"))
    with values(AEP):
        data = said_of([each for each in found if each.environment.name == "prod"], tmp_path)
    assert data["missing"]["verify-prod.json"] == f"{why}; run make verify ENV=prod again"


def test_results_of_changed_stacks_are_left_out(found: list[Synthesized], output: Path, tmp_path: Path) -> None:
    stacks = sorted(path.name for path in (output / "stacks").iterdir() if path.name.startswith("prod-"))
    files = {stack: loaded(output / "stacks" / stack) for stack in stacks if stack != "prod-data"}
    report: Json = dict.fromkeys(("outcome", "today", "passed", "resources", "warnings", "errors"), 0)
    records = [record("CKV_AWS_157", "prod-data"), record("CKV_AWS_20", "prod-account")]
    report |= {"files": {**files, "prod-data": {"cdk.tf.json": "0" * 64}}, "passes": {}, "accepted": []}
    (tmp_path / "reports").mkdir()
    (tmp_path / "stacks").symlink_to((output / "stacks").resolve())
    (tmp_path / "reports" / "gate.json").write_text(json.dumps(report | {"findings": records}), encoding="utf-8")
    reports = Reports(tmp_path)
    kept = reports.gate([each for each in found if each.environment.name == "prod"])
    assert kept is not None and [each["stack"] for each in kept["findings"]] == ["prod-account"]
    assert "prod-data" not in kept["stacks"] and "prod-edge" in kept["stacks"]
    assert reports.missing["gate.json"] == "isn't about these stacks as they are now: prod-data; run make gate again"


def test_a_region_without_prices_has_no_cost(found: list[Synthesized], output: Path) -> None:
    elsewhere = [replace(each, environment=replace(each.environment, region="eu-west-3")) for each in found[:1]]
    with values(AEP):
        cost = said_of(elsewhere, output)["cost"]
    assert (cost["environments"], cost["skipped"]) == ([], [{"name": "prod", "region": "eu-west-3"}])


# Controls ----------------------------------------------------------------------------------------------------


def record(check: str, stack: str, **more: str) -> Json:
    return {"check": check, "stack": stack, "address": "aws_db_instance.database", **more}


def gate(**changed: Any) -> Json:
    return {"stacks": ["prod-data"], "findings": [], "accepted": [], "passes": {}} | changed


@every_case(
    ("result", "status", "risks"),
    [
        (gate(passes={"CKV_AWS_157": {"prod-data": 1}}), "pass", ()),
        (gate(passes={"CKV_AWS_157": {"staging-data": 1}}), "unknown", ()),
        (gate(accepted=[record("CKV_AWS_157", "prod-data", risk="one-zone")]), "accepted", ("one-zone",)),
        (gate(findings=[record("CKV_AWS_157", "prod-data")], passes={"CKV_AWS_157": {"prod-data": 1}}), "fail", ()),
        (gate(findings=[record("CKV_AWS_157", "staging-data")]), "unknown", ()),
        (gate(stacks=["staging-data"]), "unknown", ()),
        (None, "unknown", ()),
    ],
)
def test_a_control_is_decided_by_its_checks(result: Json | None, status: str, risks: tuple[str, ...]) -> None:
    (control,) = [each for each in controls() if (each.standard, each.id) == ("FSBP", "RDS.5")]
    judged = judge(control, {"aws_db_instance"}, result, ["prod-data"])
    assert (judged.status, judged.risks) == (status, risks)
    assert judge(control, {"aws_vpc"}, result, ["prod-data"]).why == "no aws_db_instance in the stacks"


def test_an_account_needs_what_a_control_requires() -> None:
    (control,) = [each for each in controls() if (each.standard, each.id) == ("FSBP", "GuardDuty.1")]
    judged = judge(control, {"aws_vpc"}, gate(), ["prod-data"])
    assert (judged.status, judged.why) == ("fail", "no aws_guardduty_detector in the stacks")
    shared = judge(control, {"aws_vpc"}, gate(), ["prod-data"], "aep-prod")
    assert (shared.status, shared.why) == (
        "not applicable",
        "no aws_guardduty_detector in the stacks; aep-prod creates it",
    )


def test_checks_of_controls_exist() -> None:
    with Scanner(Path(__file__).parents[2] / "policies" / "checks") as scanner:
        known = set(scanner.checks)
    assert {check for control in controls() for check in control.checks} <= known


# The file ----------------------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """The elements of a page, and what is in its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] == "script":
            self.scripts.append(data)


HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>\"'&\u202e\x07\u2028${x}/*script*/"


def test_hostile_names_add_no_element() -> None:
    plain, hostile = ({"gate": text, "environments": [{"name": text}]} for text in ("x", HOSTILE))
    one, other = (Elements(filled(data, {"rows": [data]}, [])) for data in (plain, hostile))
    assert one.found == other.found
    assert json.loads(other.scripts[0]) == hostile


def test_it_needs_no_network(found: list[Synthesized], output: Path) -> None:
    with values(AEP):
        html = page(found[:1], output, RISKS)
    loading = [
        (tag, name, value)
        for tag, attributes in Elements(html).found
        for name, value in attributes.items()
        if name in {"src", "srcset", "data", "action"} or (name == "href" and tag != "a")
    ]
    assert loading == [("link", "href", "data:,")]
    assert "default-src 'none'" in html
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style and "@import" not in style
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(|innerHTML|insertAdjacent|document\.write|eval\(", html)


def test_the_same_stacks_give_the_same_bytes(found: list[Synthesized], output: Path) -> None:
    with values(AEP):
        assert page(found, output, RISKS) == page(found, output, RISKS)


def test_the_command_writes_one_file(own_output: Path) -> None:
    with values(AEP):
        result = CliRunner().invoke(app, ["report", "prod", "--out", str(own_output)])
    assert result.exit_code == 0, result.output
    assert (own_output / "reports" / "index.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_an_unknown_environment_is_one_line(output: Path) -> None:
    with values(AEP):
        result = CliRunner().invoke(app, ["report", "prd", "--out", str(output)])
    assert result.exit_code == 2
    assert result.output.startswith("error: prd") and "prod" in result.output


def test_risks_are_those_of_the_register() -> None:
    with values(AEP):
        risks = [each.as_data() for each in accepted(datetime.now(UTC).date())]
    assert set(RISKS[0]) <= set(risks[0])

"""The page in Debian's Chromium, from a file: it works, can be read by everyone, and prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from typer.testing import CliRunner

from ops.__main__ import app
from ops.report.page import filled
from ops.status.phases import table
from tests.products import AEP, values
from tests.report import reports
from tests.report.chromium import chromium

pytestmark = pytest.mark.slow
VIEWS = (
    *(
        "overview",
        "environments",
        "diagram/prod",
        "connections/prod",
        "permissions/prod",
        "phases/prod",
        "phase/prod/data",
        "phase/prod/services",
        "cost/prod",
    ),
    *("resources/prod", "resources/prod/prod-data/aws_db_instance.database", "risks", "controls/prod-starter"),
    *("requirements", "rehearsal/prod"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="module")
def written(own_output: Path) -> Path:
    """The page of AEP's environments, after the gate and with other reports."""
    with values(AEP):
        gated = CliRunner().invoke(app, ["gate", "--out", str(own_output)])
        assert gated.exit_code == 0, gated.output
        reports.write(own_output)
        done = CliRunner().invoke(app, ["report", "--out", str(own_output)])
        assert done.exit_code == 0, done.output
    return own_output / "reports" / "index.html"


class Opened:
    """A page that is open, and what it reported on the console."""

    def __init__(self, browser: Browser, file: Path, **context: Any) -> None:
        self.file = file
        self.reported: list[str] = []
        self.page: Page = browser.new_context(**context).new_page()
        self.page.on("console", lambda message: self.reported.append(message.text))
        self.page.on("pageerror", lambda error: self.reported.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url))
        self.go("overview")

    def _asked(self, url: str) -> None:
        if not url.startswith((self.file.as_uri(), "data:")):
            self.reported.append(f"asks for {url}")

    def go(self, view: str) -> Page:
        self.page.goto(f"{self.file.as_uri()}#{view}")
        return self.page


@pytest.fixture
def opened(browser: Browser, written: Path) -> Iterator[Opened]:
    found = Opened(browser, written, viewport={"width": 1300, "height": 900})
    yield found
    assert not found.reported
    found.page.context.close()


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_contents_and_no_error(opened: Opened, view: str) -> None:
    page = opened.go(view)
    expect(page.locator("h1")).to_have_count(1)
    assert len(page.locator("main").inner_text()) > 200
    assert "undefined" not in page.locator("main").inner_text()
    assert "[object" not in page.locator("main").inner_text()
    assert "NaN" not in page.locator("main").inner_text()


@pytest.mark.requirement("R13.6")
def test_it_shows_the_rollout(opened: Opened) -> None:
    page = opened.go("overview")
    expect(page.get_by_text("clean", exact=True)).to_be_visible()
    expect(page.locator("main")).to_contain_text("pass 2026-11-29 01:00:00 UTC")
    expect(page.locator("main")).to_contain_text("1 of 11 phases applied")
    page = opened.go("diagram/prod")
    assert page.locator("g[data-from]").count() == 11
    expect(opened.go("rehearsal/prod").locator("main")).to_contain_text("The database is private")
    expect(opened.go("rehearsal/staging").locator("main")).to_contain_text("make verify ENV=staging writes it")
    expect(opened.go("risks").locator("main")).to_contain_text("single-nat-gateway")
    controls = opened.go("controls/prod-starter").get_by_role("row").filter(has_text="RDS.5")
    expect(controls).to_contain_text("accepted")
    expect(controls).to_contain_text("database-in-one-zone")


def test_phases_show_what_each_plan_does(opened: Opened) -> None:
    page = opened.go("phases/prod")
    rows = page.get_by_role("table", name="Phases of prod").get_by_role("row")
    expect(rows.filter(has_text="PostgreSQL")).to_contain_text("refused 1 to create, 1 to update, 1 to delete")
    expect(rows.filter(has_text="certificate")).to_contain_text("no changes 2026-11-29 01:00:00 UTC")
    expect(rows.filter(has_text="ECS cluster")).to_contain_text("waiting for edge, data")
    status = page.get_by_role("table", name="Status of prod").get_by_role("row")
    assert status.first.locator("th").all_inner_texts() == [*table(reports.STATUS)[0]]
    assert status.nth(1).locator("th, td").all_inner_texts() == [*table(reports.STATUS)[1]]
    main = opened.go("phase/prod/data").locator("main")
    for action, address in (("create", "role_policy.backend"), ("update", "db_instance.database"), ("delete", "old")):
        expect(main.locator("h3", has_text=f"1 to {action}")).to_be_visible()
        expect(main.get_by_role("link", name=address).first).to_be_visible()
    expect(main.get_by_role("row", name="aws_iam_role_policy.backend")).to_contain_text("allows more")
    expect(main.get_by_role("row", name="aws_iam_role_policy.backend")).to_contain_text("approved")
    expect(main.get_by_role("row", name="aws_db_instance.database").first).to_contain_text("refused")
    expect(opened.go("phase/prod/edge").locator("main")).to_contain_text("no changes")
    main = opened.go("phase/prod/services").locator("main")
    expect(main).to_contain_text("every phase applies: 1 to create")
    main.get_by_text("every phase applies").click()
    expect(main.get_by_role("link", name="aws_iam_role_policy.backend")).to_be_visible()


def test_cost_is_what_the_command_estimates(opened: Opened, output: Path) -> None:
    with values(AEP):
        done = CliRunner().invoke(app, ["cost", "--json", "--out", str(output)])
    estimated = {each["name"]: each for each in json.loads(done.stdout)["environments"]}
    overview = opened.go("overview").get_by_role("table", name="Cost by phase").get_by_role("row")
    for number, (name, estimate) in enumerate(estimated.items()):
        cells = [f"{estimate[key]:,.2f}" for key in ("fixed", "assumed", "total")]
        assert [row.locator("td").nth(number).inner_text() for row in overview.all()[-3:]] == cells
        phases = {row.locator("th").inner_text(): row.locator("td").nth(number) for row in overview.all()[1:-3]}
        assert {phase: cell.inner_text() for phase, cell in phases.items() if cell.inner_text()} == {
            phase: f"{usd:,.2f}" for phase, usd in estimate["phases"].items() if usd
        }
        page = opened.go(f"cost/{name}")
        for kind, assumed in (("Fixed", False), ("For the assumed use", True)):
            shown = page.get_by_role("table", name=kind, exact=True).locator("tbody tr")
            lines = [each for each in estimate["lines"] if each["assumed"] is assumed and each["quantity"]]
            assert shown.count() == len(lines)
            for row, line in zip(shown.all(), lines, strict=True):
                texts = row.locator("th, td").all_inner_texts()
                assert texts[:2] == [line["phase"], line["what"]]
                mark = "unconfirmed " if line["unconfirmed"] else ""
                shown_price = f"{mark}{line['price']:g}"
                assert texts[4:] == [line["unit"], shown_price, f"{line['usd']:,.2f}", line["price_id"]]
        prices = page.get_by_role("table", name="Prices").locator("tbody tr").all()
        known = {each["price_id"]: each for each in estimate["lines"] if each["quantity"]}
        assert len(prices) == len(known)
        for row in prices:
            id_, _, unit, day, sources = row.locator("th, td").all_inner_texts()
            line = known[id_]
            assert (unit, day) == (line["unit"], line["date"])
            assert sources.splitlines() == [*filter(None, [line["unconfirmed"]]), *line["sources"]]
        for each in estimate["unpriced"]:
            expect(page.locator(".missing")).to_contain_text(each["reason"])
        opened.go("overview")


def test_search_and_filters(opened: Opened) -> None:
    page = opened.go("resources/prod")
    summary, rows = page.get_by_role("status"), page.locator("details.resource")
    everything = int(summary.inner_text().split()[0])
    assert everything > 300
    assert rows.count() == 100
    page.get_by_role("button", name="more").click()
    assert rows.count() == 200
    page.get_by_label("Search").fill("MULTI_az aws_db_instance")
    expect(summary).to_have_text(f"1 of {everything} resources and data sources")
    page.get_by_label("Search").fill("")
    page.get_by_label("Stack", exact=True).select_option("prod-network")
    page.get_by_label("Type", exact=True).select_option("aws_nat_gateway")
    expect(summary).to_have_text(f"3 of {everything} resources and data sources")
    page.get_by_label("Type", exact=True).select_option("")
    page.get_by_label("Stack", exact=True).select_option("")
    page.get_by_label("Gate", exact=True).select_option("accepted")
    expect(rows.first.locator(".tag")).to_contain_text("accepted")
    page.get_by_label("Gate", exact=True).select_option("finding")
    expect(summary).to_have_text(f"0 of {everything} resources and data sources")


def test_a_resource_leads_to_what_it_refers_to(opened: Opened) -> None:
    page = opened.go("phases/prod")
    page.get_by_role("link", name="data", exact=True).click()
    page.get_by_role("link", name="database", exact=True).click()
    row = page.locator("details.resource")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("prod-data/cdk.tf.json:")
    expect(row.locator("pre")).to_contain_text(re.compile(r"\bmulti_az +?= true\b"))
    row.get_by_role("link", name="aws_kms_key.data_key").first.click()
    expect(page.locator("details.resource pre")).to_contain_text("enable_key_rotation")
    page.go_back()
    expect(page.locator("details.resource pre")).to_contain_text("multi_az")


def test_another_environment_keeps_the_view(opened: Opened) -> None:
    page = opened.go("connections/prod")
    page.get_by_label("Environment").select_option("staging")
    expect(page.locator("h1")).to_have_text("Connections of staging")


def test_keyboard_alone(opened: Opened) -> None:
    page = opened.go("overview")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Shift+Tab")
    page.get_by_role("link", name="Resources").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("aws_eip.")
    expect(page.get_by_role("status")).to_contain_text("6 of")
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("details.resource pre")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious(browser: Browser, written: Path, view: str, scheme: str) -> None:
    opened = Opened(browser, written, color_scheme=scheme, viewport={"width": 1300, "height": 900})
    found = Axe().run(opened.go(view)).response["violations"]
    serious = [
        f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in {"serious", "critical"}
    ]
    assert not serious
    opened.page.context.close()


def test_dark_mode_is_the_systems_or_chosen(browser: Browser, written: Path) -> None:
    back = "getComputedStyle(document.body).backgroundColor"
    opened = Opened(browser, written, color_scheme="dark")
    assert opened.page.evaluate(back) == "rgb(13, 17, 23)"
    opened.page.get_by_label("Theme").select_option("light")
    assert opened.page.evaluate(back) == "rgb(255, 255, 255)"
    opened.page.reload()
    assert opened.page.evaluate(back) == "rgb(255, 255, 255)"
    assert not opened.reported
    opened.page.context.close()


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_scrolls_down_only(browser: Browser, written: Path, view: str) -> None:
    opened = Opened(browser, written, viewport={"width": 360, "height": 700})
    page = opened.go(view)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    expect(page.locator("nav a[aria-current]")).to_be_in_viewport()
    assert not opened.reported
    page.context.close()


CROSSED = (Path(__file__).parent / "crossed.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["prod", "prod-starter", "staging"])
def test_labels_of_the_diagram_are_large_and_free(opened: Opened, name: str) -> None:
    assert opened.go(f"diagram/{name}").evaluate(CROSSED) == []


def test_crossed_labels_are_noticed(opened: Opened) -> None:
    page = opened.go("diagram/prod")
    move = "label => label.setAttribute('y', Number(label.getAttribute('y')) + 8)"
    page.locator("main svg .port").first.evaluate(move)
    assert any("a line crosses" in each for each in page.evaluate(CROSSED))


def test_it_prints_every_section(opened: Opened, tmp_path: Path) -> None:
    page = opened.go("overview")
    page.evaluate("addEventListener('beforeprint', () => { window.printed = document.body.innerText; })")
    pdf = page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") > 8
    printed = page.evaluate("window.printed")
    for text in ("Cost of prod", "Status of the rollout", "Security Hub's prices", "make status ENV=staging writes it"):
        assert text in printed
    expect(page.locator("h1")).to_have_count(1)  # After printing, the view is back.


def embedded(written: Path) -> tuple[Any, Any]:
    """The data of the page: all sections but the resources, and those."""
    html = written.read_text(encoding="utf-8")
    begins = [html.index(">", html.index(f'id="{id_}"')) + 1 for id_ in ("contents", "resources")]
    contents, resources = (json.loads(html[begin : html.index("</script>", begin)]) for begin in begins)
    return contents, resources


def test_an_environment_without_prices_has_no_total(browser: Browser, written: Path, tmp_path: Path) -> None:
    data, rows = embedded(written)
    data["cost"]["environments"] = [each for each in data["cost"]["environments"] if each["name"] != "staging"]
    (tmp_path / "page.html").write_text(filled(data, rows, []), encoding="utf-8")
    opened = Opened(browser, tmp_path / "page.html")
    table = opened.go("overview").get_by_role("table", name="Cost by phase")
    assert table.locator("thead th").all_inner_texts() == ["USD a month", "prod", "prod-starter"]
    expect(opened.page.get_by_role("link", name="skipped")).to_be_visible()
    expect(opened.go("cost/staging").locator("main")).to_contain_text("no prices of us-east-1")
    assert opened.page.get_by_text("USD a month", exact=True).count() == 0
    assert not opened.reported
    opened.page.context.close()


HOSTILE = "</script><img src=x onerror=document.title=1>\u202e\x07<b>"


def test_hostile_names_stay_text(browser: Browser, written: Path, tmp_path: Path) -> None:
    data, rows = embedded(written)
    for each in data["environments"]:
        for arrow in each["arrows"]:
            arrow["why"] = HOSTILE
        for phase in each["phases"]:
            phase["summary"] = HOSTILE
            for plan in [phase["plan"], *phase["rehearsed"]]:
                if plan:
                    plan["changes"] = {HOSTILE: [HOSTILE]}
                    plan["findings"] = [{"where": HOSTILE, "what": HOSTILE, "kind": HOSTILE, "refused": True}]
        if each["status"]:
            each["status"]["table"][0][0] = each["status"]["table"][1][0] = HOSTILE
    for estimate in data["cost"]["environments"]:
        for line in estimate["lines"]:
            line |= {"what": HOSTILE, "sources": [HOSTILE], "unconfirmed": HOSTILE, "price_id": HOSTILE}
    for row in rows["rows"]:
        row["address"] = f"{row['type']}.{HOSTILE}"
    for risk in data["risks"]:
        risk["id"] = HOSTILE
    (tmp_path / "page.html").write_text(filled(data, rows, ["<template id=drawing-0></template>"]), encoding="utf-8")
    opened = Opened(browser, tmp_path / "page.html")
    for view in (
        "overview",
        "connections/prod",
        "phases/prod",
        "phase/prod/data",
        "cost/prod",
        "resources/prod",
        "risks",
    ):
        page = opened.go(view)
        assert page.locator("main img, main b:not(.cards b)").count() == 0
        expect(page.locator("main")).to_contain_text("<img src=x")
        assert "\u202e" not in page.locator("main").inner_text()
    assert not opened.reported
    opened.page.context.close()

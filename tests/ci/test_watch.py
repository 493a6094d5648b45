"""The checks of a schedule, and the one issue that each keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path

import pytest

from ops.ci import checks
from ops.ci import command as commands
from ops.ci.checks import Ran
from ops.ci.github import GitHub
from ops.ci.issues import Watched, keep
from ops.cost.prices import Prices
from ops.errors import OpsError, RefusedError
from ops.markdown import Listing
from ops.risks.listing import Accepted
from ops.terraform.report import PhaseResult, Report, Result
from tests.ci.github_server import GitHub as Server
from tests.ci.github_server import github_server
from tests.ops.cli import run
from tests.ops.cost import PRICES
from tests.products import AEP, OF_AEP, values

pytestmark = pytest.mark.slow

PROD = next(each.environment for each in OF_AEP if each.environment.name == "prod")
TODAY = date(2026, 11, 29)
FOUND = Watched("drift prod", "Drift: prod differs from the code", ("One.", Listing(("@ada `x` </details>",))))
NOTHING = Watched("drift prod", "Drift: prod differs from the code", ())


@pytest.fixture
def server() -> Iterator[Server]:
    with github_server() as running:
        yield running


@pytest.fixture
def github(server: Server) -> GitHub:
    return GitHub(server.url, server.repository, "a-workflows-token")


def writes(server: Server) -> int:
    return sum(each.method != "GET" for each in server.requests)


def test_an_issue_is_opened_left_alone_updated_closed_and_opened_again(server: Server, github: GitHub) -> None:
    assert keep(github, FOUND, "https://github.com/o/r/actions/runs/1").startswith("drift prod: opened https://")
    before = writes(server)
    assert keep(github, FOUND, "https://github.com/o/r/actions/runs/2").startswith("drift prod: no change of ")
    assert writes(server) == before, "another run alone is no change"
    more = Watched(FOUND.key, FOUND.title, ("Two.",))
    assert keep(github, more, "").startswith("drift prod: updated ")
    assert server.comments == {}
    assert keep(github, NOTHING, "https://github.com/o/r/actions/runs/4").startswith(
        "drift prod: nothing found; closed "
    )
    assert (server.issues[1]["state"], server.issues[1]["state_reason"]) == ("closed", "completed")
    assert [each["body"] for each in server.comments.values()] == [
        "No longer found by [this run](https://github.com/o/r/actions/runs/4)."
    ]
    before = writes(server)
    assert keep(github, NOTHING, "") == "drift prod: nothing found, and no issue is open"
    assert writes(server) == before
    assert keep(github, more, "").startswith("drift prod: opened again: ")
    assert server.issues[1]["state"] == "open"
    assert len(server.issues) == 1


def test_each_check_has_its_own_issue_and_a_persons_issue_is_not_touched(server: Server, github: GitHub) -> None:
    keep(github, FOUND, "")
    server.open_issue("a copy", server.issues[1]["body"], "mallory")
    keep(github, Watched("drift staging", "t", ("One.",)), "")
    keep(github, NOTHING, "")
    assert [(each["title"], each["state"]) for each in server.issues.values()] == [
        (FOUND.title, "closed"),
        ("a copy", "open"),
        ("t", "open"),
    ]


def test_of_two_issues_of_a_check_one_is_kept_and_it_is_found_among_many(server: Server, github: GitHub) -> None:
    keep(github, FOUND, "")
    server.open_issue(FOUND.title, server.issues[1]["body"])
    server.issues[2]["state"] = "closed"
    for number in range(120):
        server.open_issue(f"another {number}", "text")
    assert keep(github, FOUND, "").startswith("drift prod: no change of "), "the open one, not the newest"
    server.issues[2]["state"] = "open"
    assert "closed" in keep(github, NOTHING, "")
    assert [server.issues[number]["state"] for number in (1, 2)] == ["closed", "closed"]
    assert len(server.issues) == 122


def test_what_a_person_closed_as_not_planned_stays_closed_until_it_changes(server: Server, github: GitHub) -> None:
    keep(github, FOUND, "")
    server.issues[1].update(state="closed", state_reason="not_planned")
    assert "as it was when a person closed" in keep(github, FOUND, "")
    assert server.issues[1]["state"] == "closed"
    keep(github, Watched(FOUND.key, FOUND.title, ("Two.",)), "")
    assert server.issues[1]["state"] == "open"


# Checks ---------------------------------------------------------------------------------------------------


def report(*results: PhaseResult) -> Report:
    return Report("drift", "prod", datetime.now(UTC), "c0ffee", results)


def test_drift_is_listed_by_phase_and_a_phase_that_fails_leaves_the_issue_alone() -> None:
    same = PhaseResult("network", Result.NO_CHANGES)
    changed = PhaseResult(
        "edge", Result.CHANGES, message="update aws_lb.main\n  aws_lb.main tags.Owner: x in the account"
    )
    found = checks.drift(PROD, report(same, changed, PhaseResult("cutover", Result.NOT_APPLIED)))
    assert (found.key, found.title) == ("drift prod", "Drift: prod differs from the code")
    assert "in 1 phase." in str(found.parts[0])
    assert found.parts[2] == Listing(("update aws_lb.main", "  aws_lb.main tags.Owner: x in the account"))
    assert checks.drift(PROD, report(same)).parts == ()
    with pytest.raises(OpsError, match="prod: data can't be compared: Error: no credentials"):
        checks.drift(PROD, report(changed, PhaseResult("data", Result.FAILED, message="Error: no credentials\nmore")))


def risk(id_: str, days: int) -> Accepted:
    return Accepted(id_, date(2026, 12, 20), days, "lead", ("no_waf",), ("prod",), "why", "a firewall")


def test_risks_are_those_that_expire_soon_without_days_that_change_daily() -> None:
    found = checks.risks([risk("soon", 21), risk("gone", -3), risk("later", 31)], 30)
    listing = found.parts[1]
    assert isinstance(listing, Listing)
    assert [line for line in listing.lines if "no_waf" in line] == [
        "2026-12-20  soon (lead): no_waf in prod",
        "2026-12-20  gone (lead): no_waf in prod",
    ]
    assert checks.risks([risk("soon", 20), risk("gone", -4)], 30) == checks.risks(
        [risk("soon", 21), risk("gone", -3)], 30
    )
    assert checks.risks([risk("later", 31)], 30).parts == ()


def test_prices_are_old_after_some_days(monkeypatch: pytest.MonkeyPatch) -> None:
    known: list[Prices | None] = [PRICES, PRICES, None]
    monkeypatch.setattr(checks, "read", lambda _: known.pop(0))
    newest = max(each.date for each in PRICES.by_id.values())
    assert checks.prices(PROD, newest, 90).parts == ()
    old = checks.prices(PROD, date(newest.year + 1, newest.month, newest.day), 90)
    listing = old.parts[1]
    assert old.title == "Prices of us-east-1 are old"
    assert isinstance(listing, Listing)
    assert f"{newest}  nat.hour" in listing.lines
    assert checks.prices(PROD, newest, 90).title == "There are no prices of us-east-1"


LOCK = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "%s"\n}\n'


def program(newest: dict[str, str], warning: str = "") -> checks.Run:
    """uv and Terraform, with these newest versions."""

    def execute(words: Sequence[str], folder: Path, given: str) -> Ran:
        if words[0] == "terraform":
            assert 'source = "hashicorp/aws"' in (folder / "main.tf").read_text(encoding="utf-8")
            (folder / ".terraform.lock.hcl").write_text(LOCK % newest["aws"], encoding="utf-8")
            return Ran(0, "Terraform has been successfully initialized!", "")
        name, _, pinned = given.strip().partition("==")
        return Ran(0, f"{name}=={pinned or newest.get(name, metadata.version(name))}\n", warning if pinned else "")

    return execute


def test_newer_versions_and_withdrawn_ones_are_listed() -> None:
    assert checks.versions(program({"aws": "5.100.0"})).parts == ()
    found = checks.versions(program({"aws": "6.10.0", "cdktf": "0.100.0"}))
    listings = [each for each in found.parts if isinstance(each, Listing)]
    assert listings[0].lines == (
        f"cdktf {metadata.version('cdktf')} → 0.100.0",
        "Terraform's AWS provider 5.100.0 → 6.10.0",
    )
    assert any("no more releases" in line for line in listings[1].lines)
    assert str(found.parts[-1]).startswith('Next: `make upgrade PACKAGE="cdktf"` writes a branch')
    yanked = checks.versions(program({"aws": "5.100.0"}, "warning: `cdktf==0.21.0` is yanked (reason: broken)\n"))
    assert any("is yanked" in line for each in yanked.parts if isinstance(each, Listing) for line in each.lines)
    assert checks.versions(program({"aws": "5.9.0", "checkov": "2.0"})).parts == (), "older ones are none"


def test_an_index_or_registry_that_does_not_respond_is_one_line() -> None:
    def no_index(words: Sequence[str], folder: Path, given: str) -> Ran:
        return Ran(2, "", "error: Failed to fetch the index\n  Caused by: dns error")

    with pytest.raises(OpsError, match="the newest version of cdktf is unknown: Failed to fetch the index"):
        checks.versions(no_index)

    def no_registry(words: Sequence[str], folder: Path, given: str) -> Ran:
        if words[0] != "terraform":
            return program({})(words, folder, given)
        return Ran(1, "", "\n╷\n│ Error: Failed to query available provider packages\n│ \n")

    with pytest.raises(OpsError, match="AWS provider is unknown: Failed to query available provider packages"):
        checks.versions(no_registry)


# The command ----------------------------------------------------------------------------------------------


@pytest.fixture
def connected(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    given = {"GITHUB_API_URL": server.url, "GITHUB_REPOSITORY": server.repository, "GITHUB_TOKEN": "a-workflows-token"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return server


def watch(*words: str) -> tuple[int, str]:
    with values(AEP):
        done = run("ci", "watch", *words)
    return done.exit_code, done.stderr


def test_the_command_keeps_the_issue_and_exits_with_0_whatever_it_finds(connected: Server) -> None:
    code, said = watch("risks", "--days", "100000")
    assert (code, said.split(" https://")[0]) == (0, "risks: opened")
    assert watch("risks", "--days", "100000")[1].startswith("risks: no change of ")
    assert watch("prices", "prod", "--days", "100000")[0] == 0


@pytest.mark.parametrize("error", [OpsError, RefusedError])
def test_a_check_that_cannot_be_run_leaves_the_issue_as_it_was(
    error: type[OpsError], connected: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Watched:
        raise error("the newest version of cdktf is unknown: no network")

    monkeypatch.setattr(checks, "versions", fails)
    connected.open_issue("New versions", "<!-- aws-rollout: watch versions; sha256 " + "0" * 64 + " -->")
    assert watch("versions") == (2, "error: the newest version of cdktf is unknown: no network\n")
    assert writes(connected) == 0


def test_a_mistyped_check_is_reported_before_missing_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    assert "no such check 'drfit'; did you mean drift?" in watch("drfit")[1]
    assert "GITHUB_REPOSITORY isn't set" in watch("risks")[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("drfit", "prod"), "no such check 'drfit'; did you mean drift?"),
        (("drift",), "drift needs an environment: ops ci watch drift ENVIRONMENT"),
        (("risks", "prod"), "risks takes no environment: ops ci watch risks"),
        (("prices", "prd"), "unknown environment 'prd'"),
    ],
)
def test_a_mistake_is_one_line(words: tuple[str, ...], message: str, connected: Server) -> None:
    code, said = watch(*words)
    assert code == 2
    assert message in said
    assert len(said.splitlines()) == 1
    assert commands.RISK_DAYS == 30

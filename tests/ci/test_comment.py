"""The comment on a pull request: what it shows, how it is found again, and the page with an example."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ops.ci import plans as read
from ops.ci.affected import Affected, AffectedPhase, Why
from ops.ci.comment import Shown, post, sections, text
from ops.ci.difference import Delta, EnvironmentChange
from ops.ci.github import Comment, GitHub
from ops.ci.plans import FORK, PhasePlan, plans
from ops.ci.sections import MARKER, parsed
from ops.markdown import LIMIT
from ops.terraform.report import PhaseResult, Report, Result
from tests.cases import every_case
from tests.ci.github_server import Account, github_server
from tests.ci.github_server import GitHub as Server
from tests.ops.cli import run
from tests.ops.test_markdown import HOSTILE, outside_code
from tests.plan_gate.plans import change, judge, plan
from tests.products import AEP, OF_AEP, values

pytestmark = pytest.mark.slow

PROD = next(each.environment for each in OF_AEP if each.environment.name == "prod")
COMMIT = "4f0c1d2b" * 5


def shown(
    *plans_of: PhasePlan, phases: tuple[str, ...] = ("edge", "services"), **more: Delta | dict[str, tuple[str, ...]]
) -> Shown:
    found = tuple(AffectedPhase(name, Why.CHANGED) for name in phases[: len(plans_of)])
    stacks = {each.phase: ("+ aws_lb.main",) for each in found}
    meaning = EnvironmentChange(PROD, found, new=False, **{"stacks": stacks, **more})  # type: ignore[arg-type]
    affected = Affected("main", "9a8b7c6d" * 5, {"prod": found}, (), "")
    named = dict(zip(phases, plans_of, strict=False))
    return Shown(affected, [meaning], {"prod": named}, {}, COMMIT, "https://github.com/o/r/actions/runs/1")


def test_each_phase_has_its_plan_what_needs_approval_and_what_it_means() -> None:
    planned = PhasePlan(
        "1 to update",
        ("--approve-outage",),
        ("OUTAGE aws_lb_listener.https · port: 443 → 8443",),
        ("~   aws_lb_listener.https: port",),
    )
    waiting = PhasePlan("waiting for edge", planned=True)
    written = text(
        shown(
            planned, waiting, connections=Delta(("+ internet → load_balancer: tcp 8443",)), risks=Delta(("- no-waf",))
        ),
        LIMIT,
    )
    assert written.startswith(MARKER)
    assert "| edge | deployer | changed | `1 to update` | `--approve-outage` |" in written
    assert "| services | deployer | changed | `waiting for edge` | no |" in written
    assert "OUTAGE aws_lb_listener.https · port: 443 → 8443" in written
    assert "<details><summary>Plan of edge: 1 line</summary>" in written
    assert "+ internet → load_balancer: tcp 8443" in written
    assert "- no-waf" in written
    assert "[The run](https://github.com/o/r/actions/runs/1)" in written
    assert "`4f0c1d2b4f0c` is compared with `main`" in written


def test_a_phase_that_was_not_planned_says_so_and_shows_its_stack() -> None:
    written = text(shown(PhasePlan(FORK, planned=False)), LIMIT)
    assert "`not planned: a pull request from a fork gets no credentials` | unknown |" in written
    assert "What differs in the stack of edge: 1 line" in written
    assert "+ aws_lb.main" in written


def test_no_difference_is_one_sentence_and_removed_stacks_are_named() -> None:
    nothing = Shown(Affected("main", "c0ffee", {"prod": ()}, ("old-edge",), "changed"), [], {}, {}, COMMIT)
    written = text(nothing, LIMIT)
    assert "**`prod`**: no phase is affected; its stacks are those of `main` (`c0ffee`), byte for byte.\n" in written
    assert "### `prod`" not in written
    assert "Removed stacks: `old-edge`." in written
    assert "The stack `organization` is changed." in written


@every_case("hostile", HOSTILE)
def test_hostile_names_and_messages_break_out_of_nothing(hostile: str) -> None:
    planned = PhasePlan(hostile, (hostile,), (hostile,), (hostile,))
    delta = Delta((f"+ {hostile}",))
    made = shown(planned, connections=delta, permissions=delta, risks=delta, cost=Delta(unknown=hostile))
    written = text(made, LIMIT)
    assert list(parsed(written)) == ["prod"]
    outside = outside_code(written.removeprefix(MARKER))
    assert "@" not in outside
    assert outside.count("<details>") == outside.count("</details>") == 1
    assert "<script" not in outside
    assert "https://example.com" not in outside


def test_plans_are_those_of_this_commit_with_findings_and_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "commit", lambda: (COMMIT, False))
    password = "hunter2-of-the-database"
    document = plan(
        change("aws_db_instance.main", {"backup_retention_period": 30}, {"backup_retention_period": 7}),
        change("aws_elasticache_user.app", {"user_id": "a"}, {"user_id": "a", "passwords": [password]}),
    )
    verdict = judge(document)
    (tmp_path / "reports").mkdir()
    (tmp_path / "stacks" / "prod-data").mkdir(parents=True)
    read_report = tmp_path / "reports" / "plan-prod-data.json"
    from ops.plan_gate.reports import as_json  # noqa: PLC0415
    from ops.terraform.plan import summary  # noqa: PLC0415

    read_report.write_text(as_json(verdict), encoding="utf-8")
    (tmp_path / "stacks" / "prod-data" / "saved.tfplan.txt").write_text(summary(json.dumps(document)), encoding="utf-8")
    results = (
        PhaseResult("data", Result.REFUSED, verdict.counts),
        PhaseResult("edge", Result.NO_CHANGES),
        PhaseResult("services", Result.WAITING, waits_for=("data", "edge")),
        PhaseResult("cutover", Result.FAILED, message="Error: no such zone"),
    )
    Report("plan", "prod", datetime.now(UTC), COMMIT, results).write(tmp_path)
    found = plans(PROD, tmp_path, ("data", "edge", "services", "cutover", "hardening"))
    assert found["data"].status == "2 to update"
    assert "--approve-loss-in-place" in found["data"].needs
    assert "refused" in found["data"].needs, "a secret in a plan can't be approved"
    assert found["data"].summary == (
        "~   aws_db_instance.main: backup_retention_period",
        "~   aws_elasticache_user.app: passwords",
    )
    assert password not in str(found)
    assert found["edge"].status == "no changes"
    assert found["services"].status == "waiting for data, edge"
    assert (found["cutover"].status, found["cutover"].findings) == ("failed", ("Error: no such zone",))
    assert not found["cutover"].planned
    assert found["hardening"] == PhasePlan("not planned", planned=False)
    monkeypatch.setattr(read, "commit", lambda: ("another", False))
    assert plans(PROD, tmp_path, ("data",)) == {"data": PhasePlan("not planned at this commit", planned=False)}


@pytest.mark.parametrize(
    ("source", "status"),
    [({"full_name": "mallory/infrastructure"}, FORK), (None, FORK), ({"full_name": "o/r"}, "not planned")],
    ids=["a fork", "a deleted fork", "this repository"],
)
def test_a_pull_request_from_a_fork_says_why_it_is_not_planned(
    source: dict[str, str] | None, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"head": {"repo": source}}}), encoding="utf-8")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    assert plans(PROD, tmp_path, ("edge",))["edge"].status == status


# Posting --------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[Server]:
    with github_server() as running:
        running.start_branch({"a": "1"}, "topic")
        running.open_pull("a change", "topic")
        yield running


def test_the_change_is_shown_as_hcl() -> None:
    lines = ("--- a/prod/edge/main.tf", "-  port = 443", "+  port = 8443")
    written = text(shown(PhasePlan("1 to update"), hcl=Delta(lines)), LIMIT)
    folded = "<details><summary>The change as HCL: 3 lines</summary>\n\n```diff\n" + "\n".join(lines) + "\n```"
    assert folded in written
    unknown = text(shown(PhasePlan("1 to update"), hcl=Delta(unknown="prod-edge: import isn't exported")), LIMIT)
    assert "**The change as HCL**: unknown: `prod-edge: import isn't exported`" in unknown
    assert "The change as HCL" not in text(shown(PhasePlan("1 to update")), LIMIT)


def client(server: Server) -> GitHub:
    return GitHub(server.url, server.repository, "a-workflows-token")


def about(name: str, commit: str = "1" * 40, lines: int = 1, **more: Any) -> Shown:
    """What a workflow's job for one environment found: a phase with a plan of some lines."""
    phases = (AffectedPhase("edge", Why.CHANGED),)
    planned = PhasePlan("1 to update", (), (), tuple(f"~   aws_lb.{name}_{index}: port" for index in range(lines)))
    environment = replace(PROD, name=name)
    change = EnvironmentChange(environment, phases, new=False, stacks={"edge": ()})
    affected = Affected("main", "0" * 40, {name: phases}, (), "")
    run = f"https://github.com/o/r/actions/runs/{commit[0]}"
    return Shown(affected, (change,), {name: {"edge": planned}}, {}, commit, run, whole=False, **more)


def untouched(name: str, commit: str = "1" * 40) -> Shown:
    """What the job of an environment found that isn't affected."""
    return Shown(Affected("main", "0" * 40, {name: ()}, (), ""), (), {}, {}, commit, whole=False)


def test_each_environments_job_replaces_its_own_section_only(server: Server) -> None:
    addresses = {post(client(server), 1, each) for each in (about("staging"), about("prod"), untouched("prod-starter"))}
    (comment,) = server.comments.values()
    assert addresses == {comment["html_url"]}
    before = parsed(comment["body"])
    assert list(before) == ["staging", "prod", "prod-starter"]
    assert comment["body"].count(MARKER) == 1
    assert before["prod-starter"].text.count("\n") == 1
    post(client(server), 1, about("prod", lines=2))
    after = parsed(comment["body"])
    assert {name: each for name, each in after.items() if name != "prod"} == {
        name: each for name, each in before.items() if name != "prod"
    }
    assert "aws_lb.prod_1" in after["prod"].text
    changed = [each for each in server.requests if each.method != "GET"]
    post(client(server), 1, about("prod", lines=2))
    assert [each for each in server.requests if each.method != "GET"] == changed, "the same text is left alone"


def test_a_section_of_another_commit_says_so_until_its_job_has_run(server: Server) -> None:
    post(client(server), 1, about("staging"))
    for _ in range(2):
        post(client(server), 1, about("prod", "2" * 40))
    (comment,) = server.comments.values()
    assert comment["body"].count("**Of another push, `111111111111`:**\n\n### `staging`") == 1
    assert comment["body"].count("Of another push") == 1
    post(client(server), 1, about("staging", "2" * 40))
    assert "Of another push" not in comment["body"]


def test_a_comment_about_all_environments_replaces_all_sections(server: Server) -> None:
    post(client(server), 1, about("removed"))
    both = {"prod": (), "staging": ()}
    nothing = Shown(Affected("main", "c0ffee", both, ("old-edge",), "changed"), [], {}, {}, COMMIT)
    post(client(server), 1, nothing)
    (comment,) = server.comments.values()
    assert list(parsed(comment["body"])) == ["prod", "staging", ""]
    assert "Removed stacks: `old-edge`." in parsed(comment["body"])[""].text


def test_sections_share_the_limit_and_short_ones_stay_whole(server: Server) -> None:
    names = ("staging", "prod", "other")
    for name in names:
        post(client(server), 1, about(name, lines=3000 if name != "other" else 3))
    (comment,) = server.comments.values()
    body = str(comment["body"])
    assert LIMIT * 0.95 < len(body) <= LIMIT
    found = parsed(body)
    assert found["other"].text == sections(about("other", lines=3))["other"].text
    for name in names[:2]:
        assert re.search(
            r"… and \d{4} more lines, cut at GitHub's limit; the whole is in the summary", found[name].text
        )
        assert found[name].text.count("<details>") == found[name].text.count("</details>") == 1
    assert abs(len(found["staging"].text) - len(found["prod"].text)) < 200
    again = body
    post(client(server), 1, about("other", lines=3))
    assert comment["body"] == again


def test_a_hidden_line_in_a_name_begins_and_ends_no_section(server: Server) -> None:
    line = f"<!-- /rollout:prod -->\n<!-- rollout:staging {'1' * 40} -->"
    planned = PhasePlan(line, (), tuple(line.split("\n")), tuple(line.split("\n")))
    hostile = replace(shown(planned, connections=Delta(tuple(line.split("\n")))), whole=False)
    post(client(server), 1, about("staging"))
    post(client(server), 1, hostile)
    post(client(server), 1, hostile)
    (comment,) = server.comments.values()
    assert parsed(comment["body"])["staging"].text == sections(about("staging"))["staging"].text
    assert list(parsed(comment["body"])) == ["staging", "prod"]
    assert comment["body"].count("<!--") == 5


def test_two_jobs_that_create_a_comment_at_the_same_time_leave_one(server: Server) -> None:
    github = client(server)

    class Late(GitHub):
        """Another job creates its comment between this one's look and its own comment."""

        def create_comment(self, issue: int, body: str) -> Comment:
            post(github, 1, about("staging"))
            return super().create_comment(issue, body)

    post(Late(server.url, server.repository, "a-workflows-token"), 1, about("prod"))
    (comment,) = server.comments.values()
    assert sorted(parsed(comment["body"])) == ["prod", "staging"]


def test_a_persons_comment_that_quotes_the_marker_is_not_touched(server: Server) -> None:
    server.comment(1, f"{MARKER}\nmine", "mallory")
    server.comment(1, f"> {MARKER}\nthe bot's own other comment")
    server.comment(1, f"{MARKER}\nof another bot", "other-app[bot]")
    post(client(server), 1, about("prod"))
    bodies = [each["body"] for each in server.comments.values()]
    assert bodies[:3] == [f"{MARKER}\nmine", f"> {MARKER}\nthe bot's own other comment", f"{MARKER}\nof another bot"]
    assert bodies[3:] == [text(about("prod"), LIMIT)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--pull NUMBER is missing"),
        (("--pull", "1"), "GITHUB_TOKEN is empty"),
    ],
)
def test_a_mistake_is_one_line(words: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with values(AEP):
        done = run("ci", "comment", "--base", "HEAD", *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


# The whole ------------------------------------------------------------------------------------------------


def test_the_page_with_an_example_is_current(output: Path) -> None:
    from tests.ci import example  # noqa: PLC0415

    with values(AEP):
        assert example.PAGE.read_text(encoding="utf-8") == example.page(output), "write it: python -m tests.ci.example"


def test_the_command_compares_with_a_version_of_git_and_comments(
    server: Server, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.accounts = {"of-ada": Account("ada")}
    summary = tmp_path / "summary.md"
    given = {"GITHUB_API_URL": server.url, "GITHUB_REPOSITORY": server.repository, "GITHUB_TOKEN": "of-ada"}
    for name, value in {**given, "GITHUB_STEP_SUMMARY": str(summary)}.items():
        monkeypatch.setenv(name, value)
    with values(AEP):
        done = run("ci", "comment", "prod", "--base", "HEAD", "--pull", "1", "--synth", str(output))
    assert done.exit_code == 0, done.stderr
    (comment,) = server.comments.values()
    assert comment["user"]["login"] == "ada"
    assert comment["body"] == summary.read_text(encoding="utf-8")
    assert "no phase is affected; its stacks are those of `HEAD`" in comment["body"]

"""The harness itself: a job gets what GitHub would give it, and nothing else. Small workflows show it."""

from __future__ import annotations

import venv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rehearsal.emulator.tokens import Tokens, tokens
from tests.ci.act import Workflows
from tests.ci.github_server import github_server
from tests.ci.runner import Job, Repository, Runner, running
from tests.copies import git, link_packages

pytestmark = pytest.mark.slow

CHECKOUT = "actions/checkout@0000000000000000000000000000000000000000"
MAIN = f"""
name: main
on: push
permissions: {{}}
jobs:
  plain:
    runs-on: ubuntu-24.04
    permissions:
      contents: read
    outputs:
      targets: ${{{{ steps.it.outputs.targets }}}}
    steps:
      - uses: {CHECKOUT}
        with:
          persist-credentials: false
      - id: it
        run: |
          test -z "$ACTIONS_ID_TOKEN_REQUEST_URL$ACTIONS_ID_TOKEN_REQUEST_TOKEN"
          test "$(git rev-parse HEAD)" = "$GITHUB_SHA" && test "$(git rev-list --count HEAD)" = 1
          test -z "$(git config --get-regexp extraheader)" && make setup && test "$(make other)" = shim
          echo 'targets=["one", "two"]' >> "$GITHUB_OUTPUT"
          echo '### two lines' >> "$GITHUB_STEP_SUMMARY"; echo of a summary >> "$GITHUB_STEP_SUMMARY"
  called:
    needs: [plain]
    strategy:
      max-parallel: 1
      matrix:
        target: ${{{{ fromJSON(needs.plain.outputs.targets) }}}}
    permissions:
      id-token: write
    uses: ./.github/workflows/called.yml
    with:
      target: ${{{{ matrix.target }}}}
  skipped:
    if: ${{{{ github.event_name == 'schedule' }}}}
    runs-on: ubuntu-24.04
    outputs:
      targets: ${{{{ steps.it.outputs.targets }}}}
    steps:
      - id: it
        run: echo 'targets=["three"]' >> "$GITHUB_OUTPUT"
  skipped-too:
    needs: [skipped]
    if: ${{{{ needs.skipped.outputs.targets != '[]' }}}}
    strategy:
      matrix:
        target: ${{{{ fromJSON(needs.skipped.outputs.targets) }}}}
    runs-on: ubuntu-24.04
    environment: ${{{{ matrix.target }}}}
    steps:
      - run: exit 1
"""
CALLED = """
name: called
on:
  workflow_call:
    inputs:
      target:
        type: string
        required: true
permissions: {}
jobs:
  approved:
    name: approved ${{ inputs.target }}
    runs-on: ubuntu-24.04
    environment: ${{ inputs.target }}
    permissions:
      id-token: write
    steps:
      - run: |
          curl -sf -H "authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL"
          echo "began as" called
"""
PULL_REQUEST = """
name: pull request
on: pull_request
permissions: {}
jobs:
  comment:
    runs-on: ubuntu-24.04
    permissions:
      pull-requests: write
      id-token: write
    steps:
      - env:
          GITHUB_TOKEN: ${{ github.token }}
        run: |
          curl -sS -X POST -H "authorization: Bearer $GITHUB_TOKEN" -d '{"body": "said"}' \\
            "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/${{ github.event.pull_request.number }}/comments"; echo
          test -n "$ACTIONS_ID_TOKEN_REQUEST_URL"
"""
FILES = {"main": MAIN, "called": CALLED, "pull-request": PULL_REQUEST}


@pytest.fixture(scope="module")
def service() -> Iterator[Tokens]:
    with tokens() as running_service:
        yield running_service


@pytest.fixture
def workflows(tmp_path: Path, service: Tokens) -> Iterator[Workflows]:
    origin = tmp_path / "origin"
    (origin / ".github" / "workflows").mkdir(parents=True)
    for name, text in FILES.items():
        (origin / ".github" / "workflows" / f"{name}.yml").write_text(text)
    (origin / "Makefile").write_text("setup: .venv/.ready\n.venv/.ready: Makefile\n\tpython3 -m venv --clear .venv\n")
    git(origin, "init", "-q", "-b", "main")
    service.given.clear()
    with ExitStack() as entered:
        github = Repository("example/infrastructure")
        entered.enter_context(github_server(github))
        runner = entered.enter_context(running(Runner(github, service)))
        shims = {"make": 'test "$1" = setup && exec /usr/bin/make "$@"; echo shim'}
        made = Workflows(origin, tmp_path / "runs", runner, "http://127.0.0.1:1", shims=shims)
        made.commit("The first one", {})
        made.commit("The second one", {"README.md": "text"})
        yield made


def test_each_job_has_its_own_tokens_and_waits_for_its_environments_reviewers(
    workflows: Workflows, service: Tokens
) -> None:
    held: list[list[str]] = []

    def review(job: Job) -> bool:
        held.append(list(service.given))
        return True

    workflows.runner.reviewed, workflows.runner.review = {"two"}, review
    run = workflows.push()
    assert run.passed, run.explain()
    assert run.summaries["main/plain"] == "### two lines\nof a summary\n"
    assert [job.environment for job in workflows.runner.jobs] == ["", "one", "two"]
    assert [job.may_sign_in for job in workflows.runner.jobs] == [False, True, True]
    # The job of `two` had not begun when it was reviewed.
    assert [len(each) for each in held] == [1] and len(service.given) == 2
    assert not [token for token in service.jobs if token in run.log] and "***" in run.log


def test_a_rejected_job_fails_and_runs_no_step(workflows: Workflows, service: Tokens) -> None:
    workflows.runner.reviewed, workflows.runner.review = {"one", "two"}, lambda _: False
    run = workflows.push()
    assert not run.passed and "deployment of called/approved to one was rejected" in run.log
    assert {decision for _, decision in workflows.runner.deployments} == {"rejected"}
    assert not service.given and "began as called" not in run.log


def test_a_job_that_is_left_out_counts_as_done(workflows: Workflows) -> None:
    run = workflows.push({"main/plain": {"targets": '["it\'s", "three"]'}})
    assert run.passed, run.explain()
    assert [job.environment for job in workflows.runner.jobs] == ["it's", "three"]


def test_a_forks_pull_request_reads_only(workflows: Workflows) -> None:
    github = workflows.runner.github
    workflows.commit("A change", {"README.md": "other"}, branch="topic")
    github.open_pull("A change", "topic")
    run = workflows.pull_request("topic", 1)
    assert run.passed, run.explain()
    assert [comment["body"] for comment in github.comments.values()] == ["said"]
    run = workflows.pull_request("topic", 1, fork="other/infrastructure")
    # The last command fails: there is no variable to request a token with.
    assert not run.passed and run.jobs == {"pull request/comment": "failure"}, run.explain()
    assert "Resource not accessible by integration" in run.log, f"{github.requests[-2:]}\n{run.explain()}"
    assert len(github.comments) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"uses: actions/checkout": "uses: other/checkout"}, "has no stand-in"),
        ({"    permissions:\n      contents: read\n": "", "permissions: {}\n": ""}, "repository's settings"),
        ({"      id-token: write\n    uses": "      contents: read\n    uses"}, "asks for more than its caller"),
    ],
)
def test_what_github_would_refuse_or_widen_is_refused(
    change: dict[str, str], message: str, workflows: Workflows
) -> None:
    text = MAIN
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    workflows.commit("Change the workflow", {".github/workflows/main.yml": text})
    with pytest.raises(AssertionError, match=message):
        workflows.push()


def test_setting_a_copy_up_again_does_not_reach_what_its_links_lead_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real" / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "real" / ".venv" / "bin" / "program").touch()
    monkeypatch.setattr("tests.copies.ROOT", tmp_path / "real")
    (tmp_path / "copy").mkdir()
    link_packages(tmp_path / "copy")
    assert (tmp_path / "copy" / ".venv" / "bin" / "program").is_file()
    venv.EnvBuilder(clear=True, with_pip=False).create(tmp_path / "copy" / ".venv")
    assert not (tmp_path / "copy" / ".venv" / "bin" / "program").exists()
    assert (tmp_path / "real" / ".venv" / "bin" / "program").is_file()

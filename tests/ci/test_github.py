"""The client of GitHub's API: pages, attempts, errors that say what to do, and never the token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ops.ci import github as client
from ops.ci.github import GitHub
from ops.errors import AbsentError, OpsError, RefusedError
from tests.cases import every_case
from tests.ci.github_server import Account, Failure, github_server
from tests.ci.github_server import GitHub as Server

TOKEN = "a-workflows-token"


@pytest.fixture
def server() -> Iterator[Server]:
    with github_server() as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    """Seconds that the client waited."""
    return []


@pytest.fixture
def github(server: Server, waits: list[float]) -> GitHub:
    return connect(server, waits)


def connect(server: Server, waits: list[float], token: str = TOKEN) -> GitHub:
    given = {"GITHUB_API_URL": server.url, "GITHUB_REPOSITORY": server.repository, "GITHUB_TOKEN": token}
    found = GitHub.from_environment(given)
    found.sleep = waits.append
    return found


def test_all_pages_of_a_list_are_read(server: Server, github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PER_PAGE", 2)
    server.open_issue("the issue", "")
    for number in range(5):
        server.comment(1, f"number {number}")
    assert [each.body for each in github.comments(1)] == [f"number {number}" for number in range(5)]
    assert [each.query["page"] for each in server.requests if "page" in each.query] == ["2", "3"]


def test_issues_are_of_one_account_and_no_pull_requests(server: Server, github: GitHub) -> None:
    server.open_issue("mine", "", state="closed")
    server.open_issue("of a person", "", "ada")
    server.start_branch({"a": "1"})
    server.open_pull("a pull request", "main")
    assert [(each.title, each.state) for each in github.issues(github.login())] == [("mine", "closed")]


def test_a_workflows_token_is_the_bots_and_another_one_is_its_owners(server: Server, github: GitHub) -> None:
    assert github.login() == "github-actions[bot]"
    server.accounts["of-ada"] = Account("ada")
    assert connect(server, [], "of-ada").login() == "ada"


@pytest.mark.parametrize(
    ("failures", "waited"),
    [
        ([Failure(503), Failure(502)], [2.0, 4.0]),
        ([Failure(403, "You have exceeded a secondary rate limit", {"Retry-After": "7"})], [7.0]),
        ([Failure(403, "You have exceeded a secondary rate limit.")], [60.0]),
        ([Failure(429, "Too Many Requests", {"Retry-After": "1"})], [1.0]),
    ],
    ids=["errors of GitHub's", "Retry-After", "without Retry-After", "429"],
)
def test_a_request_is_repeated_when_that_may_help(
    server: Server, github: GitHub, waits: list[float], failures: list[Failure], waited: list[float]
) -> None:
    server.open_issue("the issue", "")
    server.failures += failures
    assert list(github.comments(1)) == []
    assert waits == waited


def test_what_github_may_have_created_is_not_created_again(server: Server, github: GitHub, waits: list[float]) -> None:
    server.open_issue("the issue", "")
    server.failures += [Failure(502)]
    with pytest.raises(OpsError, match="502 Server Error"):
        github.create_comment(1, "text")
    assert waits == []
    server.failures += [Failure(503)]
    assert github.create_comment(1, "text").body == "text"


def test_a_limit_that_ends_late_is_an_error(server: Server, github: GitHub, waits: list[float]) -> None:
    server.failures += [Failure(403, "API rate limit exceeded", {"Retry-After": "1800"})]
    with pytest.raises(OpsError, match="limit of requests is used up; run it again in 30 minutes"):
        github.default_branch()
    assert waits == []


def test_errors_say_what_to_do_and_never_the_token(server: Server, github: GitHub) -> None:
    server.accounts["of-a-fork"] = Account(writes=False)
    server.open_issue("the issue", "")
    with pytest.raises(
        AbsentError, match="example/infrastructure/issues/7/comments: GitHub's response is 404 Not Found"
    ):
        list(github.comments(7))
    with pytest.raises(RefusedError, match="a pull request from a fork may only read"):
        connect(server, [], "of-a-fork").create_comment(1, "text")
    with pytest.raises(RefusedError, match="GITHUB_TOKEN isn't valid") as refused:
        connect(server, [], "a-secret").default_branch()
    assert "a-secret" not in str(refused.value)
    assert "a-secret" not in repr(connect(server, [], "a-secret"))
    with pytest.raises(OpsError, match="body is too long"):
        github.create_comment(1, "x" * 70_000)


def test_a_server_that_does_not_respond_is_one_line(server: Server, waits: list[float]) -> None:
    github = connect(server, waits)
    github.url = "http://127.0.0.1:9"
    with pytest.raises(OpsError, match=r"GitHub can't be reached at 127\.0\.0\.1:9"):
        github.default_branch()
    assert len(waits) == client.ATTEMPTS - 1


@every_case(
    ("changed", "message"),
    [
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is empty"),
        ({"GITHUB_REPOSITORY": ""}, "GITHUB_REPOSITORY isn't set: OWNER/NAME of the repository"),
        ({"GITHUB_REPOSITORY": "alone"}, "GITHUB_REPOSITORY is 'alone', must be OWNER/NAME"),
        ({"GITHUB_API_URL": "http://example.com"}, "must begin with https://"),
    ],
)
def test_missing_variables_are_one_line(changed: dict[str, str], message: str) -> None:
    given = {"GITHUB_REPOSITORY": "example/infrastructure", "GITHUB_TOKEN": TOKEN, **changed}
    with pytest.raises(OpsError, match=message):
        GitHub.from_environment(given)


def test_another_host_gets_no_token(server: Server, github: GitHub) -> None:
    server.open_issue("the issue", "")
    server.failures += [Failure(200, headers={"Link": '<https://example.com/next>; rel="next"'}, body=[])]
    with pytest.raises(OpsError, match="next page of /issues/1/comments is on another host"):
        list(github.comments(1))

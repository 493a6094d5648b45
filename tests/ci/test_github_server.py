"""The stand-in for GitHub behaves as GitHub does: pages, errors, git's objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.ci.github_server import Account, GitHub, github_server

TOKEN = {"Authorization": "Bearer a-workflows-token"}


@pytest.fixture
def github() -> Iterator[GitHub]:
    with github_server() as running:
        yield running


def address(github: GitHub, path: str) -> str:
    return f"{github.url}/repos/{github.repository}{path}"


def test_a_list_has_pages_that_lead_to_the_next_and_the_last(github: GitHub) -> None:
    for number in range(45):
        github.open_issue(f"number {number}", "")
    first = requests.get(address(github, "/issues"), headers=TOKEN, timeout=5)
    assert (len(first.json()), first.json()[0]["title"]) == (30, "number 44")
    assert set(first.links) == {"next", "last"}
    second = requests.get(first.links["next"]["url"], headers=TOKEN, timeout=5)
    assert (len(second.json()), set(second.links)) == (15, {"prev", "first"})
    assert requests.get(address(github, "/issues?per_page=100"), headers=TOKEN, timeout=5).links == {}


def test_refusals_have_githubs_status_and_message(github: GitHub) -> None:
    github.accounts["of-a-fork"] = Account(writes=False)
    issues = address(github, "/issues")

    def refused(method: str, url: str, token: str, body: dict[str, str] | None = None) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        done = requests.request(method, url, headers=headers, json=body, timeout=5)
        return done.status_code, done.json()["message"]

    assert refused("GET", issues, "") == (401, "Requires authentication")
    assert refused("GET", issues, "wrong") == (401, "Bad credentials")
    assert refused("POST", issues, "of-a-fork", {"title": "t"}) == (403, "Resource not accessible by integration")
    assert refused("GET", f"{github.url}/user", "a-workflows-token")[0] == 403
    assert refused("GET", f"{issues}/7", "a-workflows-token") == (404, "Not Found")
    assert refused("GET", f"{github.url}/repos/another/one/issues", "a-workflows-token") == (404, "Not Found")
    body = {"title": "t", "body": "x" * 65_537}
    assert refused("POST", issues, "a-workflows-token", body) == (422, "Validation Failed")


def test_a_branch_moves_forward_only_and_each_request_is_recorded(github: GitHub) -> None:
    first = github.start_branch({"a": "1"})

    def call(method: str, path: str, body: Any) -> requests.Response:
        return requests.request(method, address(github, path), headers=TOKEN, json=body, timeout=5)

    entry = {"path": "b", "mode": "100644", "type": "blob", "content": "2"}
    tree = call("POST", "/git/trees", {"base_tree": github.commits[first]["tree"]["sha"], "tree": [entry]}).json()
    commit = call("POST", "/git/commits", {"message": "m", "tree": tree["sha"], "parents": [first]}).json()
    other = call("POST", "/git/commits", {"message": "m", "tree": tree["sha"], "parents": []}).json()
    assert call("PATCH", "/git/refs/heads/main", {"sha": other["sha"]}).status_code == 422
    assert call("PATCH", "/git/refs/heads/main", {"sha": commit["sha"]}).status_code == 200
    assert github.files() == {"a": "1", "b": "2"}
    assert call("POST", "/git/refs", {"ref": "refs/heads/main", "sha": first}).json()["message"] == (
        "Reference already exists"
    )
    assert [each.path for each in github.requests][:2] == ["/git/trees", "/git/commits"]
    assert {each.token for each in github.requests} == {"a-workflows-token"}

"""A client of GitHub's REST API, for one repository: issues, comments, pull requests, and commits without git.

https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import requests

from ops.errors import AbsentError, OpsError, RefusedError
from ops.printable import printable
from ops.stored import parse

T = TypeVar("T")
VERSION = "2022-11-28"
"""Of the API: https://docs.github.com/en/rest/about-the-rest-api/api-versions."""
PER_PAGE = 100
"""The most that GitHub returns: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api."""
ACTIONS = "github-actions[bot]"
"""Whom a workflow's GITHUB_TOKEN acts as; GitHub doesn't tell such a token whose it is.

https://docs.github.com/en/actions/concepts/security/github_token
"""
ATTEMPTS = 4
LONGEST_WAIT = 120
"""Seconds; GitHub may ask to wait until a limit of an hour begins again, which costs a runner's time."""
_TIMEOUT = (10, 60)
"""Seconds to connect, and to read."""
_UNCLEAR = frozenset({500, 502, 504})
"""Statuses after which GitHub may still have done what was asked; 503 means that it hasn't."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class User:
    """An account."""

    login: str


@dataclass(frozen=True)
class Issue:
    """An issue or, since GitHub lists them together, a pull request."""

    number: int
    title: str
    state: str
    html_url: str
    state_reason: str | None = None
    """`completed`, `not_planned` or `reopened`."""
    body: str | None = None
    user: User | None = None
    pull_request: dict[str, Any] | None = None


@dataclass(frozen=True)
class Comment:
    """A comment on an issue or pull request."""

    id: int
    html_url: str
    body: str | None = None
    user: User | None = None
    """None: the account was deleted."""


@dataclass(frozen=True)
class Pull:
    """A pull request."""

    number: int
    title: str
    html_url: str
    body: str | None = None
    user: User | None = None


@dataclass(frozen=True)
class _Object:
    sha: str


@dataclass(frozen=True)
class _Reference:
    object: _Object


@dataclass(frozen=True)
class _Commit:
    sha: str
    tree: _Object


@dataclass(frozen=True)
class _Repository:
    default_branch: str


class _Bearer(requests.auth.AuthBase):
    """Sends the token; as a header only, `requests` would send a password of ~/.netrc in its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass
class GitHub:
    """A repository at GitHub. Calls raise `OpsError` in one line, without the token."""

    url: str
    repository: str
    """OWNER/NAME."""
    token: str = field(repr=False)
    sleep: Callable[[float], None] = time.sleep
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    @classmethod
    def from_environment(cls, given: Mapping[str, str] = os.environ) -> GitHub:
        """The repository that a workflow runs for.

        https://docs.github.com/en/actions/reference/workflows-and-actions/variables

        Raises:
            OpsError: A variable is missing, or the token would be sent without TLS.
        """
        url = given.get("GITHUB_API_URL") or "https://api.github.com"
        repository, token = given.get("GITHUB_REPOSITORY", ""), given.get("GITHUB_TOKEN", "")
        if not repository:
            raise OpsError("GITHUB_REPOSITORY isn't set: OWNER/NAME of the repository; a workflow's jobs have it")
        if repository.count("/") != 1:
            raise OpsError(f"GITHUB_REPOSITORY is {repository!r}, must be OWNER/NAME; a workflow's jobs have it")
        if not token:
            raise OpsError("GITHUB_TOKEN is empty; pass ${{ github.token }} to this step, in `env`")
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise OpsError(f"GITHUB_API_URL is {printable(url)!r}, must begin with https://: it gets the token")
        return cls(url.rstrip("/"), repository, token)

    # Who --------------------------------------------------------------------------------------------------

    def login(self) -> str:
        """Whom the token acts as."""
        done = self._send("GET", f"{self.url}/user")
        return (
            ACTIONS
            if done.status_code in {403, 404}
            else _read(User, self._checked(done, "whom the token is of")).login
        )

    # Issues and comments ----------------------------------------------------------------------------------

    def issues(self, creator: str) -> Iterator[Issue]:
        """All issues of one account, open and closed, newest first; without pull requests."""
        query = {"state": "all", "creator": creator}
        return (each for each in self._all(Issue, "/issues", query) if each.pull_request is None)

    def create_issue(self, title: str, body: str) -> Issue:
        """Open an issue."""
        return self._write(Issue, "POST", "/issues", {"title": title, "body": body})

    def update_issue(self, number: int, **changes: str) -> Issue:
        """Change title, body, state (open, closed) or state_reason of an issue."""
        return self._write(Issue, "PATCH", f"/issues/{number}", changes)

    def comments(self, issue: int) -> Iterator[Comment]:
        """The comments on an issue or pull request, oldest first."""
        return self._all(Comment, f"/issues/{issue}/comments", {})

    def create_comment(self, issue: int, body: str) -> Comment:
        """Write a comment on an issue or pull request."""
        return self._write(Comment, "POST", f"/issues/{issue}/comments", {"body": body})

    def update_comment(self, id_: int, body: str) -> Comment:
        """Replace the text of a comment."""
        return self._write(Comment, "PATCH", f"/issues/comments/{id_}", {"body": body})

    def delete_comment(self, id_: int) -> None:
        """Delete a comment; nothing happens if it doesn't exist."""
        path = f"/issues/comments/{id_}"
        with suppress(AbsentError):
            self._checked(self._send("DELETE", self._address(path)), path)

    # Pull requests and commits ----------------------------------------------------------------------------

    def default_branch(self) -> str:
        """The branch that pull requests are for."""
        return self._read(_Repository, "").default_branch

    def open_pull(self, branch: str, base: str) -> Pull | None:
        """The open pull request of a branch; None if there is none."""
        owner = self.repository.partition("/")[0]
        query = {"state": "open", "head": f"{owner}:{branch}", "base": base}
        return next(self._all(Pull, "/pulls", query), None)

    def create_pull(self, branch: str, base: str, title: str, body: str) -> Pull:
        """Open a pull request."""
        return self._write(Pull, "POST", "/pulls", {"head": branch, "base": base, "title": title, "body": body})

    def update_pull(self, number: int, title: str, body: str) -> Pull:
        """Change title and body of a pull request."""
        return self._write(Pull, "PATCH", f"/pulls/{number}", {"title": title, "body": body})

    def close_pull(self, number: int) -> Pull:
        """Close a pull request without merging it."""
        return self._write(Pull, "PATCH", f"/pulls/{number}", {"state": "closed"})

    def branch(self, name: str) -> str | None:
        """SHA of a branch's last commit; None if there is no such branch."""
        done = self._send("GET", self._address(f"/git/ref/heads/{quote(name)}"))
        return None if done.status_code == 404 else _read(_Reference, self._checked(done, f"branch {name}")).object.sha

    def tree_of(self, commit: str) -> str:
        """SHA of the tree of a commit."""
        return self._read(_Commit, f"/git/commits/{commit}").tree.sha

    def create_tree(self, base: str, files: Mapping[str, str | None], modes: Mapping[str, str]) -> str:
        """SHA of a tree that differs from another one in some files; None removes a file.

        https://docs.github.com/en/rest/git/trees#create-a-tree
        """
        entries = [
            {
                "path": path,
                "mode": modes.get(path, "100644"),
                "type": "blob",
                **({"sha": None} if content is None else {"content": content}),
            }
            for path, content in files.items()
        ]
        return self._write(_Object, "POST", "/git/trees", {"base_tree": base, "tree": entries}).sha

    def create_commit(self, message: str, tree: str, parent: str) -> str:
        """SHA of a new commit. GitHub signs it for a bot that gives no author.

        https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification
        """
        body = {"message": message, "tree": tree, "parents": [parent]}
        return self._write(_Object, "POST", "/git/commits", body).sha

    def set_branch(self, name: str, commit: str, *, exists: bool) -> None:
        """Point a branch to a commit: create it, or replace what it has."""
        if exists:
            self._write(_Reference, "PATCH", f"/git/refs/heads/{quote(name)}", {"sha": commit, "force": True})
        else:
            self._write(_Reference, "POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": commit})

    # Requests ---------------------------------------------------------------------------------------------

    def _address(self, path: str) -> str:
        return f"{self.url}/repos/{self.repository}{path}"

    def _read(self, form: type[T], path: str) -> T:
        return _read(form, self._checked(self._send("GET", self._address(path)), path))

    def _write(self, form: type[T], method: str, path: str, body: Mapping[str, Any]) -> T:
        # An issue or a comment that GitHub may already have created isn't created again; git's objects may be.
        again = method != "POST" or path.startswith("/git/")
        return _read(form, self._checked(self._send(method, self._address(path), body=body, again=again), path))

    def _all(self, form: type[T], path: str, query: Mapping[str, str]) -> Iterator[T]:
        """All entries of a list: each page leads to the next one."""
        address: str | None = self._address(path)
        given: Mapping[str, str] | None = {**query, "per_page": str(PER_PAGE)}
        known: Any = list[form]  # type: ignore[valid-type]
        while address:
            done = self._checked(self._send("GET", address, query=given), path)
            yield from _read(known, done)
            # The link has the query too. It must be of the same host, which gets the token.
            address, given = done.links.get("next", {}).get("url"), None
            if address and urlsplit(address).netloc != urlsplit(self.url).netloc:
                raise OpsError(f"GitHub's next page of {path} is on another host: {printable(address)}")

    def _send(
        self,
        method: str,
        address: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        again: bool = True,
    ) -> requests.Response:
        """The response to a request; repeated after errors of GitHub's, and after limits that end soon.

        https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
        """
        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": VERSION,
            "User-Agent": "aws-rollout",
        }
        for attempt in range(1, ATTEMPTS + 1):
            try:
                done = self._session.request(
                    method,
                    address,
                    params=query,
                    json=body,
                    headers=headers,
                    auth=_Bearer(self.token),
                    timeout=_TIMEOUT,
                )
            except requests.RequestException as error:
                if attempt == ATTEMPTS or not again:
                    host = urlsplit(address).netloc
                    raise OpsError(f"GitHub can't be reached at {host} ({type(error).__name__}); try again") from None
                self.sleep(2**attempt)
                continue
            wait = _wait(done, attempt)
            if wait is None or attempt == ATTEMPTS or (done.status_code in _UNCLEAR and not again):
                return done
            if wait > LONGEST_WAIT:
                raise OpsError(f"GitHub's limit of requests is used up; run it again in {wait / 60:.0f} minutes")
            self.sleep(wait)
        raise AssertionError("the last attempt returns")

    def _checked(self, done: requests.Response, what: str) -> requests.Response:
        """The response, if GitHub did what was asked.

        Raises:
            AbsentError: It doesn't exist, or the token may not see it.
            RefusedError: The token may not do it.
            OpsError: Any other error.
        """
        if done.ok:
            return done
        where = f"{self.repository}{what}" if what.startswith("/") or not what else f"{self.repository}, {what}"
        text = f"{where}: GitHub's response is {done.status_code} {_message(done)}"
        if done.status_code == 401:
            raise RefusedError(f"{text}; GITHUB_TOKEN isn't valid")
        if done.status_code == 403:
            raise RefusedError(
                f"{text}; the job's `permissions` must allow it, and a pull request from a fork may only read"
            )
        if done.status_code == 404:
            raise AbsentError(f"{text}; it doesn't exist, or the token may not see it")
        raise OpsError(text)


def _wait(done: requests.Response, attempt: int) -> float | None:
    """Seconds to wait before another attempt; None if another one has no use."""
    if done.status_code >= 500:
        return float(2**attempt)
    limited = done.status_code == 429 or (
        done.status_code == 403
        and ("Retry-After" in done.headers or done.headers.get("X-RateLimit-Remaining") == "0" or _secondary(done))
    )
    if not limited:
        return None
    after = done.headers.get("Retry-After", "")
    if after.isdecimal():
        return float(after)
    reset = done.headers.get("X-RateLimit-Reset", "")
    if done.headers.get("X-RateLimit-Remaining") == "0" and reset.isdecimal():
        return max(1.0, float(reset) - datetime.now(UTC).timestamp())
    return 60.0 * float(2 ** (attempt - 1))


def _secondary(done: requests.Response) -> bool:
    return "secondary rate limit" in _message(done)


def _message(done: requests.Response) -> str:
    """GitHub's message, in one line."""
    try:
        content = done.json()
        parts = [content["message"], *(each["message"] for each in content.get("errors", ()) if "message" in each)]
    except (ValueError, LookupError, TypeError, AttributeError):
        parts = [done.reason or ""]
    return printable(": ".join(map(str, parts)))[:300]


def _read(form: type[T], done: requests.Response) -> T:
    try:
        return parse(form, done.content)
    except ValueError as error:
        raise OpsError(f"GitHub's response isn't in the form that it documents: {error}") from None

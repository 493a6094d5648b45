"""A stand-in for GitHub's REST API: issues, comments, pull requests, and git's objects and references.

It has what the project's commands call, with GitHub's status codes, bodies of errors and pages.
https://docs.github.com/en/rest/issues, https://docs.github.com/en/rest/pulls, https://docs.github.com/en/rest/git
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Body = dict[str, Any]
ACTIONS = "github-actions[bot]"
"""Whom a workflow's own token acts as."""
LONGEST = 65_536
"""Characters of a body, above which GitHub refuses it."""
_NO_BODY = 204


@dataclass(frozen=True)
class Recorded:
    """A request that was made."""

    method: str
    path: str
    """Without the repository, as in `/issues/7/comments`."""
    query: Mapping[str, str]
    body: Any
    token: str


@dataclass(frozen=True)
class Failure:
    """A response in place of the real one."""

    status: int
    message: str = "Server Error"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    """In place of the message."""


class RefusedRequestError(Exception):
    """A response with an error, as GitHub writes it."""

    def __init__(self, status: int, message: str, errors: list[Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Body = {
            "message": message,
            **({"errors": errors} if errors else {}),
            "documentation_url": "https://docs.github.com/rest",
            "status": str(status),
        }


@dataclass
class Account:
    """Whom a token belongs to, and what it may do."""

    login: str = ACTIONS
    writes: bool = True
    """False for the token of a pull request from a fork: https://docs.github.com/en/actions/security-for-github-actions."""


@dataclass
class GitHub:
    """One repository: what it holds, and what was asked of it."""

    repository: str = "example/infrastructure"
    url: str = ""
    accounts: dict[str, Account] = field(default_factory=lambda: {"a-workflows-token": Account()})
    """By token."""
    issues: dict[int, Body] = field(default_factory=dict)
    """Issues and pull requests by number: GitHub numbers them together."""
    comments: dict[int, Body] = field(default_factory=dict)
    """By id; `issue` is the number of the issue."""
    pulls: dict[int, Body] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    """SHA of a commit by name, as in `heads/main`."""
    commits: dict[str, Body] = field(default_factory=dict)
    trees: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    """Mode and SHA of a file's content by path, by the tree's SHA."""
    blobs: dict[str, str] = field(default_factory=dict)
    requests: list[Recorded] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    """What the next requests get, in order."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def files(self, branch: str = "main") -> dict[str, str]:
        """The files of a branch: contents by path."""
        tree = self.trees[self.commits[self.references[f"heads/{branch}"]]["tree"]["sha"]]
        return {path: self.blobs[sha] for path, (_, sha) in tree.items()}

    def start_branch(self, files: Mapping[str, str], branch: str = "main") -> str:
        """A branch of one commit with these files; returns the commit's SHA."""
        tree = self.tree({path: ("100644", self.blob(content)) for path, content in files.items()})
        commit = self.commit({"message": "first", "tree": tree, "parents": []}, ACTIONS)
        self.references[f"heads/{branch}"] = commit
        return commit

    def blob(self, content: str) -> str:
        """Keep a file's content; returns its SHA, which is git's own."""
        data = content.encode()
        sha = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        self.blobs[sha] = content
        return sha

    def tree(self, entries: dict[str, tuple[str, str]]) -> str:
        """Keep a tree; returns its SHA."""
        sha = hashlib.sha1(json.dumps(["tree", sorted(entries.items())]).encode()).hexdigest()
        self.trees[sha] = entries
        return sha

    def commit(self, given: Body, login: str) -> str:
        """Keep a commit; returns its SHA."""
        sha = hashlib.sha1(json.dumps(["commit", len(self.commits), given], sort_keys=True).encode()).hexdigest()
        self.commits[sha] = {
            "sha": sha,
            "message": given["message"],
            "tree": {"sha": given["tree"]},
            "parents": [{"sha": parent} for parent in given["parents"]],
            "author": {"name": login},
        }
        return sha

    def comment(self, issue: int, body: str, login: str = ACTIONS) -> Body:
        """Write a comment."""
        id_ = 9_000_000 + len(self.comments) + 1
        self.comments[id_] = {
            "id": id_,
            "issue": issue,
            "body": body,
            "user": _user(login),
            "html_url": f"https://github.com/{self.repository}/issues/{issue}#issuecomment-{id_}",
        }
        return self.comments[id_]

    def open_issue(self, title: str, body: str, login: str = ACTIONS, **more: Any) -> Body:
        """Open an issue."""
        number = len(self.issues) + 1
        self.issues[number] = {
            "number": number,
            "title": title,
            "body": body,
            "state": "open",
            "state_reason": None,
            "user": _user(login),
            "labels": [],
            "html_url": f"https://github.com/{self.repository}/issues/{number}",
            **more,
        }
        return self.issues[number]

    def open_pull(self, title: str, head: str, base: str = "main", body: str = "", login: str = ACTIONS) -> Body:
        """Open a pull request of a branch."""
        link = {"pull_request": {"url": f"{self.url}/repos/{self.repository}/pulls"}}
        issue = self.open_issue(title, body, login, **link)
        owner = self.repository.partition("/")[0]
        self.pulls[issue["number"]] = {
            **{key: issue[key] for key in ("number", "title", "body", "state", "user")},
            "head": {"ref": head, "label": f"{owner}:{head}", "sha": self.references.get(f"heads/{head}", "")},
            "base": {"ref": base},
            "html_url": f"https://github.com/{self.repository}/pull/{issue['number']}",
        }
        return self.pulls[issue["number"]]

    def respond(self, method: str, path: str, query: Mapping[str, str], body: Any, token: str) -> tuple[int, Any]:
        """The response to a request: status and body.

        Raises:
            RefusedRequestError: GitHub refuses it.
        """
        account = self.accounts.get(token)
        if account is None:
            raise RefusedRequestError(401, "Bad credentials" if token else "Requires authentication")
        if path == "/user" and method == "GET":
            if account.login.endswith("[bot]"):
                raise RefusedRequestError(403, "Resource not accessible by integration")
            return 200, _user(account.login)
        prefix = f"/repos/{self.repository}"
        if not (path == prefix or path.startswith(f"{prefix}/")):
            raise RefusedRequestError(404, "Not Found")
        for allowed, pattern, handle in _ROUTES:
            found = re.fullmatch(pattern, path.removeprefix(prefix))
            if found and allowed == method:
                if method != "GET" and not account.writes:
                    raise RefusedRequestError(403, "Resource not accessible by integration")
                return handle(self, Request(found.groups(), query, body or {}, account.login))
        raise RefusedRequestError(404, "Not Found")


@dataclass(frozen=True)
class Request:
    """A request to one of the routes."""

    parts: tuple[str, ...]
    """What the route's pattern found in the path."""
    query: Mapping[str, str]
    body: Body
    login: str


def _user(login: str) -> Body:
    return {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}


def _invalid(resource: str, field_: str, message: str) -> RefusedRequestError:
    error = {"resource": resource, "code": "custom", "field": field_, "message": message}
    return RefusedRequestError(422, "Validation Failed", [error])


def _known(found: Mapping[Any, Any], key: Any) -> Any:
    if key not in found:
        raise RefusedRequestError(404, "Not Found")
    return found[key]


def _fits(resource: str, body: Body) -> None:
    if len(body.get("body") or "") > LONGEST:
        raise _invalid(resource, "body", f"body is too long (maximum is {LONGEST} characters)")


def _repository(github: GitHub, _: Request) -> tuple[int, Any]:
    return 200, {"full_name": github.repository, "default_branch": "main"}


def _issues(github: GitHub, request: Request) -> tuple[int, Any]:
    state, creator = request.query.get("state", "open"), request.query.get("creator")
    found = [
        each
        for each in reversed(github.issues.values())
        if state in {"all", each["state"]} and creator in {None, each["user"]["login"]}
    ]
    return 200, found


def _issue(github: GitHub, request: Request) -> tuple[int, Any]:
    return 200, _known(github.issues, int(request.parts[0]))


def _create_issue(github: GitHub, request: Request) -> tuple[int, Any]:
    if not request.body.get("title"):
        raise RefusedRequestError(
            422, "Validation Failed", [{"resource": "Issue", "code": "missing_field", "field": "title"}]
        )
    _fits("Issue", request.body)
    return 201, github.open_issue(request.body["title"], request.body.get("body", ""), request.login)


def _update_issue(github: GitHub, request: Request) -> tuple[int, Any]:
    issue = _known(github.issues, int(request.parts[0]))
    _fits("Issue", request.body)
    if request.body.get("state", "open") not in {"open", "closed"}:
        raise _invalid("Issue", "state", "state is not a valid value")
    issue.update({key: request.body[key] for key in ("title", "body", "state", "state_reason") if key in request.body})
    return 200, issue


def _comments(github: GitHub, request: Request) -> tuple[int, Any]:
    number = _known(github.issues, int(request.parts[0]))["number"]
    return 200, [each for each in github.comments.values() if each["issue"] == number]


def _create_comment(github: GitHub, request: Request) -> tuple[int, Any]:
    number = _known(github.issues, int(request.parts[0]))["number"]
    _fits("IssueComment", request.body)
    return 201, github.comment(number, request.body["body"], request.login)


def _update_comment(github: GitHub, request: Request) -> tuple[int, Any]:
    comment = _known(github.comments, int(request.parts[0]))
    _fits("IssueComment", request.body)
    comment["body"] = request.body["body"]
    return 200, comment


def _delete_comment(github: GitHub, request: Request) -> tuple[int, Any]:
    del github.comments[_known(github.comments, int(request.parts[0]))["id"]]
    return _NO_BODY, None


def _pulls(github: GitHub, request: Request) -> tuple[int, Any]:
    state, head, base = (request.query.get(key) for key in ("state", "head", "base"))
    return 200, [
        each
        for each in reversed(github.pulls.values())
        if (state or "open") in {"all", each["state"]}
        and head in {None, each["head"]["label"]}
        and base in {None, each["base"]["ref"]}
    ]


def _pull(github: GitHub, request: Request) -> tuple[int, Any]:
    return 200, _known(github.pulls, int(request.parts[0]))


def _create_pull(github: GitHub, request: Request) -> tuple[int, Any]:
    head, base = request.body["head"], request.body["base"]
    if f"heads/{head}" not in github.references:
        raise RefusedRequestError(
            422, "Validation Failed", [{"resource": "PullRequest", "field": "head", "code": "invalid"}]
        )
    if github.references[f"heads/{head}"] in _ancestors(github, github.references[f"heads/{base}"]):
        raise _invalid("PullRequest", "base", f"No commits between {base} and {head}")
    if any(each["state"] == "open" and each["head"]["ref"] == head for each in github.pulls.values()):
        owner = github.repository.partition("/")[0]
        raise _invalid("PullRequest", "head", f"A pull request already exists for {owner}:{head}.")
    _fits("Issue", request.body)
    return 201, github.open_pull(request.body["title"], head, base, request.body.get("body", ""), request.login)


def _update_pull(github: GitHub, request: Request) -> tuple[int, Any]:
    pull = _known(github.pulls, int(request.parts[0]))
    _fits("Issue", request.body)
    for each in (pull, github.issues[pull["number"]]):
        each.update({key: request.body[key] for key in ("title", "body", "state") if key in request.body})
    return 200, pull


def _reference(github: GitHub, request: Request) -> tuple[int, Any]:
    return 200, _object(github, request.parts[0])


def _object(github: GitHub, name: str) -> Body:
    return {"ref": f"refs/{name}", "object": {"type": "commit", "sha": _known(github.references, name)}}


def _create_reference(github: GitHub, request: Request) -> tuple[int, Any]:
    name = request.body["ref"].removeprefix("refs/")
    if name in github.references:
        raise RefusedRequestError(422, "Reference already exists")
    if request.body["sha"] not in github.commits:
        raise RefusedRequestError(422, "Object does not exist")
    github.references[name] = request.body["sha"]
    return 201, _object(github, name)


def _update_reference(github: GitHub, request: Request) -> tuple[int, Any]:
    name, sha = request.parts[0], request.body["sha"]
    if name not in github.references:
        raise RefusedRequestError(422, "Reference does not exist")
    if sha not in github.commits:
        raise RefusedRequestError(422, "Object does not exist")
    if not request.body.get("force") and github.references[name] not in _ancestors(github, sha):
        raise RefusedRequestError(422, "Update is not a fast forward")
    github.references[name] = sha
    return 200, _object(github, name)


def _ancestors(github: GitHub, sha: str) -> Iterator[str]:
    yield sha
    for parent in github.commits[sha]["parents"]:
        yield from _ancestors(github, parent["sha"])


def _commit(github: GitHub, request: Request) -> tuple[int, Any]:
    return 200, _known(github.commits, request.parts[0])


def _create_commit(github: GitHub, request: Request) -> tuple[int, Any]:
    if request.body["tree"] not in github.trees:
        raise RefusedRequestError(422, "Tree SHA does not exist")
    return 201, github.commits[github.commit({"parents": [], **request.body}, request.login)]


def _tree(github: GitHub, request: Request) -> tuple[int, Any]:
    sha = request.parts[0]
    sha = github.commits[sha]["tree"]["sha"] if sha in github.commits else sha
    return 200, _listed(sha, _known(github.trees, sha))


def _listed(sha: str, tree: Mapping[str, tuple[str, str]]) -> Body:
    """All files of a tree, as with `recursive`."""
    entries = [{"path": path, "mode": mode, "type": "blob", "sha": file} for path, (mode, file) in tree.items()]
    return {"sha": sha, "tree": entries, "truncated": False}


def _create_tree(github: GitHub, request: Request) -> tuple[int, Any]:
    base = request.body.get("base_tree")
    if base is not None and base not in github.trees:
        raise RefusedRequestError(422, "base_tree is not a valid tree oid")
    entries = dict(github.trees[base]) if base else {}
    for each in request.body["tree"]:
        if "sha" in each and each["sha"] is None:
            entries.pop(each["path"], None)
        else:
            sha = each["sha"] if "sha" in each else github.blob(each["content"])
            entries[each["path"]] = (each["mode"], sha)
    sha = github.tree(entries)
    return 201, _listed(sha, entries)


def _create_blob(github: GitHub, request: Request) -> tuple[int, Any]:
    return 201, {"sha": github.blob(request.body["content"])}


_NAME = r"((?:heads|tags)/.+)"
_SHA = r"([0-9a-f]{40})"
_ROUTES: tuple[tuple[str, str, Callable[[GitHub, Request], tuple[int, Any]]], ...] = (
    ("GET", r"", _repository),
    ("GET", r"/issues", _issues),
    ("POST", r"/issues", _create_issue),
    ("GET", r"/issues/(\d+)", _issue),
    ("PATCH", r"/issues/(\d+)", _update_issue),
    ("GET", r"/issues/(\d+)/comments", _comments),
    ("POST", r"/issues/(\d+)/comments", _create_comment),
    ("PATCH", r"/issues/comments/(\d+)", _update_comment),
    ("DELETE", r"/issues/comments/(\d+)", _delete_comment),
    ("GET", r"/pulls", _pulls),
    ("POST", r"/pulls", _create_pull),
    ("GET", r"/pulls/(\d+)", _pull),
    ("PATCH", r"/pulls/(\d+)", _update_pull),
    ("GET", rf"/git/ref/{_NAME}", _reference),
    ("POST", r"/git/refs", _create_reference),
    ("PATCH", rf"/git/refs/{_NAME}", _update_reference),
    ("GET", rf"/git/commits/{_SHA}", _commit),
    ("POST", r"/git/commits", _create_commit),
    ("GET", rf"/git/trees/{_SHA}", _tree),
    ("POST", r"/git/trees", _create_tree),
    ("POST", r"/git/blobs", _create_blob),
)


def paged(url: str, query: Mapping[str, str], found: list[Any]) -> tuple[list[Any], str]:
    """A page of a list, and its header Link: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api."""
    size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
    last = max(1, -(-len(found) // size))
    pages = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    links = (
        f'<{url}?{urlencode({**query, "page": number})}>; rel="{name}"'
        for name, number in pages.items()
        if 1 <= number <= last
        and ((name in {"prev", "first"} and page > 1) or (name in {"next", "last"} and page < last))
    )
    return found[(page - 1) * size : page * size], ", ".join(links)


@contextmanager
def github_server(github: GitHub | None = None) -> Iterator[GitHub]:
    """A server on a free port of 127.0.0.1 for as long as this lasts; `url` is what GITHUB_API_URL must be."""
    given = github or GitHub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = self.headers.get("Authorization", "").partition(" ")[2]
            with given.lock:
                body = json.loads(raw) if raw else None
                path = parts.path.removeprefix(f"/repos/{given.repository}")
                given.requests.append(Recorded(self.command, path, query, body, token))
                if given.failures:
                    failure = given.failures.pop(0)
                    content = {"message": failure.message} if failure.body is None else failure.body
                    self._send(failure.status, content, failure.headers)
                    return
                headers = {}
                try:
                    status, found = given.respond(self.command, parts.path, query, body, token)
                    if isinstance(found, list):
                        found, link = paged(f"{given.url}{parts.path}", query, found)
                        headers = {"Link": link} if link else {}
                except RefusedRequestError as refused:
                    status, found = refused.status, refused.body
                self._send(status, found, headers)

        def do_GET(self) -> None:
            self._handle()

        def do_POST(self) -> None:
            self._handle()

        def do_PATCH(self) -> None:
            self._handle()

        def do_DELETE(self) -> None:
            self._handle()

        def _send(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
            content = b"" if status == _NO_BODY else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        given.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield given
        finally:
            server.shutdown()
            thread.join()

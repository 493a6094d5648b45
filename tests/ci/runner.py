"""A stand-in for what GitHub does around a job: environments that ask for approval, the job's tokens, code scanning.

act has none of it. So `instrumented` puts a first step into each job, which asks this server; all other steps are as in
the workflow. https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML

from rehearsal.emulator.tokens import Tokens, claims
from tests.ci.github_server import Account, GitHub, RefusedRequestError

Body = dict[str, Any]
START = 'python3 "$STAND_INS/start_job.py"'
LeftOut = Mapping[str, Mapping[str, str]]
"""Outputs of jobs that don't run, by the job's id as in `Job`."""
_YAML = YAML()
_YAML.width = 10_000
_FROM_JSON = re.compile(r"fromJSON\((needs[\w.-]+)\)")
_NEEDED = re.compile(r"needs\.([\w-]+)\.(?:outputs\.([\w-]+)|result)")
_AREAS = {
    "issues": ("issues", "pull-requests"),
    "pulls": ("pull-requests",),
    "git": ("contents",),
    "code-scanning": ("security-events",),
}
"""Permissions of a job's token, one of which a request that changes something needs, by the first part of its path.

https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
"""


@dataclass(frozen=True)
class Job:
    """A job that began."""

    id: str
    """As in the workflow, with the file's name: `rollout/apply-edge`."""
    environment: str
    """Its GitHub environment; empty if it has none."""
    permissions: Mapping[str, str]
    """Of its token, as GitHub gives it: those of a pull request from a fork can't write."""

    @property
    def may_sign_in(self) -> bool:
        """Whether it gets the variables with which it can request a token."""
        return self.permissions.get("id-token") == "write"


class Repository(GitHub):
    """GitHub's stand-in, with tokens that may do what their job's permissions say, and code scanning."""

    def respond(self, method: str, path: str, query: Mapping[str, str], body: Any, token: str) -> tuple[int, Any]:
        """The response to a request.

        Raises:
            RefusedRequestError: GitHub refuses it.
        """
        area = path.removeprefix(f"/repos/{self.repository}/").partition("/")[0]
        account = self.accounts.get(token)
        if isinstance(account, JobAccount) and method != "GET" and not account.may_write(area):
            raise RefusedRequestError(403, "Resource not accessible by integration")
        if method == "POST" and path == f"/repos/{self.repository}/code-scanning/sarifs" and account:
            return 202, {"id": str(len(self.requests))}
        return super().respond(method, path, query, body, token)


@dataclass
class JobAccount(Account):
    """Whom a job's token belongs to."""

    permissions: Mapping[str, str] = field(default_factory=dict)

    def may_write(self, area: str) -> bool:
        """Whether it may change something of an area of the API."""
        return any(self.permissions.get(name) == "write" for name in _AREAS.get(area, ()))


@dataclass
class Runner:
    """What gives jobs their tokens, and holds those whose environment has reviewers."""

    github: Repository
    tokens: Tokens
    address: str = ""
    event: str = "push"
    from_fork: bool = False
    reviewed: set[str] = field(default_factory=set)
    """Environments with required reviewers."""
    review: Callable[[Job], bool] = lambda _: True
    """What a reviewer decides about a job; the job waits for it."""
    jobs: list[Job] = field(default_factory=list)
    """Jobs that began, in order."""
    deployments: list[tuple[Job, str]] = field(default_factory=list)
    """Jobs of environments, with `approved` or `rejected`."""

    def begin(self, event: str, *, from_fork: bool = False) -> None:
        """Forget the jobs of the workflow before, and expect those of another."""
        self.event, self.from_fork = event, from_fork
        self.jobs.clear()
        self.deployments.clear()

    def start(self, asked: Body) -> Body:
        """What a job gets as it begins.

        Args:
            asked: Its id, environment and permissions, as the workflow has them.

        Returns:
            Variables of its steps, which of them are secrets, and whether the job may begin.
        """
        wanted: Mapping[str, str] = asked["permissions"]
        # https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions (forks)
        given = {name: "read" for name in wanted if name != "id-token"} if self.from_fork else dict(wanted)
        job = Job(asked["id"], asked["environment"], given)
        self.jobs.append(job)
        if job.environment in self.reviewed:
            approved = self.review(job)
            self.deployments.append((job, "approved" if approved else "rejected"))
            if not approved:
                return {"refused": f"the deployment of {job.id} to {job.environment} was rejected"}
        own = f"ghs_{secrets.token_hex(18)}"
        self.github.accounts[own] = JobAccount(permissions=given)
        variables = {"JOB_TOKEN": own}
        if job.may_sign_in:
            variables |= self.tokens.variables(claims(self.github.repository, job.environment, event=self.event))
        hidden = [own, *(value for name, value in variables.items() if name == "ACTIONS_ID_TOKEN_REQUEST_TOKEN")]
        return {"variables": variables, "hidden": hidden}


def instrumented(name: str, text: str, left_out: LeftOut = MappingProxyType({})) -> str:
    """A workflow with a first step in each job, and the job's own token in place of `github.token` in steps.

    Args:
        name: Of its file, without suffix.
        text: The file's text.
        left_out: Jobs that don't run, as if they had run with these outputs before.
    """
    workflow = _YAML.load(text.replace("${{ github.token }}", "${{ env.JOB_TOKEN }}"))
    without = {id_: left_out[f"{name}/{id_}"] for id_ in workflow["jobs"] if f"{name}/{id_}" in left_out}
    for id_ in without:
        del workflow["jobs"][id_]
    for id_, job in workflow["jobs"].items():
        if "needs" in job:
            job["needs"] = [each for each in job["needs"] if each not in without]
            if not job["needs"]:
                del job["needs"]
        for name_, values in job.get("strategy", {}).get("matrix", {}).items():
            # GitHub has no outputs of a job that is skipped. act has their expressions, and evaluates them as a matrix.
            job["strategy"]["matrix"][name_] = _FROM_JSON.sub(r"fromJSON(startsWith(\1, '[') && \1 || '[]')", values)
        if "steps" not in job:
            continue
        permissions = job.get("permissions", workflow.get("permissions"))
        assert isinstance(permissions, Mapping), f"{name}/{id_} has the permissions of the repository's settings"
        env = {
            "JOB": f"{name}/{id_}",
            "PERMISSIONS": json.dumps(dict(permissions)),
            "ENVIRONMENT_OF_JOB": str(job.get("environment", "")),
        }
        job["steps"].insert(0, {"name": "Begin the job, as GitHub does", "env": env, "run": START})
    written = StringIO()
    _YAML.dump(_with_outputs(workflow, without), written)
    return written.getvalue()


def _with_outputs(node: Any, of: LeftOut) -> Any:
    """A part of a workflow in which expressions have the outputs and results of jobs that don't run."""
    if isinstance(node, dict):
        for key in node:
            node[key] = _with_outputs(node[key], of)
    elif isinstance(node, list):
        node[:] = [_with_outputs(each, of) for each in node]
    elif isinstance(node, str):
        return _NEEDED.sub(lambda found: _known(of[found[1]], found) if found[1] in of else found[0], node)
    return node


def _known(outputs: Mapping[str, str], found: re.Match[str]) -> str:
    """A text as expressions have it: in single quotes, which are doubled in it."""
    value = outputs.get(found[2], "") if found[2] else "success"
    return "'{}'".format(value.replace("'", "''"))


@contextmanager
def running(runner: Runner) -> Iterator[Runner]:
    """The server on a free port of 127.0.0.1 for as long as this lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(runner.start(asked)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        runner.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield runner
        finally:
            server.shutdown()
            thread.join()

"""One issue for each check: opened, updated in place, closed when the cause is fixed, opened again when it is back."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from ops.ci.github import GitHub, Issue
from ops.markdown import LIMIT, Part, rendered

_MARKER = re.compile(r"<!-- aws-rollout: watch (?P<key>[\w -]+); sha256 (?P<digest>[0-9a-f]{64}) -->")
NOT_PLANNED = "not_planned"
"""How a person closes an issue whose finding stays as it is."""


@dataclass(frozen=True)
class Watched:
    """What a check found."""

    key: str
    """Names the issue: the check and, if it has one, the environment. Words of letters, digits and `-`."""
    title: str
    parts: tuple[Part, ...]
    """What is wrong, and what to do. Empty: nothing is. It changes with the cause only: no days that are left."""


def keep(github: GitHub, watched: Watched, run: str) -> str:
    """Keep the issue of a check; returns a line that says what was done.

    An issue that a person closed as not planned stays closed until the check finds something else.

    Args:
        github: The repository.
        watched: What the check found.
        run: Address of the workflow's run; may be empty.

    Raises:
        OpsError: GitHub refuses it, or can't be reached.
    """
    known = _known(github, watched.key)
    issue = known[0] if known else None
    for each in known[1:]:  # As after two runs at once: a check has one issue.
        if each.state == "open":
            github.update_issue(each.number, state="closed", state_reason=NOT_PLANNED)
    if not watched.parts:
        return f"{watched.key}: {_close(github, issue, run)}"
    return f"{watched.key}: {_show(github, issue, watched, run)}"


def _close(github: GitHub, issue: Issue | None, run: str) -> str:
    if issue is None or issue.state == "closed":
        return "nothing found, and no issue is open"
    github.create_comment(issue.number, f"No longer found{f' by [this run]({run})' if run else ''}.")
    github.update_issue(issue.number, state="closed", state_reason="completed")
    return f"nothing found; closed {issue.html_url}"


def _show(github: GitHub, issue: Issue | None, watched: Watched, run: str) -> str:
    body, digest = _body(watched, run)
    if issue is None:
        return f"opened {github.create_issue(watched.title, body).html_url}"
    same = issue.title == watched.title and _digest(issue) == digest
    if same and issue.state == "closed" and issue.state_reason == NOT_PLANNED:
        return f"as it was when a person closed {issue.html_url} as not planned"
    if same and issue.state == "open":
        return f"no change of {issue.html_url}"
    github.update_issue(issue.number, title=watched.title, body=body, state="open")
    return f"{'updated' if issue.state == 'open' else 'opened again:'} {issue.html_url}"


def _known(github: GitHub, key: str) -> list[Issue]:
    """The issues of this token's account that begin with the marker of a check: the newest open one first."""
    login, found = github.login(), list[Issue]()
    for issue in github.issues(login):
        marker = _MARKER.match(issue.body or "")
        if marker and marker["key"] == key and issue.user and issue.user.login == login:
            found.append(issue)
    return sorted(found, key=lambda issue: issue.state != "open")


def _digest(issue: Issue) -> str:
    found = _MARKER.match(issue.body or "")
    return found["digest"] if found else ""


def _body(watched: Watched, run: str) -> tuple[str, str]:
    """The issue's text, and the digest of what it says: the address of the run isn't part of that."""
    digest = hashlib.sha256(rendered(watched.parts, "").encode()).hexdigest()
    where = f"the whole is in [the run's log]({run})" if run else f"`ops ci watch {watched.key}` shows the whole"
    last = f"[The run]({run}) that changed this text last. " if run else ""
    closing = f"{last}This issue closes itself when the cause is fixed; `ops ci watch {watched.key}` keeps it."
    marker = f"<!-- aws-rollout: watch {watched.key}; sha256 {digest} -->"
    return rendered([marker, *watched.parts, closing], where, LIMIT), digest

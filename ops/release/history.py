"""Which digests an image had, when, and by whose commit: the release file's history in git."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ops.errors import OpsError

UNCOMMITTED = "uncommitted"


@dataclass(frozen=True)
class Release:
    """A digest in a release file, since a commit."""

    digest: str
    commit: str
    """Abbreviated, or `uncommitted`."""
    when: str = ""
    """Date and time of the author, as ISO 8601."""
    who: str = ""


def history(path: Path, repository: str) -> list[Release]:
    """Every digest that a repository had in a release file, the newest first.

    Raises:
        OpsError: There is no git, or no repository.
    """
    log = _git(path, "log", "--reverse", "--format=%h%x09%aI%x09%an", "--", path.name)
    named: list[Release] = []
    for line in log.splitlines():
        commit, when, who = line.split("\t", 2)
        digest = _digest(_git(path, "show", f"{commit}:./{path.name}"), repository)
        named.append(Release(digest, commit, when, who))
    named.append(Release(_digest(path.read_text(encoding="utf-8"), repository), UNCOMMITTED))
    runs = groupby((each for each in named if each.digest), key=lambda each: each.digest)
    return [next(run) for _, run in runs][::-1]


def is_cut_short(path: Path) -> bool:
    """Whether the clone is shallow, so that git knows only the newest commits."""
    return _git(path, "rev-parse", "--is-shallow-repository").strip() == "true"


def _digest(text: str, repository: str) -> str:
    """What a release file says of a repository; empty where it says nothing, or was no release file."""
    try:
        return str(json.loads(text)[repository])
    except (ValueError, KeyError, TypeError):
        return ""


def _git(path: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(path.parent), *arguments], capture_output=True, text=True, check=False, encoding="utf-8"
        )
    except FileNotFoundError:
        raise OpsError("there is no git here, and so no history of releases") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise OpsError(f"git has no history of {path.name}: {said}")
    return done.stdout

"""The release file of a stage: the digest of each image that it runs and, from git, the previous digests."""

from __future__ import annotations

import difflib
import re
import subprocess
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import environments
from environments.schema import Environment
from ops import files
from ops.errors import OpsError
from ops.services import named
from ops.stored import parse

UNCOMMITTED = "uncommitted"


@dataclass(frozen=True)
class Change:
    """A new digest for a release file, not written yet."""

    path: Path
    digest: str
    previous: str
    before: str
    after: str
    next_step: str

    @property
    def name(self) -> str:
        """The file's name in the project."""
        return environments.shown(self.path)

    @property
    def diff(self) -> str:
        """The change as a unified diff; empty if nothing changes."""
        lines = (self.before.splitlines(keepends=True), self.after.splitlines(keepends=True))
        return "".join(difflib.unified_diff(*lines, f"a/{self.name}", f"b/{self.name}", n=1))

    def write(self) -> None:
        """Replace the file atomically.

        Raises:
            OpsError: Another program changed the file.
        """
        if self.path.read_text(encoding="utf-8") != self.before:
            raise OpsError(f"{self.name} was changed while this command ran; run it again")
        files.write(self.path, self.after)


def change(environment: Environment, repository: str, digest: str) -> Change:
    """The change that sets one digest in an environment's release file."""
    path = environments.release_file(environment)
    before = path.read_text(encoding="utf-8")
    entry = re.compile(rf'("{re.escape(repository)}"\s*:\s*")([^"]*)(")')
    after = entry.sub(rf"\g<1>{digest}\g<3>", before)
    previous = _digest(before, repository)
    shifted = [
        service.name
        for service in environment.product.services
        if service.repository == repository and service.deployment == "blue_green"
    ]
    deploys = "".join(f"; after the apply: bin/ops release deploy {environment.name} {name}" for name in shifted)
    return Change(
        path=path,
        digest=digest,
        previous=previous,
        before=before,
        after=after,
        next_step=f"Next: commit {environments.shown(path)}, then make plan ENV={environment.name} PHASE=services"
        + deploys,
    )


def repository_of(environment: Environment, service: str) -> str:
    """The repository of a service's image.

    Raises:
        OpsError: There is no such service.
    """
    return named(environment, service).repository


def tag_of(environment: Environment, digest: str) -> str:
    """The tag that keeps a released image from the registry's lifecycle policy (docs/registry.md)."""
    return f"{environment.registry.release_prefix}{environment.stage}-{digest.removeprefix('sha256:')[:12]}"


def checked(digest: str) -> str:
    """Return a digest that you typed.

    Raises:
        OpsError: It isn't a digest.
    """
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise OpsError(f"{digest!r} isn't a digest: write sha256: and 64 hexadecimal digits")
    return digest


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
    """Every digest that a repository had in a release file, newest first.

    Raises:
        OpsError: git isn't installed, or there is no git repository.
    """
    # The file may have had another name; --follow prints the name in each commit, from the repository's root.
    log = _git(path, "log", "--follow", "--name-only", "--format=%x00%h%x09%aI%x09%an", "--", path.name)
    named: list[Release] = []
    for record in reversed(log.split("\0")[1:]):
        author, name = filter(None, record.split("\n"))
        commit, when, who = author.split("\t", 2)
        named.append(Release(_digest(_git(path, "show", f"{commit}:{name}"), repository), commit, when, who))
    named.append(Release(_digest(path.read_text(encoding="utf-8"), repository), UNCOMMITTED))
    runs = groupby((each for each in named if each.digest), key=lambda each: each.digest)
    return [next(run) for _, run in runs][::-1]


def is_cut_short(path: Path) -> bool:
    """Whether the clone is shallow, so that git has only the newest commits."""
    return _git(path, "rev-parse", "--is-shallow-repository").strip() == "true"


def _digest(text: str, repository: str) -> str:
    """The digest of a repository in a release file; empty if it has none, or isn't a release file."""
    try:
        return parse(dict[str, str], text).get(repository, "")
    except ValueError:
        return ""


def _git(path: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(path.parent), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise OpsError("git isn't installed, so there is no history of releases; install git") from None
    if done.returncode:
        why = (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[0]
        raise OpsError(f"git has no history of {path.name}: {why}")
    # Not as text: that would change a carriage return in an author's name into the end of a line.
    return done.stdout.decode(errors="replace")

"""A saved plan: what it was created from, and whether it may still be applied."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ops.errors import RefusedError
from ops.gate.folder import digest
from ops.gate.model import StackVerdict
from ops.stored import parse
from ops.terraform.stack import Stack

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Provenance:
    """What a saved plan was created from."""

    stack: str
    files: Mapping[str, str]
    """SHA-256 by name of the files that Terraform loads from the stack's folder."""
    plan_sha256: str
    json_sha256: str
    account: str
    caller: str
    planned_at: str
    commit: str
    dirty: bool
    """Whether the code had uncommitted changes."""
    upstream: Mapping[str, str]
    """SHA-256 of the outputs of each phase that it reads."""
    counts: Mapping[str, int]
    """Number of resources by action."""

    def write(self, path: Path) -> None:
        """Write it to a file beside the plan."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def provenance(stack: Stack) -> Provenance:
    """Read what the saved plan of a stack was created from.

    Raises:
        RefusedError: There is no saved plan.
    """
    try:
        found = parse(Provenance, stack.provenance.read_bytes())
    except FileNotFoundError:
        raise RefusedError(f"there is no saved plan of {stack.name}; {plan_it(stack)}") from None
    except ValueError as error:
        raise RefusedError(
            f"{stack.provenance} isn't a file that make plan wrote ({error}); {plan_it(stack)}"
        ) from None
    return found


def check(stack: Stack, origin: Provenance, upstream: Mapping[str, str], *, today: date | None = None) -> None:
    """Check that a saved plan is of this stack, that the gate passed it, and that the outputs it reads are the same.

    Args:
        stack: The stack.
        origin: What its saved plan was created from.
        upstream: SHA-256 of the current outputs of the phases that it reads.
        today: Today, in UTC. The gate's verdict must be of this day or the day before, and no acceptance may have
            expired since.

    Raises:
        RefusedError: A check fails.
    """
    if origin.stack != stack.name or origin.account != stack.environment.account_id:
        raise RefusedError(
            f"the plan in {stack.folder} is a plan of {origin.stack} in account {origin.account}; {plan_it(stack)}"
        )
    if origin.files != stack.files:
        raise RefusedError(f"{_differing(origin.files, stack)} changed since the plan was saved; {plan_it(stack)}")
    for path, was in ((stack.saved, origin.plan_sha256), (stack.saved_json, origin.json_sha256)):
        if not path.is_file() or digest(path) != was:
            raise RefusedError(f"{path} isn't the file that make plan saved; {plan_it(stack)}")
    changed = sorted(phase for phase, now in upstream.items() if origin.upstream.get(phase) != now)
    if changed:
        others = ", ".join(changed)
        raise RefusedError(f"outputs of {others} changed since {stack.name} was planned; {plan_it(stack)}")
    _gated(stack, origin.files, today or datetime.now(UTC).date())


def _differing(files: Mapping[str, str], stack: Stack) -> str:
    """The names of the files that differ from those that Terraform loads now."""
    now = stack.files
    differing = sorted(name for name in {*files, *now} if files.get(name) != now.get(name))
    return f"{', '.join(differing)} of {stack.name}"


def _gated(stack: Stack, files: Mapping[str, str], today: date) -> None:
    again = f"make gate ENV={stack.environment.name}"
    try:
        verdict = parse(StackVerdict, stack.gated.read_bytes())
    except (FileNotFoundError, ValueError):
        raise RefusedError(f"the gate has not checked {stack.name}; {again}") from None
    if verdict.outcome != "clean":
        raise RefusedError(f"the gate did not pass ({verdict.outcome}); {again}")
    if verdict.files != files:
        raise RefusedError(f"the gate has not checked this version of {stack.name}; {again}")
    # A run may begin before midnight and end after it.
    recent = verdict.today in {today.isoformat(), (today - timedelta(days=1)).isoformat()}
    if not recent or (verdict.until and verdict.until <= today.isoformat()):
        raise RefusedError(f"the gate last checked {stack.name} on {verdict.today}, and accepted risks expire; {again}")


def plan_it(stack: Stack) -> str:
    """The command that plans a phase again."""
    return f"make plan ENV={stack.environment.name} PHASE={stack.phase.name}"


def commit(folder: Path | None = None) -> tuple[str, bool]:
    """The commit of a folder's repository, or `unknown` outside one; and whether it has uncommitted changes."""
    head = _git(folder, "rev-parse", "HEAD")
    return (head, bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))) if head else (UNKNOWN, False)


def is_ancestor(older: str, newer: str, folder: Path | None = None) -> bool | None:
    """Whether a commit is contained in another one; None if git can't tell, as without the history.

    https://git-scm.com/docs/git-merge-base#Documentation/git-merge-base.txt---is-ancestor
    """
    command = ("git", "merge-base", "--is-ancestor", older, newer)
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {0: True, 1: False}.get(done.returncode)


def _git(folder: Path | None, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

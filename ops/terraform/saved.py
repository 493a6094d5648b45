"""A saved plan: what it was made from, and whether it may still be applied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from ops.errors import RefusedError
from ops.terraform.stack import Stack, digest


@dataclass(frozen=True)
class Provenance:
    """What a saved plan was made from."""

    stack: str
    stack_sha256: str
    """Of what synth wrote."""
    plan_sha256: str
    json_sha256: str
    account: str
    caller: str
    planned_at: str
    commit: str
    dirty: bool
    """Whether anything was not committed when it was planned."""
    upstream: Mapping[str, str]
    """SHA-256 of what each phase that it reads published."""
    counts: Mapping[str, int]
    """Resources by what the plan does to them."""

    def write(self, path: Path) -> None:
        """Put it beside the plan."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def provenance(stack: Stack) -> Provenance:
    """What the saved plan of a stack was made from.

    Raises:
        RefusedError: There is no saved plan.
    """
    try:
        return Provenance(**json.loads(stack.provenance.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise RefusedError(f"there is no saved plan of {stack.name}; {plan_it(stack)}") from None
    except (ValueError, TypeError):
        raise RefusedError(f"{stack.provenance} isn't what make plan wrote; {plan_it(stack)}") from None


def check(stack: Stack, made: Provenance, upstream: Mapping[str, str], *, today: date | None = None) -> None:
    """Check that a saved plan is of this stack, that the gate passed it, and that what it read is as it was.

    Args:
        stack: The stack.
        made: What its saved plan was made from.
        upstream: SHA-256 of what the phases that it reads publish now.
        today: The day of which the gate's verdict must be, since accepted risks expire; the clock's if left out.

    Raises:
        RefusedError: Something of this isn't so.
    """
    if made.stack != stack.name or made.account != stack.environment.account_id:
        raise RefusedError(f"the plan in {stack.folder} is of {made.stack} in {made.account}; {plan_it(stack)}")
    if made.stack_sha256 != stack.digest:
        raise RefusedError(f"{stack.name} was synthesized again since its plan was saved; {plan_it(stack)}")
    for path, was in ((stack.saved, made.plan_sha256), (stack.saved_json, made.json_sha256)):
        if not path.is_file() or digest(path) != was:
            raise RefusedError(f"{path} isn't the file that make plan saved; {plan_it(stack)}")
    changed = sorted(phase for phase, now in upstream.items() if made.upstream.get(phase) != now)
    if changed:
        others = ", ".join(changed)
        raise RefusedError(f"{others} publishes something else since {stack.name} was planned; {plan_it(stack)}")
    _gated(stack, made.stack_sha256, today or datetime.now(UTC).date())


def _gated(stack: Stack, sha256: str, today: date) -> None:
    again = f"make gate ENV={stack.environment.name}"
    try:
        verdict = json.loads(stack.gated.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        raise RefusedError(f"the gate has not judged {stack.name}; {again}") from None
    if verdict.get("outcome") != "clean":
        raise RefusedError(f"the gate did not pass ({verdict.get('outcome')}); {again}")
    if verdict.get("sha256") != sha256:
        raise RefusedError(f"the gate has not judged this {stack.name}; {again}")
    if verdict.get("today") != today.isoformat():
        raise RefusedError(f"the gate's verdict is of {verdict.get('today')}, and accepted risks expire; {again}")


def plan_it(stack: Stack) -> str:
    """What to do to plan a phase again."""
    return f"make plan ENV={stack.environment.name} PHASE={stack.phase.name}"

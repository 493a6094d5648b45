"""Drift: compares an account with the code by a plan of every applied phase, which is not kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from environments.schema import Environment
from ops.plan_gate.differences import Difference, differences
from ops.plan_gate.secret_values import Secrets, find
from ops.terraform.advice import advice
from ops.terraform.bootstrap import refuse_before_bootstrap
from ops.terraform.cached import CHANGES, NO_CHANGES, plan, show
from ops.terraform.initialize import initialize
from ops.terraform.plan import SECRET_VALUE, is_planner, reads_zone
from ops.terraform.report import AttributeDrift, PhaseResult, Report, Result, counted, took
from ops.terraform.schedule import side_by_side
from ops.terraform.session import Session, session
from ops.terraform.stack import Stack

_SHOWN = 12
_LONGEST = 120
"""Characters of a value that are shown."""
_HIDDEN = "(sensitive)"
_VERBS: Mapping[tuple[str, ...], str] = {
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("create", "forget"): "replace",
}


@dataclass
class Drift:
    """Looks for drift. It takes no lock, so that it blocks no other run."""

    session: Session

    def compare(self, stack: Stack) -> PhaseResult:
        """Compare a phase; the result is `no changes`, `changes` or `not applied`."""
        return self.session.work(stack.phase.name, lambda: self._compared(stack))

    def _compared(self, stack: Stack) -> PhaseResult:
        phase = stack.phase.name
        if not self.session.states.applied(phase):
            return PhaseResult(phase, Result.NOT_APPLIED)
        self.session.progress.begin(phase, "comparing")
        initialize(self.session.terraform, stack)
        flags = (*readable(stack), *reads_zone(stack)) if is_planner(self.session.aws.caller, stack) else ()
        with TemporaryDirectory(prefix="drift-") as folder:
            saved = Path(folder) / "drift.tfplan"
            done = plan(self.session, stack, "-lock=false", f"-out={saved}", *flags)
            if done.code == NO_CHANGES:
                return PhaseResult(phase, Result.NO_CHANGES)
            if done.code != CHANGES:
                return PhaseResult(phase, Result.FAILED, message=advice(stack, done, self.session.states))
            shown = show(self.session, stack, saved)
        return drifted(phase, json.loads(shown))


def compare_all(environment: Environment, out: Path, names: Sequence[str] = (), jobs: int = 0) -> Report:
    """Compare the phases of an environment's account with the code, side by side, and write the report.

    Args:
        environment: The environment.
        out: The folder that synth wrote.
        names: Phases; none means all.
        jobs: Terraforms at once; 0: as many as cores and memory allow.

    Raises:
        OpsError: The account can't be reached, or has no state bucket yet.
    """
    with session(environment, out) as running:
        stacks = running.stacks(names)
        refuse_before_bootstrap(running)
        before = took(out, "drift", environment.name)
        return running.report("drift", side_by_side(running, stacks, Drift(running).compare, jobs=jobs, took=before))


def drifted(phase: str, document: Mapping[str, Any]) -> PhaseResult:
    """The drift of a phase: each changed resource, with the attributes that differ.

    Args:
        phase: The phase.
        document: The plan's JSON.
    """
    changes = [
        (_verb(each["change"]["actions"]), each)
        for each in document.get("resource_changes", [])
        if each.get("mode") == "managed" and each["change"]["actions"] != ["no-op"]
    ]
    secrets = find(document)
    attributes = tuple(found for _, each in changes for found in _attributes(each, secrets))
    found = [f"{verb} {each['address']}" for verb, each in changes]
    outputs = document.get("output_changes", {})
    differing = sorted(name for name, each in outputs.items() if each["actions"] != ["no-op"])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    first = "; ".join(found[:_SHOWN]) + more or f"only outputs differ: {', '.join(differing)}"
    message = "\n".join([first, *(f"  {each}" for each in attributes)])
    counts = counted([verb for verb, _ in changes])
    return PhaseResult(phase, Result.CHANGES, counts, message=message, drift=attributes)


def _verb(actions: list[str]) -> str:
    return _VERBS.get(tuple(actions), actions[0])


def _attributes(each: Mapping[str, Any], secrets: Secrets) -> Iterator[AttributeDrift]:
    """The attributes of a resource that differ, innermost ones only."""
    change = each["change"]
    before, after = change["before"], change["after"]
    if before is None or after is None:
        return
    # What isn't in `after` will be known after the apply: AWS reports it.
    after = {**before, **after}
    found = list(differences(before, after))
    marked = _marked(change.get("before_sensitive")) | _marked(change.get("after_sensitive"))
    shown = {difference.key for difference in found}
    for difference in _innermost(found):
        # `tags_all` has the default tags too: a tag that was changed is in both, and `tags` may lack the code's value.
        if difference.key.startswith("tags.") and difference.key.replace("tags.", "tags_all.", 1) in shown:
            continue
        values = (_text(value, difference.names, marked, secrets) for value in (difference.old, difference.new))
        name = difference.key.replace("tags_all.", "tags.", 1)
        yield AttributeDrift(each["address"], secrets.out_of(name), *values)


def _innermost(found: list[Difference]) -> Iterator[Difference]:
    """The differences that no other one is inside of."""
    for index, difference in enumerate(found):
        inside = (f"{difference.key}.", f"{difference.key}[")
        if not any(other.key.startswith(inside) for other in found[index + 1 :]):
            yield difference


def _marked(mask: object, names: str = "") -> set[str]:
    """The names of attributes that Terraform marks as sensitive."""
    if mask is True:
        return {names}
    inner = (
        mask.items() if isinstance(mask, Mapping) else ((None, each) for each in mask) if isinstance(mask, list) else ()
    )
    return {found for name, each in inner for found in _marked(each, f"{names}.{name}".lstrip(".") if name else names)}


def _text(value: object, names: str, marked: set[str], secrets: Secrets) -> str:
    """A value as text: none, hidden if it is secret, and shortened if it is long."""
    if value is None:
        return "none"
    if any(names == each or names.startswith(f"{each}.") or not each for each in marked):
        return _HIDDEN
    text = secrets.out_of(value if isinstance(value, str) else json.dumps(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def readable(stack: Stack) -> tuple[str, ...]:
    """Flags that leave out secrets' values, which the planner's role may not read; all other resources are compared.

    See docs/adr/0007-database-password.md.
    """
    resources = stack.content.get("resource", {})
    if SECRET_VALUE not in resources:
        return ()
    return tuple(f"-target={kind}.{name}" for kind in resources if kind != SECRET_VALUE for name in resources[kind])

"""Rolls an environment out: plans, checks and applies each phase, as operators do."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from ops.aws import dns
from ops.aws.session import Aws
from ops.cutover.prepare import COMMAND as PREPARE
from ops.cutover.prepare import replace as replace_records
from ops.cutover.prepare import wanted
from ops.cutover.records import adopted
from ops.errors import OpsError
from ops.journal import Journal
from ops.plan_gate.model import NOTHING_APPROVED, Approved, FindingKind
from ops.plan_gate.tables import STATEFUL
from ops.rollout.people import ADMINISTRATOR, DEPLOYER, PLANNER
from ops.terraform.apply import Applier
from ops.terraform.plan import Planner
from ops.terraform.report import PhaseResult, Result
from ops.terraform.schedule import in_order, side_by_side
from ops.terraform.stack import Stack
from rehearsal.context import Rehearsal, Synthesized
from rehearsal.values import Values

FIRST = frozenset({FindingKind.WIDENING})
"""What an operator approves in a rollout: everything that a stack's first plan allows is new."""
MOVING = frozenset({FindingKind.OUTAGE})
"""What an operator approves when traffic moves back to no target: the public name's records are deleted."""
GROWING = frozenset({FindingKind.WIDENING, FindingKind.OUTAGE})
"""What an operator approves when an environment grows: another zone's routes, subnets and permissions."""


class StepError(OpsError):
    """A step of the rehearsal failed."""


@dataclass(frozen=True)
class Seen:
    """What a step observed."""

    text: str
    phases: tuple[PhaseResult, ...] = ()
    planning: dict[str, float] | None = None
    """Seconds of planning, by phase."""
    criteria: tuple[Mapping[str, object], ...] = ()
    """Exit criteria that were checked."""


Step = Callable[[Rehearsal], Seen]


@dataclass
class Rollout:
    """One pass over phases, and what it observed."""

    rehearsal: Rehearsal
    approved: Approved = NOTHING_APPROVED
    """What the operator of this pass approves."""
    planning: dict[str, float] = field(default_factory=dict)
    """Seconds of planning, by phase."""
    changes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """The `resource_changes` of each applied plan's JSON."""
    prepared: bool = False
    """Whether a plan waited for `cutover prepare`, which then ran."""

    def run(self, phases: Sequence[str] = ()) -> list[PhaseResult]:
        """Plan and apply phases, each after those that it reads, and each by its role.

        Raises:
            StepError: One failed, was refused, or waits for something.
        """
        session = self.rehearsal.session

        def work(stack: Stack) -> PhaseResult:
            by = self.rehearsal.by(stack.phase.role)
            planner, applier = Planner(by, self.approved), Applier(by, self.approved)
            planned = planner.plan(stack)
            if planned.waits_for == (PREPARE,):
                self._prepare(by.aws)
                planned = planner.plan(stack)
            self.planning[stack.phase.name] = planned.seconds
            if planned.result is Result.WAITING:
                return replace(planned, result=Result.FAILED)
            if planned.result is not Result.CHANGES:
                return planned
            self._keep(stack)
            applied = applier.apply(stack)
            if applied.result is Result.APPLIED:
                give_values(self.rehearsal, stack)
            return applied

        results = in_order(session, session.stacks(phases), work)
        bad = [each for each in results if each.result not in {Result.APPLIED, Result.NO_CHANGES}]
        if bad:
            raise StepError("; ".join(f"{each.phase} {each.line} {each.message}".strip() for each in bad))
        return results

    def _keep(self, stack: Stack) -> None:
        self.rehearsal.keep_report(stack)
        self.changes[stack.phase.name] = json.loads(stack.saved_json.read_bytes()).get("resource_changes", [])
        self.rehearsal.kept.mkdir(exist_ok=True)
        number = len(list(self.rehearsal.kept.iterdir()))
        for path in (stack.saved, stack.saved_json, stack.saved_summary):
            shutil.copyfile(path, self.rehearsal.kept / f"{number:03}-{stack.phase.name}{''.join(path.suffixes)}")

    def _prepare(self, aws: Aws) -> None:
        """Replace the public name's plain record, as `cutover prepare` does."""
        rehearsal = self.rehearsal
        zone, present = adopted(aws, rehearsal.environment)
        journal = Journal(
            rehearsal.environment.prefix,
            command=PREPARE,
            caller=aws.caller.arn,
            called=aws.endpoint(),
            folder=rehearsal.folder / "journal",
        )
        replace_records(zone, present, wanted(zone, present) or (), journal)
        self.prepared = True

    def lost(self) -> list[str]:
        """Stateful resources that were deleted or replaced."""
        return [
            f"{phase}: {each['address']} {'/'.join(each['change']['actions'])}"
            for phase, changes in self.changes.items()
            for each in changes
            if each["type"] in STATEFUL and {"delete", "forget"} & set(each["change"]["actions"])
        ]

    def touched(self) -> set[str]:
        """Types of resources that were changed in any way."""
        return {
            each["type"]
            for changes in self.changes.values()
            for each in changes
            if each["mode"] == "managed" and each["change"]["actions"] != ["no-op"]
        }


def public_records(rehearsal: Rehearsal) -> tuple[dns.Record, ...]:
    """The public name's records in Route 53."""
    aws, environment = rehearsal.by(PLANNER).aws, rehearsal.environment
    return dns.PublicZone(aws, environment, "rehearsal").records(environment.edge.host).records


def phases_that_change(rehearsal: Rehearsal) -> list[str]:
    """Plan every phase as the planner; return those with changes."""
    session = rehearsal.by(PLANNER)
    results = side_by_side(session, session.stacks(), Planner(session).plan)
    return [each.phase for each in results if each.result is not Result.NO_CHANGES]


def nothing_left(rehearsal: Rehearsal, phases: Sequence[str] = (), purpose: str = PLANNER) -> list[PhaseResult]:
    """Plan phases again; no plan may have changes.

    Args:
        rehearsal: The rehearsal.
        phases: The phases; empty means all.
        purpose: Of the role that plans.

    Raises:
        StepError: One has.
    """
    session = rehearsal.by(purpose)
    results = side_by_side(session, session.stacks(phases), Planner(session).plan)
    left = [each for each in results if each.result is not Result.NO_CHANGES]
    if left:
        summaries = {each.phase: _summary(rehearsal, each.phase) for each in left}
        raise StepError("; ".join(f"{each.phase} {each.line} {summaries[each.phase]} {each.message}" for each in left))
    return results


def _summary(rehearsal: Rehearsal, phase: str) -> str:
    path = rehearsal.session.stacks([phase])[phase].saved_summary
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def digest_of(text: str) -> str:
    """A digest for an image that the rehearsal doesn't have."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def released(rehearsal: Rehearsal, repository: str, digest: str) -> Synthesized:
    """Stacks in which a repository's image has another digest; they are in a copy of the project."""
    values = Values(rehearsal.environment, rehearsal.folder / "values")
    values.release(repository, digest)
    return values.synthesize()


def give_values(rehearsal: Rehearsal, stack: Stack) -> None:
    """Write the values of the secrets that a stack created, as operators do, and record those that Terraform wrote."""
    kinds = stack.content.get("resource", {})
    for secret in rehearsal.environment.product.secrets:
        name = rehearsal.names.secret(secret.name)
        if "aws_secretsmanager_secret" in kinds and secret.written_by == "operator" and name not in rehearsal.planted:
            rehearsal.planted[name] = f"planted-{secrets.token_hex(16)}"
            client = rehearsal.by(DEPLOYER).aws.client("secretsmanager")
            client.put_secret_value(SecretId=name, SecretString=rehearsal.planted[name])
        elif "aws_secretsmanager_secret_version" in kinds and secret.written_by == "terraform":
            client = rehearsal.by(ADMINISTRATOR).aws.client("secretsmanager")
            rehearsal.planted[name] = client.get_secret_value(SecretId=name)["SecretString"]

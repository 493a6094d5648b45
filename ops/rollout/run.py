"""A rollout wave by wave: plans what can be planned, shows it, asks once, applies exactly that, and continues."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ops.aws.states import ApplyRecord
from ops.errors import OpsError, RefusedError
from ops.plan_gate.model import NOTHING_APPROVED, Approved
from ops.rollout.people import Step, first_step, note, other_role
from ops.terraform.apply import Applier
from ops.terraform.bootstrap import PHASE as STATE
from ops.terraform.bootstrap import bootstrap, refuse_before_bootstrap, unfinished
from ops.terraform.plan import Planner, is_planner
from ops.terraform.report import PhaseResult, Result, to_do
from ops.terraform.saved import Provenance
from ops.terraform.schedule import in_order, side_by_side
from ops.terraform.session import Session
from ops.terraform.stack import Stack, published

DONE = frozenset({Result.NO_CHANGES, Result.APPLIED})
"""Results of a phase that needs nothing more."""


@dataclass
class Rollout:
    """One rollout of an environment. Run again, it continues where it stopped."""

    session: Session
    ask: Callable[[str], None]
    """Asks to confirm; raises RefusedError if you decline."""
    tell: Callable[[str], None]
    """Shows a message."""
    approved: Approved = NOTHING_APPROVED
    dry_run: bool = False
    jobs: int = 0
    took: Mapping[str, float] = field(default_factory=dict)
    """Seconds that each phase's plan took in the last run."""
    results: dict[str, PhaseResult] = field(default_factory=dict)
    _read: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """By phase, the SHA-256 of the outputs that its last plan read: if they change, it is planned again."""
    _waves: int = 0

    def run(self, phases: Sequence[str] = ()) -> list[PhaseResult]:
        """Roll out phases, each after those that it reads, until none has changes or something stops it.

        Raises:
            OpsError: AWS's response is an error, or a stack isn't synthesized.
        """
        stacks = self.session.stacks(phases)
        if self._begun(stacks):
            while wave := self._planned(self._left(stacks)):
                if not self._applied(wave):
                    break
        rest = PhaseResult("", Result.NOT_BEGUN)
        if self.dry_run:
            rest = PhaseResult("", Result.WAITING, waits_for=(STATE,))
        return [self.results.get(name, replace(rest, phase=name)) for name in stacks]

    def plan(self, stack: Stack) -> PhaseResult:
        """Plan one phase; without changes, record that its stack is the applied one."""
        result = self.results[stack.phase.name] = Planner(self.session, self.approved).plan(stack)
        if result.result is Result.NO_CHANGES:
            self._renew(stack, result)
        return self.results[stack.phase.name]

    def _begun(self, stacks: Mapping[str, Stack]) -> bool:
        """Create the state bucket if `state` is among the phases and it doesn't exist; whether to continue."""
        if STATE not in stacks:
            refuse_before_bootstrap(self.session)
            return True
        why = unfinished(self.session)
        if not why:
            return True
        if self.dry_run:
            self._wait(stacks[STATE], Step("bootstrap", why))
            return False
        self.results[STATE] = self.session.work(STATE, lambda: bootstrap(self.session, self._bootstrap, self.approved))
        self._read[STATE] = {}  # Bootstrap ends with a plan that has no changes.
        return self.results[STATE].result in DONE

    def _bootstrap(self, planned: PhaseResult) -> None:
        stack = self.session.stacks([STATE])[STATE]
        self.tell(f"{STATE}: {to_do(planned.counts)} ({stack.saved_summary})")
        self.ask(f"Create the state bucket of {self.session.where}?")

    def _left(self, stacks: Mapping[str, Stack]) -> dict[str, Stack]:
        """Phases that aren't planned yet, or whose plan read outputs that have changed since."""
        states = self.session.states
        return {name: each for name, each in stacks.items() if self._read.get(name) != published(each, states)}

    def _planned(self, left: Mapping[str, Stack]) -> dict[str, Stack]:
        """Plan phases side by side; return those with changes that may be applied, or none if something stops."""
        own = self._own(left)
        planner = Planner(self.session, self.approved)
        found = side_by_side(self.session, own, planner.plan, jobs=self.jobs, took=self.took)
        ready: dict[str, Stack] = {}
        for result in found:
            stack = own[result.phase]
            self.results[result.phase] = result
            if result.result in {Result.NO_CHANGES, Result.CHANGES}:
                self._read[result.phase] = published(stack, self.session.states)
            if result.result is Result.NO_CHANGES and not self.dry_run:
                self._renew(stack, result)
            if result.result is Result.CHANGES:
                ready[result.phase] = stack
        if self.dry_run or not all(result.result.good for result in found):
            return {}
        return {name: stack for name, stack in ready.items() if not self._stopped(stack)}

    def _own(self, left: Mapping[str, Stack]) -> dict[str, Stack]:
        """The phases that the caller may apply. For the others, note whether they are applied with this stack."""
        own = {}
        for name, stack in left.items():
            planning = self.dry_run and is_planner(self.session.aws.caller, stack)  # It plans all, and applies none.
            step = None if planning else other_role(self.session, stack)
            if step is None:
                own[name] = stack
                continue
            record = applied_so(self.session, stack)
            self._read[name] = published(stack, self.session.states)
            if record is None:
                self._wait(stack, step)
            else:
                message = f"applied with this stack at {record.applied_at} by {record.caller}"
                self.results[name] = PhaseResult(name, Result.NO_CHANGES, message=message)
        return own

    def _stopped(self, stack: Stack) -> bool:
        """Whether people must do something before a stack is applied."""
        step = first_step(self.session, stack)
        if step:
            self._wait(stack, step)
        return step is not None

    def _wait(self, stack: Stack, step: Step) -> None:
        """Note what a phase is waiting for."""
        before = self.results.get(stack.phase.name)
        counts = before.counts if before else {}
        result = PhaseResult(stack.phase.name, Result.WAITING, counts, waits_for=(step.waits_for,), message=step.how)
        self.results[stack.phase.name] = result
        self.session.progress.end(result)

    def _renew(self, stack: Stack, planned: PhaseResult) -> None:
        """Record that a stack without changes is the applied one, so that no one waits for it."""
        if applied_so(self.session, stack):
            return
        try:
            Applier(self.session).record(stack, None)
        except OpsError as error:
            failed = f"no changes, but its record could not be written: {error}"
            message = "\n".join(filter(None, (planned.message, failed)))
            self.results[stack.phase.name] = PhaseResult(stack.phase.name, Result.NO_CHANGES, message=message)

    def _applied(self, wave: Mapping[str, Stack]) -> bool:
        """Show a wave's plans, ask, and apply exactly these; whether to continue."""
        applier = Applier(self.session, self.approved)
        origins: dict[str, Provenance] = {}
        self._waves += 1

        def check() -> None:
            for name, stack in wave.items():
                origins[name] = applier.checked(stack)
                self.tell("\n".join(filter(None, (applier.shown(stack, origins[name]), note(stack)))))
            self.ask(f"Apply wave {self._waves} ({', '.join(wave)}) to {self.session.where}?")

        try:
            check()
        except OpsError as error:  # Declined, or a plan that may not be applied any more.
            first, *others = wave
            refused = Result.REFUSED if error.exit_code == RefusedError.exit_code else Result.FAILED
            self.results[first] = PhaseResult(first, refused, message=str(error))
            self.results |= {name: PhaseResult(name, Result.NOT_BEGUN) for name in others}
            return False
        found = in_order(self.session, wave, lambda stack: self._work(applier, stack, origins[stack.phase.name]))
        self.results |= {result.phase: result for result in found}
        return all(result.result.good for result in found)

    def _work(self, applier: Applier, stack: Stack, origin: Provenance) -> PhaseResult:
        """Apply a plan, unless an apply of this wave changed what it read: then it is planned and shown again."""
        now = published(stack, self.session.states)
        if changed := tuple(phase for phase, digest in now.items() if origin.upstream.get(phase) != digest):
            waiting = PhaseResult(stack.phase.name, Result.WAITING, origin.counts, waits_for=changed)
            return self.session.work(stack.phase.name, lambda: waiting)
        return applier.apply(stack)


def applied_so(session: Session, stack: Stack) -> ApplyRecord | None:
    """The record of a stack's last apply, if it was of exactly this stack and nothing changed the state since.

    A record of another serial isn't of this state: a later apply failed midway, was destroyed, or wasn't recorded.
    """
    record, state = session.states.record(stack.phase.name), session.states.get(stack.phase.name, again=True)
    if record is None or state is None or not state.applied:
        return None
    wanted = (stack.digest, stack.environment.name, state.serial)
    return record if (record.stack_sha256, record.environment, record.serial) == wanted else None

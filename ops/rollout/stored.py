"""Plans in the state bucket: one job plans and stores, another applies exactly that plan (docs/adr/0027)."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from environments.names import PLAN_DAYS, Names
from modules.phases import DEPLOYED, PHASES, phase
from ops.aws.waiting import CLOCK, Time, polls
from ops.errors import OpsError, RefusedError, WaitingError
from ops.rollout.people import DEPLOYER, again, first_step, other_role
from ops.rollout.run import Rollout, applied_so
from ops.terraform.apply import Applier
from ops.terraform.report import PhaseResult, Result
from ops.terraform.saved import UNKNOWN, commit, is_ancestor, provenance
from ops.terraform.session import Session
from ops.terraform.stack import Stack

PAUSE = 20.0
"""Seconds between two looks at the records of other phases."""
CLOCKS = timedelta(minutes=5)
"""By how much the clocks of two machines may differ."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SPOILT = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError)
"""What zipfile raises for a damaged, encrypted or incomplete archive, or one that it can't read."""
_OLDEST = (1980, 1, 1, 0, 0, 0)
"""The date of all files in an archive, so that it has the same bytes whenever it is written."""


@dataclass(frozen=True)
class Stored:
    """The result of planning a phase for another job."""

    result: PhaseResult
    sha256: str = ""
    """Of the stored plan; empty if the phase has no changes."""

    def outputs(self) -> dict[str, str]:
        """The result as outputs of a step."""
        return {"changes": str(bool(self.sha256)).lower(), "sha256": self.sha256}


def store(rollout: Rollout, stack: Stack, *, wait: float = 0, clock: Time = CLOCK) -> Stored:
    """Plan a phase, once the phases that it needs are applied, and store the plan.

    Args:
        rollout: The rollout of the environment.
        stack: The phase's stack.
        wait: Minutes to wait for other phases.
        clock: The clock.

    Raises:
        WaitingError: People or other phases must do something first.
        RefusedError: It isn't a phase of the deployer, the caller's role may not apply it, or a newer commit was
            applied.
        OpsError: AWS's response is an error.
        KeyboardInterrupt: A signal ended the wait for other phases.
    """
    session = rollout.session
    _refuse_other_role(session, stack)
    if stack.phase.name not in DEPLOYED:  # The bucket's lifecycle removes plans of these only.
        raise RefusedError(
            f"{stack.phase.name} isn't a phase of the {DEPLOYER}, and only its plans are stored; "
            f"{again(stack)} applies it"
        )
    _upstream(rollout, stack, wait, clock)
    commits = _commits(session, stack, commit()[0])
    result = rollout.plan(stack)
    if result.result is not Result.CHANGES:
        return Stored(result)
    result = replace(result, message="\n".join(filter(None, (commits, result.message))))
    if step := first_step(session, stack):
        raise WaitingError(f"{stack.phase.name} is waiting for {step.waits_for}: {step.how}")
    body = packed(stack)
    sha256 = hashlib.sha256(body).hexdigest()
    session.states.put_plan(stack.phase.name, sha256, body)
    return Stored(result, sha256)


def apply_stored(rollout: Rollout, stack: Stack, sha256: str, *, now: datetime | None = None) -> PhaseResult:
    """Apply a stored plan, after all checks of `apply`; a plan that was applied already is left as it is.

    Args:
        rollout: The rollout of the environment.
        stack: The phase's stack, synthesized and gated on this machine.
        sha256: SHA-256 of the stored plan, as `store` returned it.
        now: The time, by default of this machine's clock.

    Raises:
        RefusedError: It isn't that plan, too old, or of another stack, account or older commit; or you declined.
    """
    session = rollout.session
    _refuse_other_role(session, stack)
    unpack(stack, fetched(session, stack, sha256))
    origin, now = provenance(stack), now or datetime.now(UTC)
    planned_at = _planned_at(stack, origin.planned_at, now)
    record = applied_so(session, stack)
    if record and record.plan_sha256 == origin.plan_sha256:
        stack.forget_plan()
        return PhaseResult(stack.phase.name, Result.NO_CHANGES, message=f"this plan was applied at {record.applied_at}")
    if now - planned_at > timedelta(days=PLAN_DAYS):
        stack.forget_plan()
        raise RefusedError(
            f"the plan {sha256} is of {planned_at:%Y-%m-%d}, and stays {PLAN_DAYS} days; {_again(stack)}"
        )
    commits = _commits(session, stack, origin.commit)
    applier = Applier(session, rollout.approved, verifies=True)
    rollout.tell("\n".join(filter(None, (commits, applier.shown(stack, applier.checked(stack))))))
    rollout.ask(f"Apply {stack.phase.name} to {session.where}?")
    return applier.apply(stack)


def _commits(session: Session, stack: Stack, planned: str) -> str:
    """A line with the commits of the last apply and of the plan; empty if they are the same or one is unknown.

    Raises:
        RefusedError: The applied commit contains the plan's, as in a new run of an old commit, which would undo it.
    """
    record, phase = session.states.record(stack.phase.name), stack.phase.name
    if record is None or not record.commit or UNKNOWN in {record.commit, planned} or record.commit == planned:
        return ""
    older = is_ancestor(planned, record.commit)
    if older:
        raise RefusedError(
            f"{phase} was applied from commit {record.commit[:12]}, which contains this run's {planned[:12]}, so this "
            "run would undo the newer commits; run the workflow main by hand (to return to an older version, revert "
            "the commits)"
        )
    unknown = "; git doesn't have both here, so it is unknown which one is newer" if older is None else ""
    return f"{phase}: last applied from commit {record.commit[:12]}, this plan is of commit {planned[:12]}{unknown}"


def unverified(session: Session, stack: Stack) -> bool:
    """Whether a stored plan of this stack was applied, and its exit criteria haven't passed since."""
    record = applied_so(session, stack)
    return record is not None and not record.verified


def note_verified(session: Session, stack: Stack) -> None:
    """Record that the exit criteria of a phase pass, so that no later run checks them again.

    Raises:
        OpsError: The record can't be written.
    """
    record = applied_so(session, stack)
    if record and not record.verified:
        session.states.put_record(replace(record, verified=True))


def _planned_at(stack: Stack, given: str, now: datetime) -> datetime:
    """When an unpacked plan was created, as it says.

    Raises:
        RefusedError: It isn't a time with its zone, or in the future, so that the plan would stay valid for longer.
    """
    try:
        planned_at = datetime.fromisoformat(given)
        late = planned_at - now > CLOCKS
    except (ValueError, TypeError):  # A time without a zone can't be compared.
        late = True
    if late:
        stack.forget_plan()
        raise RefusedError(
            f"the stored plan of {stack.phase.name} isn't one: planned_at is {given!r}, and must be a past time with "
            f"its zone, such as {now.isoformat(timespec='seconds')}; {_again(stack)}"
        )
    return planned_at


def check_sha256(text: str) -> None:
    """Check that a text has the form of a SHA-256.

    Raises:
        OpsError: It doesn't.
    """
    if not _SHA256.fullmatch(text):
        raise OpsError(f"{text!r} isn't a SHA-256; pass the one that --store printed: 64 hexadecimal digits")


def fetched(session: Session, stack: Stack, sha256: str) -> bytes:
    """A stored plan, with exactly this hash.

    Raises:
        OpsError: The hash isn't a SHA-256.
        RefusedError: It isn't stored, or has another hash.
    """
    check_sha256(sha256)
    body = session.states.plan(stack.phase.name, sha256)
    if body is None:
        raise RefusedError(
            f"there is no stored plan {sha256} of {stack.phase.name}: it expired after {PLAN_DAYS} days, or is another "
            f"phase's; {_again(stack)}"
        )
    if (found := hashlib.sha256(body).hexdigest()) != sha256:
        raise RefusedError(
            f"the stored plan of {stack.phase.name} has the SHA-256 {found}, not {sha256}; {_again(stack)}"
        )
    return body


def packed(stack: Stack) -> bytes:
    """A saved plan and its files as one archive, whose hash covers all of them."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(stack):
            archive.writestr(zipfile.ZipInfo(path.name, _OLDEST), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def unpack(stack: Stack, body: bytes) -> None:
    """Write a stored plan's files to the stack's folder, readable by the owner only; others in it are ignored.

    Raises:
        RefusedError: It isn't an archive that `store` wrote.
    """
    stack.forget_plan()
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            found = {path: archive.read(path.name) for path in _files(stack)}
    except _SPOILT as error:
        raise RefusedError(f"the stored plan of {stack.phase.name} isn't one ({error}); {_again(stack)}") from None
    for path, content in found.items():
        path.touch(mode=0o600)
        path.write_bytes(content)


def _files(stack: Stack) -> Iterator[Path]:
    yield from (stack.saved, stack.saved_json, stack.saved_summary, stack.provenance)


def needed(stack: Stack) -> Iterator[tuple[str, bool]]:
    """The earlier phases that a stack needs in their present form, and whether it reads their outputs.

    Those that it reads, directly or through others, must be applied. The other administrators' phases may not exist
    yet; but if one was applied, it must have been with its present stack.
    """
    read = _read_by(stack.phase.name)
    for earlier in PHASES[: PHASES.index(stack.phase)]:
        if earlier.name in read or earlier.applied_by == "administrator":
            yield earlier.name, earlier.name in read


def _read_by(name: str) -> set[str]:
    direct = phase(name).reads
    return {*direct, *(each for other in direct for each in _read_by(other))}


def _upstream(rollout: Rollout, stack: Stack, minutes: float, clock: Time) -> None:
    """Wait until the phases that a stack needs are applied with their present stacks.

    Raises:
        WaitingError: They aren't, after these minutes.
    """
    session, shown = rollout.session, ""
    with session.terraform.taking_no_signals():  # No Terraform runs: a signal ends the wait.
        if session.terraform.interrupted.is_set():
            raise KeyboardInterrupt
        for _ in polls(minutes * 60, clock, min(PAUSE, minutes * 60)):
            how = _with_roles(stack, waits(session, stack))
            if not how:
                return
            if how != shown:
                shown = how
                present = "applied with their present stacks"
                rollout.tell(f"{stack.phase.name}: waiting until these phases are {present}: {how}")
    refuse_before_upstream(session, stack)


def waits(session: Session, stack: Stack) -> list[str]:
    """The phases that a stack needs and that aren't applied with their present stacks, according to their records."""
    stacks = session.stacks()
    return [
        name
        for name, read in needed(stack)
        if applied_so(session, stacks[name]) is None and (read or session.states.record(name))
    ]


def refuse_before_upstream(session: Session, stack: Stack) -> None:
    """Check that the phases that a stack needs are applied with their present stacks.

    Raises:
        WaitingError: They aren't.
    """
    if names := waits(session, stack):
        how = _with_roles(stack, names)
        command = f"make rollout ENV={stack.environment.name} PHASE='{' '.join(names)}'"
        raise WaitingError(f"{stack.phase.name} is waiting for {how}; apply them with that role: {command}")


def _with_roles(stack: Stack, names: Sequence[str]) -> str:
    roles = Names(stack.environment)
    return ", ".join(f"{name} ({roles.role(phase(name).role)})" for name in names)


def _refuse_other_role(session: Session, stack: Stack) -> None:
    if step := other_role(session, stack):
        raise RefusedError(step.how)


def _again(stack: Stack) -> str:
    return f"plan again: bin/ops rollout {stack.environment.name} {stack.phase.name} --store"

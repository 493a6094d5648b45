"""The work of the cutover commands."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

import environments
from environments.names import Names
from environments.schema import Environment
from modules.interrupts import deferred
from ops.aws import dns, load_balancing
from ops.aws.dns import PublicZone
from ops.aws.errors import AwsError
from ops.aws.journal_bucket import JournalBucket
from ops.aws.load_balancing import Targets
from ops.aws.session import Aws, connect
from ops.aws.state_lock import StateLock
from ops.command import confirm, say
from ops.conditions import Status, worst
from ops.cutover.prepare import kept_until
from ops.cutover.readiness import Readiness
from ops.cutover.records import AliasTarget, PresentRecords, Zone, adopted, shares
from ops.cutover.run import Cutover, CutoverOutcome, Run, open_run, steps
from ops.cutover.watch import OverruledError, Signals, Watch
from ops.errors import OpsError, RefusedError
from ops.journal import Journal, rollbacks

PHASE = "cutover"
OPERATION = "cutover"
"""The operation in the lock of the phase's state, which keeps Terraform from applying other weights meanwhile."""


@dataclass(frozen=True)
class CutoverContext:
    """Everything that a cutover of one environment works with."""

    environment: Environment
    aws: Aws
    journal: Journal
    targets: Targets
    zone: Zone
    signals: Signals

    def cutover(self, seconds: float) -> Cutover:
        """The cutover, with watches of a number of seconds."""
        watch = Watch(self.zone, self.signals, seconds=seconds)
        left = f"the weight stays unchanged: {_ways_on(self.environment)}"

        def ready() -> None:
            # A watch may take twice its time, and a prompt for an MFA code would interrupt it.
            self.aws.credentials.last(2 * seconds, "a step of the cutover", left)

        values = self.environment.cutover
        stay = values.interrupted == "stay"
        return Cutover(self.zone, watch, self.journal, stops=values.steps, stay=stay, ready=ready)


def context(environment: Environment, command: str) -> CutoverContext:
    """Read everything from AWS.

    Raises:
        OpsError: AWS doesn't respond, a resource is missing, or there is no previous target.
    """
    aws = connect(environment)
    targets = load_balancing.targets(aws, environment)
    shared = shares(environment, AliasTarget.of(targets.balancer))
    zone = Zone(PublicZone(aws, environment, "cutover", writes=True), shared)
    return CutoverContext(
        environment=environment,
        aws=aws,
        journal=journal(environment, aws, command, zone),
        targets=targets,
        zone=zone,
        signals=Signals(aws.client("cloudwatch"), environment, targets),
    )


def journal(environment: Environment, aws: Aws, command: str, zone: Zone | None = None) -> Journal:
    """The journal of the environment's stage; stores what an earlier command couldn't store.

    Warns about what isn't an entry, and about a bucket that doesn't respond: neither may stop a rollback.
    """
    found = Journal(
        environment.prefix,
        command=command,
        caller=aws.caller.arn,
        account=environment.account_id,
        zone=dns.plain_id(zone.id) if zone else "",
        called=aws.endpoint(),
        bucket=JournalBucket(aws, Names(environment)),
    )
    found.history()
    for problem in found.damaged():
        say(f"warning: ignored what isn't an entry of the journal: {problem[:200]}")
    return found


def plan(context: CutoverContext, *, goal: int, watch: float, resolvers: Sequence[str]) -> tuple[Run, PresentRecords]:
    """Check the conditions of a cutover, and show its steps.

    Raises:
        RefusedError: A condition fails, or a cutover is open.
        OpsError: The goal isn't above the present weight.
    """
    environment = context.environment
    entries = context.journal.entries()
    if run := open_run(entries):
        raise RefusedError(f"the cutover of {run.since} to {run.goal} % hasn't ended: {_ways_on(environment)}")
    present = context.zone.read()
    run = Run(str(uuid4()), present.weight or 0, goal, since="now")
    ahead = steps(environment.cutover.steps, above=run.origin, goal=goal)
    if not ahead:
        raise OpsError(
            f"--to {goal}: {context.zone.shares.host} already has weight {run.origin}; to roll back, use `rollback dns`"
        )
    ready = Readiness(
        environment, context.targets, context.signals, context.zone, present, resolvers, kept_until(entries)
    ).check()
    for result in ready:
        say(str(result))
    open_ = [result for result in ready if not result.passed]
    if worst(open_) is Status.FAIL:
        raise RefusedError(f"not ready: {', '.join(result.name for result in open_)}")
    if open_:
        raise OpsError(f"readiness is unknown: {'; '.join(result.evidence for result in open_)}")
    say(
        f"{context.zone.shares.host}: {present} now, then {', '.join(map(str, ahead))} % to "
        f"{context.targets.balancer.dns_name}, each watched for {watch:g} s; the rest to "
        f"{context.zone.shares.previous.dns_name}"
    )
    return run, present


def begin(context: CutoverContext, run: Run, present: PresentRecords, *, watch: float, yes: bool) -> CutoverOutcome:
    """Start a cutover.

    Raises:
        RefusedError: The answer is no, or another run holds the lock.
        OpsError: It can't continue.
    """
    with _held(context, run, yes=yes):
        return context.cutover(watch).start(run, present)


def go_on(context: CutoverContext, *, watch: float, yes: bool) -> CutoverOutcome:
    """Resume the open cutover of the journal.

    Raises:
        OpsError: There is none, or it can't continue.
    """
    run = open_run(context.journal.entries())
    if run is None:
        raise OpsError(
            f"{context.journal.place} has no open cutover of {context.environment.prefix}; `bin/ops cutover "
            f"run {context.environment.name}` continues from the present weight"
        )
    direction = f"back to {run.origin}" if run.returning else f"on to {run.goal}"
    say(f"{context.zone.shares.host}: {context.zone.read()} now; the cutover of {run.since} goes {direction} %")
    with _held(context, run, yes=yes):
        return context.cutover(watch).resume(run)


def show(environment: Environment, result: CutoverOutcome) -> dict[str, object]:
    """Print how it ended and what to do next; return the same for a program."""
    say(f"{result.outcome}: {', '.join(environment.moved_hosts)} has weight {result.weight}")
    next_ = place(environment, result.weight)
    if next_:
        say(f"next: write {next_}; then plan and apply cutover: no record changes, only its output")
    return {"environment": environment.name, "host": environment.edge.host, **asdict(result), "values": next_}


def unlock(environment: Environment, aws: Aws) -> None:
    """Free the lock of a cutover that has ended; Terraform's stays."""
    try:
        lock = StateLock(aws, Names(environment), PHASE)
        holder = lock.holder()
        if holder and not holder.readable:
            say(f"warning: {holder}; it stays: see make recover ENV={environment.name} PHASE={PHASE}")
        elif holder and holder.operation == OPERATION:
            lock.free(holder)
            say("freed the lock of the cutover that this ends")
    except OpsError as error:
        say(f"warning: {error}")


@contextmanager
def _held(context: CutoverContext, run: Run, *, yes: bool) -> Iterator[None]:
    """Confirm, hold the lock, and print how to continue if it ends too early."""
    environment = context.environment
    confirm(f"Move traffic of {', '.join(environment.moved_hosts)}?", yes=yes or not environment.protected)
    lock = StateLock(context.aws, Names(environment), PHASE)
    try:
        lock.take(run.id, OPERATION)
    except RefusedError as error:
        raise RefusedError(
            f"{error}. If a cutover crashed: cutover resume or rollback dns. If Terraform crashed: "
            f"make recover ENV={environment.name} PHASE={PHASE}"
        ) from None
    try:
        yield
    except OverruledError:
        raise
    except (OpsError, KeyboardInterrupt):
        if open_run(context.journal.entries()):  # Else it has rolled back.
            say(_ways_on(environment))
        raise
    finally:
        with deferred(last=True):
            try:
                holder = lock.holder()
                if holder and holder.id == run.id:
                    lock.free(holder)
            except OpsError as error:
                say(f"warning: {error}")


def _ways_on(environment: Environment) -> str:
    name = environment.name
    return f"continue with `bin/ops cutover resume {name}`, or roll back with `bin/ops rollback dns {name}`"


def status(environment: Environment) -> tuple[dict[str, object], list[str]]:
    """The status, and what is open: empty if DNS equals the values and no cutover is in progress.

    Raises:
        OpsError: AWS doesn't respond.
    """
    aws = connect(environment)
    _, present = adopted(aws, environment)
    written = journal(environment, aws, "cutover status")
    entries = written.entries()
    run = open_run(entries)
    lock, trouble = _lock(aws, environment)
    rollback = next(iter(rollbacks(entries)), None)
    # Without weighted records, all traffic goes to the previous target.
    next_ = place(environment, present.weight or 0)
    seen: dict[str, object] = {
        "host": environment.edge.host,
        "dns": str(present),
        "values": environment.cutover.weight,
        "cutover": f"since {run.since}, from {run.origin} to {run.goal} %" if run else None,
        "lock": lock,
        "last rollback of DNS": f"{rollback.at} at {rollback.endpoint}" if rollback else None,
    }
    open_ = [
        *([f"the values say weight {environment.cutover.weight}; write {next_}"] if next_ else []),
        *(["a cutover hasn't ended"] if run else []),
        *([trouble] if trouble else []),
        *(f"not an entry of the journal: {problem[:200]}" for problem in written.damaged()),
        *([f"{written.waiting()} entries of the journal are only on this machine"] if written.waiting() else []),
    ]
    return seen, open_


def _lock(aws: Aws, environment: Environment) -> tuple[str | None, str]:
    """The lock's holder, and a problem; a lock that can't be read doesn't stop the status."""
    try:
        holder = StateLock(aws, Names(environment), PHASE).holder()
    except AwsError as error:
        return f"unknown: {error}", str(error)
    if holder is None:
        return None, ""
    return str(holder), "" if holder.readable else str(holder)


def place(environment: Environment, weight: int) -> str | None:
    """The line to change in the values after DNS has `weight`; none if the values already have it."""
    if environment.cutover.weight == weight:
        return None
    own = environments.file_of(environment.name)
    sizes = [environments.file_of(size.name) for size in environments.sizes(environment)]
    for file in (own, *sizes):
        line = _line(file)
        if line:
            return f"{environments.shown(file)}:{line}: weight={weight}"
    return f"{environments.shown(own)}: cutover=Cutover(weight={weight}, …)"


def _line(file: Path) -> int | None:
    """The line of `Cutover(weight=…)` in a file; none in a file that isn't Python."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Cutover":
            for keyword in node.keywords:
                if keyword.arg == "weight":
                    return keyword.value.lineno
    return None

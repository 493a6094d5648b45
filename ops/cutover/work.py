"""What the commands around a cutover do, put together from their parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from uuid import uuid4

from environments.names import Names
from environments.schema import Environment
from ops.aws import Aws, connect
from ops.command import confirm, say
from ops.cutover import site, story
from ops.cutover.lock import StateLock
from ops.cutover.prepare import kept_until
from ops.cutover.readiness import checks
from ops.cutover.run import Cutover, Result
from ops.cutover.signals import Signals
from ops.cutover.story import Run
from ops.cutover.values import place
from ops.cutover.watch import OverruledError, Watch
from ops.cutover.zone import Answer, Zone, zone
from ops.errors import OpsError, RefusedError
from ops.journal import Journal, damaged


@dataclass(frozen=True)
class Scene:
    """Everything that a cutover of one environment works with."""

    environment: Environment
    aws: Aws
    journal: Journal
    site: site.Site
    zone: Zone
    signals: Signals

    def cutover(self, seconds: float) -> Cutover:
        """The cutover, with watches of so many seconds."""
        watch = Watch(self.zone, self.signals, seconds=seconds)
        left = f"the traffic stays where it is: {_ways_on(self.environment)}"

        def ready() -> None:
            # A watch may take twice its time, and a question for a code would hold it up.
            self.aws.credentials.last(2 * seconds, "a step of the cutover", left)

        return Cutover(self.zone, watch, self.journal, stops=self.environment.cutover.steps, ready=ready)


def scene(environment: Environment, command: str) -> Scene:
    """Find it all in AWS.

    Raises:
        OpsError: AWS doesn't say, something isn't there, or there is nothing to share traffic with.
    """
    aws = connect(environment)
    where = site.find(aws, environment)
    return Scene(
        environment=environment,
        aws=aws,
        journal=journal(environment, aws, command),
        site=where,
        zone=zone(aws, environment, site.shares(environment, where.target)),
        signals=Signals(aws.client("cloudwatch"), environment, where),
    )


def journal(environment: Environment, aws: Aws, command: str) -> Journal:
    """The journal of the environment's stage; damaged lines are named."""
    for line in damaged(environment.stage):
        say(f"warning: set aside a damaged line of the journal: {line[:60]}")
    return Journal(environment.stage, command=command, caller=aws.caller.arn)


def plan(at: Scene, *, goal: int, watch: float, resolvers: Sequence[str]) -> tuple[Run, Answer]:
    """Check what a cutover needs, and show what it would do.

    Raises:
        RefusedError: A prerequisite doesn't hold, or a cutover is open.
        OpsError: The goal isn't above the present weight.
    """
    environment = at.environment
    entries = at.journal.entries()
    if run := story.open_run(entries):
        raise RefusedError(f"the cutover of {run.since} to {run.goal} % hasn't ended: {_ways_on(environment)}")
    stand = at.zone.read()
    run = Run(str(uuid4()), stand.weight or 0, goal, since="now")
    ahead = story.steps(environment.cutover.steps, above=run.origin, goal=goal)
    if not ahead:
        raise OpsError(f"--to {goal}: {at.zone.shares.host} has weight {run.origin} already; back is `rollback dns`")
    ready = checks(
        environment,
        site=at.site,
        signals=at.signals,
        zone=at.zone,
        answer=stand,
        resolvers=resolvers,
        kept_until=kept_until(entries),
    )
    for check in ready:
        say(f"{'ok' if check.holds else 'NO'}  {check.name}: {check.evidence}")
    if failing := [check.name for check in ready if not check.holds]:
        raise RefusedError(f"not ready: {', '.join(failing)}")
    say(
        f"{at.zone.shares.host}: {stand} now, then {', '.join(map(str, ahead))} % to {at.site.target.dns_name}, each "
        f"watched for {watch:g} s; the rest to {at.zone.shares.previous.dns_name}"
    )
    return run, stand


def begin(at: Scene, run: Run, stand: Answer, *, watch: float, yes: bool) -> Result:
    """Start a cutover.

    Raises:
        RefusedError: The answer is no, or somebody else is at it.
        OpsError: It can't go on.
    """
    with _held(at, run, yes=yes):
        return at.cutover(watch).start(run, stand)


def go_on(at: Scene, *, watch: float, yes: bool) -> Result:
    """Resume the cutover that the journal knows as open.

    Raises:
        OpsError: There is none, or it can't go on.
    """
    run = story.open_run(at.journal.entries())
    if run is None:
        raise OpsError(
            f"the journal in this folder knows no open cutover of {at.environment.stage}; `python -m ops cutover run "
            f"{at.environment.name}` goes on from what DNS says"
        )
    direction = f"back to {run.origin}" if run.returning else f"on to {run.goal}"
    say(f"{at.zone.shares.host}: {at.zone.read()} now; the cutover of {run.since} goes {direction} %")
    with _held(at, run, yes=yes):
        return at.cutover(watch).resume(run)


def show(environment: Environment, result: Result) -> dict[str, object]:
    """Tell how it ended, and what the person does next; the same for a program."""
    say(f"{result.outcome}: {environment.edge.host} has weight {result.weight}")
    next_ = place(environment, result.weight)
    if next_:
        say(f"next: write {next_}; then plan and apply cutover: no record changes, only its output")
    return {"environment": environment.name, "host": environment.edge.host, **asdict(result), "values": next_}


def unlock(environment: Environment, aws: Aws) -> None:
    """Free the lock of a cutover that has ended; Terraform's stays."""
    try:
        if StateLock(aws.client("s3"), Names(environment), aws.caller.arn).free():
            say("freed the lock of the cutover that this ends")
    except OpsError as error:
        say(f"warning: {error}")


@contextmanager
def _held(at: Scene, run: Run, *, yes: bool) -> Iterator[None]:
    """Ask, hold the lock, and say how to go on when it ends too early."""
    environment = at.environment
    confirm(f"Move traffic of {environment.edge.host}?", yes=yes or not environment.protected)
    lock = StateLock(at.aws.client("s3"), Names(environment), at.aws.caller.arn)
    lock.take(run.id)
    try:
        yield
    except OverruledError:
        raise
    except (OpsError, KeyboardInterrupt):
        say(_ways_on(environment))
        raise
    finally:
        try:
            lock.free(run.id)
        except OpsError as error:
            say(f"warning: {error}")


def _ways_on(environment: Environment) -> str:
    name = environment.name
    return f"go on with `python -m ops cutover resume {name}`, or back with `python -m ops rollback dns {name}`"

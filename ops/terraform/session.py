"""What every command over phases holds while it runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ops.aws.session import Aws, connect
from ops.aws.states import States
from ops.command import say
from ops.errors import OpsError, RefusedError
from ops.terraform.commit import commit
from ops.terraform.process import Terraform
from ops.terraform.progress import Board, board
from ops.terraform.report import PhaseResult, Report, Result
from ops.terraform.stack import Stack, stacks

if TYPE_CHECKING:
    from environments.schema import Environment

COLLECTOR = {"GOGC": "400", "GOMEMLIMIT": "400MiB"}
"""Settings of Go's garbage collector for Terraform and its providers, which live for seconds and mostly read schemas.

Collecting less often takes a quarter of their processor time away (docs/performance.md); the limit bounds the memory of
each process, so that what `schedule.PROVIDER_BYTES` says still holds. https://go.dev/doc/gc-guide
"""

APPLY_SECONDS = {"data": 2700, "edge": 2700, "services": 1800}
"""How long applying or destroying a phase may take where it waits for something slow, within an hour's session.

A database with a standby takes half an hour, a certificate waits for DNS, and the provider waits 20 minutes for a
service to be steady. https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
"""
OTHER_SECONDS = 900
"""How long other phases may take."""


@dataclass
class Session:
    """An environment, the way to its account, and Terraform."""

    environment: Environment
    out: Path
    aws: Aws
    states: States
    terraform: Terraform
    board: Board
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def stacks(self, names: Sequence[str] = ()) -> dict[str, Stack]:
        """Stacks of the named phases in order, by phase; without names, of all."""
        return {stack.phase.name: stack for stack in stacks(self.environment, self.out, names)}

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Leave terminal and Ctrl-C to a question while this lasts."""
        with self.board.paused(), self.terraform.taking_no_signals():
            yield

    def lasting(self, phase: str, doing: str) -> None:
        """Get credentials that last as long as applying or destroying a phase may take: Terraform can't renew them.

        A person may take a while to type a code, so this comes before the last checks.

        Raises:
            AwsError: They don't last, and can't be renewed.
        """
        seconds = APPLY_SECONDS.get(phase, OTHER_SECONDS)
        failing = f"Terraform fails; make recover ENV={self.environment.name} PHASE={phase} puts its state in order"
        self.aws.credentials.last(seconds, f"{doing} {phase}", failing)

    def work(self, phase: str, work: Callable[[], PhaseResult]) -> PhaseResult:
        """Do something with a phase; what an operator can fix becomes its result, with the seconds that it took."""
        start = time.monotonic()
        try:
            result = work()
        except RefusedError as error:
            result = PhaseResult(phase, Result.REFUSED, message=str(error))
        except (OpsError, OSError) as error:  # An OSError says which file, and why: a full disk for instance.
            failed = Result.INTERRUPTED if self.terraform.interrupted.is_set() else Result.FAILED
            result = PhaseResult(phase, failed, message=str(error))
        result = replace(result, seconds=time.monotonic() - start)
        self.board.end(result)
        return result

    def report(self, command: str, results: Sequence[PhaseResult]) -> Report:
        """Put the results among the reports; a full disk does not hide them."""
        report = Report(command, self.environment.name, self.started_at, commit()[0], tuple(results))
        try:
            report.write(self.out)
        except OSError as error:
            say(f"the report of this run could not be written: {error}")
        return report


@contextmanager
def session(environment: Environment, out: Path) -> Iterator[Session]:
    """Connect to an environment's account, and pass Ctrl-C on to Terraform while this lasts.

    Raises:
        AwsError: AWS doesn't answer, or the credentials aren't the account's.
        OpsError: Terraform isn't installed.
    """
    terraform = Terraform(variables(out))
    _ = terraform.binary
    aws = connect(environment)
    terraform.credentials = aws.credentials
    with board() as shown, terraform.passing_signals_on():
        aws.credentials.asking, aws.credentials.cancelled = shown.paused, terraform.interrupted.is_set
        yield Session(environment, out, aws, States(aws, environment), terraform, shown)


def variables(out: Path) -> Mapping[str, str]:
    """Terraform's environment variables but for credentials: the caller's, and one cache of providers for all."""
    found = {**COLLECTOR, **os.environ}
    if "TF_PLUGIN_CACHE_DIR" not in found:
        cache = out.absolute().parent / ".terraform" / "plugin-cache"
        cache.mkdir(parents=True, exist_ok=True)
        found["TF_PLUGIN_CACHE_DIR"] = str(cache)
    return found

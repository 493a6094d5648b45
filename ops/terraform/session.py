"""A session: the environment, account and Terraform that a command over phases uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from modules.phases import PHASES
from ops.aws.session import Aws, connect
from ops.aws.states import States
from ops.command import say
from ops.errors import OpsError, RefusedError
from ops.terraform.inherited import Inherited, inherited
from ops.terraform.process import Terraform
from ops.terraform.progress import PhaseProgress, shown
from ops.terraform.provider.setting import CachedSchema, chosen
from ops.terraform.report import PhaseResult, Report, Result
from ops.terraform.saved import commit
from ops.terraform.stack import Stack, stacks

if TYPE_CHECKING:
    from environments.schema import Environment

COLLECTOR = {"GOGC": "400", "GOMEMLIMIT": "400MiB"}
"""Settings of Go's garbage collector for Terraform and its providers, which run for seconds and mostly read schemas.

Collecting less often saves a quarter of their processor time (docs/performance.md). The limit keeps each process below
`schedule.PROVIDER_BYTES`. https://go.dev/doc/gc-guide
"""

CACHE = "TF_PLUGIN_CACHE_DIR"
"""Variable with the folder that keeps providers.

https://developer.hashicorp.com/terraform/cli/config/config-file#provider-plugin-cache
"""
APPLY_SECONDS = {"data": 2700, "edge": 2700, "services": 1800}
"""Seconds that applying or destroying a slow phase may take, within a session of an hour.

A database with a standby takes half an hour, a certificate waits for DNS, and the provider waits 20 minutes for a
service to be stable. https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
"""
OTHER_SECONDS = 900
"""Seconds that other phases may take."""


@dataclass
class Session:
    """An environment, its account, and Terraform."""

    environment: Environment
    out: Path
    aws: Aws
    states: States
    terraform: Terraform
    progress: PhaseProgress
    cached_schema: CachedSchema = CachedSchema.NO
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def stacks(self, names: Sequence[str] = ()) -> dict[str, Stack]:
        """Stacks of the named phases in order, by phase; without names, of all phases."""
        return {stack.phase.name: stack for stack in stacks(self.environment, self.out, names)}

    @property
    def where(self) -> str:
        """What would be changed, and as whom."""
        return f"{self.environment.name} (account {self.aws.caller.account}, as {self.aws.caller.arn})"

    def alone(self, phase: str) -> bool:
        """Whether the account has no stack but this phase's, so that its first plan has nothing that it could widen.

        Other phases are known by their states; another environment of the account by `account_resources_from` only.
        """
        if self.environment.account_resources_from:
            return False
        others = (each.name for each in PHASES if each.name != phase)
        return not (self.states.bootstrapped() and any(self.states.applied(each) for each in others))

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Inside this context, a question has the terminal and Ctrl-C."""
        with self.progress.paused(), self.terraform.taking_no_signals():
            yield

    def lasting(self, phase: str, doing: str) -> None:
        """Get credentials that last as long as applying or destroying a phase may take: Terraform can't renew them.

        Call it before the last checks: you may take a while to type an MFA code.

        Raises:
            AwsError: The credentials expire too early, and can't be renewed.
        """
        seconds = APPLY_SECONDS.get(phase, OTHER_SECONDS)
        failing = f"Terraform fails; make recover ENV={self.environment.name} PHASE={phase} repairs its state"
        self.aws.credentials.last(seconds, f"{doing} {phase}", failing)

    def work(self, phase: str, work: Callable[[], PhaseResult]) -> PhaseResult:
        """Work on a phase; return its result with the seconds that it took. Errors that you can fix become results."""
        start = time.monotonic()
        try:
            result = work()
        except RefusedError as error:
            result = PhaseResult(phase, Result.REFUSED, message=str(error))
        except (OpsError, OSError) as error:  # An OSError names the file and the reason, such as a full disk.
            failed = Result.INTERRUPTED if self.terraform.interrupted.is_set() else Result.FAILED
            result = PhaseResult(phase, failed, message=str(error))
        result = replace(result, seconds=time.monotonic() - start)
        self.progress.end(result)
        return result

    def report(self, command: str, results: Sequence[PhaseResult], *, waiting_code: int = 0) -> Report:
        """Write the report of the results; a full disk doesn't hide them."""
        report = Report(command, self.environment.name, self.started_at, commit()[0], tuple(results), waiting_code)
        try:
            report.write(self.out)
        except OSError as error:
            say(f"the report of this run could not be written: {error}")
        return report


@contextmanager
def session(environment: Environment, out: Path) -> Iterator[Session]:
    """Connect to an environment's account; inside this context, Ctrl-C interrupts Terraform.

    Raises:
        AwsError: AWS doesn't respond, or the credentials are another account's.
        OpsError: Terraform isn't installed, or a setting has a wrong value.
    """
    cached_schema = chosen()
    callers = inherited()
    if callers.removed:
        say(str(callers))
    terraform = Terraform(variables(out, callers))
    _ = terraform.binary
    aws = connect(environment)
    terraform.credentials = aws.credentials
    with shown() as progress, terraform.passing_signals_on():
        aws.credentials.asking, aws.credentials.cancelled = progress.paused, terraform.interrupted.is_set
        yield Session(environment, out, aws, States(aws, environment), terraform, progress, cached_schema)


def variables(out: Path, callers: Inherited) -> Mapping[str, str]:
    """Terraform's environment variables without credentials: the caller's, and a provider cache for all stacks.

    Raises:
        OpsError: The caller's cache doesn't exist; Terraform doesn't create it.
    """
    cache = out.absolute().parent / ".terraform" / "plugin-cache"
    if own := callers.kept.get(CACHE):
        cache = Path(own).absolute()  # Terraform runs in each stack's folder.
        if not cache.is_dir():
            raise OpsError(f"{CACHE} is {own!r}, which isn't a folder; create it, or unset {CACHE}")
    else:
        cache.mkdir(parents=True, exist_ok=True)
    return {**COLLECTOR, **callers.kept, CACHE: str(cache)}

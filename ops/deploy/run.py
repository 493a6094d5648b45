"""Deploys a service in one go, step by step; running it again finds what is done."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import environments
from environments.schema import Environment
from ops.aws import session as sessions
from ops.aws.ecs import DeploymentFailedError
from ops.aws.session import Aws
from ops.aws.waiting import CLOCK, Time
from ops.command import load, say, show
from ops.conditions import require
from ops.cutover.work import journal
from ops.deploy.image import Wanted, choose
from ops.deploy.service import Runs, ServiceDeployment
from ops.deploy.stacks import gate, synthesize
from ops.deploy.steps import Outcome, Step, StepResult, not_begun
from ops.errors import OpsError, RefusedError, WaitingError
from ops.plan_gate.model import NOTHING_APPROVED, Approved
from ops.release.file import repository_of
from ops.rollout.stored import refuse_before_upstream
from ops.terraform.apply import Applier
from ops.terraform.bootstrap import refuse_before_bootstrap
from ops.terraform.plan import Planner
from ops.terraform.report import PhaseResult, Result
from ops.terraform.schedule import in_order
from ops.terraform.session import Session, session

SERVICES = "services"
"""The phase that holds services."""
_UNFINISHED = frozenset({Outcome.REFUSED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.INTERRUPTED})
Done = tuple[Outcome, str]
"""The outcome of a step that ended well, and a detail of it."""


class _InterruptedError(OpsError):
    """Terraform was interrupted, and ended in order."""


@dataclass
class Deploy:
    """The deployment of one service."""

    environment: Environment
    service: str
    out: Path
    """The folder that synth writes."""
    ask: Callable[[str], None]
    """Asks you to confirm."""
    wanted: Wanted = field(default_factory=Wanted)
    skip: frozenset[Step] = frozenset()
    approved: Approved = NOTHING_APPROVED
    """What you approve of the plan."""
    clock: Time = CLOCK
    results: list[StepResult] = field(default_factory=list)
    runs: Runs | None = None
    """What runs at the end."""
    _previous: str = ""
    _planned: PhaseResult | None = None
    _asked: bool = False
    _followed: ServiceDeployment | None = None

    def __post_init__(self) -> None:
        self.repository = repository_of(self.environment, self.service)
        self._previous = self.digest

    @property
    def digest(self) -> str:
        """The digest in the release file."""
        return self.environment.releases[self.repository]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that this service has."""
        return tuple(step for step in Step if self._blue_green or step is not Step.DEPLOY)

    @property
    def _blue_green(self) -> bool:
        return self.environment.product.service(self.service).deployment == "blue_green"

    def run(self) -> None:
        """Run all steps. `results` has those that ended, also after an error.

        Raises:
            RefusedError: A check refuses the image, the stacks or the plan, you declined, or the deployment failed.
            OpsError: A step failed, or its result is unknown.
        """
        self.step(Step.IMAGE, self.release)
        self.step(Step.STACKS, self._stacks)
        if {Step.PLAN, Step.APPLY} <= self.skip:
            for step in (Step.PLAN, Step.APPLY):
                self.step(step, lambda: (Outcome.DONE, ""))
        else:
            with session(self.environment, self.out) as running:
                self.plan_and_apply(running)
        self.deploy(sessions.connect(self.environment))

    def preview(self) -> None:
        """Show the image that would be released, and the steps that would follow; change nothing.

        Raises:
            RefusedError: A check refuses the image.
            OpsError: It can't be checked.
        """
        chosen = None if Step.IMAGE in self.skip else choose(self.environment, self.service, self.wanted)
        show(chosen.shown if chosen else f"{self.repository}@{self.digest}, as the release file has it")
        if chosen:
            require(chosen.checks, "would not be deployed")
        show("then: " + ", ".join(step for step in self.steps if step not in {Step.IMAGE, *self.skip}))

    def plan_and_apply(self, running: Session) -> None:
        """Plan and apply phase services.

        Raises:
            RefusedError: The plan gate refuses the plan, or you declined.
            OpsError: Planning or applying failed, was interrupted, or waits for other phases.
        """
        self.step(Step.PLAN, lambda: self._plan(running))
        self.step(Step.APPLY, lambda: self._apply(running))

    def deploy(self, aws: Aws) -> None:
        """Start the deployment where CodeDeploy does it, follow it, and read what runs.

        Raises:
            RefusedError: Another deployment is in progress, or it failed.
            OpsError: Its result is unknown.
        """
        self._followed = ServiceDeployment(aws, self.environment, self.service, clock=self.clock)
        if self._blue_green:
            self.step(Step.DEPLOY, partial(self._deploy, self._followed))
        self.step(Step.WATCH, partial(self._watch, self._followed))

    def step(self, step: Step, work: Callable[[], Done]) -> None:
        """Run a step unless it is skipped, and keep its result."""
        if step in self.skip:
            self._keep(StepResult(step, Outcome.SKIPPED))
            return
        start = time.monotonic()
        try:
            outcome, detail = work()
        except (OpsError, OSError, KeyboardInterrupt) as error:
            outcome = _outcome(error)
            if outcome is Outcome.FAILED and step is Step.WATCH and self._continues(error):
                outcome = Outcome.UNKNOWN
            self._keep(StepResult(step, outcome, str(error), time.monotonic() - start))
            raise
        self._keep(StepResult(step, outcome, detail, time.monotonic() - start))

    def _continues(self, error: BaseException) -> bool:
        """Whether the deployment that was followed may still be in progress after an error."""
        return bool(self._followed and self._followed.followed.id) and not isinstance(error, DeploymentFailedError)

    def _keep(self, result: StepResult) -> None:
        self.results.append(result)
        say(str(result))

    def release(self) -> Done:
        """Choose and check the image, copy or tag it, and write the release file.

        Raises:
            RefusedError: A check refuses it, or you declined.
            OpsError: It can't be checked or copied; the release file is unchanged.
        """
        if self.wanted.rollback:
            self._stop_first()
        chosen = choose(self.environment, self.service, self.wanted)
        if chosen is None:
            return Outcome.NO_CHANGES, f"{self.repository}@{self.digest}"
        say(chosen.shown)
        require(chosen.checks, "not deployed")
        self.ask(chosen.question)
        chosen.carry_out()
        self.environment = load(self.environment.name)
        return (Outcome.DONE if chosen.change.diff else Outcome.NO_CHANGES), f"{self.repository}@{self.digest}"

    def _stop_first(self) -> None:
        """Stop CodeDeploy's deployment in progress: a rollback can't wait, and a group has one at a time."""
        aws = sessions.connect(self.environment)
        deployment = ServiceDeployment(aws, self.environment, self.service, clock=self.clock)
        if step := deployment.in_progress():
            say(f"{self.service}: {step}")
            self.ask(f"Stop the deployment of {self.service} in {self.environment.name}?")
            deployment.stop(step, journal(self.environment, aws, "deploy --rollback"))

    def _stacks(self) -> Done:
        synthesize(self.environment.name, self.out)
        gate(self.environment.name, self.out)
        return Outcome.DONE, "synthesized, and passed the gate"

    def _plan(self, running: Session) -> Done:
        refuse_before_bootstrap(running)
        stack = running.stacks([SERVICES])[SERVICES]
        try:  # The stack is that of main, which may have more than the image.
            refuse_before_upstream(running, stack)
        except WaitingError as error:
            at_once = f"; at once and without a plan: bin/ops rollback service {self.environment.name} {self.service}"
            raise OpsError(f"{error}{at_once if self.wanted.rollback else ''}") from None
        self._planned = Planner(running, self.approved).plan(stack)
        running.report("plan", [self._planned])
        _check(self._planned)
        return (Outcome.NO_CHANGES if self._planned.result is Result.NO_CHANGES else Outcome.DONE), self._planned.line

    def _apply(self, running: Session) -> Done:
        if self._planned and self._planned.result is Result.NO_CHANGES:
            return Outcome.NO_CHANGES, ""
        stacks = running.stacks([SERVICES])
        stack, applier = stacks[SERVICES], Applier(running, self.approved)
        applier.checked(stack)
        say(stack.saved_summary.read_text(encoding="utf-8").rstrip())
        if notes := applier.notes[SERVICES]:
            say(notes)
        caller = running.aws.caller
        deploys = f" and deploy {self.service}" if self._blue_green and Step.DEPLOY not in self.skip else ""
        with running.asking():
            self.ask(f"Apply to {self.environment.name} (account {caller.account}, as {caller.arn}){deploys}?")
        self._asked = True
        (applied,) = in_order(running, stacks, applier.apply)
        running.report("apply", [applied])
        _check(applied)
        return Outcome.DONE, applied.line

    def _deploy(self, deployment: ServiceDeployment) -> Done:
        started = deployment.start((lambda _: None) if self._asked else self.ask)
        id_ = deployment.followed.id
        if started:
            return Outcome.DONE, f"CodeDeploy's deployment {id_}"
        return Outcome.NO_CHANGES, f"CodeDeploy's deployment {id_} is in progress" if id_ else "it runs already"

    def _watch(self, deployment: ServiceDeployment) -> Done:
        deployment.watch()
        self.runs = deployment.runs()
        # A step that starts it was skipped on purpose.
        partly = {Step.APPLY, Step.DEPLOY} & self.skip
        if self.runs.digest != self.digest and not partly:
            raise DeploymentFailedError(f"{self.runs.image} runs, not {self.digest} of the release file")
        return Outcome.DONE, str(self.runs)

    def advice(self) -> list[str]:
        """After an error or an interruption: what continues in AWS, how to stop it, and how to continue."""
        failed = next((each for each in self.results if each.result in _UNFINISHED), None)
        if failed is None or failed.step is Step.IMAGE:
            return []
        name = f"{self.environment.name} {self.service}"
        followed = self._followed.followed.id if self._followed else ""
        continues = failed.step is Step.WATCH and failed.result in {Outcome.INTERRUPTED, Outcome.UNKNOWN}
        lines = []
        if continues and self._blue_green:
            lines = [f"CodeDeploy continues its deployment {followed}; to stop it: bin/ops deploy {name} --stop"]
        elif continues:
            lines = [f"ECS continues the deployment; to return to the previous one: bin/ops rollback service {name}"]
        at = Step.STACKS
        if failed.step in {Step.DEPLOY, Step.WATCH} and (continues or self._blue_green):
            at = Step.DEPLOY if self._blue_green else Step.WATCH
        return [*lines, f"to continue: bin/ops deploy {name} --start-at {at}"]

    def as_json(self, exit_code: int) -> str:
        """The result for a program, also after an error."""
        followed = self._followed.followed if self._followed else None
        data = {
            "version": 1,
            "command": "deploy",
            "environment": self.environment.name,
            "service": self.service,
            "controller": "CODE_DEPLOY" if self._blue_green else "ECS",
            "repository": self.repository,
            "digest": self.digest,
            "previous_digest": self._previous,
            "release_file": environments.shown(environments.release_file(self.environment)),
            "steps": [
                {**asdict(each), "seconds": round(each.seconds, 1)} for each in not_begun(self.results, self.steps)
            ],
            "deployment": (followed.id if followed else "") or None,
            "events": [asdict(event) for event in followed.events] if followed else [],
            "runs": self.runs.as_data() if self.runs else None,
            "exit_code": exit_code,
        }
        return json.dumps(data, indent=2)


def _check(result: PhaseResult) -> None:
    """Raise the error of a phase that didn't end well."""
    if result.result in {Result.CHANGES, Result.NO_CHANGES, Result.APPLIED}:
        if result.message:
            say(result.message)
        return
    message = result.message or result.line
    if result.result is Result.REFUSED:
        raise RefusedError(message)
    if result.result in {Result.INTERRUPTED, Result.NOT_BEGUN}:
        raise _InterruptedError(message)
    raise OpsError(f"{result.phase} is {result.line}" if result.waits_for else message)


def _outcome(error: BaseException) -> Outcome:
    if isinstance(error, KeyboardInterrupt | _InterruptedError):
        return Outcome.INTERRUPTED
    refused = isinstance(error, RefusedError) and not isinstance(error, DeploymentFailedError)
    return Outcome.REFUSED if refused else Outcome.FAILED

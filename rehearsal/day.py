"""Go-live day: from an empty account to traffic, and back, with the commands that operators run."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM
from typing import Any

from environments.arns import account_of
from modules.phases import BEFORE_ROLES, DEPLOYED, PHASES
from ops.aws.dns import PublicZone
from ops.aws.state_lock import StateLock
from ops.cutover.prepare import COMMAND as PREPARE
from ops.errors import WaitingError
from ops.journal import FOLDER as JOURNAL
from ops.journal import read
from ops.plan_gate.model import FindingKind
from ops.rollout.people import ADMINISTRATOR, DEPLOYER, PLANNER
from rehearsal.application.run import Application
from rehearsal.by_hand import health_check
from rehearsal.context import Rehearsal, zone_owner
from rehearsal.releases import Releases, releases
from rehearsal.restores import Restores
from rehearsal.rollout import StepError
from rehearsal.steps import CUTOVER, public_weights
from rehearsal.transcript import Transcript
from rehearsal.values import Values, project, variables
from rehearsal.visitors import ADDRESS, Visitors

PACE = 20.0
"""Factor by which alarm periods are shorter than on AWS."""
WATCH = 20
"""Seconds that each step's weight is watched."""
QUIET_SECONDS = 180
"""Seconds within which alarms must be OK again; with PACE, an hour on AWS."""
MINUTE = 60
PASTED = 5000
"""Bytes of a pasted value: more than a terminal's line has."""
STOPPED = [("watch", "interrupted"), ("back", "intended"), ("back", "done"), ("end", "back")]
"""How the journal of a cutover ends that is told to stop during a watch: events and outcomes."""
ABOUT = """\
From an empty account to traffic, and back: every command in order, with its output in a rehearsal of `{environment}` on
emulated AWS. `make rehearse ENV={environment} GO_LIVE=1` runs it again and writes this page to
`cdktf.out/reports/go-live-{environment}.md`.

On the day:

- Use `prod` as the environment. Commands that change the account ask for confirmation.
- Commit the release file after `promote` and `deploy`: a rollback to the previous release finds it in git.
- `cutover run` watches each step for `cutover.watch` seconds. The rehearsal watches for {watch} seconds.
- Each command is run by the role that it shows: what needs none reads files only, and the first `rollout` has the
  account's first credentials ([account](../account.md)). Each use of the break-glass role raises an alert.
- `rollout` stops with exit code 3 at steps that are yours, and continues when you run it again. If another command
  stops, run it again too.
- To return all traffic at any time: `bin/ops rollback dns prod`.
"""
"""What the page begins with."""
APPROVED = (FindingKind.WIDENING.flag,)
"""What operators approve in a first rollout: all that a new stack allows is new."""
ADMINISTRATORS = tuple(each.name for each in PHASES if each.role == ADMINISTRATOR and each.name not in BEFORE_ROLES)
"""The phases that administrators apply with the break-glass role."""
WAITS = WaitingError.exit_code
"""Exit code of a rollout that stops at steps of people."""


@dataclass
class Day:
    """One go-live day."""

    rehearsal: Rehearsal
    values: Values
    folder: Path
    log: Transcript
    releases: Releases
    restores: Restores
    waiting: str = ""
    """Output of the last rollout: what phases are waiting for."""

    @property
    def name(self) -> str:
        """Name of the environment."""
        return self.rehearsal.environment.name

    def run(self) -> None:
        """Run the day.

        Raises:
            StepError: A step failed.
        """
        with self.releases.registries:
            self.releases.first()
            self._run()

    def _run(self) -> None:
        self.log.headline("Synthesize and gate")
        self.synthesize()
        self.log.headline("Roll out")
        self.roll_out("With the credentials that exist before the account's roles", expect=(WAITS,))
        self.sign_in(ADMINISTRATOR)
        self.roll_out("Apply the administrators' phases that need no others", *ADMINISTRATORS, expect=(0, WAITS))
        self.give_secrets()
        self.promote()
        self.workload()
        self.prepare()
        self.finish()
        self._note_values()
        with Application.start(
            self.rehearsal.environment,
            self.folder / "application",
            self.rehearsal.emulator.endpoint,
            pace=PACE,
            password=self.restores.password(),
        ) as application:
            self.go_live(application)

    def sign_in(self, purpose: str) -> None:
        """Run the next commands as a role of the account, with a new session.

        Raises:
            OpsError: It can't be assumed; or it is break-glass, and no alert says so.
        """
        self.rehearsal.sign_in(purpose)
        self.log.variables, self.log.role = variables(), self.rehearsal.names.role(purpose)

    def synthesize(self) -> None:
        """What `make gate ENV=…` runs."""
        self.log.run("Synthesize", f"make synth ENV={self.name}", "-O", "main.py", self.name)
        self.log.ops("Check the stacks", "gate", self.name, rehearsed=())

    def roll_out(self, why: str, *phases: str, expect: Sequence[int] = (0,)) -> None:
        """Plan, show and apply phases wave by wave, until only steps of people are left."""
        self.log.ops(why, "rollout", self.name, *phases, *APPROVED, expect=expect)
        self.waiting = self.log.said if "waiting for" in self.log.said else ""

    def give_secrets(self) -> None:
        """Write every secret that operators write, the first of other issuers as a paste that is longer than a line.

        Raises:
            StepError: The paste was cut off.
        """
        self.log.headline("Secrets")
        operators = [each for each in self.rehearsal.environment.product.secrets if each.written_by == "operator"]
        for secret in operators:
            if secret.generated == "cache_url":
                self.log.ops(secret.description, "secrets", "rotate", self.name, secret.name, "--no-wait")
        self.sign_in(PLANNER)
        self.log.ops("List the secrets without a value", "secrets", "status", self.name, rehearsed=(), expect=(0, 1))
        self.sign_in(DEPLOYER)
        pasted = ""
        for secret in operators:
            about = secret.description
            if secret.generated == "cache_url":
                continue
            if secret.generated:
                self.log.ops(about, "secrets", "set", self.name, secret.name, "--generate")
            else:
                value = f"planted-{secrets.token_hex(16)}"
                if pasted:
                    self.log.ops(about, "secrets", "set", self.name, secret.name, "--stdin", given=value)
                    continue
                pasted = value.ljust(PASTED, "x")
                answers = {f"Value of {secret.name}:": pasted, "Again:": pasted, "Continue?": "y"}
                self.log.typed(about, "secrets", "set", self.name, secret.name, answers=answers)
                if f"has {PASTED:,} bytes" not in self.log.said:
                    raise StepError(f"a pasted value of {PASTED:,} bytes was cut off: {self.log.said}")
        self.sign_in(PLANNER)
        self.log.ops("Every secret has a value", "secrets", "status", self.name, rehearsed=())
        self.sign_in(DEPLOYER)

    def promote(self) -> None:
        """Copy the images of the release file to the registry, where another environment runs them first."""
        if self.releases.promoted:
            self.log.headline("Promote the images")
            self.releases.promote()

    def workload(self) -> None:
        """Roll out what the deployer applies."""
        self.log.headline("Roll out the workload")
        self.roll_out("Apply the deployer's phases", *DEPLOYED, expect=(0, WAITS))

    def prepare(self) -> None:
        """Replace the public name's plain record by weighted ones, if there is a plain one.

        Raises:
            StepError: The plan of `cutover` doesn't wait for it.
        """
        if not self.rehearsal.name_exists:
            return
        self.log.headline("Prepare the public name")
        if f"waiting for {PREPARE}" not in self.waiting:
            raise StepError(f"the plan of cutover doesn't wait for {PREPARE}")
        arguments = (*PREPARE.split(), self.name)
        self.log.ops("Show which records would be replaced", *arguments, "--dry-run", rehearsed=())
        self.log.ops("Replace them in one change, which users don't notice", *arguments)

    def finish(self) -> None:
        """Roll out what waited for these steps."""
        self.log.headline("Roll out the rest")
        if self.waiting:
            self.roll_out("The same command continues where it stopped", *DEPLOYED)
        self.sign_in(ADMINISTRATOR)
        self.roll_out("Apply what waited for the deployer's phases", *ADMINISTRATORS)

    def go_live(self, application: Application) -> None:
        """Migrate, verify, cut over with an automatic rollback, cut over again, and roll back by command."""
        address = f"{ADDRESS}:{application.tls_port}:{application.plain_port}"
        http = ("--connect-to", address, "--ca-file", str(application.ca_file))
        self.log.headline("Migrate")
        self.sign_in(DEPLOYER)
        if code := application.migrate():
            raise StepError(f"the application's migration ended with {code}")
        self.log.ops("Migrate the database's schema", "migrate", self.name)
        self.log.headline("Verify before users arrive")
        self.sign_in(PLANNER)
        self.log.ops("Check every exit criterion", "verify", self.name, rehearsed=http)
        self.log.headline("Drill restores")
        self.drill(application)
        self.sign_in(DEPLOYER)
        self.log.headline("A release that returns errors: the cutover rolls back by itself")
        with Visitors(self.rehearsal.environment, application):
            breaking = threading.Thread(target=self._break_under_traffic, args=(application,), daemon=True)
            breaking.start()
            self.cut_over(expect=1)
            breaking.join()
            application.errors(0)
            self.wait_for_quiet()
            self.log.headline("A cutover that is stopped by SIGTERM: it rolls back first")
            self.stop_the_watch()
            self.log.headline("Test the rollback")
            with self._health_check():
                self.cut_over("--to", "10")
                if "keeps health check" not in self.log.said:
                    raise StepError("cutover run doesn't show the health check that someone else set")
                self.back()
            self.log.headline("Cut over to a good release")
            self.cut_over()
            self.log.headline("Write the weight into the values")
            self.values.weight(100)
            self.synthesize()
            self.follow()
            self.log.headline("Go live")
            self.sign_in(PLANNER)
            self.log.ops("Print the go-live list", "golive", self.name, rehearsed=http)
            self.sign_in(DEPLOYER)
            self.log.headline("Deploy a release, and return to the previous one")
            self.deploy()
            self.log.headline("Run a task by hand")
            self.releases.run_tasks()
            self.log.headline("Roll back")
            self.back()
            self.log.ops("Show the weights in DNS", "cutover", "status", self.name, rehearsed=(), expect=(1,))

    def drill(self, application: Application) -> None:
        """Restore what the runbook of restores has, as administrators."""
        self.sign_in(ADMINISTRATOR)
        self.restores.drill(application)

    def deploy(self) -> None:
        """Deploy a new image of the first service, and roll it back.

        Raises:
            StepError: A command failed, or another image runs.
        """
        service = self.rehearsal.environment.product.services[0]
        previous = self.releases.released[service.repository]
        digest = self.releases.build(service, f"{service.name} 2")
        given = () if self.releases.promoted else ("--digest", digest)
        self.releases.deploy("Deploy the image that staging runs", service, digest, *given)
        self.releases.deploy("Return to the previous release", service, previous, "--rollback")

    def _health_check(self) -> AbstractContextManager[str]:
        """A health check that someone else sets on the previous target's records, which steps and rollback keep."""
        environment, zone = self.rehearsal.environment, self.rehearsal.environment.edge.zone
        account = account_of(zone.role) if zone.role else environment.account_id
        owner = zone_owner(environment, self.rehearsal.control.endpoint, account)
        zone_id = PublicZone(self.rehearsal.by(DEPLOYER).aws, environment, "rehearsal").id
        return health_check(owner, zone_id, environment)

    def _note_values(self) -> None:
        """Record every secret's value, to search for it later."""
        client = self.rehearsal.by(ADMINISTRATOR).aws.client("secretsmanager")
        for secret in self.rehearsal.environment.product.secrets:
            name = self.rehearsal.names.secret(secret.name)
            self.rehearsal.planted[name] = client.get_secret_value(SecretId=name)["SecretString"]

    def _break_under_traffic(self, application: Application) -> None:
        """Serve errors as soon as DNS sends users here: a cutover doesn't begin while alarms are on."""
        for _ in range(QUIET_SECONDS):
            if public_weights(self.rehearsal).get(self.rehearsal.names.weighted_records[0]):
                application.errors(0.5)
                return
            time.sleep(1)

    def wait_for_quiet(self) -> None:
        """Wait until no alarm is in ALARM, and then for the next minute, since a cutover evaluates whole minutes.

        Raises:
            StepError: One stays in ALARM.
        """
        alarms = self.rehearsal.owner.client("cloudwatch")
        on: list[str] = []
        for _ in range(QUIET_SECONDS):
            pages: Any = alarms.get_paginator("describe_alarms").paginate(
                StateValue="ALARM", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
            )
            kinds = ("MetricAlarms", "CompositeAlarms")
            on = [alarm["AlarmName"] for page in pages for kind in kinds for alarm in page.get(kind, ())]
            if not on:
                time.sleep(MINUTE - time.time() % MINUTE + 1)
                return
            time.sleep(1)
        raise StepError(f"alarms stay in ALARM: {', '.join(on)}")

    def cut_over(self, *options: str, expect: int = 0) -> None:
        """Move traffic here, in watched steps."""
        arguments = ("cutover", "run", self.name, *options)
        rehearsed = ("--watch", str(WATCH), "--yes")
        self.log.ops("Move traffic step by step", *arguments, rehearsed=rehearsed, expect=(expect,))

    def stop_the_watch(self) -> None:
        """Stop a cutover during the watch of its first step, as systems do that end a session.

        Raises:
            StepError: It doesn't roll back first, its journal doesn't have that, or it keeps the lock.
        """
        why = "Move traffic step by step; the machine shuts down during the watch"
        rehearsed = ("--watch", str(WATCH), "--yes")
        self.log.interrupted(why, SIGTERM, "cutover", "run", self.name, once="watching", rehearsed=rehearsed)
        weights, current = public_weights(self.rehearsal), self.rehearsal.names.weighted_records[0]
        if weights.get(current) != 0:
            raise StepError(f"a cutover that SIGTERM stopped left DNS at {weights}")
        entries = read(self.rehearsal.environment.prefix, self.folder / JOURNAL)
        ending = [(each.event, each.outcome) for each in entries[-len(STOPPED) :]]
        if ending != STOPPED:
            raise StepError(f"the journal of a cutover that SIGTERM stopped ends with {ending}, not with {STOPPED}")
        if holder := StateLock(self.rehearsal.owner, self.rehearsal.names, CUTOVER).holder():
            raise StepError(f"after a cutover that SIGTERM stopped, {holder}")
        self.log.ops("Nothing is open", "cutover", "status", self.name, rehearsed=())

    def follow(self) -> None:
        """Apply the weight that DNS already has.

        Raises:
            StepError: A record would change.
        """
        self.log.ops("The plan changes the output only, no record", "plan", self.name, CUTOVER, rehearsed=())
        if "outputs only" not in self.log.said:
            raise StepError(f"the values differ from DNS: {self.log.said}")
        self.log.ops("Apply the new output", "apply", self.name, CUTOVER)

    def back(self) -> None:
        """Return all traffic to the previous target."""
        self.log.ops("Return all traffic to staging", "rollback", "dns", self.name)


def day(rehearsal: Rehearsal) -> Day:
    """A day in a copy of the project, so that commands find the same files as in the project."""
    folder = rehearsal.folder / "project"
    values = project(rehearsal.environment, folder)
    log = Transcript(folder, variables())
    own = releases(rehearsal, values, log, rehearsal.folder)
    return Day(rehearsal, values, folder, log, own, Restores(rehearsal, values, log))

"""Go-live day, whole: from nothing to traffic, and back, with the commands that operators type."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from ops.cutover.prepare import COMMAND as PREPARE
from rehearsal.application.run import Application
from rehearsal.rollout import StepError
from rehearsal.stage import ROOT, Stage
from rehearsal.steps import ADMINISTRATOR, CUTOVER, public_weights
from rehearsal.transcript import Transcript
from rehearsal.values import Values
from rehearsal.visitors import ADDRESS, Visitors

PACE = 20.0
"""How many times faster than on AWS alarms' periods pass."""
WATCH = 20
"""Seconds that each step of weight is watched."""
QUIET_SECONDS = 180
"""After how long alarms must be off again; at that pace it is as an hour on AWS."""
MINUTE = 60
ROUNDS = (
    ("registry", "account"),
    ("network", "secrets"),
    ("data", "edge"),
    ("services", "hardening", "cutover"),
    ("observability",),
)
"""Phases that can be planned together, once those before are applied. The first takes the credentials that come before
the account's roles; from then on, an administrator applies."""


@dataclass
class Day:
    """One go-live day."""

    stage: Stage
    values: Values
    folder: Path
    log: Transcript

    @property
    def name(self) -> str:
        """Name of the environment, as commands take it."""
        return self.stage.environment.name

    def play(self) -> None:
        """All of it.

        Raises:
            StepError: Something did not go as it must.
        """
        self.log.headline("Synthesize and gate")
        self.synthesize()
        self.log.headline("Roll out")
        self.log.ops("The bucket for states", "bootstrap", self.name, "--yes")
        for phases in ROUNDS:
            if "services" in phases:
                self.give_secrets()
                self.prepare()
            self.roll_out(*phases)
            if "account" in phases:
                self.stage.comes_in(ADMINISTRATOR)
                self.log.variables = variables()
        with Application.start(
            self.stage.environment, self.folder / "application", self.stage.emulator.endpoint, pace=PACE
        ) as application:
            self.go_live(application)

    def synthesize(self) -> None:
        """What `make gate ENV=…` runs."""
        self.log.run("Terraform JSON of every phase", "-O", "main.py", self.name)
        self.log.ops("Nothing is applied that the gate has not passed", "gate", self.name)

    def roll_out(self, *phases: str) -> None:
        """Plan phases, and apply the plans."""
        self.log.ops("Plan", "plan", self.name, *phases)
        self.log.ops("Apply what was planned", "apply", self.name, "--yes")

    def give_secrets(self) -> None:
        """Every secret that operators write."""
        self.log.headline("Secrets")
        self.log.ops("Which have no value yet", "secrets", "status", self.name, expect=(1,))
        for secret in self.stage.environment.product.secrets:
            if secret.written_by != "operator":
                continue
            about = f"{secret.description}"
            if secret.generated == "cache_url":
                arguments = ("secrets", "rotate", self.name, secret.name, "--no-wait", "--yes")
                self.log.ops(about, *arguments)
            elif secret.generated:
                self.log.ops(about, "secrets", "set", self.name, secret.name, "--generate", "--yes")
            else:
                value = f"planted-{secrets.token_hex(16)}"
                self.log.ops(about, "secrets", "set", self.name, secret.name, "--stdin", "--yes", given=value)
        self.log.ops("All have one now", "secrets", "status", self.name)

    def prepare(self) -> None:
        """Weighted records in the place of the public name's plain one, where there is one.

        Raises:
            StepError: The plan of `cutover` doesn't wait for it.
        """
        if not self.stage.name_exists:
            return
        self.log.headline("Prepare the public name")
        self.log.ops("The plan of cutover says what comes first", "plan", self.name, CUTOVER)
        if f"waiting for {PREPARE}" not in self.log.said:
            raise StepError(f"the plan of cutover doesn't wait for {PREPARE}")
        arguments = (*PREPARE.split(), self.name)
        self.log.ops("What would be replaced", *arguments, "--dry-run")
        self.log.ops("One change, which no user notices", *arguments, "--yes")

    def go_live(self, application: Application) -> None:
        """Migrate, verify, cut over, go back by itself, cut over again, and go back by hand."""
        self._note_values()
        where = (f"{ADDRESS}:{application.tls_port}:{application.plain_port}", str(application.ca_file))
        http = ("--connect-to", where[0], "--ca-file", where[1])
        self.log.headline("Migrate")
        if code := application.migrate():
            raise StepError(f"the application's migration ended with {code}")
        self.log.ops("The database's schema", "migrate", self.name, "--yes")
        self.log.headline("Verify before any user comes")
        self.log.ops("Every exit criterion", "verify", self.name, *http)
        self.log.headline("A release that answers errors: the cutover goes back by itself")
        with Visitors(self.stage.environment, application):
            breaking = threading.Thread(target=self._break_under_traffic, args=(application,), daemon=True)
            breaking.start()
            self.cut_over(expect=1)
            breaking.join()
            application.errors(0)
            self.wait_for_quiet()
            self.log.headline("The way back, once by hand")
            self.cut_over("--to", "10")
            self.back()
            self.log.headline("The good release")
            self.cut_over()
            self.log.headline("The values follow")
            self.values.weight(100)
            self.synthesize()
            self.follow()
            self.log.headline("Go live")
            self.log.ops("The list", "golive", self.name, *http)
            self.log.headline("And back")
            self.back()
            self.log.ops("What DNS says", "cutover", "status", self.name, expect=(1,))

    def _note_values(self) -> None:
        """Note what every secret holds, to look for it where it must not be."""
        client = self.stage.session.aws.client("secretsmanager")
        for secret in self.stage.environment.product.secrets:
            name = self.stage.names.secret(secret.name)
            self.stage.planted[name] = client.get_secret_value(SecretId=name)["SecretString"]

    def _break_under_traffic(self, application: Application) -> None:
        """Answer errors from the moment on that DNS sends users here: a cutover doesn't begin with alarms on."""
        for _ in range(QUIET_SECONDS):
            if public_weights(self.stage).get(f"{self.stage.names.prefix}-current"):
                application.errors(0.5)
                return
            time.sleep(1)

    def wait_for_quiet(self) -> None:
        """Wait until no alarm is on, and the minute is over: a cutover looks at all of the minute that it begins in.

        Raises:
            StepError: One stays on.
        """
        alarms = self.stage.session.aws.client("cloudwatch")
        on: list[str] = []
        for _ in range(QUIET_SECONDS):
            found = alarms.describe_alarms(StateValue="ALARM", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
            on = [each["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for each in found.get(kind, [])]
            if not on:
                time.sleep(MINUTE - time.time() % MINUTE + 1)
                return
            time.sleep(1)
        raise StepError(f"alarms stay on: {', '.join(on)}")

    def cut_over(self, *options: str, expect: int = 0) -> None:
        """Move traffic here, in watched steps."""
        arguments = ("cutover", "run", self.name, *options, "--watch", str(WATCH), "--yes")
        self.log.ops("Traffic moves step by step", *arguments, expect=(expect,))

    def follow(self) -> None:
        """Apply the value that DNS has already.

        Raises:
            StepError: A record would change.
        """
        said = self.log.ops("Terraform agrees with DNS: only the output changes", "plan", self.name, CUTOVER, "--json")
        (planned,) = json.loads(said)["phases"]
        if planned["counts"]:
            raise StepError(f"the values say another thing than DNS: {planned['counts']}")
        self.log.ops("So that the output says it too", "apply", self.name, CUTOVER, "--yes")

    def back(self) -> None:
        """Give all traffic back."""
        self.log.ops("DNS answers with staging again", "rollback", "dns", self.name, "--yes")


def day(stage: Stage) -> Day:
    """A day in a copy of the project, where an operator's commands find everything as in the project itself."""
    folder = stage.folder / "project"
    values = Values(stage.environment, folder)
    shutil.copytree(ROOT / "policies", folder / "policies", ignore=shutil.ignore_patterns("__pycache__"))
    return Day(stage, values, folder, Transcript(folder, variables()))


def variables() -> dict[str, str]:
    """What commands run with: the credentials of whoever came in last among them."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "140"}

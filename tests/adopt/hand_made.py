"""A hand-made environment on emulated AWS, and an operator who adopts it with the commands, in a copy of the values."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from environments.schema import Environment
from modules.phases import PHASES
from ops.plan_gate.model import APPROVABLE
from ops.terraform.provider.setting import SETTING, CachedSchema
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import credentials
from rehearsal.emulator.settings import environment as variables_of
from rehearsal.people import People
from tests.adopt.by_hand import ByHand
from tests.products import HERE

ROOT = Path(__file__).parents[2]
APPROVED = tuple(each.flag for each in APPROVABLE)
"""A reviewer approves what a plan of adoption changes: keys, rules, policies and retention as the code has them."""
Body = dict[str, Any]


@dataclass(frozen=True)
class HandMade:
    """The account, and the commands of its operator."""

    environment: Environment
    folder: Path
    variables: dict[str, str]
    """Of the operator: with the account's first credentials, until a role is assumed."""
    people: People

    @property
    def out(self) -> Path:
        return self.folder / "cdktf.out"

    @property
    def values(self) -> Path:
        """The file with the values `existing`."""
        return self.folder / "values" / "existing" / f"{self.environment.name}.json"

    def client(self, service: Any) -> Any:
        first = credentials(self.environment.account_id)["AWS_ACCESS_KEY_ID"]
        return _client(service, self.environment.region, self.variables["AWS_ENDPOINT_URL"], first)

    def assume(self, purpose: str) -> None:
        """Continue as a role of the account: that of `data` writes a secret, which its policy denies to others."""
        self.variables.update(self.people.as_role(purpose))

    def ops(self, command: str, *arguments: str, expect: int = 0) -> str:
        """Run a command; returns what it printed."""
        line = [sys.executable, "-m", "ops", command, self.environment.name, *arguments, "--out", str(self.out)]
        return self._run(line, expect)

    def synth(self) -> None:
        """Synthesize and gate."""
        self._run([sys.executable, "-O", "main.py", self.environment.name], 0)
        self.ops("gate")

    def plan(self, *phases: str, expect: int = 0) -> dict[str, str]:
        """Plan phases; returns the result of each."""
        self.ops("plan", *phases, *APPROVED, expect=expect)
        name = self.environment.name
        report = json.loads((self.out / "reports" / f"run-plan-{name}.json").read_text(encoding="utf-8"))
        return {each["phase"]: each["result"] for each in report["phases"]}

    def verdict(self, phase: str) -> Body:
        """The plan gate's verdict of a phase's last plan with changes."""
        file = self.out / "reports" / f"plan-{self.environment.name}-{phase}.json"
        verdict: Body = json.loads(file.read_text(encoding="utf-8"))
        return verdict

    def adopt(self, *phases: str) -> Body:
        """Write the values; returns what was found."""
        found: Body = json.loads(self.ops("adopt", *phases, "--write", "--json"))
        return found

    def stacks(self) -> dict[str, Body]:
        """Content of the stacks by phase."""
        folder = self.out / "stacks"
        files = {each.name: folder / f"{self.environment.name}-{each.name}" / "cdk.tf.json" for each in PHASES}
        return {phase: json.loads(file.read_text(encoding="utf-8")) for phase, file in files.items()}

    def _run(self, line: list[str], expect: int) -> str:
        done = subprocess.run(line, cwd=ROOT, env=self.variables, capture_output=True, text=True, check=False)
        assert done.returncode == expect, f"{line}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@cache
def _client(service: Any, region: str, endpoint: str, key: str) -> Any:
    return boto3.client(
        service, region, endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key="-", aws_session_token="-"
    )


@contextmanager
def hand_made(
    environment: Environment, product: str, folder: Path, phases: Collection[str], plain: Collection[str]
) -> Iterator[HandMade]:
    """An account in which these phases' resources were made by hand.

    Args:
        environment: Whose shape it has.
        product: Its folder of values.
        folder: A folder for the copy of the values, and for the stacks.
        phases: Phases whose resources exist.
        plain: Addresses of resources with settings that can't be changed in place.
    """
    shutil.copytree(HERE / product, folder / "values")
    with Emulator.start(environment.account_id, folder / "emulator.log") as emulator:
        own = {"ENVIRONMENTS": str(folder / "values"), "CDKTF_OUTDIR": str(folder / "cdktf.out")}
        variables = {
            **variables_of(emulator.endpoint, environment.account_id, os.environ),
            **own,
            SETTING: CachedSchema.PLAN,
        }
        people = People(environment, emulator.endpoint)
        account = HandMade(environment, folder, variables, people)
        account.synth()
        people.exist()
        ByHand(account.client, account.stacks(), environment.account_id, plain=plain).make(*phases)
        yield account

"""What a rehearsal works with: emulated AWS, a folder of its own, and the runner that operators have."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import environments
from environments.arns import account_of
from environments.names import Names
from modules.phases import PHASES
from ops.aws.states import States
from ops.errors import OpsError, RefusedError
from ops.terraform.session import Session, session
from ops.terraform.stack import Stack
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import credentials
from rehearsal.emulator.settings import environment as emulated
from rehearsal.people import People, zone_roles

if TYPE_CHECKING:
    from types_boto3_route53 import Route53Client

    from environments.schema import Environment

ROOT = Path(__file__).parents[1]
ACCESS = "access.jsonl"
"""File in a rehearsal's folder: the requests of authorization that roles made, and what decided each."""
SHOWN = ("outcome", "counts", "changes", "approved", "findings")
"""What a rehearsal's report has of the plan gate's."""


class Synthesized(NamedTuple):
    """Synthesized stacks, and the values that they follow."""

    out: Path
    """Folder that synth wrote."""
    values: Path
    """Folder of the values."""


@dataclass
class Rehearsal:
    """An environment on emulated AWS."""

    environment: Environment
    source: Synthesized
    """The environment's own stacks."""
    folder: Path
    """Its own cdktf.out: stacks, reports and Terraform's files."""
    session: Session
    emulator: Emulator
    control: Control
    people: People
    _open: ExitStack
    """The session, until another principal signs in."""
    planted: dict[str, str] = field(default_factory=dict)
    """Values of secrets, by name; they must not be stored in any file, log or state."""
    plans: list[dict[str, Any]] = field(default_factory=list)
    """The plan gate's report of each applied plan, in their order."""

    @property
    def names(self) -> Names:
        """Every AWS name."""
        return Names(self.environment)

    @property
    def interrupted(self) -> bool:
        """Whether you pressed Ctrl-C."""
        return self.session.terraform.interrupted.is_set()

    @property
    def name_exists(self) -> bool:
        """Whether the public name is a plain record before the rollout: its zone exists, and the name resolves."""
        return self.environment.edge.zone.kind != "created" and self.environment.cutover.previous is not None

    @property
    def kept(self) -> Path:
        """Copies of all saved plans; the last step searches them for secrets."""
        return self.folder / "plans"

    def keep_report(self, stack: Stack) -> None:
        """Remember the plan gate's report of a stack's plan: the next plan replaces it."""
        report = json.loads((self.folder / "reports" / f"plan-{stack.name}.json").read_bytes())
        self.plans.append({"stack": stack.name, **{key: report[key] for key in SHOWN}})

    def sign_in(self, purpose: str | None) -> None:
        """Continue with the credentials of one of the account's roles; None: with the first ones.

        Args:
            purpose: `break-glass` or `deployer`.

        Raises:
            AwsError: The role's trust policy denies its principal.
        """
        first, interrupted = credentials(self.environment.account_id), self.interrupted
        os.environ.update(self.people.as_role(purpose) if purpose else first)
        self._open.close()
        self.session = self._open.enter_context(session(self.environment, self.folder))
        if interrupted:
            self.session.terraform.interrupted.set()

    def switch_to(self, environment: Environment) -> None:
        """Use another environment of the same stage from now on."""
        self.environment = self.people.environment = environment
        self.people.exist()
        states = States(self.session.aws, environment)
        self.session = replace(self.session, environment=environment, states=states)

    def take(self, made: Synthesized, phases: tuple[str, ...] = ()) -> None:
        """Copy an environment's synthesized stacks, unchanged, and gate them.

        Args:
            made: The stacks, of this project or of a copy with other values.
            phases: Phases to copy; empty means all.

        Raises:
            OpsError: One isn't synthesized.
            RefusedError: The gate refuses them.
        """
        for phase in PHASES:
            if phases and phase.name not in phases:
                continue
            name = self.names.stack(phase.name)
            target = self.folder / "stacks" / name
            target.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(made.out / "stacks" / name / "cdk.tf.json", target / "cdk.tf.json")
            except FileNotFoundError:
                raise OpsError(f"{name} isn't synthesized; make synth ENV={self.environment.name}") from None
        self.gate(made.values)

    def gate(self, values: Path) -> None:
        """Run the gate as operators do.

        Args:
            values: The folder of the values, with which the gate compares the stacks.

        Raises:
            RefusedError: The gate refuses them.
        """
        command = [sys.executable, "-m", "ops", "gate", self.environment.name, "--out", str(self.folder)]
        settings = {**os.environ, "ENVIRONMENTS": str(values)}
        done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RefusedError(
                f"the gate refuses {self.environment.name}: {done.stdout.strip()[-2000:]}{done.stderr[-500:]}"
            )


@contextmanager
def emulated_environment(environment: Environment, out: Path, name: str) -> Iterator[Rehearsal]:
    """Start emulated AWS with what exists before a rollout, and point this process at it while this lasts.

    Args:
        environment: The environment.
        out: Folder that synth wrote.
        name: Of the rehearsal; what an earlier one of that name left goes.
    """
    folder = (out / "rehearsal" / name).absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    before = dict(os.environ)
    with Emulator.start(environment.account_id, folder / "emulator.log", folder / ACCESS) as emulator:
        try:
            os.environ.clear()
            os.environ.update(emulated(emulator.endpoint, environment.account_id, before))
            # The operators' own cache: a rehearsal must not download the provider again.
            os.environ.setdefault("TF_PLUGIN_CACHE_DIR", str(_plugin_cache()))
            control = Control(emulator.endpoint, environment.account_id, environment.region)
            seed(environment, control)
            people = People(environment, emulator.endpoint)
            people.exist()
            with ExitStack() as entered:
                running = entered.enter_context(session(environment, folder))
                own = Synthesized(out, environments.FOLDER)
                yield Rehearsal(environment, own, folder, running, emulator, control, people, entered)
        finally:
            os.environ.clear()
            os.environ.update(before)


def _plugin_cache() -> Path:
    cache = ROOT / ".terraform" / "plugin-cache"
    cache.mkdir(parents=True, exist_ok=True)
    return cache


def seed(environment: Environment, control: Control) -> None:
    """What AWS granted the account; the zone, where it is not the rollout's own, and the roles of its account.

    The public name is in that zone, as it is before a rollout.
    """
    control.raise_certificate_names(environment.quotas.certificate_names)
    zone = environment.edge.zone
    if zone.kind != "created" and zone.id is not None:
        account = account_of(zone.role) if zone.role else environment.account_id
        control.seed_zone(account, zone.id, zone.name)
        for role, trusted in zone_roles(environment).items():
            control.seed_role(account, role.rpartition("/")[2], trusted)
        _seed_name(environment, control.endpoint, account, zone.id)


def zone_owner(environment: Environment, endpoint: str, account_id: str) -> Route53Client:
    """A client of someone who may do everything in the zone's account."""
    import boto3  # noqa: PLC0415  (loads slowly)

    keys: Any = {name.lower(): value for name, value in credentials(account_id).items()}
    client: Route53Client = boto3.client("route53", region_name=environment.region, endpoint_url=endpoint, **keys)
    return client


def _seed_name(environment: Environment, endpoint: str, account_id: str, zone_id: str) -> None:
    """The public name as plain alias records of the previous target, if there is one; by AWS's own call and rules."""
    previous = environment.cutover.previous
    if previous is None:
        return
    client = zone_owner(environment, endpoint, account_id)
    alias = {"HostedZoneId": previous.zone_id, "DNSName": previous.dns_name, "EvaluateTargetHealth": True}
    changes: Any = [
        {"Action": "CREATE", "ResourceRecordSet": {"Name": environment.edge.host, "Type": kind, "AliasTarget": alias}}
        for kind in previous.record_types
    ]
    client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})

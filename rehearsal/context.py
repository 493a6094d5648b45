"""What a rehearsal works with: emulated AWS, a folder of its own, and the runner that operators have."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

import environments
from environments.arns import account_of
from environments.names import Names
from modules.phases import PHASES
from ops.aws.session import Aws, connect
from ops.aws.states import States
from ops.errors import OpsError, RefusedError
from ops.rollout.people import ADMINISTRATOR
from ops.terraform.provider.setting import SETTING, CachedSchema, chosen
from ops.terraform.session import Session, session
from ops.terraform.stack import Stack
from rehearsal import alerts
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import credentials
from rehearsal.emulator.settings import environment as emulated
from rehearsal.emulator.tokens import ISSUER, tokens
from rehearsal.people import READS_ZONE, People, zone_roles

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
    """Of who signed in last: with the first credentials, until a role is assumed."""
    owner: Aws
    """The account with its first credentials, which are never denied: what the rehearsal itself reads and sets."""
    emulator: Emulator
    control: Control
    people: People
    planted: dict[str, str] = field(default_factory=dict)
    """Values of secrets, by name; they must not be stored in any file, log or state."""
    plans: list[dict[str, Any]] = field(default_factory=list)
    """The plan gate's report of each applied plan, in their order."""
    signed_in: str | None = None
    """Purpose of the role that was assumed last; None for the first credentials."""
    alerts: list[str] = field(default_factory=list)
    """The alert that each use of the break-glass role raised."""
    refused: range = range(0)
    """Numbers of the requests that were made because they must be denied."""
    before: list[tuple[Environment, int]] = field(default_factory=list)
    """Smaller environments that it had first, each with the number of requests until it changed."""
    started: float = field(default_factory=time.monotonic)
    """When it began, by the monotonic clock."""
    _roles: dict[str, Aws] = field(default_factory=dict)
    """The last session of each role, by its purpose."""
    _lock: RLock = field(default_factory=RLock)

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

    @property
    def vpc_id(self) -> str:
        """Id of the environment's VPC; its phase must be applied."""
        wanted: Any = [{"Name": "tag:Name", "Values": [self.names.prefix]}]
        (vpc,) = self.owner.client("ec2").describe_vpcs(Filters=wanted)["Vpcs"]
        return str(vpc["VpcId"])

    def requests(self) -> list[Mapping[str, Any]]:
        """Every request of authorization until now, and what decided it."""
        file = self.folder / ACCESS
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]

    def keep_report(self, stack: Stack) -> None:
        """Remember the plan gate's report of a stack's plan: the next plan replaces it."""
        report = json.loads((self.folder / "reports" / f"plan-{stack.name}.json").read_bytes())
        self.plans.append({"stack": stack.name, **{key: report[key] for key in SHOWN}})

    def sign_in(self, purpose: str | None) -> None:
        """Continue with a new session of a role of the account, also in commands; None: with the first credentials.

        Args:
            purpose: `break-glass`, `deployer` or `planner`.

        Raises:
            AwsError: The role's trust policy denies its principal.
            OpsError: The break-glass role was assumed, and no alert says so.
        """
        with self._lock:
            aws = self._assumed(purpose) if purpose else self.owner
            keys = aws.credentials.keys()
            os.environ.update(
                AWS_ACCESS_KEY_ID=keys.access_key,
                AWS_SECRET_ACCESS_KEY=keys.secret_key,
                AWS_SESSION_TOKEN=keys.token or "",
            )
            self.signed_in, self.session = purpose, self._with(aws)

    def by(self, purpose: str) -> Session:
        """A session of a role of the account; before the first sign-in with a role, that of the first credentials.

        It knows no state from before: another role may have changed it.

        Args:
            purpose: `break-glass`, `deployer` or `planner`.

        Raises:
            AwsError: The role's trust policy denies its principal.
            OpsError: The break-glass role was assumed, and no alert says so.
        """
        if self.signed_in is None:
            return self.session
        with self._lock:
            return self._with(self._roles.get(purpose) or self._assumed(purpose))

    def _assumed(self, purpose: str) -> Aws:
        """Assume a role; each use of break-glass must raise its alert."""
        if purpose == ADMINISTRATOR:
            with alerts.heard(self.owner, self.names) as messages:
                variables = self.people.as_role(purpose)
            self.alerts.append(alerts.of_administrator(messages, self.people.administrator))
        else:
            variables = self.people.as_role(purpose)
        before = {name: os.environ[name] for name in variables}
        os.environ.update(variables)
        try:
            self._roles[purpose] = connect(self.environment)
        finally:
            os.environ.update(before)
        return self._roles[purpose]

    def _with(self, aws: Aws) -> Session:
        """The session of another caller; Ctrl-C and the progress are the same."""
        terraform = replace(self.session.terraform, credentials=aws.credentials)
        return replace(self.session, aws=aws, states=States(aws, self.environment), terraform=terraform)

    def switch_to(self, environment: Environment) -> None:
        """Use another environment of the same stage from now on."""
        self.before.append((self.environment, len(self.requests())))
        self.environment = self.people.environment = environment
        self.people.exist()
        self._roles.clear()
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

    Raises:
        RefusedError: The environment takes over resources, and the emulated account has none.
    """
    if environment.existing:
        where = environments.shown(environments.existing_file(environment))
        raise RefusedError(
            f"a rehearsal's account is empty, so nothing in {where} can be imported; rehearse without it"
        )
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
            os.environ[SETTING] = chosen(default=CachedSchema.PLAN)
            control = Control(emulator.endpoint, environment.account_id, environment.region)
            seed(environment, control)
            with tokens() as signing, session(environment, folder) as running:
                control.seed_issuer(ISSUER, signing.address)
                people = People(environment, emulator.endpoint, signing)
                people.exist()
                own = Synthesized(out, environments.FOLDER)
                yield Rehearsal(environment, own, folder, running, running.aws, emulator, control, people)
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
    if account := seed_zone(environment, control):
        _seed_name(environment, control.endpoint, account, environment.edge.zone.id or "")


def seed_zone(environment: Environment, control: Control) -> str:
    """The zone, where it is not the rollout's own, and the roles of its account; returns that account, or nothing."""
    zone = environment.edge.zone
    if zone.kind == "created" or zone.id is None:
        return ""
    account = account_of(zone.role) if zone.role else environment.account_id
    control.seed_zone(account, zone.id, zone.name)
    for role, trusted in zone_roles(environment).items():
        actions = ("*",) if role == zone.role else READS_ZONE
        control.seed_role(account, role.rpartition("/")[2], trusted, actions)
    return account


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

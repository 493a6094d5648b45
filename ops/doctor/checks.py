"""Every check of `doctor`: its name, the commands that need it, what it checks, and what to do if it fails."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.session import Session
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import environments
from environments.names import Names
from environments.schema import Environment
from modules.engines import PYTHON, chosen
from modules.node import CACHE, CHOSEN, cache_folder, packaged
from modules.phases import AccountRole
from ops.aws.errors import AwsError
from ops.aws.session import ENDPOINT, connect, elsewhere
from ops.conditions import FailedError, SkippedError, UnknownError, holds
from ops.doctor import provider
from ops.doctor.machine import Machine, UnreachableError
from ops.errors import OpsError
from ops.tasks.sessions import PROGRAMS
from ops.terraform.inherited import inherited

EVERY = "every command"
TERRAFORM = ("bootstrap", "plan", "apply", "drift", "console", "recover", "destroy", "deploy", "rehearse")
"""Commands that run Terraform."""
SYNTHESIS = ("make synth", "gate", "adopt", "cost", "parity", "report", "diagram", *TERRAFORM)
"""Commands that read synthesized stacks."""
STATES = (
    "adopt",
    "bootstrap",
    "plan",
    "apply",
    "drift",
    "outputs",
    "console",
    "recover",
    "destroy",
    "deploy",
    "status",
)
"""Commands that read the states of phases."""
SESSIONS = ("exec", "db")
RELEASES = ("deploy", "promote", "release", "rollback")
TASKS = ("migrate", "run", "tasks", "logs", *SESSIONS)
OF_AWS = (*STATES, "verify", "golive", *RELEASES, "secrets", *TASKS, "cutover", "prices")
"""Commands that call AWS."""
TERRAFORM_FROM, TERRAFORM_BELOW = (1, 11), (2, 0)
"""Versions of Terraform that work: the lock of a state in S3 and write-only arguments are in 1.11.

https://developer.hashicorp.com/terraform/language/v1.11.x/upgrade-guides
"""
NODE_FROM = 20
"""Major versions of Node that jsii supports. https://github.com/aws/jsii#readme (Node Release Support)"""
CLOCK_SECONDS = 300
"""How far the clock may be off: "a request must reach AWS within five minutes of the time stamp in the request".

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""
FREE_BYTES = 1_000_000_000
"""Space that Terraform's provider, its plans and, with node, jsii's packages need together (docs/performance.md)."""
TEMPORARY_BYTES = 200_000_000
"""Space for temporary files: jsii unpacks its packages there if it can't keep them."""
QUICK = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1})
"""For one call, whose failure is a result."""
_NO_NETWORK = ("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ProxyConnectionError", "SSLError")
UNREACHABLE = frozenset({*_NO_NETWORK, "NoAnswer"})
"""Errors that say nothing about the credentials."""
ROLES = {
    AccountRole.PLANNER: "the planner's role: plan, drift and what changes nothing",
    AccountRole.DEPLOYER: "the deployer's role: its phases, releases and traffic",
    AccountRole.BREAK_GLASS: "the administrators' role: every command",
}
"""What a role may do, by its purpose: docs/adr/0004-who-applies-what.md."""
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
REGISTRY = "https://registry.terraform.io/.well-known/terraform.json"
"""https://developer.hashicorp.com/terraform/internals/remote-service-discovery"""
DOWNLOADS = "https://releases.hashicorp.com/"
"""Where the registry's answers say that HashiCorp's providers are."""
GLOBAL_REGION = "us-east-1"
"""Where AWS's clock is asked for without an environment."""


class Service(NamedTuple):
    """A service of AWS."""

    host: str
    """First part of its host's name."""
    variable: str
    """End of the variable with another endpoint.

    https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html
    """
    commands: tuple[str, ...]
    """Commands that call it."""


_APPLIED = ("plan", "apply", "drift", "destroy", "deploy")
SERVICES = (
    Service("sts", "STS", OF_AWS),
    Service("s3", "S3", (*STATES, "golive", "cutover", "rollback")),
    Service("ec2", "EC2", (*_APPLIED, "verify")),
    Service("iam", "IAM", (*_APPLIED, "verify")),
    Service("kms", "KMS", _APPLIED),
    Service("ecs", "ECS", (*_APPLIED, "verify", "release", "rollback", *TASKS)),
    Service("api.ecr", "ECR", (*_APPLIED, "verify", "promote")),
    Service("codedeploy", "CODEDEPLOY", (*_APPLIED, "release", "rollback")),
    Service("secretsmanager", "SECRETS_MANAGER", (*_APPLIED, "secrets")),
    Service("rds", "RDS", (*_APPLIED, "verify", "migrate", "db")),
    Service("elasticloadbalancing", "ELASTIC_LOAD_BALANCING_V2", (*_APPLIED, "verify", "cutover", "rollback")),
    Service("route53", "ROUTE_53", (*_APPLIED, "verify", "cutover", "rollback")),
    Service("monitoring", "CLOUDWATCH", (*_APPLIED, "verify", "cutover")),
    Service("logs", "CLOUDWATCH_LOGS", (*_APPLIED, "logs", "migrate", "run")),
    Service("ssm", "SSM", SESSIONS),
    Service("cloudtrail", "CLOUDTRAIL", ("golive",)),
)


@dataclass(frozen=True)
class Check:
    """One check."""

    name: str
    commands: tuple[str, ...]
    """Commands that need it."""
    check: Callable[[Machine], str]
    """Returns the evidence, or raises FailedError, UnknownError or SkippedError."""
    advice: str
    """What to do if it doesn't pass."""


def python(machine: Machine) -> str:
    """Python has a version that the project supports."""
    wanted = tomllib.loads((machine.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    found = ".".join(map(str, sys.version_info[:3]))
    if not SpecifierSet(wanted).contains(found, prereleases=True):
        raise FailedError(f"{found}, and {wanted} is needed")
    return f"{found} (needs {wanted})"


def packages(machine: Machine, file: str = "requirements.txt") -> str:
    """The installed packages are those of the requirements file."""
    wrong, count = [], 0
    for line in (machine.root / file).read_text(encoding="utf-8").splitlines():
        if not re.match(r"[A-Za-z0-9]", line):
            continue
        wanted = Requirement(line.rstrip(" \\"))
        if wanted.marker and not wanted.marker.evaluate():
            continue
        count += 1
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{wanted.name} is missing")
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            wrong.append(f"{wanted.name} is {found}, not {wanted.specifier}")
    return holds([f"{len(wrong)} of {count}: {', '.join(wrong[:5])}"] if wrong else [], f"{count} of {file}")


def rehearsal_packages(machine: Machine) -> str:
    """The packages of tests and rehearsals, if they are installed, are those of requirements-dev.txt."""
    if not (machine.root / ".venv" / ".dev").exists():
        raise SkippedError("not installed; make rehearse and make setup-dev install them")
    return packages(machine, "requirements-dev.txt")


def values(machine: Machine) -> str:
    """The values of the environment, or of all, can be read and are valid."""
    if machine.problem:
        raise FailedError(machine.problem)
    if machine.environment:
        return f"{machine.environment.name} is valid"
    try:
        loaded = environments.load_each()
    except environments.UnknownEnvironmentError as error:
        raise FailedError(str(error)) from None
    problems = [*loaded.broken.values(), *loaded.conflicts]
    return holds(
        ["; ".join(" ".join(str(each).split()) for each in problems)] if problems else [],
        f"valid: {', '.join(each.name for each in loaded.environments)}",
    )


def node(machine: Machine) -> str:
    """The Node that runs jsii starts, and jsii supports its version; the engine in Python needs none."""
    if not packaged() and CHOSEN not in machine.variables and chosen(machine.variables).name == PYTHON:
        raise SkippedError("not installed, and the engine in Python needs none; make setup-dev installs it")
    path = machine.variables.get(CHOSEN) or str(packaged() or "") or machine.path("node")
    if not path:
        raise FailedError("there is no node")
    found = machine.output(path, "--version").strip()
    version = re.fullmatch(r"v(\d+)\.\d+\.\d+.*", found)
    if not version:
        raise FailedError(f"{path} isn't a node: it prints {found[:60]!r}")
    return holds(
        [f"{found} of {path}, and jsii needs {NODE_FROM} or newer"] if int(version[1]) < NODE_FROM else [],
        f"{found} of {'.venv' if path == str(packaged()) else path}",
    )


def terraform(machine: Machine) -> str:
    """Terraform has a version that works."""
    path = machine.path("terraform")
    if not path:
        raise FailedError("no terraform on the PATH")
    kept = {**inherited(machine.variables).kept, "CHECKPOINT_DISABLE": "1"}
    printed = machine.output(path, "version", "-json", variables=kept)
    try:
        found = str(json.loads(printed)["terraform_version"])
        version = tuple(map(int, re.findall(r"\d+", found)[:2]))
    except (ValueError, LookupError, TypeError):
        raise FailedError(f"{path} isn't Terraform: `version -json` prints {printed[:60]!r}") from None
    low, high = (".".join(map(str, each)) for each in (TERRAFORM_FROM, TERRAFORM_BELOW))
    if not TERRAFORM_FROM <= version < TERRAFORM_BELOW:
        raise FailedError(f"{found} of {path}, and {low} or newer is needed, below {high}")
    return f"{found} of {path}"


def terraform_variables(machine: Machine) -> str:
    """Which variables of this shell Terraform doesn't get."""
    removed = inherited(machine.variables).removed
    return f"commands remove {', '.join(removed)}; a terraform by hand uses them" if removed else "none to remove"


def provider_source(machine: Machine) -> str:
    """Terraform finds the AWS provider on this machine, or may ask a registry for it."""
    return provider.found(machine).evidence


def registry(machine: Machine) -> str:
    """The registry, or its mirror, responds."""
    try:
        source = provider.found(machine)
    except FailedError as error:
        raise SkippedError(f"the provider's source is wrong: {error}") from None
    if source.local:
        raise SkippedError(f"not needed: {source.evidence}")
    urls = [source.url] if source.url else [REGISTRY, DOWNLOADS]
    statuses = {urlsplit(url).hostname: machine.request(url).status for url in urls}
    wrong = [f"{host} responds with {status}" for host, status in statuses.items() if status >= 400]
    return holds(wrong, ", ".join(f"{host} responds" for host in statuses))


def git(machine: Machine) -> str:
    """Git reads the project's commits."""
    path = machine.path("git")
    if not path:
        raise FailedError("no git on the PATH, so the commit of a plan is unknown")
    version = machine.output(path, "--version").strip().removeprefix("git version ")
    commit = machine.output(path, "rev-parse", "--short", "HEAD").strip()
    return f"{version}, commit {commit}"


def sessions(machine: Machine) -> str:
    """The programs of sessions in containers are installed."""
    missing = [f"no {program} on the PATH ({page})" for program, page in PROGRAMS.items() if not machine.path(program)]
    return holds(missing, ", ".join(PROGRAMS))


def disk(machine: Machine) -> str:
    """The project's and the temporary folder can be written, and have space."""
    try:
        temporary = Path(machine.variables.get("TMPDIR") or tempfile.gettempdir())
    except FileNotFoundError as error:
        raise FailedError(error.strerror or str(error)) from None
    project = machine.out.absolute()
    project = next(each for each in (project, *project.parents) if each.exists())
    problems, free = [], []
    for what, folder, needed in (
        ("the project's folder", project, FREE_BYTES),
        ("the temporary folder", temporary, TEMPORARY_BYTES),
    ):
        if reason := _unwritable(folder):
            problems.append(f"{what} {folder} can't be written ({reason})")
            continue
        left = shutil.disk_usage(folder).free
        free.append(f"{left / 1e9:.1f} GB in {folder}")
        if left < needed:
            problems.append(f"{what} {folder} has {left / 1e9:.1f} GB left, and {needed / 1e9:.1f} GB are needed")
    return holds(problems, ", ".join(free))


def home(machine: Machine) -> str:
    """The home folder can be written: sessions with MFA and jsii's packages are kept there."""
    given = machine.variables.get("HOME")
    if not given:
        raise FailedError("HOME isn't set")
    reason = _unwritable(Path(given))
    if not reason:
        return given
    kept = machine.variables.get(f"{CACHE}_ROOT")
    if kept and not _unwritable(Path(kept)):
        return f"{given} can't be written ({reason}), but jsii keeps its packages in {cache_folder(machine.variables)}"
    raise FailedError(f"HOME={given} can't be written ({reason})")


def others(machine: Machine) -> str:
    """No other user can change the code, the plans or the packages: umask, as git and pip had it."""
    shown = [each for each in (machine.root, machine.out.absolute(), machine.root / ".venv") if each.exists()]
    loose = [f"{each} can be changed by every user" for each in shown if each.stat().st_mode & stat.S_IWOTH]
    own = os.umask(0o077)
    os.umask(own)
    return holds(loose, f"{own:04o}, and no other user can change the project, its stacks and packages")


def proxy(machine: Machine) -> str:
    """The proxies that are set are URLs, and every program takes the same one."""
    given = {name: value for name, value in machine.variables.items() if name.upper() in PROXIES and value}
    if not given:
        raise SkippedError("no proxy is set")
    problems = [f"{name} isn't a URL such as http://proxy.example.com:8080" for name in given if not _host(given[name])]
    problems += [
        f"{name} and {name.lower()} differ, and programs choose differently"
        for name in PROXIES
        if name in given and name.lower() in given and given[name] != given[name.lower()]
    ]
    return holds(problems, ", ".join(f"{name}: {_host(value)}" for name, value in given.items()))


def aws_variables(machine: Machine) -> str:
    """AWS_* variables of this shell lead to AWS and to files that exist."""
    variables = machine.variables
    problems = list(elsewhere(variables))
    bundle = variables.get("AWS_CA_BUNDLE")
    if bundle and not Path(bundle).is_file():
        problems.append(f"AWS_CA_BUNDLE={bundle} isn't a file")
    chosen = [name for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_CA_BUNDLE") if variables.get(name)]
    return holds(problems, f"set: {', '.join(chosen)}" if chosen else "none that change where calls go")


def clock(machine: Machine) -> str:
    """This machine's clock is AWS's."""
    region = machine.environment.region if machine.environment else GLOBAL_REGION
    url = _endpoint(machine.variables, SERVICES[0], region)
    try:
        response = machine.request(url)
    except UnreachableError as error:
        raise UnknownError(f"can't be compared with AWS's: {error}") from None
    ahead = response.ahead(machine.now())
    if ahead is None:
        raise UnknownError(f"{urlsplit(url).hostname} doesn't say its time")
    # The header has no fractions, and was written before it arrived.
    seconds = ahead.total_seconds()
    if abs(seconds) > CLOCK_SECONDS:
        words = "ahead of" if seconds > 0 else "behind"
        raise FailedError(f"{abs(seconds):.0f} seconds {words} AWS's, which takes {CLOCK_SECONDS} at most")
    return f"within {max(1, abs(round(seconds)))} s of AWS's"


def credentials(machine: Machine) -> str:
    """The credentials are valid, and of the environment's account."""
    if not machine.environment:
        raise SkippedError("name an environment: doctor ENVIRONMENT")
    try:
        aws = connect(machine.environment, QUICK, asks=False)
    except AwsError as error:
        raise (UnknownError if error.code in UNREACHABLE else FailedError)(str(error)) from None
    except OpsError as error:
        raise FailedError(str(error)) from None
    left = aws.credentials.keys().left
    lasting = "" if left == float("inf") else f", {left / 60:.0f} minutes left"
    return f"{aws.caller.arn}{lasting}; {_role(machine.environment, aws.caller.arn)} ({aws.credentials.source})"


def _role(environment: Environment, arn: str) -> str:
    """What the caller's role may do, in a few words."""
    name, names = arn.partition(":assumed-role/")[2].partition("/")[0], Names(environment)
    words = next((words for purpose, words in ROLES.items() if name == names.role(purpose)), "")
    return words or "none of the environment's roles, as before the first apply of account"


def reaches(machine: Machine, service: Service) -> str:
    """A service of AWS responds."""
    if not machine.environment:
        raise SkippedError("name an environment: doctor ENVIRONMENT")
    url = _endpoint(machine.variables, service, machine.environment.region)
    response = machine.request(url)
    if response.status in {407, 502, 503, 504}:
        raise FailedError(f"{urlsplit(url).hostname} responds with {response.status}")
    return f"{urlsplit(url).hostname} responds in {response.seconds * 1000:.0f} ms"


_NETWORK = (
    "check the network, VPN, firewall and HTTPS_PROXY; behind a proxy that reads connections, AWS_CA_BUNDLE names the "
    "file with its certificate"
)
_TIME = (
    "if AWS responds and the clock is wrong, set it, as with NTP: `timedatectl set-ntp true` on Linux; in a virtual "
    "machine, also the host's"
)

CHECKS: tuple[Check, ...] = (
    Check("python", (EVERY,), python, "install Python 3.11 or newer, then: make setup PYTHON=/path/to/python3"),
    Check("packages", (EVERY,), packages, "run: make setup (with tests and rehearsals: make setup-dev)"),
    Check("rehearsal-packages", ("rehearse",), rehearsal_packages, "run: make setup-dev"),
    Check("values", (EVERY,), values, "fix the values in the file and line that are named; docs/settings.md"),
    Check("node", SYNTHESIS, node, "unset JSII_NODE, and run: make setup-dev"),
    Check(
        "terraform",
        TERRAFORM,
        terraform,
        "install the version in .tool-versions: https://developer.hashicorp.com/terraform/install",
    ),
    Check("terraform-variables", TERRAFORM, terraform_variables, "unset them"),
    Check(
        "provider",
        TERRAFORM,
        provider_source,
        "correct the file of Terraform's CLI configuration, or its mirror: "
        "https://developer.hashicorp.com/terraform/cli/config/config-file",
    ),
    Check("registry", TERRAFORM, registry, f"{_NETWORK}; or use a provider mirror in Terraform's CLI configuration"),
    Check(
        "git",
        ("plan", "apply", "cost"),
        git,
        "install git, or clone the project; if it names the folder's owner, run the command that it prints",
    ),
    Check("session-programs", SESSIONS, sessions, "install what is missing; no other command needs it"),
    Check("disk", (EVERY,), disk, "free some space, or set TMPDIR to a folder with space that you can write to"),
    Check(
        "home",
        SYNTHESIS,
        home,
        f"set HOME to a folder that you can write to, or {CACHE}_ROOT for jsii's packages; without it, synthesis with "
        "node takes 20 seconds more, and each command asks for an MFA code",
    ),
    Check("umask", TERRAFORM, others, "run: chmod -R o-w . in the project's folder, and set umask 022"),
    Check("proxy", OF_AWS, proxy, "correct the variable, or unset it"),
    Check("aws-variables", OF_AWS, aws_variables, "unset the variable, or correct it"),
    Check("clock", OF_AWS, clock, _TIME),
    Check("credentials", OF_AWS, credentials, "bin/ops account ENVIRONMENT prints how to create them; docs/account.md"),
    *(Check(f"aws-{each.host}", each.commands, partial(reaches, service=each), _NETWORK) for each in SERVICES),
)


def needed_by(commands: frozenset[str]) -> Iterator[Check]:
    """The checks that these commands need; without a command, all."""
    for each in CHECKS:
        if not commands or EVERY in each.commands or commands & {*each.commands}:
            yield each


def _unwritable(folder: Path) -> str | None:
    """Why no file can be written in a folder; none if one can."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _host(url: str) -> str | None:
    """Host and port of a URL, without its password; none if it isn't one."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    known = parts.scheme in {"http", "https", "socks5", "socks5h"} and parts.hostname
    return f"{parts.hostname}{port}" if known else None


def _endpoint(variables: Mapping[str, str], service: Service, region: str) -> str:
    """The address that Terraform calls, and boto3 too, which calls STS's global one in older regions.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    given = variables.get(f"{ENDPOINT}_{service.variable}") or variables.get(ENDPOINT)
    return given or f"https://{_resolver().construct_endpoint(service.host, region)['hostname']}/"


@cache
def _resolver() -> Any:  # noqa: ANN401  (botocore's)
    """Botocore's table of endpoints, which takes 0.1 s to read."""
    return Session().get_component("endpoint_resolver")

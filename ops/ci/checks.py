"""The checks of a schedule: drift, accepted risks that expire, old prices, and new versions."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from environments.schema import Environment
from ops.ci.issues import Watched
from ops.cost.prices import read
from ops.doctor.provider import VERSION as PROVIDER
from ops.errors import OpsError
from ops.gate.lock_file import PROVIDER as ADDRESS
from ops.markdown import Listing, code
from ops.printable import printable
from ops.risks.listing import Accepted
from ops.terraform.report import Report, Result

ROOT = Path(__file__).parents[2]
PACKAGES = ("cdktf", "cdktf-cdktf-provider-aws", "checkov")
ARCHIVED = {
    "cdktf": "its repository and packages get no more releases (docs/adr/0001-cdktf-and-its-pinned-versions.md)",
}
"""Packages that are known to be deprecated as a whole, with the reason."""
_VERSION = re.compile(r"(\d+(?:\.\d+)*)")
_SECONDS = 600


def drift(environment: Environment, report: Report) -> Watched:
    """What differs between an account and the code.

    Raises:
        OpsError: A phase couldn't be compared.
    """
    failed = [each for each in report.phases if not each.result.good]
    if failed:
        first = failed[0].message.splitlines() or [failed[0].result.value]
        raise OpsError(f"{environment.name}: {', '.join(each.phase for each in failed)} can't be compared: {first[0]}")
    differing = [each for each in report.phases if each.result is Result.CHANGES]
    name = environment.name
    parts: list[str | Listing] = []
    for each in differing:
        parts += [f"**{each.phase}**", Listing(tuple(each.message.splitlines()))]
    if parts:
        count = len(differing)
        phases = f"{count} phase{'' if count == 1 else 's'}"
        parts.insert(0, f"The account of {code(name)} differs from the code in {phases}. Secrets are hidden.")
        parts.append(
            f"To make the account as the code has it: `make plan ENV={name}`, then `make apply ENV={name}`. To keep "
            "what the account has, change the values in `environments/`. docs/operating.md has the details."
        )
    return Watched(f"drift {name}", f"Drift: {name} differs from the code", tuple(parts))


def risks(found: Sequence[Accepted], days: int) -> Watched:
    """Accepted risks that have expired, or expire within some days."""
    due = [each for each in found if each.days_left <= days]
    lines = [line for each in due for line in _risk(each)]
    parts = (
        f"These have expired, or expire within {days} days. The gate refuses what an expired one accepts.",
        Listing(tuple(lines)),
        "Close each, or review it and renew its dates: `environments/risks/`, `policies/risks.toml` (docs/gate.md).",
    )
    return Watched("risks", "Accepted risks expire", parts if due else ())


def _risk(each: Accepted) -> Iterator[str]:
    yield f"{each.expires}  {each.id} ({each.owner}): {', '.join(each.accepts)} in {', '.join(each.where)}"
    yield f"            closed by: {each.closes}"


def prices(environment: Environment, today: date, days: int) -> Watched:
    """Prices of an environment's region that are older than some days.

    Raises:
        OpsError: The region's file is damaged.
    """
    name, region = environment.name, environment.region
    known = read(region)
    renew = f"Renew them with `make prices ENV={name}`, and review the changed lines (docs/cost.md)."
    key, title = f"prices {name}", f"Prices of {region} are old"
    if known is None:
        return Watched(key, f"There are no prices of {region}", (f"{code(name)} has no estimate of its cost. {renew}",))
    old = sorted((each.date, id_) for id_, each in known.by_id.items() if today - each.date > timedelta(days=days))
    lines = tuple(f"{day}  {id_}" for day, id_ in old)
    parts = (f"These prices of {code(region)} were read more than {days} days ago.", Listing(lines), renew)
    return Watched(key, title, parts if old else ())


# Versions -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """What a program printed."""

    code: int
    output: str
    errors: str


Run = Callable[[Sequence[str], Path, str], Ran]
"""Runs a program in a folder, with a text on its standard input."""


def run(words: Sequence[str], folder: Path, given: str) -> Ran:
    """Run a program.

    Raises:
        OpsError: It isn't installed, or takes too long.
    """
    try:
        done = subprocess.run(
            words, cwd=folder, input=given, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except FileNotFoundError:
        raise OpsError(f"{words[0]} isn't installed; make doctor shows what is missing") from None
    except subprocess.TimeoutExpired:
        raise OpsError(f"{words[0]} took more than {_SECONDS} s; the network may be slow") from None
    return Ran(done.returncode, done.stdout, done.stderr)


def versions(execute: Run = run) -> Watched:
    """Newer versions of the packages and the provider that the project pins, and what is deprecated.

    Packages are resolved from the index that pip is configured with, the provider by Terraform's own configuration.

    Raises:
        OpsError: An index or the registry can't be asked.
    """
    newer: list[str] = []
    raised: list[str] = []
    withdrawn: list[str] = []
    archived = [f"{name}: {why}" for name, why in ARCHIVED.items()]
    for name in PACKAGES:
        current = metadata.version(name)
        latest, _ = _resolved(name, execute)
        if _parts(latest) > _parts(current):
            newer.append(f"{name} {current} → {latest}")
            raised.append(name)
        withdrawn += _resolved(f"{name}=={current}", execute)[1]
    latest, warnings = _provider(execute)
    if _parts(latest) > _parts(PROVIDER):
        newer.append(f"Terraform's AWS provider {PROVIDER} → {latest}")
    withdrawn += warnings
    parts = (
        "`cdktf-cdktf-provider-aws` pins one version of the provider, so these two change together.",
        Listing(tuple(newer or ["no newer version"])),
        "Deprecated or withdrawn:",
        Listing((*withdrawn, *archived)),
        f"Next: {code(_upgrade(raised))} writes a branch, shows what it changes in every stack and runs the gate "
        "(docs/keeping-up.md, docs/adr/0001).",
    )
    return Watched("versions", "New versions of pinned packages", parts if newer or withdrawn else ())


def _upgrade(names: Sequence[str]) -> str:
    """The command that raises packages; the provider's version is that of the bindings."""
    return f'make upgrade PACKAGE="{" ".join(names or PACKAGES)}"'


def _resolved(requirement: str, execute: Run) -> tuple[str, list[str]]:
    """The newest version that fits a requirement, and what uv warns of, such as a version that was withdrawn.

    https://docs.astral.sh/uv/reference/cli/#uv-pip-compile
    """
    folder = Path(sys.executable).parent
    configured = (sys.executable, str(ROOT / "bin" / "with_pip_configuration.py"), str(folder / "uv"))
    words = (
        *configured,
        "pip",
        "compile",
        "--no-deps",
        "--no-header",
        "--no-annotate",
        "--quiet",
        "--color=never",
        "-",
    )
    done = execute(words, ROOT, f"{requirement}\n")
    name = re.split("[=<>]", requirement)[0]
    found = re.search(rf"^{re.escape(name)}==(\S+)", done.output, re.MULTILINE)
    if done.code or not found:
        raise OpsError(f"the newest version of {name} is unknown: {_first(done.errors)}")
    return found[1], [line for line in done.errors.splitlines() if "yanked" in line]


def _provider(execute: Run) -> tuple[str, list[str]]:
    """The newest version of the AWS provider, and the registry's warnings.

    https://developer.hashicorp.com/terraform/cli/commands/init#plugin-installation
    """
    source = ADDRESS.partition("/")[2]
    content = f'terraform {{\n  required_providers {{\n    aws = {{ source = "{source}" }}\n  }}\n}}\n'
    with TemporaryDirectory(prefix="versions-") as folder:
        (Path(folder) / "main.tf").write_text(content, encoding="utf-8")
        done = execute(
            ("terraform", "init", "-upgrade", "-backend=false", "-input=false", "-no-color"), Path(folder), ""
        )
        lock = Path(folder) / ".terraform.lock.hcl"
        locked = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    found = re.search(r'^\s*version\s*=\s*"([^"]+)"', locked, re.MULTILINE)
    if done.code or not found:
        raise OpsError(f"the newest version of Terraform's AWS provider is unknown: {_first(done.errors)}")
    lines = [line.strip() for line in f"{done.output}\n{done.errors}".splitlines()]
    return found[1], [line for line in lines if "deprecated" in line.lower()]


def _parts(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _first(errors: str) -> str:
    """The first line of a program's errors that says something."""
    lines = (re.sub(r"^[^\w]*(?:error:?)?\s*", "", line, flags=re.IGNORECASE) for line in errors.splitlines())
    return printable(next(filter(None, lines), "no reason given"))[:300]

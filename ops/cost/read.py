"""Estimates of synthesized environments: of this version, of another one, and without a risk that they accept."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import environments
from environments.schema import Environment
from environments.schema.risks import CHOICES
from environments.schema.usage import Usage
from modules.phases import PHASES
from ops.cost.estimate import Estimate, estimate_view
from ops.cost.prices import Prices
from ops.cost.prices import read as read_prices
from ops.errors import AbsentError, OpsError
from ops.gate.documents import read as read_stack
from ops.gate.folder import STACK_FILE
from ops.gate.model import ScanFailedError, ScannedBlock
from ops.gate.stacks import EnvironmentStacks
from ops.gate.view import merged_view
from ops.versions import ROOT, Version, synthesize


@dataclass(frozen=True)
class Skipped:
    """An environment that can't be estimated, because its region has no prices."""

    name: str
    region: str

    def __str__(self) -> str:
        return f"{self.name}: skipped: no prices of {self.region}; create them: make prices ENV={self.name}"


@dataclass(frozen=True)
class Saving:
    """What accepting one risk saves."""

    risk: str
    meaning: str
    fixed: Decimal
    """US dollars a month that don't depend on use."""
    assumed: Decimal
    """US dollars a month for the assumed use."""


def estimate_of(environment: Environment, out: Path, usage: Usage | None = None) -> Estimate | Skipped:
    """Estimate one environment from its synthesized stacks.

    Args:
        environment: Its values.
        out: The folder that synth wrote.
        usage: Assumptions in place of the environment's own.

    Raises:
        AbsentError: It isn't synthesized.
        OpsError: Its stacks or its region's prices can't be read.
    """
    return estimate_of_view(view(environment, out), environment, usage)


def estimate_of_view(
    blocks: Sequence[ScannedBlock], environment: Environment, usage: Usage | None = None
) -> Estimate | Skipped:
    """Estimate one environment.

    Args:
        blocks: The merged view of its stacks.
        environment: Its values.
        usage: Assumptions in place of the environment's own.

    Raises:
        OpsError: Its region's prices can't be read.
    """
    prices = read_prices(environment.region)
    if prices is None:
        return Skipped(environment.name, environment.region)
    return estimate_view(blocks, environment.name, usage or environment.usage, prices)


def needed(environment: Environment, out: Path) -> frozenset[str]:
    """Ids of the prices that an environment's synthesized stacks need.

    Raises:
        AbsentError: It isn't synthesized.
        OpsError: Its stacks can't be read.
    """
    found = estimate_view(view(environment, out), environment.name, environment.usage, Prices(environment.region, {}))
    return frozenset(line.price_id for line in found.lines)


def view(environment: Environment, out: Path) -> list[ScannedBlock]:
    """The merged view of an environment's synthesized stacks, of this version or another one.

    Raises:
        AbsentError: It isn't synthesized.
        OpsError: Its stacks can't be read.
    """
    paths = {phase.name: out / "stacks" / f"{environment.name}-{phase.name}" / STACK_FILE for phase in PHASES}
    existing = {phase: path for phase, path in paths.items() if path.is_file()}
    if not existing:
        raise AbsentError(f"{environment.name} isn't synthesized; run make synth ENV={environment.name}")
    try:
        documents = {phase: read_stack(path, path.parent.name) for phase, path in existing.items()}
        return merged_view(EnvironmentStacks(environment.name, documents))
    except ScanFailedError as error:
        raise OpsError(f"the stacks of {environment.name} can't be read: {error}; run make gate") from None


def previous(base: Version, chosen: Sequence[Environment], usage: Usage | None = None) -> dict[str, Estimate]:
    """Estimate environments as another version synthesizes them, with this version's prices and assumptions.

    Args:
        base: The other version.
        chosen: Environments of this version; those that the other one lacks are left out.
        usage: Assumptions in place of the environments' own.

    Raises:
        OpsError: Its stacks can't be read.
    """
    found: dict[str, Estimate] = {}
    for environment in chosen:
        try:
            estimated = estimate_of(environment, base.out, usage)
        except AbsentError:
            continue
        if isinstance(estimated, Estimate):
            found[environment.name] = estimated
    return found


def savings(environment: Environment, usage: Usage | None = None) -> list[Saving]:
    """What each risk saves that an environment accepts and that has a safer setting; the largest saving first.

    The environment is synthesized without accepting the risk, once for each.

    Raises:
        OpsError: The region has no prices, or the environment can't be synthesized without a risk.
    """
    accepted = [choice for choice in CHOICES if choice.safer and choice.risk in environment.accepted_risks]
    with TemporaryDirectory() as folder:
        values, out = Path(folder) / "values", Path(folder) / "out"
        _copy_values(values)
        names = {"": environment.name}
        for choice in accepted:
            names[choice.risk] = f"{environment.name}-not-{choice.risk.replace('_', '-')}"
            _write_variant(values, environment.name, names[choice.risk], choice.risk)
        synthesize(ROOT, str(values), out, tuple(names.values()), f"{environment.name} can't be synthesized safer")
        found = {risk: _named(environment, name, out, usage) for risk, name in names.items()}
    now = found[""]
    each = (
        Saving(
            choice.risk,
            choice.meaning,
            found[choice.risk].fixed - now.fixed,
            found[choice.risk].assumed - now.assumed,
        )
        for choice in accepted
    )
    return sorted(each, key=lambda saving: (-(saving.fixed + saving.assumed), saving.risk))


def _named(environment: Environment, name: str, out: Path, usage: Usage | None) -> Estimate:
    found = estimate_of(replace(environment, name=name), out, usage)
    if isinstance(found, Skipped):
        raise OpsError(str(found))
    return found


def _copy_values(target: Path) -> None:
    """Copy the folder of values, without the modules of its package that aren't values."""
    left_out = {*environments.LIBRARY, "__init__", "__pycache__"}
    shutil.copytree(
        environments.FOLDER,
        target,
        ignore=lambda _, names: {name for name in names if name.removesuffix(".py") in left_out},
    )


def _write_variant(values: Path, base: str, name: str, risk: str) -> None:
    text = (
        "from dataclasses import replace\n\n"
        f"from environments.{base.replace('-', '_')} import ENVIRONMENT as BASE\n"
        "from environments.schema.risks import without\n\n"
        f"ENVIRONMENT = replace(without(BASE, {risk!r}), name={name!r})\n"
    )
    (values / f"{name.replace('-', '_')}.py").write_text(text, encoding="utf-8")

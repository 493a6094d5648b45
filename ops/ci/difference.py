"""What a change means, from the stacks alone: resources, connections, permissions, risks, cost and parity."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from environments.schema import Environment
from ops.ci.access import compared, connections, grants
from ops.ci.affected import Affected, AffectedPhase
from ops.cost.estimate import Estimate
from ops.cost.read import estimate_of, previous, view
from ops.cost.report import change, differences, money
from ops.errors import AbsentError, OpsError
from ops.export import difference as hcl_difference
from ops.gate.folder import STACK_FILE
from ops.gate.model import ScanFailedError, ScannedBlock
from ops.gate.register import WARN
from ops.parity.compare import Place, blocks, compare, pairs
from ops.parity.compare import differences as block_differences
from ops.parity.report import Report, as_data
from ops.risks.listing import REGISTER, Accepted, accepted
from ops.versions import Version


@dataclass(frozen=True)
class Delta:
    """What a change adds to a set and removes from it, in lines that begin with `+`, `-` or `~`."""

    lines: tuple[str, ...] = ()
    unknown: str = ""
    """Why it can't be compared."""
    summary: str = ""


@dataclass(frozen=True)
class EnvironmentChange:
    """What a change means for one environment."""

    environment: Environment
    phases: tuple[AffectedPhase, ...]
    new: bool
    """Whether the base has no stacks of it."""
    stacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What differs in the stack of each affected phase."""
    connections: Delta = Delta()
    permissions: Delta = Delta()
    risks: Delta = Delta()
    cost: Delta = Delta()
    hcl: Delta = Delta()
    """The change of its configurations as HCL: a unified difference."""


def changes(
    found: Affected, chosen: Sequence[Environment], base: Version, out: Path, today: date
) -> Iterator[EnvironmentChange]:
    """What a change means for each environment.

    Args:
        found: The affected phases.
        chosen: The environments.
        base: The version to compare with.
        out: The folder that synth wrote for this version.
        today: The day for which accepted risks are judged.
    """
    for environment in chosen:
        phases = found.environments[environment.name]
        stacks = {each.phase: tuple(_blocks(environment.name, each.phase, base.out, out)) for each in phases}
        risks = _risks(environment, base, today)
        if not phases:
            yield EnvironmentChange(environment, phases, new=False, risks=risks)
            continue
        after = view(environment, out)
        try:
            before = view(environment, base.out)
        except AbsentError:
            before = []
        yield EnvironmentChange(
            environment,
            phases,
            not before,
            stacks,
            _compared(_connections, before, after, environment),
            _compared(_permissions, before, after, environment),
            risks,
            _cost(environment, base, out),
            _hcl(environment, base, out) if before else Delta(),
        )


def _blocks(name: str, phase: str, base: Path, head: Path) -> Iterator[str]:
    """The resources that differ in a stack, with the names of their arguments; no value."""
    before, after = ({phase: _document(out / "stacks" / f"{name}-{phase}" / STACK_FILE)} for out in (base, head))
    found: dict[Place, list[str]] = {}
    signs: dict[Place, str] = {}
    for place, (old, _) in block_differences(blocks(before), blocks(after)).items():
        block = place._replace(argument="")
        found.setdefault(block, []).extend([place.argument] if place.argument else [])
        signs[block] = "~" if place.argument else "-" if old else "+"
    for block, arguments in found.items():
        yield f"{signs[block]} {block.address}" + (f": {', '.join(arguments)}" if arguments else "")


def _document(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content


Read = Callable[[Sequence[ScannedBlock], Sequence[ScannedBlock], Environment], Iterator[str]]


def _compared(
    read: Read, before: Sequence[ScannedBlock], after: Sequence[ScannedBlock], environment: Environment
) -> Delta:
    try:
        return Delta(tuple(read(before, after, environment)))
    except ScanFailedError as error:
        first = error.errors[0]
        return Delta(unknown=f"{first.where}: {first.what}")


def _connections(
    before: Sequence[ScannedBlock], after: Sequence[ScannedBlock], environment: Environment
) -> Iterator[str]:
    old = connections(before, environment) if before else frozenset[str]()
    new = connections(after, environment)
    yield from (f"+ {each}" for each in sorted(new - old))
    yield from (f"- {each}" for each in sorted(old - new))


def _permissions(
    before: Sequence[ScannedBlock], after: Sequence[ScannedBlock], environment: Environment
) -> Iterator[str]:
    old, new = grants(before, environment) if before else frozenset(), grants(after, environment)
    yield from compared(old, new)


def _risks(environment: Environment, base: Version, today: date) -> Delta:
    """Entries of the register that concern an environment: added, removed, changed, expired or expiring soon."""
    try:
        register, products = base.tree / REGISTER.relative_to(REGISTER.parents[1]), base.values / "risks"
        old = {each.id: each for each in accepted(today, environment, register, products)}
        new = {each.id: each for each in accepted(today, environment)}
    except OpsError as error:
        return Delta(unknown=str(error))
    return Delta(tuple(_entries(old, new)))


def _entries(old: Mapping[str, Accepted], new: Mapping[str, Accepted]) -> Iterator[str]:
    for id_, risk in new.items():
        before = old.get(id_)
        if before is None:
            yield f"+ {id_}: {', '.join(risk.accepts)}, until {risk.expires}, by {risk.owner}: {risk.why}"
        elif differing := [*_differing(before, risk)]:
            yield f"~ {id_}: {'; '.join(differing)}"
    yield from (f"- {id_}" for id_ in old if id_ not in new)
    for id_, risk in new.items():
        if risk.expired:
            yield f"! {id_} expired on {risk.expires}; closed by: {risk.closes}"
        elif risk.days_left <= WARN.days:
            yield f"! {id_} expires in {risk.days_left} days, on {risk.expires}; closed by: {risk.closes}"


def _differing(before: Accepted, after: Accepted) -> Iterator[str]:
    for each in fields(Accepted):
        old, new = (_text(getattr(risk, each.name)) for risk in (before, after))
        if old != new and each.name != "days_left":
            yield f"{each.name} {old} → {new}"


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _cost(environment: Environment, base: Version, out: Path) -> Delta:
    now = estimate_of(environment, out)
    if not isinstance(now, Estimate):
        return Delta(unknown=str(now))
    before = previous(base, [environment]).get(environment.name, Estimate(now.name, now.region, (), {}))
    lines = tuple(
        f"{change(new - old):>10}  {each.phase}: {each.what} ({money(old)} → {money(new)})"
        for each in differences([before, now])
        for old, new in (each.usd,)
    )
    total = f"{change(now.total - before.total)} USD a month ({money(before.total)} → {money(now.total)})"
    return Delta(lines, summary=total)


def _hcl(environment: Environment, base: Version, out: Path) -> Delta:
    try:
        found = hcl_difference.compared(environment.name, base, out)
    except OpsError as error:
        return Delta(unknown=str(error))
    return Delta(tuple(line for difference in found.values() for line in difference.splitlines()))


# Between environments -------------------------------------------------------------------------------------


def parity(chosen: Sequence[Environment], base: Version) -> dict[tuple[str, str], Delta]:
    """How a change alters what differs between environments of a product, for each pair.

    The base's own command compares the base's environments. Names, accounts and ranges don't count.
    """
    compared = [compare(one, other) for one, other in pairs(chosen)]
    if not compared:
        return {}
    now = _differences_of(as_data(Report(tuple(compared), {})))
    before = _parity_of(base)
    if before is None:
        return {pair: Delta(unknown=f"{base.ref} can't compare its environments") for pair in now}
    return {pair: Delta(tuple(_of_pair(before.get(pair, {}), found))) for pair, found in now.items()}


_PairDifferences = dict[tuple[str, str], dict[str, str]]
"""By pair of environments: the two values, by setting."""


def _parity_of(base: Version) -> _PairDifferences | None:
    given = {**os.environ, "ENVIRONMENTS": str(base.values)}
    words = (sys.executable, "-m", "ops", "parity", "--json", "--out", str(base.out))
    done = subprocess.run(words, cwd=base.tree, env=given, capture_output=True, text=True, check=False)
    try:
        return _differences_of(json.loads(done.stdout))
    except (ValueError, LookupError, TypeError):
        return None


def _differences_of(data: Mapping[str, Any]) -> _PairDifferences:
    return {
        (each["environments"][0], each["environments"][1]): {
            value["setting"]: " → ".join(given or "not set" for given in value["values"]) for value in each["values"]
        }
        for each in data["comparisons"]
    }


def _of_pair(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for setting in dict.fromkeys((*now, *before)):
        old, new = before.get(setting), now.get(setting)
        if old is None:
            yield f"+ {setting}: {new}"
        elif new is None:
            yield f"- {setting}: {old}"
        elif old != new:
            yield f"~ {setting}: {new} (was {old})"

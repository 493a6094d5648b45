"""Which phases a change affects: those whose stack differs from the base's, and those that read what may change there.

Synth writes the same bytes from the same values and code, so a stack that is equal plans the same, unless an output
that it reads changes. An output may change when something that its value depends on differs: a block of its stack, what
that block refers to, or what another phase publishes. What a phase publishes is fixed by a resource's own arguments, or
by AWS when it creates the resource (`ops/gate/understood/outputs.py` holds each phase to that). So a resource that
depends on nothing that differs publishes the same as before. What can't be followed counts as a change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from modules.phases import ORGANIZATION, PHASES, Phase
from ops.errors import AbsentError, OpsError
from ops.gate.folder import STACK_FILE
from ops.gate.templates import references
from ops.parity.compare import blocks, differences
from ops.stored import parse
from ops.terraform.stack import READ
from ops.versions import synthesized

Document = dict[str, dict[str, Any]]
Read = tuple[str, str]
"""Phase and name of an output."""

ALL = "*"
"""In place of an output's name: any of the phase."""
_REMOTE_STATE = "data.terraform_remote_state"
_PURE = frozenset({"data.aws_iam_policy_document", _REMOTE_STATE})
"""Data sources that follow from their arguments; others read what AWS has."""
_WHOLE = {"local": "locals", "var": "variable"}
_BLOCKS = frozenset({"resource", "data", "ephemeral", "output", "locals", "variable"})
"""Sections of which a change concerns what refers to it; a change of others, as of a provider, concerns everything."""


class Why(StrEnum):
    """Why a phase is affected."""

    NEW = "new"
    CHANGED = "changed"
    READS = "reads"
    PACKAGES = "other packages"
    """The stacks are equal because the base is synthesized with this version's packages."""


@dataclass(frozen=True)
class AffectedPhase:
    """A phase to plan."""

    phase: str
    why: Why
    outputs: tuple[str, ...] = ()
    """What it reads that may change, as in `network.vpc_id`."""

    def __str__(self) -> str:
        read = f"reads {', '.join(self.outputs)}" if self.outputs else ""
        return f"{self.phase} ({read or self.why})"


@dataclass(frozen=True)
class Affected:
    """What a change affects."""

    ref: str
    commit: str
    environments: Mapping[str, tuple[AffectedPhase, ...]]
    """The compared environments, each with its affected phases in their order."""
    removed: tuple[str, ...]
    """Stacks that only the base has."""
    organization: str
    """`new`, `changed`, `removed` or `other packages` if the organization's stack may differ; else empty."""

    @property
    def planned(self) -> dict[str, tuple[str, ...]]:
        """Names of the phases to plan, by environment; without environments that have none."""
        return {name: tuple(each.phase for each in found) for name, found in self.environments.items() if found}

    def as_data(self) -> dict[str, Any]:
        """The result as JSON types."""
        return {
            "version": 1,
            "base": self.ref,
            "commit": self.commit,
            "any": bool(self.planned),
            "environments": [
                {
                    "environment": name,
                    "phases": [
                        {"phase": each.phase, "why": each.why.value, "outputs": list(each.outputs)} for each in found
                    ],
                }
                for name, found in self.environments.items()
            ],
            "removed": list(self.removed),
            "organization": self.organization or None,
        }

    def as_text(self) -> str:
        """The result in a line for each environment."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for name, found in self.environments.items():
            yield f"{name}: {', '.join(map(str, found)) or 'no phase is affected'}"
        if self.organization:
            yield f"{ORGANIZATION}: {self.organization}; an administrator applies it (docs/organization.md)"
        for stack in self.removed:
            yield f"{stack}: removed; its resources and state stay until you destroy them with the base's code"

    def outputs(self) -> dict[str, str]:
        """Outputs of a step, as JSON: `environments`, `affected`, `organization` and `any`."""
        listed = [{"environment": name, "phases": list(phases)} for name, phases in self.planned.items()]
        values = {
            "environments": list(self.planned),
            "affected": listed,
            "organization": bool(self.organization),
            "any": bool(listed),
        }
        return {name: json.dumps(value, separators=(",", ":")) for name, value in values.items()}


@dataclass(frozen=True)
class Folders:
    """What synth wrote for this version and for the base."""

    base: Path
    head: Path
    ref: str
    commit: str
    packages: tuple[str, ...] = ()
    """Packages that write stacks, and of which the base has another version."""


def affected(folders: Folders, names: Sequence[str], *, whole: bool) -> Affected:
    """Compare the stacks of environments with the base's.

    Args:
        folders: What synth wrote for both versions.
        names: Environments of this version.
        whole: Whether these are all; otherwise the organization and other environments aren't compared.

    Raises:
        AbsentError: A stack of this version isn't synthesized.
        OpsError: A stack can't be read.
    """
    base, head = synthesized(folders.base), synthesized(folders.head)
    for name in names:
        if missing := [each.name for each in PHASES if f"{name}-{each.name}" not in head]:
            raise AbsentError(f"{name}-{missing[0]} isn't synthesized; run make synth ENV={name}")
    found = {name: tuple(_of(folders, name)) for name in names}
    removed = [stack for stack, (name, _) in base.items() if stack not in head and (whole or name in names)]
    return Affected(
        folders.ref,
        folders.commit,
        found,
        tuple(stack for stack in removed if stack != ORGANIZATION),
        _organization(folders) if whole else "",
    )


def _organization(folders: Folders) -> str:
    base, head = (_bytes(folder, ORGANIZATION) for folder in (folders.base, folders.head))
    if base == head:
        return Why.PACKAGES.value if folders.packages and head is not None else ""
    return "removed" if head is None else Why.NEW.value if base is None else Why.CHANGED.value


def _of(folders: Folders, name: str) -> Iterator[AffectedPhase]:
    """The affected phases of an environment, in order: a phase reads earlier ones only."""
    changing: set[Read] = set()
    for phase in PHASES:
        base, head = (_bytes(folder, f"{name}-{phase.name}") for folder in (folders.base, folders.head))
        before, after = (_document(content, f"{name}-{phase.name}") for content in (base, head))
        read = sorted(f"{of}.{output}" for of, output in _reads(after, phase) & changing)
        if base != head:
            yield AffectedPhase(phase.name, Why.NEW if base is None else Why.CHANGED, tuple(read))
        elif folders.packages:
            yield AffectedPhase(phase.name, Why.PACKAGES, tuple(read))
        elif read:
            yield AffectedPhase(phase.name, Why.READS, tuple(read))
        changing |= _with_any({(phase.name, each) for each in _may_change(before, after, phase, changing)})


def _with_any(outputs: set[Read]) -> set[Read]:
    """Outputs that may change, with `*` for a reader of which only the phase is known."""
    return outputs | {(phase, ALL) for phase, _ in outputs}


def _may_change(before: Document, after: Document, phase: Phase, changing: set[Read]) -> Iterator[str]:
    """Names of the outputs of a stack that may change."""
    one, other = blocks({phase.name: before}), blocks({phase.name: after})
    differing = {place._replace(argument="") for place in differences(one, other)}
    everything = any(place.section not in _BLOCKS for place in differing)
    graph = {place.address: settings for place, settings in other.items() if place.section in _BLOCKS}
    changed = {place.address for place in differing}
    for name in after.get("output", {}):
        needed = _closure(f"output.{name}", graph)
        asks = bool(differing) and any(_asks_aws(each) for each in needed)
        read = set().union(*(_reads(graph.get(each, {}), phase) for each in needed))
        if everything or asks or needed & changed or read & changing:
            yield name


def _closure(start: str, graph: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """A block, and all blocks that it depends on."""
    found, left = {start}, [start]
    while left:
        for each in _refers(graph.get(left.pop(), {})):
            if each not in found:
                found.add(each)
                left.append(each)
    return found


def _refers(settings: Mapping[str, Any]) -> Iterator[str]:
    for kind, name in references(dict(settings)):
        yield _WHOLE.get(kind, f"{kind}.{name}")
    bare = [*(settings.get("depends_on") or ()), *_triggers(settings.get("lifecycle"))]  # Written without `${…}`.
    for kind, name in references([f"${{{each}}}" for each in bare]):
        yield f"{kind}.{name}"


def _triggers(lifecycle: object) -> Iterator[str]:
    for each in lifecycle if isinstance(lifecycle, list) else [lifecycle]:
        if isinstance(each, dict):
            yield from map(str, each.get("replace_triggered_by") or ())


def _asks_aws(address: str) -> bool:
    kind = address.rpartition(".")[0]
    return kind.startswith(("data.", "ephemeral.")) and kind not in _PURE


def _reads(settings: Mapping[str, Any], phase: Phase) -> set[Read]:
    """The outputs of earlier phases that a part of a stack reads."""
    text = json.dumps(settings)
    found = set(READ.findall(text))
    for of in phase.reads:
        named = sum(1 for each, _ in READ.findall(text) if each == of)
        if len(re.findall(rf"{re.escape(_REMOTE_STATE)}\.{of}\b", text)) > named:
            found.add((of, ALL))
    return found


def _bytes(out: Path, stack: str) -> bytes | None:
    """What synth wrote; None if there is no such stack."""
    try:
        return (out / "stacks" / stack / STACK_FILE).read_bytes()
    except FileNotFoundError:
        return None


def _document(content: bytes | None, stack: str) -> Document:
    if content is None:
        return {}
    try:
        return parse(Document, content)
    except ValueError as error:
        raise OpsError(f"{stack} isn't a stack that synth wrote ({error}); make synth") from None

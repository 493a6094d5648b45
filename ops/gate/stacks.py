"""Which stacks are there, and whether all that must be there are."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.gate.documents import Document, read
from ops.gate.expected import Expected
from ops.gate.model import Distrust, Doubt, UntrustedError

FILE = "cdk.tf.json"
_SYNTHESIZE = "make synth (or make synth ENV=…)"


@dataclass(frozen=True)
class World:
    """An environment's stacks, or a stack outside any.

    Worlds don't see one another: `prod` and
    `prod-starter` are the same account in two sizes, of which only one is applied.
    """

    name: str
    documents: dict[str, Document]
    """By phase."""


@dataclass(frozen=True)
class Selection:
    """What to scan, and what of it to judge."""

    worlds: tuple[World, ...]
    stacks: frozenset[str]
    """Ids of the stacks whose findings count. The others of their environment are scanned as their context."""
    whole: bool
    """Whether this is everything that the project has."""

    @property
    def environments(self) -> frozenset[str] | None:
        """Names of the environments to judge; None means every one that the project has."""
        return None if self.whole else frozenset(world.name for world in self.worlds)


def select(out: Path, names: Sequence[str], expected: Expected) -> Selection:
    """Read the named stacks and environments with all their context; without names, everything.

    Args:
        out: Folder that synth wrote (cdktf.out).
        names: Ids of stacks, or names of environments.
        expected: What must be there.

    Raises:
        UntrustedError: Something is missing, unknown or unreadable; all that are, are listed.
    """
    folder = out / "stacks"
    paths = folder.iterdir() if folder.is_dir() else ()
    found = {path.name for path in paths if path.is_dir() and not path.name.startswith(".")}
    if not found:
        raise UntrustedError(Distrust(Doubt.NO_STACKS, folder.as_posix(), "holds no stacks", _SYNTHESIZE))
    known = _known(expected)
    reasons = [_stale(folder / stack) for stack in sorted(found - known.keys())]
    reasons += [_unknown(name, known) for name in names if name not in {*known, *known.values()}]
    wanted = [
        stack
        for stack, world in known.items()
        if (stack in names or world in names if names else world != stack or stack in found)
    ]
    worlds = []
    for world in dict.fromkeys(known[stack] for stack in wanted):
        documents: dict[str, Document] = {}
        for stack in (stack for stack, its in known.items() if its == world):
            try:
                documents[stack.removeprefix(f"{world}-")] = _read(folder, stack)
            except UntrustedError as error:
                reasons += error.reasons
        worlds.append(World(world, documents))
    if reasons:
        raise UntrustedError(*reasons)
    return Selection(tuple(worlds), frozenset(wanted), whole=not names)


def _known(expected: Expected) -> dict[str, str]:
    """The world of every stack that may be there; a stack outside any environment is its own."""
    inside = {
        f"{environment}-{phase}": environment
        for environment, phases in expected.environments.items()
        for phase in phases
    }
    return inside | {stack: stack for stack in expected.outside}


def _read(folder: Path, stack: str) -> Document:
    path = folder / stack / FILE
    if not path.is_file():
        raise UntrustedError(Distrust(Doubt.MISSING_PHASE, path.as_posix(), f"{stack} isn't synthesized", _SYNTHESIZE))
    return read(path, stack)


def _stale(path: Path) -> Distrust:
    return Distrust(
        Doubt.UNKNOWN_STACK,
        path.as_posix(),
        "is a stack of no environment that the project has, and would go unscanned",
        "delete the folder, or bring its environment back to environments/",
    )


def _unknown(name: str, known: Mapping[str, str]) -> Distrust:
    names = sorted({*known, *known.values()})
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return Distrust(
        Doubt.UNKNOWN_STACK, name, f"is neither a stack nor an environment{hint}", f"name one of: {', '.join(names)}"
    )

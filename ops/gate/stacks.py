"""The stacks and risks that the project declares, and the synthesized stacks: every declared stack must exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import environments as values
from environments.schema import Environment
from environments.suggestions import choices
from modules.phases import ORGANIZATION, PHASES
from ops.gate.documents import StackFile, read
from ops.gate.folder import STACK_FILE, scan_errors
from ops.gate.model import ErrorKind, Record, ScanError, ScanFailedError
from ops.gate.understood.frame import Frame, organization_frame
from ops.gate.understood.frame import frames as environment_frames

_SYNTHESIZE = "make synth (or make synth ENV=…)"
ONCE_PER_ACCOUNT = frozenset(f"CKV_ROLLOUT_{number}" for number in range(39, 47))
"""Checks of policies/checks/account.py for resources that an account has once."""


@dataclass(frozen=True)
class Expected:
    """The stacks that must exist, and the risks that must be in the register."""

    environments: Mapping[str, tuple[str, ...]]
    """Phases, in order, by environment; a stack's id is `<environment>-<phase>`."""
    outside: tuple[str, ...] = ()
    """Stacks outside any environment; each may be missing."""
    declared_risks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Ids of the risks that an environment's own values declare."""
    account_resources_elsewhere: frozenset[str] = frozenset()
    """Environments in whose account another stage creates the resources that an account has once."""
    values: Mapping[str, Environment] = field(default_factory=dict)
    """The values of each environment."""
    frames: Mapping[str, Frame] = field(default_factory=dict)
    """What each stack has beside its resources."""
    products: Mapping[str, str] = field(default_factory=dict)
    """The product of each environment."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """Problems of environments that can't be read, by name; their stacks aren't scanned."""
    conflicts: tuple[str, ...] = ()
    """Problems between environments; they don't stop the check of one environment."""

    @cached_property
    def stacks(self) -> dict[str, str]:
        """The environment of every possible stack; a stack outside any environment is its own."""
        inside = {
            f"{environment}-{phase}": environment
            for environment, phases in self.environments.items()
            for phase in phases
        }
        return inside | {stack: stack for stack in self.outside}

    def environment_of(self, stack: str) -> str | None:
        """The environment of a stack; None for a stack outside any environment."""
        environment = self.stacks.get(stack)
        return environment if environment in self.environments else None

    def lacks_rightly(self, record: Record) -> bool:
        """Whether a check fails only because another stage of the same account creates the resource."""
        return record.check in ONCE_PER_ACCOUNT and any(
            record.block.stack == f"{environment}-account" for environment in self.account_resources_elsewhere
        )


def expected_stacks() -> Expected:
    """The stacks and risks that environments/ and modules/phases.py declare.

    Raises:
        ScanFailedError: There are no environments.
    """
    try:
        loaded = values.load_each()
    except LookupError as error:
        folder = f"{values.shown(values.FOLDER)}/"
        raise ScanFailedError(
            ScanError(ErrorKind.ENVIRONMENTS, folder, str(error), f"correct the values in {folder}")
        ) from error
    environments = loaded.environments
    phases = tuple(phase.name for phase in PHASES)
    frames = {name: frame for environment in environments for name, frame in environment_frames(environment).items()}
    return Expected(
        environments={environment.name: phases for environment in environments},
        outside=(ORGANIZATION,) if loaded.organization else (),
        declared_risks={environment.name: frozenset(environment.accepted_risks) for environment in environments},
        account_resources_elsewhere=frozenset(
            environment.name for environment in environments if not environment.creates_account_resources
        ),
        values={environment.name: environment for environment in environments},
        frames={**frames, **({ORGANIZATION: organization_frame()} if loaded.organization else {})},
        products={environment.name: environment.product.name for environment in environments},
        broken={name: str(error) for name, error in loaded.broken.items()},
        conflicts=tuple(str(error) for error in loaded.conflicts),
    )


@dataclass(frozen=True)
class EnvironmentStacks:
    """The stacks of one environment, or one stack outside any environment.

    Environments are scanned separately: `prod` and `prod-starter` are two sizes of the same account, and only one is
    applied.
    """

    name: str
    documents: dict[str, StackFile]
    """By phase."""


@dataclass(frozen=True)
class Selection:
    """The stacks to scan, and those of them to judge."""

    environment_stacks: tuple[EnvironmentStacks, ...]
    stacks: frozenset[str]
    """Ids of the stacks whose findings count. Other stacks of their environments are scanned as context."""
    whole: bool
    """Whether these are all stacks of the project; not if an environment is broken."""

    @property
    def environments(self) -> frozenset[str] | None:
        """Names of the environments to judge; None means all."""
        return None if self.whole else frozenset(stacks.name for stacks in self.environment_stacks)


def select(out: Path, names: Sequence[str], expected: Expected) -> Selection:
    """Read the named stacks with all stacks of their environments; without names, all stacks.

    Args:
        out: Folder that synth wrote (cdktf.out).
        names: Ids of stacks, or names of environments.
        expected: The stacks that must exist.

    Raises:
        ScanFailedError: Stacks are missing, unknown or unreadable; all are listed.
    """
    folder = out / "stacks"
    paths = folder.iterdir() if folder.is_dir() else ()
    found = {path.name for path in paths if path.is_dir() and not path.name.startswith(".")}
    known = expected.stacks
    unknown = [_unknown(name, known) for name in names if name not in {*known, *known.values(), *expected.broken}]
    if not found:
        none = ScanError(ErrorKind.NO_STACKS, folder.as_posix(), "holds no stacks", _SYNTHESIZE)
        raise ScanFailedError(*(unknown or [none]))
    unread = tuple(f"{name}-" for name in expected.broken)
    errors = [
        _stale(folder / stack)
        for stack in sorted(found - known.keys() - expected.broken.keys())
        if not stack.startswith(unread)
    ]
    errors += unknown
    errors += [
        ScanError(ErrorKind.ENVIRONMENTS, name, expected.broken[name], "correct its values")
        for name in names
        if name in expected.broken
    ]
    wanted = [
        stack
        for stack, environment in known.items()
        if (stack in names or environment in names if names else environment != stack or stack in found)
    ]
    environment_stacks = []
    for environment in dict.fromkeys(known[stack] for stack in wanted):
        documents: dict[str, StackFile] = {}
        for stack in (stack for stack, its in known.items() if its == environment):
            try:
                documents[stack.removeprefix(f"{environment}-")] = _read(folder, stack)
            except ScanFailedError as error:
                errors += error.errors
        environment_stacks.append(EnvironmentStacks(environment, documents))
    if errors:
        raise ScanFailedError(*errors)
    return Selection(tuple(environment_stacks), frozenset(wanted), whole=not names and not expected.broken)


def _read(folder: Path, stack: str) -> StackFile:
    path = folder / stack / STACK_FILE
    if not path.is_file():
        raise ScanFailedError(
            ScanError(ErrorKind.MISSING_PHASE, path.as_posix(), f"{stack} isn't synthesized", _SYNTHESIZE)
        )
    if errors := [*scan_errors(path.parent)]:
        raise ScanFailedError(*errors)
    return read(path, stack)


def _stale(path: Path) -> ScanError:
    return ScanError(
        ErrorKind.UNKNOWN_STACK,
        path.as_posix(),
        "is a stack of no environment of the project, so it wouldn't be scanned",
        "delete the folder, or bring its environment back to environments/",
    )


def _unknown(name: str, known: Mapping[str, str]) -> ScanError:
    names = sorted({*known, *known.values()})
    return ScanError(
        ErrorKind.UNKNOWN_STACK,
        name,
        "is neither a stack nor an environment",
        choices(name, names),
    )

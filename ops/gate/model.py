"""Types that the gate's modules share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any


class Outcome(IntEnum):
    """The outcome of a gate; its number is the exit code."""

    CLEAN = 0
    FINDINGS = 1
    ERROR = 2


class ErrorKind(StrEnum):
    """What kind of error makes a scan incomplete."""

    NO_STACKS = "no-stacks"
    UNKNOWN_STACK = "unknown-stack"
    MISSING_PHASE = "missing-phase"
    MALFORMED = "malformed"
    NOT_UNDERSTOOD = "not-understood"
    BROKEN_CONTRACT = "broken-contract"
    INLINE_SKIP = "inline-skip"
    CHECK_NOT_LOADED = "check-not-loaded"
    CHECK_RAISED = "check-raised"
    SCANNER = "scanner"
    NOT_SCANNED = "not-scanned"
    REGISTER = "register"
    ENVIRONMENTS = "environments"


@dataclass(frozen=True, order=True)
class ScanError:
    """An error that makes the scan incomplete."""

    kind: ErrorKind
    where: str
    """A file, an address or an entry."""
    what: str
    """What was found, and what is allowed."""
    fix: str
    """Where to change it."""


class ScanFailedError(Exception):
    """Stacks, checks or the register can't be read or understood."""

    def __init__(self, *errors: ScanError) -> None:
        super().__init__("; ".join(f"{error.where}: {error.what}" for error in errors))
        self.errors = errors


@dataclass(frozen=True, order=True)
class Block:
    """One block of a stack: its address in Terraform, its file and line."""

    stack: str
    address: str
    """Terraform's address, as in `aws_vpc.main` or `data.aws_iam_policy_document.trust`."""
    file: str
    line: int


@dataclass(frozen=True)
class ScannedBlock:
    """A block of the merged view, with the values that it reads from other stacks."""

    block: Block
    section: str
    """`resource`, `data`, `ephemeral`, `provider`, `variable` or `locals`."""
    kind: str
    """Its type, as in `aws_vpc`; of a provider, its name."""
    name: str
    """Unique in the merged view; empty where the section has no names."""
    settings: Mapping[str, Any]
    synthetic: bool = False
    """Whether it is a synthetic resource: a backend, an output or a variable, as a resource that checks can judge."""


@dataclass(frozen=True, order=True)
class Record:
    """The result of one check on one block."""

    check: str
    """Id of the check."""
    block: Block
    passed: bool
    details: tuple[str, ...] = ()
    """What is wrong, in words; for stock checks, the attributes that they evaluated."""


def in_order(records: Iterable[Record]) -> list[Record]:
    """Records in their order; comparing tuples is five times faster than comparing records."""
    return sorted(records, key=_order)


def _order(record: Record) -> tuple[object, ...]:
    block = record.block
    return record.check, block.stack, block.address, block.file, block.line, record.passed, record.details


@dataclass(frozen=True)
class ScanResult:
    """Results of checks, and the errors that make them incomplete."""

    records: tuple[Record, ...]
    errors: tuple[ScanError, ...]


@dataclass(frozen=True)
class Check:
    """A check that was loaded."""

    id: str
    sentence: str
    source: str
    """A link to why, or the module of a stock check."""
    own: bool


@dataclass(frozen=True)
class Finding:
    """A failed check that isn't accepted."""

    record: Record
    note: str = ""
    """Why an existing acceptance doesn't apply."""


@dataclass(frozen=True)
class Acceptance:
    """A failed check with the register's entry for it."""

    record: Record
    risk: str
    why: str
    expires: date


@dataclass(frozen=True)
class Unused:
    """A value in the register that matches nothing: a pattern, an id or a name."""

    path: Path
    """The register's file."""
    risk: str
    """The entry's id."""
    field: str
    value: str


@dataclass(frozen=True)
class Verdict:
    """The result of the gate."""

    today: date
    until: date | None = None
    """The first later day on which an acceptance has expired."""
    stacks: tuple[str, ...] = ()
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """SHA-256 of the files that were checked, by stack and name."""
    resources: int = 0
    checks: Mapping[str, Check] = field(default_factory=dict)
    passed: int = 0
    passes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Number of blocks that pass, by check and stack."""
    findings: tuple[Finding, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    refusals: tuple[str, ...] = ()
    """Choices of an environment that the register doesn't accept."""
    errors: tuple[ScanError, ...] = ()
    warnings: tuple[str, ...] = ()
    unused: tuple[Unused, ...] | None = None
    """Values in the register that match nothing; None if not everything was checked."""

    @property
    def outcome(self) -> Outcome:
        """An error outweighs findings: the list of findings may be incomplete."""
        if self.errors:
            return Outcome.ERROR
        return Outcome.FINDINGS if self.findings or self.refusals else Outcome.CLEAN


@dataclass(frozen=True)
class StackVerdict:
    """The verdict on one stack, as it is kept in its folder."""

    outcome: str
    """An outcome's name in lower case."""
    today: str
    """The day for which accepted risks were valid."""
    until: str | None
    """The first day on which one of them has expired."""
    files: Mapping[str, str]
    """SHA-256 by name of the files that were checked."""


class Ledger:
    """Collects a check's results over several blocks, as records like those of any other check."""

    def __init__(self) -> None:
        self._examined: dict[str, set[Block]] = defaultdict(set)
        self._wrong: dict[tuple[str, Block], set[str]] = defaultdict(set)

    def examine(self, check: str, blocks: Iterable[Block]) -> None:
        """Record the blocks that a check examines: without a problem they pass, and no acceptance may cover them."""
        self._examined[check].update(blocks)

    def wrong(self, check: str, block: Block, what: str) -> None:
        """Record a problem, in words."""
        self._wrong[check, block].add(what)

    def judge(self, check: str, block: Block, problems: Iterable[str]) -> None:
        """Record that a check examines a block, and what is wrong with it, in words."""
        self.examine(check, [block])
        for what in problems:
            self.wrong(check, block, what)

    def records(self) -> list[Record]:
        """One record for every block and check."""
        failed = [Record(check, block, False, tuple(sorted(what))) for (check, block), what in self._wrong.items()]
        passed = [
            Record(check, block, True)
            for check, blocks in self._examined.items()
            for block in blocks
            if (check, block) not in self._wrong
        ]
        return in_order([*failed, *passed])

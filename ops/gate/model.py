"""What the gate's parts hand to one another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum
from typing import Any


class Outcome(IntEnum):
    """The gate's answer; its number is the exit code."""

    CLEAN = 0
    FINDINGS = 1
    UNTRUSTED = 2


class Doubt(StrEnum):
    """Why a scan can't be trusted."""

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
class Distrust:
    """One reason not to trust the scan."""

    doubt: Doubt
    where: str
    """A file, an address or an entry."""
    what: str
    """What was given, and what is allowed."""
    fix: str
    """Where to change it."""


class UntrustedError(Exception):
    """What is on disk can't be scanned."""

    def __init__(self, *reasons: Distrust) -> None:
        super().__init__("; ".join(f"{reason.where}: {reason.what}" for reason in reasons))
        self.reasons = reasons


@dataclass(frozen=True, order=True)
class Block:
    """One block of a stack, as Terraform and a reader of the file know it."""

    stack: str
    address: str
    """Terraform's address, as in `aws_vpc.main` or `data.aws_iam_policy_document.trust`."""
    file: str
    line: int


@dataclass(frozen=True)
class ScannedBlock:
    """A block as the scanner sees it: merged with the other stacks', its contracts resolved."""

    block: Block
    section: str
    """`resource`, `data`, `provider`, `variable` or `locals`."""
    kind: str
    """Its type, as in `aws_vpc`; of a provider, its name."""
    name: str
    """Unique in the merged view; empty where the section has no names."""
    settings: Mapping[str, Any]
    mirror: bool = False
    """Stands for something that isn't a resource (a backend, an output), so that checks can see it."""


@dataclass(frozen=True, order=True)
class Record:
    """What one check says about one block."""

    check: str
    """Id of the check."""
    block: Block
    passed: bool
    details: tuple[str, ...] = ()
    """What is wrong, in words; the stock checks give the attributes that they looked at."""


@dataclass(frozen=True)
class Scan:
    """What the checks say, and why they may not be believed."""

    records: tuple[Record, ...]
    distrust: tuple[Distrust, ...]


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
    """Why an acceptance that exists doesn't count."""


@dataclass(frozen=True)
class Acceptance:
    """A failed check with the register's entry for it."""

    record: Record
    risk: str
    why: str
    expires: date


@dataclass(frozen=True)
class Verdict:
    """The gate's whole answer."""

    today: date
    stacks: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each stack's file."""
    resources: int = 0
    checks: Mapping[str, Check] = field(default_factory=dict)
    passed: int = 0
    findings: tuple[Finding, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    refusals: tuple[str, ...] = ()
    """Choices of an environment that the register doesn't accept."""
    distrust: tuple[Distrust, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Doubt outweighs findings: a list of findings that can't be trusted is no list."""
        if self.distrust:
            return Outcome.UNTRUSTED
        return Outcome.FINDINGS if self.findings or self.refusals else Outcome.CLEAN


class Ledger:
    """Collects what a proof says of blocks, as records that the register and the reports take like any check's."""

    def __init__(self) -> None:
        self._examined: dict[str, set[Block]] = defaultdict(set)
        self._wrong: dict[tuple[str, Block], set[str]] = defaultdict(set)

    def examine(self, check: str, blocks: Iterable[Block]) -> None:
        """Note blocks that a check looks at: what isn't wrong has passed, so that no acceptance may cover it."""
        self._examined[check].update(blocks)

    def wrong(self, check: str, block: Block, what: str) -> None:
        """Note what is wrong, in words."""
        self._wrong[check, block].add(what)

    def records(self) -> list[Record]:
        """One record for every block and check."""
        failed = [Record(check, block, False, tuple(sorted(what))) for (check, block), what in self._wrong.items()]
        passed = [
            Record(check, block, True)
            for check, blocks in self._examined.items()
            for block in blocks
            if (check, block) not in self._wrong
        ]
        return sorted([*failed, *passed])

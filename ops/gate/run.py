"""The whole way: what is on disk → one view → every check → the register → the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

from ops.gate import support
from ops.gate.expected import Expected
from ops.gate.model import Block, Check, Distrust, Doubt, Record, Scan, ScannedBlock, UntrustedError, Verdict
from ops.gate.proofs import CHECKS, prove
from ops.gate.register import Register
from ops.gate.stacks import World, select
from ops.gate.view import merged_view

T = TypeVar("T")


def run(
    *,
    out: Path,
    policies: Path,
    expected: Expected,
    today: date,
    names: Sequence[str] = (),
) -> Verdict:
    """Judge the synthesized stacks.

    Args:
        out: Folder that synth wrote.
        policies: Folder with `checks/` and `risks.toml`.
        expected: What must be there.
        today: The day on which acceptances are current or expired.
        names: Stacks or environments to judge; none means all.
    """
    reasons: list[Distrust] = []

    def attempt(work: Callable[[], T]) -> T | None:
        """Do it, or note why not: everything that is wrong comes out in one run."""
        try:
            return work()
        except UntrustedError as error:
            reasons.extend(error.reasons)
            return None

    register = attempt(lambda: Register.read(policies / "risks.toml"))
    selection = attempt(lambda: select(out, names, expected))
    views = [attempt(partial(merged_view, world)) for world in (selection.worlds if selection else ())]
    if reasons or register is None or selection is None:
        return Verdict(today, tuple(sorted(selection.stacks)) if selection else (), distrust=tuple(reasons))

    blocks = [view for view in views if view is not None]
    scan, checks = _scan(blocks, policies / "checks")
    proof, checks = prove(selection.worlds, blocks), checks | CHECKS | support.CHECKS
    dated, warnings = _support(selection.worlds, blocks, expected, today)
    found = (*scan.records, *proof.records, *dated)
    records = [
        record for record in found if record.block.stack in selection.stacks and not expected.lacks_rightly(record)
    ]
    resources = [
        each.block
        for view in blocks
        for each in view
        if each.section == "resource" and not each.mirror and each.block.stack in selection.stacks
    ]
    judgement = register.judge(records, checks, expected, today, worlds=selection.environments)
    return Verdict(
        today=today,
        stacks=tuple(sorted(selection.stacks)),
        digests={each.stack: each.sha256 for world in selection.worlds for each in world.documents.values()},
        resources=len(resources),
        checks=checks,
        passed=sum(record.passed for record in records),
        findings=judgement.findings,
        accepted=judgement.accepted,
        refusals=judgement.refusals,
        distrust=(*scan.distrust, *proof.distrust, *_silent(resources, scan.records), *judgement.distrust),
        warnings=(*judgement.warnings, *warnings),
    )


def _support(
    worlds: Sequence[World], views: Sequence[Sequence[ScannedBlock]], expected: Expected, today: date
) -> tuple[list[Record], list[str]]:
    """What AWS's calendars say on that day of the engines in each environment: records, and warnings."""
    records: list[Record] = []
    warnings: list[str] = []
    for world, view in zip(worlds, views, strict=True):
        accepted = expected.declared_risks.get(world.name, frozenset())
        records += support.ended_support(view, today, accepted)
        warnings += support.ending_support(view, today, accepted)
    return records, warnings


def _scan(views: list[list[ScannedBlock]], checks: Path) -> tuple[Scan, dict[str, Check]]:
    # Importing checkov takes over a second, so it comes when everything else is known to be in order.
    from ops.gate.scanner import Scanner  # noqa: PLC0415

    with Scanner(checks) as scanner:
        scans = [scanner.scan(view) for view in views]
        records = tuple(record for scan in scans for record in scan.records)
        doubts = (*scanner.distrust, *(doubt for scan in scans for doubt in scan.distrust))
        return Scan(records, doubts), scanner.checks


def _silent(resources: list[Block], records: Sequence[Record]) -> Iterator[Distrust]:
    """Stacks of whose resources no check said anything: something keeps them from being scanned."""
    judged = {record.block for record in records}
    for stack in sorted({block.stack for block in resources}):
        own = [block for block in resources if block.stack == stack]
        if judged.isdisjoint(own):
            what = f"has {len(own)} resources, and no check said anything about any of them"
            yield Distrust(Doubt.NOT_SCANNED, own[0].file, what, "see ops/gate/scanner.py")

"""All steps of the gate: stacks → merged view → checks → register → verdict."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

import environments
from modules.phases import ORGANIZATION
from modules.progress import Step, progress
from ops.gate import (
    alarms,
    applying,
    cost,
    deprecated,
    detection,
    endpoints,
    firewall,
    kept,
    keys,
    order,
    outside,
    overwritten,
    parity,
    permissions,
    policy_documents,
    processes,
    reachability,
    requests,
    support,
    tasks,
    traffic,
    urls,
)
from ops.gate.model import (
    Block,
    Check,
    ErrorKind,
    Record,
    ScanError,
    ScanFailedError,
    ScannedBlock,
    ScanResult,
    Verdict,
    in_order,
)
from ops.gate.register import Register
from ops.gate.stacks import EnvironmentStacks, Expected, select
from ops.gate.understood import attributes, structure
from ops.gate.view import merged_view
from ops.iam.reference import reference

T = TypeVar("T")


def run(
    *,
    out: Path,
    policies: Path,
    expected: Expected,
    today: date,
    names: Sequence[str] = (),
    products: Path | None = None,
) -> Verdict:
    """Check the synthesized stacks.

    Args:
        out: Folder that synth wrote.
        policies: Folder with `checks/` and the common `risks.toml`.
        expected: Stacks and risks that the project declares.
        today: The day for which acceptances must be valid.
        names: Stacks or environments to check; none means all.
        products: Folder with the accepted risks of each product.
    """
    errors: list[ScanError] = []

    def attempt(work: Callable[[], T]) -> T | None:
        """Call a function, and collect its scan errors, so that one run reports all errors."""
        try:
            return work()
        except ScanFailedError as error:
            errors.extend(error.errors)
        except Exception as error:
            errors.append(_raised(error))
        return None

    register = attempt(lambda: Register.read(policies / "risks.toml", products))
    selection = attempt(lambda: select(out, names, expected))
    environment_stacks = selection.environment_stacks if selection else ()
    views = [attempt(partial(_understood, stacks, expected)) for stacks in environment_stacks]
    if errors or register is None or selection is None:
        return Verdict(today, stacks=tuple(sorted(selection.stacks)) if selection else (), errors=tuple(errors))

    blocks = [view for view in views if view is not None]
    for stacks, view in zip(environment_stacks, blocks, strict=True):
        strange = attributes.scan_errors(view, expected.values.get(stacks.name))
        errors.extend(attempt(partial(list, strange)) or ())
    with progress() as step:
        scan, proof, checks = _checked(selection.environment_stacks, blocks, policies / "checks", step)
    checks |= CHECKS | support.CHECKS | cost.CHECKS | parity.CHECKS
    dated, warnings = _support(selection.environment_stacks, blocks, expected, today)
    by_name = {stacks.name: view for stacks, view in zip(environment_stacks, blocks, strict=True)}
    costs, of_prices = attempt(lambda: cost.cost(by_name, expected.values, today)) or ([], [])
    differing = attempt(lambda: parity.parity(selection.environment_stacks, expected.values)) or []
    found = (*scan.records, *proof.records, *dated, *costs, *differing)
    records = [
        record for record in found if record.block.stack in selection.stacks and not expected.lacks_rightly(record)
    ]
    resources = [
        each.block
        for view in blocks
        for each in view
        if each.section == "resource" and not each.synthetic and each.block.stack in selection.stacks
    ]
    lost = {error.where for error in scan.errors}
    ended = {each.stack for stacks in environment_stacks if stacks.name in lost for each in stacks.documents.values()}
    judgement = register.judge(records, checks, expected, today, environments=selection.environments)
    return Verdict(
        today=today,
        until=register.next_expiry(today),
        stacks=tuple(sorted(selection.stacks)),
        files={each.stack: each.files for stacks in selection.environment_stacks for each in stacks.documents.values()},
        resources=len(resources),
        checks=checks,
        passed=sum(record.passed for record in records),
        passes=_passes(records),
        findings=judgement.findings,
        accepted=judgement.accepted,
        refusals=judgement.refusals,
        errors=(
            *errors,
            *scan.errors,
            *proof.errors,
            *_unscanned(resources, scan.records, ended),
            *judgement.errors,
            *(() if names else _invalid(expected)),
        ),
        warnings=(*judgement.warnings, *warnings, *of_prices),
        unused=judgement.unused,
    )


def _passes(records: Sequence[Record]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (check, stack), number in sorted(Counter((r.check, r.block.stack) for r in records if r.passed).items()):
        found.setdefault(check, {})[stack] = number
    return found


def _support(
    environment_stacks: Sequence[EnvironmentStacks],
    views: Sequence[Sequence[ScannedBlock]],
    expected: Expected,
    today: date,
) -> tuple[list[Record], list[str]]:
    """Results and warnings about AWS's support of the engines in each environment on a day."""
    records: list[Record] = []
    warnings: list[str] = []
    for stacks, view in zip(environment_stacks, views, strict=True):
        accepted = expected.declared_risks.get(stacks.name, frozenset())
        records += support.ended_support(view, today, accepted)
        warnings += support.ending_support(view, today, accepted)
    return records, warnings


def _understood(stacks: EnvironmentStacks, expected: Expected) -> list[ScannedBlock]:
    """The merged view of stacks whose structure is understood.

    Raises:
        ScanFailedError: It isn't.
    """
    if strange := [*structure.scan_errors(stacks, expected.frames)]:
        raise ScanFailedError(*strange)
    return merged_view(stacks)


def _raised(error: Exception) -> ScanError:
    """A scan error for an exception: what raises isn't understood. Without its message, which may quote a value."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    what = f"raised {type(error).__name__} while the stacks were read"
    return ScanError(ErrorKind.NOT_UNDERSTOOD, where, what, "synthesize again: make synth")


def _checked(
    environment_stacks: Sequence[EnvironmentStacks], views: list[list[ScannedBlock]], checks: Path, step: Step
) -> tuple[ScanResult, ScanResult, dict[str, Check]]:
    """The results of scans, those of proofs, and the scans' checks; several environments in several processes."""
    # Importing checkov takes half a second, so it is imported only when everything else is valid.
    from ops.gate.scanner import Scanner

    with Scanner(checks) as scanner:
        if len(environment_stacks) > 1:  # Do this here, not in each process.
            reference().find("sts:AssumeRole")
            scanner.share()

        def scan(view: Sequence[ScannedBlock]) -> ScanResult:
            try:
                return scanner.scan(view)
            except Exception as error:
                return ScanResult((), (_raised(error),))

        def check(of: tuple[EnvironmentStacks, list[ScannedBlock]]) -> tuple[ScanResult, ScanResult]:
            stacks, view = of
            return scan(view), prove([stacks], [view])

        def ended(of: tuple[EnvironmentStacks, list[ScannedBlock]], how: str) -> tuple[ScanResult, ScanResult]:
            what = f"its process {how} before it had a result"
            error = ScanError(
                ErrorKind.SCANNER, of[0].name, what, "run the gate again, with more memory if it was killed"
            )
            return ScanResult((), (error,)), ScanResult((), ())

        results = processes.each(
            check,
            list(zip(environment_stacks, views, strict=True)),
            begins=lambda of: step(f"checking {of[0].name}", len(views)),
            ended=ended,
        )
        scans, proofs = _joined([scan for scan, _ in results]), _joined([proof for _, proof in results])
        return (
            replace(scans, errors=(*scanner.errors, *scans.errors)),
            replace(proofs, records=tuple(in_order(proofs.records))),
            scanner.checks,
        )


def _joined(results: Sequence[ScanResult]) -> ScanResult:
    """Results of several environments."""
    return ScanResult(
        tuple(record for result in results for record in result.records),
        tuple(error for result in results for error in result.errors),
    )


def _unscanned(resources: list[Block], records: Sequence[Record], ended: Collection[str]) -> Iterator[ScanError]:
    """Scan errors for stacks with resources but without any result: something prevented their scan.

    Args:
        resources: All resources.
        records: All results.
        ended: Stacks of environments whose process ended, which is an error of its own.
    """
    judged = {record.block for record in records}
    for stack in sorted({block.stack for block in resources} - {*ended}):
        own = [block for block in resources if block.stack == stack]
        if judged.isdisjoint(own):
            what = f"has {len(own)} resources, but no check has a result on any of them"
            yield ScanError(ErrorKind.NOT_SCANNED, own[0].file, what, "see ops/gate/scanner.py")


def _invalid(expected: Expected) -> Iterator[ScanError]:
    """Scan errors for environments whose values are wrong: the other environments were checked."""
    for name, problem in expected.broken.items():
        first, *each = str(problem).splitlines()
        for line in each or [first]:
            yield ScanError(ErrorKind.ENVIRONMENTS, name, f"wasn't checked: {line.strip()}", "correct its values")
    for problem in expected.conflicts:
        yield ScanError(ErrorKind.ENVIRONMENTS, "environments/", problem, "correct the values")


_Run = Callable[[], list[Record]]

CHECKS: dict[str, Check] = {
    **reachability.CHECKS,
    **permissions.CHECKS,
    **order.CHECKS,
    **applying.CHECKS,
    **tasks.CHECKS,
    **endpoints.CHECKS,
    **alarms.CHECKS,
    **detection.CHECKS,
    **firewall.CHECKS,
    **kept.CHECKS,
    **traffic.CHECKS,
    **requests.CHECKS,
    **outside.CHECKS,
    **overwritten.CHECKS,
    **keys.CHECKS,
    **urls.CHECKS,
    **policy_documents.CHECKS,
    **deprecated.CHECKS,
}


def prove(
    environment_stacks: Sequence[EnvironmentStacks],
    views: Sequence[Sequence[ScannedBlock]],
) -> ScanResult:
    """Check network, permissions, tasks and order of creation against their tables, and policies against AWS's rules.

    Args:
        environment_stacks: The stacks; those outside any environment have no tables, so only policies are checked.
        views: Their merged views, in the same order.
    """
    records: list[Record] = []
    errors: list[ScanError] = []
    for stacks, view in zip(environment_stacks, views, strict=True):
        for proof, call in proofs(stacks, view):
            try:
                records += call()
            except ScanFailedError as error:
                errors += error.errors
            except Exception as error:
                what = f"raised {type(error).__name__}: {error}"
                where = f"{proof.__name__} of {stacks.name}"
                errors.append(ScanError(ErrorKind.CHECK_RAISED, where, what, f"fix {proof.__module__}"))
    return ScanResult(tuple(in_order(records)), tuple(errors))


def proofs(stacks: EnvironmentStacks, view: Sequence[ScannedBlock]) -> Iterator[tuple[Callable[..., object], _Run]]:
    """Each check, and a function that runs it."""
    yield policy_documents.idle_statements, partial(policy_documents.idle_statements, view)
    yield policy_documents.document_sizes, partial(policy_documents.document_sizes, view, stacks)
    yield deprecated.deprecated, partial(deprecated.deprecated, view)
    if stacks.name in environments.known():
        environment = environments.load(stacks.name)
        for proof in (
            reachability.reachability,
            permissions.who_may_what,
            order.what_comes_first,
            applying.who_applies_can,
            tasks.what_runs,
            endpoints.uneven_endpoints,
            alarms.silent_alarms,
            detection.unseen,
            firewall.unblocked,
            kept.lost_data,
            traffic.stray_traffic,
            requests.wrong_requests,
            outside.what_leads_outside,
            overwritten.overwritten,
            keys.other_keys,
            urls.other_urls,
        ):
            yield proof, partial(proof, view, environment)
    elif stacks.name == ORGANIZATION and environments.has_organization():
        organization = environments.load_organization()
        for check in (outside.what_leads_outside, requests.wrong_guardrails):
            yield check, partial(check, view, organization)

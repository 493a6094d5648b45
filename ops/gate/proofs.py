"""Checks on a whole environment; the other checks judge one block at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import environments
from ops.gate import applying, order, permissions, policy_documents, reachability
from ops.gate.model import Check, ErrorKind, Record, ScanError, ScanFailedError, ScannedBlock, ScanResult
from ops.gate.stacks import EnvironmentStacks

_Run = Callable[[], list[Record]]

CHECKS: dict[str, Check] = {
    **reachability.CHECKS,
    **permissions.CHECKS,
    **order.CHECKS,
    **applying.CHECKS,
    **policy_documents.CHECKS,
}


def prove(environment_stacks: Iterable[EnvironmentStacks], views: Iterable[Sequence[ScannedBlock]]) -> ScanResult:
    """Check network, permissions and order of creation against their tables, and policies against AWS's rules.

    Args:
        environment_stacks: The stacks; those outside any environment have no tables, so only policies are checked.
        views: Their merged views, in the same order.
    """
    records: list[Record] = []
    errors: list[ScanError] = []
    for stacks, view in zip(environment_stacks, views, strict=True):
        for proof, run in _proofs(stacks, view):
            try:
                records += run()
            except ScanFailedError as error:
                errors += error.errors
            except Exception as error:
                what = f"raised {type(error).__name__}: {error}"
                where = f"{proof.__name__} of {stacks.name}"
                errors.append(ScanError(ErrorKind.CHECK_RAISED, where, what, f"fix {proof.__module__}"))
    return ScanResult(tuple(sorted(records)), tuple(errors))


def _proofs(stacks: EnvironmentStacks, view: Sequence[ScannedBlock]) -> Iterator[tuple[Callable[..., object], _Run]]:
    """Each check, and a function that runs it."""
    yield policy_documents.idle_statements, partial(policy_documents.idle_statements, view)
    yield policy_documents.document_sizes, partial(policy_documents.document_sizes, view, stacks)
    if stacks.name in environments.known():
        environment = environments.load(stacks.name)
        for proof in (
            reachability.reachability,
            permissions.who_may_what,
            order.what_comes_first,
            applying.who_applies_can,
        ):
            yield proof, partial(proof, view, environment)

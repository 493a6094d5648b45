"""Ask this gate and stock checkov about a planted violation: what do they say that they didn't say before?"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any
from unittest.mock import patch

import ops.gate.scanner  # noqa: F401 - imports checkov without the caller's settings
from ops.gate.model import Verdict
from ops.gate.parity import PARITY
from ops.gate.register import Register, of_products
from ops.gate.run import run
from ops.gate.stacks import Expected, expected_stacks
from tests.gate.planted.plant import plant
from tests.gate.planted.row import PRODUCT_REGISTER, Row
from tests.gate.project import POLICIES

_PROCESSES = 2
_REFUSED = "refused"
"""Stands in the table for a choice that the register doesn't accept."""


@dataclass(frozen=True)
class Found:
    """One thing that is reported: by a check, or as a scan error, and of what."""

    id: str
    where: str
    what: str

    def names(self, row: Row) -> bool:
        """Whether somebody who reads it knows where to look."""
        text = f"{self.where} {self.what}"
        return any(name in text for name in (row.stack, row.address, row.seen) if name)


@dataclass(frozen=True)
class Result:
    """Who finds a violation, and by which checks."""

    row: Row
    stock: tuple[str, ...]
    gate: tuple[str, ...]


def judge(rows: Sequence[Row], output: Path, *, processes: int = _PROCESSES) -> list[Result]:
    """Plant each row alone, and ask both.

    Args:
        rows: The violations.
        output: Folder that synth wrote.
        processes: How many work on it side by side; 1 does it here.
    """
    if processes == 1:
        with remembering():
            return [judge_one(row, output) for row in rows]
    with ProcessPoolExecutor(processes, initializer=remember) as pool:
        return list(pool.map(judge_one, rows, repeat(output), chunksize=4))


def judge_one(row: Row, output: Path) -> Result:
    """Plant one row, and ask both."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        new = new_findings(row, output, folder)
        ours = {each.id for each in new if each.names(row)}
        planted = folder / "stacks" / row.stack
        stock = stock_findings(planted) - _stock_before(output / "stacks" / row.stack) if planted.is_dir() else set()
    return Result(row, tuple(sorted({id_ for id_, _ in stock})), tuple(sorted(ours)))


def new_findings(row: Row, output: Path, folder: Path) -> frozenset[Found]:
    """Plant one row in a folder, and ask this gate what it says that it didn't say before."""
    plant(row, output, folder)
    new = _said(_verdict(folder, folder, row.environment)) - _before(output, row.environment)
    return frozenset(each for each in new if row.by_values or each.id != PARITY)


def stock_findings(folder: Path) -> frozenset[tuple[str, str]]:
    """What stock checkov's own runner fails in a folder: check and resource.

    Its graph joins blocks within a folder only, so that a stack's findings don't depend on the stacks beside it.
    """
    from checkov.runner_filter import RunnerFilter  # noqa: PLC0415
    from checkov.terraform_json.runner import TerraformJsonRunner  # noqa: PLC0415

    chosen = RunnerFilter(framework=["terraform_json"], show_progress_bar=False)
    with _quiet():
        report = TerraformJsonRunner().run(root_folder=str(folder), runner_filter=chosen)
    assert not isinstance(report, list)
    return frozenset((record.check_id, f"{record.file_path} {record.resource}") for record in report.failed_checks)


@cache
def _stock_before(folder: Path) -> frozenset[tuple[str, str]]:
    return stock_findings(folder)


@cache
def _before(output: Path, environment: str) -> frozenset[Found]:
    return _said(verdict_on(output, environment))


def verdict_on(out: Path, environment: str) -> Verdict:
    """What this gate says of an environment's stacks in a folder, with the project's own policies."""
    return _verdict(out, POLICIES.parent, environment)


def _verdict(out: Path, project: Path, environment: str) -> Verdict:
    return run(
        out=out,
        policies=project / "policies",
        products=project / PRODUCT_REGISTER.parent,
        expected=expected(),
        today=_today(),
        names=(environment,),
    )


@cache
def expected() -> Expected:
    """What the project declares, read once."""
    return expected_stacks()


@cache
def _today() -> date:
    """The day when the register was last added to: no clock is read."""
    return max(risk.accepted for risk in Register.read(POLICIES / "risks.toml", of_products()).risks)


def _said(verdict: Verdict) -> frozenset[Found]:
    records = (finding.record for finding in verdict.findings)
    return frozenset(
        {
            *(
                Found(each.check, f"{each.block.stack} {each.block.address}", " ".join(each.details))
                for each in records
            ),
            *(Found(each.kind, each.where, each.what) for each in verdict.errors),
            *(Found(_REFUSED, PRODUCT_REGISTER.as_posix(), each) for each in verdict.refusals),
        }
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """What checkov logs about what it doesn't understand is of no interest here."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def remembering() -> Any:
    """Let stock checkov evaluate each expression once, as the gate does: half of the time of a scan."""
    from checkov.terraform.graph_builder.variable_rendering.safe_eval_functions import evaluate  # noqa: PLC0415

    known: dict[str, Any] = {}

    def remembered(text: str) -> Any:
        if text not in known:
            try:
                value = evaluate(text)
            except ValueError as error:
                value = error
            if not isinstance(value, str | int | float | ValueError | None):
                return value  # The caller could change it.
            known[text] = value
        if isinstance(known[text], ValueError):
            raise known[text]
        return known[text]

    return patch("checkov.terraform.graph_builder.variable_rendering.evaluate_terraform.evaluate", remembered)


def remember() -> None:
    """Do that in a process that judges many rows."""
    remembering().start()

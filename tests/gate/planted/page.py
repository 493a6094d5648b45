"""docs/maintainers/planted-violations.md, from the results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.gate.planted.judge import Result

PAGE = Path(__file__).parents[3] / "docs" / "maintainers" / "planted-violations.md"
_NOTHING = "-"
_PAGE = """\
# Planted violations

Of {rows} violations of {requirements} requirements, **stock checkov finds {stock} and this gate finds {gate}**.

Each row is one mistake, planted alone into a copy of the synthesized stacks. The table lists the checks that fail and
passed before. Stock checkov is the same version, run without any skip. `CKV_AWS` and `CKV2_AWS` are stock checks,
which this gate runs too. `CKV_ROLLOUT` are the project's own. `ROLLOUT_REACH` and `ROLLOUT_IAM` compare the stacks
with the tables of flows and permissions ([reachability](../reachability.md)). The others are scan errors and
refusals ([gate](../gate.md)). `ROLLOUT_PARITY` finds every change of a stack, because it compares stacks with their
values. It counts only for rows that nothing else finds.

`make planted` writes this page. Tests check that it has every row, that this gate finds each, and that every
[requirement](../requirements.md) that synthesis must prove has one.

| # | requirement | violation | found by stock checkov | found by this gate |
|---|---|---|---|---|
{table}
"""


def page(results: Sequence[Result]) -> str:
    """The page.

    Args:
        results: One for each row, in the order of the table.
    """
    cells = (
        (str(number), each.row.requirement, each.row.sentence, _ids(each.stock), _ids(each.gate))
        for number, each in enumerate(results, 1)
    )
    return _PAGE.format(
        rows=len(results),
        requirements=len({each.row.requirement for each in results}),
        stock=sum(bool(each.stock) for each in results),
        gate=sum(bool(each.gate) for each in results),
        table="\n".join(f"| {' | '.join(each)} |" for each in cells),
    )


def _ids(found: Sequence[str]) -> str:
    return ", ".join(f"`{each}`" for each in found) or _NOTHING

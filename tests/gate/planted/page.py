"""docs/planted-violations.md, from what was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.gate.planted.judge import Result

PAGE = Path(__file__).parents[3] / "docs" / "planted-violations.md"
_NOTHING = "-"
_PAGE = """\
# Planted violations

Of {rows} violations of {requirements} requirements, **stock checkov finds {stock}, this gate {gate}**.

Each row is one mistake, planted alone into a copy of the synthesized stacks. The table says which checks fail that
passed before. Stock checkov is the same version, run without any skip. `CKV_AWS` and `CKV2_AWS` are stock checks,
which this gate runs too; `CKV_ROLLOUT` are ours; `ROLLOUT_REACH` and `ROLLOUT_IAM` hold the stacks against the tables
of flows and permissions ([reachability](reachability.md)); the rest are doubts and refusals ([gate](gate.md)).

`make planted` does it all again and writes this page. Tests hold that it says what happens, that this gate finds every
row, and that every [requirement](requirements.md) that synthesis has to prove has one.

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

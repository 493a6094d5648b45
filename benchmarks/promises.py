"""What the project promises of its speed, and the table of docs/performance.md with what was measured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ops import files

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- promises -->", "<!-- /promises -->"
HEAD = ("| benchmark | what | measured | promised | |", "|---|---|---|---|---|")


@dataclass(frozen=True)
class Promise:
    """A limit, and what was measured: a ratio to a baseline of the same run, unless `what` names another unit."""

    what: str
    measured: float
    limit: float
    least: bool = False
    """Whether the limit is the least that is promised, not the most."""

    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        return self.measured >= self.limit if self.least else self.measured <= self.limit

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """What is shown of it."""
        bound = f"at {'least' if self.least else 'most'} {self.limit:,g}"
        measured = f"{self.measured:.3g}" if self.measured < 1000 else f"{self.measured:,.0f}"
        return self.what, measured, bound, "met" if self.met else "MISSED"


def printed(promises: Sequence[Promise]) -> str:
    """One line for each."""
    rows = [each.cells for each in promises]
    wide = max((len(what) for what, *_ in rows), default=0)
    return "\n".join(f"  {what:{wide}}  {measured:>6}  {bound:14} {verdict}" for what, measured, bound, verdict in rows)


def table(page: str, name: str, found: Sequence[Promise], order: Sequence[str]) -> str:
    """The page with the rows of one benchmark renewed; those of the others stay."""
    before, rest = page.split(BEGIN)
    present, after = rest.split(END)
    rows = {each: re.findall(rf"^\| {each} \|.*$", present, re.MULTILINE) for each in order}
    rows[name] = [f"| {' | '.join((name, *each.cells))} |" for each in found]
    return "\n".join((f"{before}{BEGIN}", *HEAD, *(row for each in order for row in rows[each]), f"{END}{after}"))


def write(name: str, found: Sequence[Promise], order: Sequence[str]) -> None:
    """Renew the rows of one benchmark in the page's table.

    Args:
        name: The benchmark.
        found: What was measured.
        order: All benchmarks, in the order of their rows.
    """
    files.write(PAGE, table(PAGE.read_text(encoding="utf-8"), name, found, order))

"""Writes docs/maintainers/planted-violations.md of AEP's stacks: `make planted`."""

from __future__ import annotations

import sys

from modules.output import OUT
from tests.gate.planted.judge import judge
from tests.gate.planted.page import PAGE, page
from tests.gate.planted.rows import ROWS


def main() -> int:
    """Plant, judge, write; the exit code says whether everything is found."""
    results = judge(ROWS, PAGE.parents[2] / OUT)
    PAGE.write_text(page(results), encoding="utf-8")
    missed = [each.row.id for each in results if not each.gate]
    sys.stdout.write(f"{len(results)} violations planted; not found: {', '.join(missed) or 'none'}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

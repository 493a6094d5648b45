"""Collect what a proof says of blocks, as records that the register and the reports take like any check's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ops.gate.model import Block, Record


class Ledger:
    """What was examined, and what is wrong with it."""

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

"""Proves that environments differ by their values only: the values give each stack, whatever the environment's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from environments.schema import Environment
from ops.gate.documents import StackFile
from ops.gate.model import Block, Check, ErrorKind, Ledger, Record, ScanError, ScanFailedError
from ops.gate.stacks import EnvironmentStacks
from ops.parity.compare import unexplained

PARITY = "ROLLOUT_PARITY"
CHECKS = {
    PARITY: Check(
        PARITY, "The stack is what the environment's values give, whatever its name", "docs/parity.md", own=True
    )
}


def parity(environment_stacks: Iterable[EnvironmentStacks], values: Mapping[str, Environment]) -> list[Record]:
    """Compare stacks with what the values of their environments give.

    Args:
        environment_stacks: The stacks; those outside any environment are left out.
        values: The values of each environment, by name.

    Raises:
        ScanFailedError: Stacks can't be built from the values.
    """
    ledger = Ledger()
    for stacks in environment_stacks:
        if stacks.name not in values:
            continue
        for document in stacks.documents.values():
            ledger.examine(PARITY, _blocks(document))
        try:
            found = [*unexplained(stacks.documents, values[stacks.name])]
        except Exception as error:
            what = f"the stacks can't be built from the values: {type(error).__name__}: {error}"
            where = f"{PARITY} of {stacks.name}"
            raise ScanFailedError(ScanError(ErrorKind.CHECK_RAISED, where, what, "see docs/parity.md")) from error
        for each in found:
            ledger.wrong(PARITY, each.block, each.why)
    return ledger.records()


def _blocks(document: StackFile) -> Iterator[Block]:
    for section, prefix in (("resource", ""), ("data", "data.")):
        for kind, named in document.content.get(section, {}).items():
            for name in named:
                line = document.line(section, kind, name)
                yield Block(document.stack, f"{prefix}{kind}.{name}", document.file, line)

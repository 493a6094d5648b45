"""Writes the golden lists of addresses of AEP's stacks: `make golden`."""

from __future__ import annotations

from pathlib import Path

from modules.output import OUT
from tests.conftest import read_stacks

FOLDER = Path(__file__).parent


def write(output: Path) -> None:
    """One list a stack, sorted; lists of stacks that are no more go."""
    for stale in FOLDER.glob("*.txt"):
        stale.unlink()
    for name, stack in read_stacks(output).items():
        addresses = sorted(f"{kind}.{id_}" for kind, id_, _ in stack.all_resources())
        (FOLDER / f"{name}.txt").write_text("".join(f"{address}\n" for address in addresses), encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER.parents[1] / OUT)

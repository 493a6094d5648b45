"""The list in words: for the terminal, and as Markdown for a change's ticket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import OpsError
from ops.verify.model import Light

if TYPE_CHECKING:
    from ops.golive.items import Answered
    from ops.verify.context import Context


def as_text(items: Sequence[Answered]) -> str:
    """An item a line, its evidence below it."""
    return "\n".join(_lines(items))


def as_markdown(items: Sequence[Answered], context: Context, at: datetime) -> str:
    """The list as a record: what was asked of whom, by whom and when."""
    who = f"{context.environment.name} (account {context.environment.account_id}), asked by {context.aws.caller.arn}"
    lines = [f"# Go-live list of {context.environment.name}", "", f"{at:%Y-%m-%d %H:%M} UTC. {who}.", ""]
    for item in items:
        lines.append(f"- [{'x' if item.light is Light.GREEN else ' '}] **{item.says}**: {item.light}")
        lines += [f"  - {result.meaning} {result.light.capitalize()}: {result.evidence}" for result in item.results]
    return "\n".join([*lines, "", verdict(items), ""])


def verdict(items: Sequence[Answered]) -> str:
    """One line: ready, or how much is open."""
    still = [item.says for item in items if item.light is not Light.GREEN]
    return f"{len(still)} of {len(items)} open: {'; '.join(still)}" if still else f"All {len(items)} are green."


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        OpsError: It can't be written.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise OpsError(f"can't write {path}: {error.strerror}; name another file with --out") from None


def _lines(items: Sequence[Answered]) -> Iterator[str]:
    for item in items:
        yield f"{item.light:<13}  {item.says}"
        yield from (f"{'':<15}{result.light}: {result.evidence}" for result in item.results)
    yield verdict(items)

"""Markdown for GitHub in which no name or message of a stack is anything but text.

What a stack or a plan holds is written in code only: there GitHub reads no HTML, no Markdown and no mentions.
https://github.github.com/gfm/#code-spans, https://github.github.com/gfm/#fenced-code-blocks
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from ops.printable import printable

LIMIT = 65_536
"""Characters of a comment or issue; of a longer one GitHub says "body is too long (maximum is 65536 characters)"."""
WHOLE = 1_000_000
"""Bytes of a job's summary, which may have 1 MiB.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
"""
_RUN = re.compile("`+")
_FENCE = re.compile(r"(`{3,})(\w*)")
_TITLE = re.compile(r"<details><summary>(.*)</summary>")
_CUT = re.compile(r"… and (\d+) more lines, cut at GitHub's limit; .*")
_LONGEST = 400
"""Characters of a name or a status."""
_LONGEST_LINE = 2000
"""Characters of a line in a list."""


@dataclass(frozen=True)
class Listing:
    """Lines of plain text, in a block of code."""

    lines: tuple[str, ...]
    title: str = ""
    """Of our own words. With a title, the block is folded."""
    language: str = "text"
    cut: int = 0
    """How many lines were left out."""


Part = str | Listing


def code(text: str) -> str:
    """A text as a code span that nothing in it can end, also in a table."""
    safe = printable(text).replace("`", "'").replace("|", "¦").strip()
    return f"`{_short(safe)}`" if safe else "`(empty)`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are our own words or code."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def rendered(parts: Sequence[Part], whole: str, limit: int = LIMIT) -> str:
    """The parts as Markdown of at most `limit` bytes in UTF-8, so also of at most as many characters.

    What is too long is cut: folded lists first, the longest ones most, then the others.

    Args:
        parts: Markdown of our own words, and lists of lines of any text.
        whole: Where the whole text is; a cut list names it.
        limit: Bytes.
    """
    text = _joined(parts, whole)
    for folded in (True, False):
        if size(text) <= limit:
            return text
        low, high = 0, limit
        while low < high:  # The most characters that each list may have.
            middle = (low + high + 1) // 2
            if size(_joined([*_within(parts, middle, folded=folded)], whole)) <= limit:
                low = middle
            else:
                high = middle - 1
        parts = [*_within(parts, low, folded=folded)]
        text = _joined(parts, whole)
    if size(text) > limit:
        last = f"\n\nThis text is cut at GitHub's limit; {whole}.\n"
        while parts and size(_joined(parts, whole)) + size(last) > limit:
            parts = parts[:-1]
        text = _joined(parts, whole).rstrip("\n") + last
    return text


def again(text: str) -> list[Part]:
    """The parts of a text that `rendered` returned, so that it can be shortened further."""
    parts: list[Part] = []
    paragraph: list[str] = []
    title, cut = "", 0
    lines = iter(text.split("\n"))
    for line in lines:
        fence, folded, left = _FENCE.fullmatch(line), _TITLE.fullmatch(line), _CUT.fullmatch(line)
        if paragraph and (not line or fence or folded):
            parts.append("\n".join(paragraph))
            paragraph = []
        if fence:
            parts.append(Listing(tuple(takewhile(fence[1].__ne__, lines)), title, fence[2]))
            title = ""
        elif folded:
            title, cut = folded[1], 0
        elif left and title:  # All lines of this list are cut.
            cut = int(left[1])
        elif left and parts and isinstance(parts[-1], Listing):
            parts[-1] = replace(parts[-1], cut=int(left[1]))
        elif line == "</details>":
            if title:
                parts.append(Listing((), title, cut=cut))
            title = ""
        elif line:
            paragraph.append(line)
    return parts if not paragraph else [*parts, "\n".join(paragraph)]


def _within(parts: Sequence[Part], characters: int, *, folded: bool) -> Iterator[Part]:
    for part in parts:
        if isinstance(part, str) or bool(part.title) is not folded:
            yield part
            continue
        kept, used = 0, 0
        for line in part.lines:
            used += len(_line(line)) + 1
            if used > characters:
                break
            kept += 1
        yield replace(part, lines=part.lines[:kept], cut=part.cut + len(part.lines) - kept)


def size(text: str) -> int:
    """The length in UTF-8: GitHub counts bytes of a summary, and characters of a comment."""
    return len(text.encode())


def _joined(parts: Sequence[Part], whole: str) -> str:
    return "\n\n".join(part if isinstance(part, str) else _listing(part, whole) for part in parts) + "\n"


def _listing(part: Listing, whole: str) -> str:
    lines = [_line(line) for line in part.lines]
    longest = max((len(run) for line in lines for run in _RUN.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    shown = [f"{fence}{part.language}", *lines, fence] if lines else []
    if part.cut:
        shown += ["", f"… and {part.cut} more lines, cut at GitHub's limit; {whole}."]
    if not part.title:
        return "\n".join(shown)
    return "\n".join([f"<details><summary>{part.title}</summary>", "", *shown, "", "</details>"])


def _line(text: str) -> str:
    """One line: no line break, and nothing that controls a terminal."""
    return _short(printable(text), _LONGEST_LINE)


def _short(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"

"""Text that is safe to print: what a stack or AWS calls things must not control a terminal or fake a line."""

from __future__ import annotations

import re

_RUNNER_COMMAND = re.compile(r"##(?=\[)|^[^\S\n]*:(?=:)", re.MULTILINE)
"""Where GitHub's runner may find a command in what a step prints: `##[…]` anywhere, `::…::` where a line begins.

https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
"""


def printable(text: str, *, keep: str = "") -> str:
    r"""A text with its control characters, marks of text direction and lone surrogates as `\u…`.

    Args:
        text: The text.
        keep: Characters that stay, such as "\n" in a text of several lines.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in keep else _escape(each) for each in text)


def without_commands(text: str) -> str:
    """A text in which GitHub's runner finds no command: a zero-width space breaks what would begin one."""
    return _RUNNER_COMMAND.sub("\\g<0>\u200b", text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")

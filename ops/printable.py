"""Text that is safe to print: what a stack or AWS calls things must not control a terminal or fake a line."""

from __future__ import annotations


def printable(text: str, *, keep: str = "") -> str:
    r"""A text with its control characters, marks of text direction and lone surrogates as `\u…`.

    Args:
        text: The text.
        keep: Characters that stay, such as "\n" in a text of several lines.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in keep else _escape(each) for each in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")

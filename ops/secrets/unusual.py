"""What is unusual about a new value: signs that more, less or something else was copied. No text here has the value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

BOM = "\ufeff"
QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "\u2018": "\u2019", "„": "“", "«": "»"}
"""Opening quotes, each with its closing one."""
_BREAK = re.compile(r"\r\n|\r|\n")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+|set\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?=[^\s=])")
_INVISIBLE = frozenset({"Cf", "Zs", "Zl", "Zp", "Co", "Cn"})
"""Unicode's categories of characters that look like a blank or like nothing."""


@dataclass(frozen=True)
class Shape:
    """What the credentials of an issuer look like."""

    issuer: str
    words: tuple[str, ...]
    """One of these is in the names of secrets that may have it."""
    pattern: re.Pattern[str]


SHAPES = (
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    Shape("an AWS access key ID", ("AWS", "ACCESS_KEY"), re.compile(r"A(?:KIA|SIA)[A-Z0-9]{16}")),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
    Shape(
        "an AWS secret access key",
        ("AWS", "ACCESS_KEY"),
        re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9+/])[A-Za-z0-9+/]{40}"),
    ),
    # https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
    Shape("a GitHub token", ("GITHUB", "GH"), re.compile(r"(?:gh[pousr]_|github_pat_)\w{20,}")),
    Shape("an Anthropic API key", ("ANTHROPIC", "CLAUDE"), re.compile(r"sk-ant-\S{10,}")),
    Shape("an OpenAI API key", ("OPENAI",), re.compile(r"sk-(?!ant-)\S{20,}")),
    # https://docs.slack.dev/authentication/tokens
    Shape("a Slack token", ("SLACK",), re.compile(r"xox[a-z]-\S{10,}")),
    Shape("a private key", ("PRIVATE", "KEY", "CERT", "PEM", "TLS", "SSH"), re.compile(r"-----BEGIN [A-Z ]*PRIVATE.*")),
)
"""Other issuers' keys are of any shape, so that a value without a known one isn't unusual."""


def unusual(name: str, value: str) -> Iterator[str]:
    """What is unusual about a value, in words that follow "it".

    Args:
        name: The secret.
        value: Its new value, with all that was copied.
    """
    text = value.removeprefix(BOM)
    if text != value:
        yield "begins with a BOM (byte order mark)"
    if text != (inside := text.strip()):
        ends = [where for where, part in (("begins", text.lstrip()), ("ends", text.rstrip())) if part != text]
        yield f"{' and '.join(ends)} with a blank or line break"
    if QUOTES.get(inside[:1]) == inside[-1:] and len(inside) > 1:
        yield "is in quotes"
        inside = inside[1:-1].strip()
    found = _ASSIGNMENT.match(inside)
    if found and (found[1] == name or found[1].isupper()):
        yield "begins with NAME=, as in a file of variables"
        inside = inside[found.end() :]
    lines = len(_BREAK.split(text.strip()))
    if lines > 1:
        yield f"has {lines} lines"
    controls = sum(unicodedata.category(each) == "Cc" and each not in "\r\n" for each in text.strip())
    if controls:
        yield f"has control characters ({controls})"
    hidden = sum(each != " " and unicodedata.category(each) in _INVISIBLE for each in text)
    if hidden:
        yield f"has invisible characters or blanks other than the space bar's ({hidden})"
    yield from _others(name, inside.strip("".join((*QUOTES, *QUOTES.values()))))


def _others(name: str, value: str) -> Iterator[str]:
    """Whose credentials the value looks like, if the secret's name is another's."""
    words = name.upper().split("_")
    for shape in SHAPES:
        own = any(word in words or ("_" in word and word in name.upper()) for word in shape.words)
        if not own and shape.pattern.fullmatch(value.partition("\n")[0].strip()):
            yield f"looks like {shape.issuer}"

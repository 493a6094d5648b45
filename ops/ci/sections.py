"""One comment on a pull request with a section for each environment: each job replaces only its own.

Hidden lines begin and end a section, with the commit that it is about. Text of stacks can't have such a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ops.markdown import again, code, rendered, size

MARKER = "<!-- aws-rollout: what this pull request changes -->"
"""The comment's first line. GitHub doesn't show it."""
HEAD = "## What this pull request changes"
KEY = "`+` added, `-` removed, `~` changed, `-/+` replaced"
GENERAL = ""
"""The name of the section that is about no single environment."""
_SECTION = re.compile(
    r"^<!-- rollout:(?P<name>[\w-]*) (?P<commit>\w*) -->\n(?P<text>.*?)^<!-- /rollout:(?P=name) -->$",
    re.MULTILINE | re.DOTALL,
)
_OLD = re.compile(r"^\*\*Of another push, `[^`\n]*`:\*\*\n\n")
_RUN = re.compile(r"\[The run\]\((?P<run>[^()\s]+)\)")
_LEAST = 500
"""Bytes that every section gets."""


@dataclass(frozen=True)
class Section:
    """What one job wrote."""

    commit: str
    """The commit that was synthesized and planned."""
    text: str
    """Markdown."""

    def within(self, limit: int) -> str:
        """The text with at most this many bytes: lists of plans are cut first."""
        if size(self.text) <= limit:
            return self.text
        run = _RUN.search(self.text)
        return rendered(again(self.text), where(run["run"] if run else ""), limit)


def where(run: str) -> str:
    """Where the whole text is, for what is cut."""
    return f"the whole is in the summary of [the run]({run})" if run else "`ops ci comment --out FILE` writes the whole"


def parsed(body: str) -> dict[str, Section]:
    """The sections of a comment by environment, in order; what isn't one is left out."""
    found = _SECTION.finditer(body.replace("\r\n", "\n"))
    return {each["name"]: Section(each["commit"], _OLD.sub("", each["text"].strip("\n") + "\n")) for each in found}


def joined(sections: Mapping[str, Section], commit: str, limit: int) -> str:
    """A comment of at most `limit` bytes, so also of at most as many characters.

    The sections share them: a long one is cut only as far as the others need it.

    Args:
        sections: By environment.
        commit: The commit of the run. A section of another one says so.
        limit: Bytes.
    """
    ordered = dict(sorted(sections.items(), key=lambda item: item[0] == GENERAL))
    room = limit - size(_framed({name: (each, "") for name, each in ordered.items()}, commit))
    lengths = sorted(size(each.text) for each in ordered.values())
    share = room
    for index, length in enumerate(lengths):  # The largest share with which all fit.
        share = (room - sum(lengths[:index])) // (len(lengths) - index)
        if length > share:
            break
    return _framed({name: (each, each.within(max(share, _LEAST))) for name, each in ordered.items()}, commit)


def _framed(sections: Mapping[str, tuple[Section, str]], commit: str) -> str:
    parts = [MARKER, HEAD]
    for name, (section, text) in sections.items():
        old = "" if section.commit == commit else f"**Of another push, {code(section.commit[:12])}:**\n\n"
        # A hidden line in a name or a message isn't one any more: its second hyphen is another one, U+2011.
        safe = text.strip("\n").replace("<!--", "<!-\u2011")
        parts.append(f"<!-- rollout:{name} {section.commit} -->\n{old}{safe}\n<!-- /rollout:{name} -->")
    return "\n\n".join([*parts, KEY]) + "\n"

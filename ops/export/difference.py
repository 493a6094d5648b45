"""Shows a change of values as a change of HCL: compares the exports of two versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from functools import cache
from pathlib import Path

from ops.export.constructs import Constructs
from ops.export.folder import MAIN, export, is_synthesized
from ops.versions import Version

_constructs = cache(Constructs)
"""The constructs of a version, read once for all environments."""
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_HEAD = re.compile(r"(?:resource|data|ephemeral|output|provider|variable|locals|terraform)\b.*\{")


def differences(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """The unified difference of each phase that differs, by phase.

    Args:
        name: The environment, or `organization`.
        before: The configuration of each phase in the other version, by phase; a missing one is empty.
        after: The same in this version.
    """
    found = {}
    for phase in dict.fromkeys((*after, *before)):
        lines = [*_unified(f"{name}/{phase}/{MAIN}", before.get(phase, ""), after.get(phase, ""))]
        if lines:
            found[phase] = "\n".join(lines)
    return found


def compared(name: str, base: Version, out: Path) -> dict[str, str]:
    """What differs between another version of an environment and this one, by phase.

    Args:
        name: The environment, or `organization`.
        base: The other version.
        out: The folder that synth wrote for this version.

    Raises:
        OpsError: A stack can't be exported.
    """
    before = _texts(name, base.out, _constructs(base.tree)) if is_synthesized(name, base.out) else {}
    return differences(name, before, _texts(name, out, _constructs()))


def _texts(name: str, out: Path, constructs: Constructs) -> dict[str, str]:
    return {stack.phase: stack.files[MAIN] for stack in export(name, out, constructs)}


def _unified(path: str, before: str, after: str) -> Iterator[str]:
    """Lines of a unified difference; the first line of a part names the block that it begins in."""
    old, new = before.splitlines(), after.splitlines()
    for line in unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm=""):
        found = _HUNK.fullmatch(line)
        yield f"{line}{_within(new, int(found[1]))}" if found else line


def _within(lines: list[str], number: int) -> str:
    """The first line of the block that a line is in, if it is in one."""
    for line in reversed(lines[: max(number - 1, 0)]):
        if line == "}":
            return ""
        if _HEAD.fullmatch(line):
            return f" {line.removesuffix(' {')}"
    return ""

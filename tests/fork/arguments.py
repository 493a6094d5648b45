"""What the two sets of bindings take as arguments, read from their sources: nothing is imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

AWS = Path(__file__).parents[2] / "modules" / "bindings" / "aws.py"
_CLASS = re.compile(r"^class (\w+)[(:]", re.MULTILINE)
_INIT = re.compile(r"^    def __init__\(\n(.*?)^    \) -> None:", re.MULTILINE | re.DOTALL)


def modules() -> list[str]:
    """The modules of the bindings that the project uses; each has one type."""
    return re.findall(r"^from \w+\.(\w+) import", AWS.read_text(encoding="utf-8"), re.MULTILINE)


def arguments(package: Path, module: str) -> Mapping[str, frozenset[str]]:
    """The classes of a module with the names of their arguments."""
    text = (package / module / "__init__.py").read_text(encoding="utf-8")
    parts = _CLASS.split(text)[1:]
    found = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        init = _INIT.search(body)
        found[name] = frozenset(re.findall(r"^        (\w+): ", init[1], re.MULTILINE)) if init else frozenset()
    return found

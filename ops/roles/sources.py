"""Where in the code a statement of a policy is written."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from modules.output import ROOT
from ops.gate.permissions.statements import PlacedStatement

MODULES = ROOT / "modules"


def source(statement: PlacedStatement) -> str:
    """File and line that write a statement; its block in the stack if no file names its sid.

    Args:
        statement: A statement of a synthesized stack. If several files have its sid, the name of its document decides.
    """
    block = statement.block.block
    document = block.address.rpartition(".")[2]
    places = _places(MODULES).get(statement.sid, ())
    if not places:
        return f"{block.stack} {block.address}"
    fitting = [each for each in places if any(word in document for word in _words(each))]
    return ", ".join(fitting or places)


def _words(place: str) -> list[str]:
    """The words of a file's name that tell it from others: `deployer` of deployer_policy.py."""
    return [word for word in Path(place.partition(":")[0]).stem.split("_") if word not in {"policy", "services"}]


@cache
def _places(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Places by sid."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.rglob("*.py")):
        for sid, line in _sids(ast.parse(path.read_text(encoding="utf-8"))):
            found[sid] = (*found.get(sid, ()), f"{path.relative_to(ROOT).as_posix()}:{line}")
    return found


def _sids(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "sid" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value), node.lineno

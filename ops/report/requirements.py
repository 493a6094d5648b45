"""The requirements of docs/requirements.md, and the tests that claim to prove them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "requirements.md"
TESTS = ROOT / "tests"
_ROW = re.compile(r"^\| (R\d+\.\d+) \| (.*) \| ([^|]*) \|$")


@dataclass(frozen=True)
class Requirement:
    """A statement that tests prove."""

    id: str
    section: str
    statement: str
    how: str
    """Where the proof is: synth, rehearse, ops or doc."""
    tests: tuple[str, ...]
    """File and name of each test that claims it."""


def requirements(page: Path = PAGE, tests: Path = TESTS) -> list[Requirement]:
    """All requirements in the page's order; none without the page."""
    if not page.is_file():
        return []
    claims, section, found = claimed(tests), "", []
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif row := _ROW.match(line):
            found.append(Requirement(row[1], section, row[2], row[3], tuple(claims.get(row[1], ()))))
    return found


@cache
def claimed(tests: Path = TESTS) -> dict[str, list[str]]:
    """Ids that tests claim with `@pytest.mark.requirement`, each with the tests as `file::name`; read once."""
    claims: dict[str, list[str]] = {}
    for file in sorted(tests.rglob("test_*.py")):
        source = file.read_text(encoding="utf-8")
        for node in _functions(ast.parse(source)) if "mark.requirement" in source else ():
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.requirement":
                    for argument in decorator.args:
                        claims.setdefault(ast.literal_eval(argument), []).append(f"{file.name}::{node.name}")
    return claims


def _functions(of: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """The functions of a module and of its classes: tests are in no other place."""
    for node in of.body:
        if isinstance(node, ast.FunctionDef):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node)

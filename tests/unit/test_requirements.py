"""Every requirement is claimed by a test, or stands in a list that only shrinks."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "requirements.md"

# Claimed by nothing yet: their proof needs commands that operators run, or an apply. Only ever shorten this.
PENDING = {"R11.3": "monthly cost, by a command of its own"}


def listed() -> set[str]:
    return set(re.findall(r"^\| (R\d+\.\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def claimed() -> dict[str, list[str]]:
    """Ids that tests claim, each with the tests; a claim on a whole module counts for its tests."""
    claims: dict[str, list[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.requirement":
                        for argument in decorator.args:
                            claims.setdefault(ast.literal_eval(argument), []).append(f"{file.name}::{node.name}")
    return claims


def test_every_requirement_is_claimed_or_pending() -> None:
    assert listed(), "the page has no table"
    assert not listed() - set(claimed()) - set(PENDING)


def test_only_requirements_are_claimed() -> None:
    assert not set(claimed()) - listed()


def test_nothing_pending_is_claimed() -> None:
    assert not set(PENDING) & set(claimed())
    assert set(PENDING) <= listed()

"""Every requirement is claimed by a test, or stands in a list that only shrinks."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "requirements.md"

# No test claims these yet, because what they state isn't built. Only ever shorten this.
PENDING = {
    "R13.1": "calls of a rehearsal are evaluated against the roles' policies",
    "R13.4": "state, journal and DNS after a command that was interrupted",
    "R13.6": "one page about the rollout",
    "R13.7": "executed workflows",
    "R13.8": "adoption of existing resources",
    "R13.9": "export to HCL",
    "R13.10": "fast paths and their slow paths",
    "R13.11": "containers that run with production's hardening",
}


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

"""Pages that are made from the code say what the code says, and pages name only what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops import pages

ROOT = Path(__file__).parents[2]
WRITTEN = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "cdktf.out" / "README.md"})


@pytest.mark.parametrize(("page", "text"), pages.pages().items(), ids=lambda part: getattr(part, "name", ""))
def test_generated_pages_are_current(page: Path, text: str) -> None:
    assert page.read_text(encoding="utf-8") == text, "make docs writes it again"


def test_every_setting_has_a_meaning() -> None:
    sections = {
        "Network",
        "Registry",
        "Database",
        "Cache",
        "Edge",
        "Access",
        "Alerts",
        "Budgets",
        "Audit",
        "Observability",
    }
    for cls in pages.settings().split("\n## ")[1:]:
        for name, kind, meaning in re.findall(r"^\| `(\w+)` \| `(.+?)` \| .*? \| .+? \| (.*) \|$", cls, re.MULTILINE):
            assert not meaning.startswith("See [") or kind in sections | {"Waf", "Cutover"}, f"{cls.split()[0]}.{name}"


@pytest.mark.parametrize("page", WRITTEN, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", WRITTEN, ids=lambda path: path.name)
def test_make_targets_that_pages_name_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"(?:^|`|&& )make ([a-z][a-z-]+)\b", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert not set(named) - targets

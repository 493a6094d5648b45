"""Pages that are made from the code say what the code says, and pages name only what exists."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from pathlib import Path

from environments import schema
from environments.schema.validation import check_fields
from ops import pages
from tests.cases import every_case

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
WRITTEN = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "cdktf.out" / "README.md"})
EXAMPLES = [
    (page, language, textwrap.dedent(code))
    for page in WRITTEN
    for language, code in re.findall(
        r"^ *```(python|json)\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
]


@every_case(("page", "text"), lambda: pages.pages().items(), ids=lambda part: getattr(part, "name", ""))
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


def anchors(text: str) -> set[str]:
    """The anchors that GitHub creates for a page's headings."""
    found: dict[str, int] = {}
    for heading in re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
        if found[slug]:
            found[f"{slug}-{found[slug]}"] = 0
    return set(found)


def broken(page: Path, text: str) -> list[str]:
    """Relative links of a page whose file or anchor doesn't exist."""
    found = []
    for link in re.findall(r"\]\((?!\w+:)([^)\s]+)\)", FENCED.sub("", text)):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        exists = target.exists()
        if not exists or (anchor and anchor not in anchors(text if target == page else target.read_text("utf-8"))):
            found.append(link)
    return found


@every_case("page", WRITTEN, ids=lambda path: path.name)
def test_every_link_and_anchor_exists(page: Path) -> None:
    assert not broken(page, page.read_text(encoding="utf-8"))


def test_a_broken_link_or_anchor_is_found() -> None:
    page = ROOT / "docs" / "gate.md"
    good = "[a](operating.md) [b](operating.md#credentials) [c](#scan-errors) [d](https://aws.amazon.com/x#y)"
    assert not broken(page, f"{good}\n## Scan errors\n")
    assert broken(page, "[a](no.md) [b](operating.md#no) [c](#no)\n") == ["no.md", "operating.md#no", "#no"]


def test_the_entry_page_lists_every_page() -> None:
    text = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    linked = {(ROOT / "docs" / path).resolve() for path in re.findall(r"\]\((?!\w+:)([^)#\s]+)", text)}
    pages_of_docs = {page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "adr"}
    assert pages_of_docs - {ROOT / "docs" / "README.md"} <= linked


@every_case(("page", "language", "code"), EXAMPLES, ids=lambda part: getattr(part, "name", ""))
def test_examples_are_valid(page: Path, language: str, code: str) -> None:
    """JSON parses; a value of the schema can be created, without an unknown field; other Python compiles."""
    if language == "json":
        json.loads(code)
        return
    tree = ast.parse(code, page.name)
    for node in tree.body:
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and hasattr(schema, value.func.id):
            made = eval(ast.unparse(value), vars(schema))
            assert not check_fields(type(made), made)


def test_examples_of_the_schema_are_among_them() -> None:
    assert sum("Service(" in code for _, _, code in EXAMPLES) >= 2


@every_case("page", WRITTEN, ids=lambda path: path.name)
def test_make_targets_that_pages_name_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"(?:^|`|&& )make ([a-z][a-z-]+)\b", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert not set(named) - targets

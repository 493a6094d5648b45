"""Each type of resource that a construct makes has a row about what AWS adds to it or reorders."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_RESOURCES = ("data_", "provider")


def test_every_type_of_resource_was_checked() -> None:
    page = (ROOT / "docs" / "maintainers" / "emulator.md").read_text(encoding="utf-8")
    table = page.partition("<!-- settles -->")[2].partition("<!-- /settles -->")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    checked = [kind for row in rows for kind in re.findall(r"`(\w+)`", row)]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "modules").rglob("*.py"))
    modules = set(re.findall(r"from cdktf_cdktf_provider_aws\.(\w+) import", sources))
    made = {f"aws_{module}" for module in modules if not module.startswith(NOT_RESOURCES)}
    assert len(checked) == len(set(checked)), "a type has two rows"
    assert set(checked) == made

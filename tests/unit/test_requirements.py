"""Every requirement is claimed by a test, or stands in a list that only shrinks."""

from __future__ import annotations

import re
from pathlib import Path

from ops.report.requirements import claimed, requirements

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "requirements.md"

# No test claims these yet, because what they state isn't built. Only ever shorten this.
PENDING = {
    "R13.4": "state, journal and DNS after a command that was interrupted",
    "R13.11": "containers that run with production's hardening",
}


def listed() -> set[str]:
    return set(re.findall(r"^\| (R\d+\.\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_requirement_is_claimed_or_pending() -> None:
    assert listed(), "the page has no table"
    assert not listed() - set(claimed()) - set(PENDING)


def test_the_page_has_each_with_its_section_and_tests() -> None:
    found = {each.id: each for each in requirements()}
    assert set(found) == listed()
    assert found["R2.6"].section == "2 Network"
    assert "test_reachability.py::test_everything_in_the_table_is_reachable_and_nothing_else" in found["R2.6"].tests


def test_only_requirements_are_claimed() -> None:
    assert not set(claimed()) - listed()


def test_nothing_pending_is_claimed() -> None:
    assert not set(PENDING) & set(claimed())
    assert set(PENDING) <= listed()

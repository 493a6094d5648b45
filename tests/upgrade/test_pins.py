"""Which packages an upgrade raises, and to which version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.requirements import read, versions
from ops.upgrade.pins import Raised, exact, flags, raised, wanted, with_pins
from tests.cases import every_case

ROOT = Path(__file__).parents[2]
PYPROJECT = """[project]
dependencies = [
  # The reason.
  "one==1.0",
  "two>=2",
]
[project.optional-dependencies]
dev = ["Three_x[extra,b]==3.1"]
"""
KNOWN = {"one": "1.0", "two": "2.4", "three-x": "3.1"}


def test_exact_pins_are_found_by_their_plain_names() -> None:
    assert exact(PYPROJECT) == {"one": "1.0", "three-x": "3.1"}
    assert {"cdktf", "cdktf-cdktf-provider-aws", "checkov", "moto"} == {
        *exact((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    }


def test_only_the_named_pins_change_and_comments_stay() -> None:
    changed = with_pins(PYPROJECT, {"one": "", "three-x": "3.2"})
    assert changed == PYPROJECT.replace('"one==1.0"', '"one>=1.0"').replace("b]==3.1", "b]==3.2")
    assert with_pins(PYPROJECT, {"two": "3"}) == PYPROJECT, "a bound stays"


def test_packages_are_named_with_or_without_a_version() -> None:
    assert wanted(["one", "Three.X==4.0"], KNOWN) == {"one": "", "three-x": "4.0"}
    assert flags({"one": "", "three-x": "4.0"}) == "--upgrade-package one --upgrade-package three-x==4.0"
    assert flags({}) == "--upgrade"


@every_case(
    ("word", "message"),
    [
        ("ona", "no pinned package 'ona' in requirements-dev.txt; did you mean one? known: one, two, three-x"),
        ("one=1", "'one=1' isn't a package: write NAME or NAME==VERSION"),
        ("one==1;x", "'one==1;x' isn't a package"),
        ("--yes", "'--yes' isn't a package"),
        ("one==$(id)", "isn't a package"),
    ],
)
def test_a_word_that_is_no_package_is_one_error(word: str, message: str) -> None:
    with pytest.raises(OpsError, match=re.escape(message)):
        wanted([word], KNOWN)


def test_what_is_new_or_no_longer_needed_is_listed_too() -> None:
    found = raised({"one": "1", "two": "2", "old": "1"}, {"one": "1.1", "two": "2", "new": "3"})
    assert found == (Raised("new", "", "3"), Raised("old", "1", ""), Raised("one", "1", "1.1"))
    assert [*map(str, found)] == ["new new → 3", "old 1 → removed", "one 1 → 1.1"]


def test_a_package_with_two_versions_is_one_package_with_both() -> None:
    text = (
        "numpy==2.4 ; python_version < '3.12' \\\n    --hash=sha256:aa\nnumpy==2.5 ; python_version >= '3.12'\nb==1\n"
    )
    assert versions(text) == {"numpy": "2.4, 2.5", "b": "1"}
    assert [each.version for each in read(text)] == ["2.4", "2.5", "1"]

"""`make mutants OF=commands` changes what it says, and each file of the commands belongs to one area."""

from __future__ import annotations

import ast
import random
from pathlib import Path

from tests.cases import every_case
from tests.mutants.areas import AREAS, files
from tests.mutants.lines import changes, sample

ROOT = Path(__file__).parents[2]
FILE = Path("a.py")


@every_case(
    ("line", "changed"),
    [
        ("a < 1", ["a <= 1", "a >= 1", "a < 2", "pass"]),
        ("return not a", ["return a"]),
        ("return a and b", ["return a or b"]),
        ("return None if a else b", ["return None if not (a) else b"]),
        ("x = f(a, b)", ["x = f(b, a)"]),
        ("x = f(a, b=c)", ["x = f(a)"]),
        ("x = any(a)", ["x = all(a)"]),
        ("x = a.removeprefix(b)", ["x = a.removesuffix(b)"]),
        ("x = 'ACTIVE'", ["x = 'ACTIV'"]),
        ("x = 'two words'", []),
        ("x = [a for a in b if a]", ["x = [a for a in b if not (a)]"]),
        ("x = {a: b, c: d}", ["x = {c: d}", "x = {a: b}"]),
        ("x = (a, b)", ["x = (b)", "x = (a)"]),
        ("self.a = b", ["pass"]),
        ("raise a", ["pass"]),
        ("f(é, a)", ["f(a, é)", "pass"]),
        ("import a", []),
        ("x: Literal['a'] = b", []),
        ('"""A docstring."""', []),
    ],
)
def test_a_line_is_changed_as_a_developer_may_slip(line: str, changed: list[str]) -> None:
    found = [change.changed(f"    {line}\n".lstrip() + "b = c\n") for change in changes(FILE, f"{line}\nb = c\n")]
    assert sorted(each.splitlines()[0] for each in found) == sorted(changed)
    assert {each.splitlines()[1] for each in found} <= {"b = c"}


def test_a_seed_repeats_its_changes_which_are_python_and_change_one_line_each(tmp_path: Path) -> None:
    source = (ROOT / "ops" / "conditions.py").read_text(encoding="utf-8")
    (tmp_path / FILE).write_text(source, encoding="utf-8")
    first, again = (sample(tmp_path, [FILE], random.Random(7), 20) for _ in range(2))
    assert first == again
    assert len({change.line for change in first}) == 20
    for change in first:
        changed = change.changed(source)
        ast.parse(changed)
        differing = [pair for pair in zip(source.splitlines(), changed.splitlines(), strict=True) if len(set(pair)) > 1]
        assert len(differing) == 1


def test_each_file_is_in_one_area_and_each_area_has_fast_tests() -> None:
    found = [file for area in files(ROOT).values() for file in area]
    assert sorted(found) == sorted(
        file.relative_to(ROOT) for folder in ("ops", "policies") for file in (ROOT / folder).rglob("*.py")
    )
    for area in AREAS:
        assert files(ROOT)[area.name], area.name
        assert area.test_files(ROOT), area.name

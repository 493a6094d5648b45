"""Violations that are planted into our own stacks: this gate finds each, and the page says who finds what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gate.planted.found import found
from tests.gate.planted.judge import stock_findings
from tests.gate.planted.page import PAGE
from tests.gate.planted.plant import planted
from tests.gate.planted.row import GONE, Row
from tests.gate.planted.rows import ROWS
from tests.unit.test_requirements import PENDING

FEWEST = 400
PARTS = 16
"""So that the processes of a run share the work."""
OF_OTHERS = {"R13.3", "R13.10"}
"""Requirements about changes, whose violations are plans (tests/plan_gate/cases), and about what writes the stacks."""
REQUIREMENTS = PAGE.parents[1] / "requirements.md"
LINE = re.compile(r"^\| (?P<number>\d+) \| (?P<rest>R\d+\.\d+ \| .*)\|$", re.MULTILINE)


def proven_by_synthesis() -> set[str]:
    """Ids of the requirements whose column T has synth."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    cells = ([cell.strip() for cell in line.strip("| ").split("|")] for line in lines if line.startswith("| R"))
    return {first for first, *_, last in cells if re.search(r"\bsynth\b", last)}


def lines(text: str) -> Iterator[str]:
    """The table's lines without their numbers."""
    return (found["rest"] for found in LINE.finditer(text))


def test_every_requirement_that_synthesis_proves_has_a_violation() -> None:
    assert len(ROWS) >= FEWEST
    assert len(proven_by_synthesis()) > 40
    assert proven_by_synthesis() - set(PENDING) - OF_OTHERS == {row.requirement for row in ROWS}


def test_ids_and_sentences_are_of_one_row_each() -> None:
    assert [each for each, count in Counter(row.id for row in ROWS).items() if count > 1] == []
    assert [each for each, count in Counter(row.sentence for row in ROWS).items() if count > 1] == []
    assert [row.id for row in ROWS if "|" in row.sentence or row.sentence.endswith(".")] == []


def test_a_row_changes_what_it_names_and_nothing_else() -> None:
    document = {"resource": {"a": {"b": {"list": [1, 2], "text": '[{"c": "${x["y"]}", "d": 1}]'}}}, "output": {}}

    def change(path: str, value: object = GONE) -> object:
        return planted(Row("id", "R0.1", "Sentence", "prod-network", path, value), document)["resource"]["a"]["b"]

    assert change("resource/a/b/list/0") == {**document["resource"]["a"]["b"], "list": [2]}
    assert change("resource/a/b/list/-", 3) == {**document["resource"]["a"]["b"], "list": [1, 2, 3]}
    assert change("resource/a/b/text/0/d") == {"list": [1, 2], "text": '[{"c": "${x["y"]}"}]'}
    assert change("resource/a/b/new/deep", True) == {**document["resource"]["a"]["b"], "new": {"deep": True}}
    with pytest.raises(LookupError):
        change("resource/a/b/missing")


def test_the_page_has_the_rows() -> None:
    written = [line.split(" | ")[:2] for line in lines(PAGE.read_text(encoding="utf-8"))]
    assert written == [[row.requirement, row.sentence] for row in ROWS], "make planted writes it"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_everything_is_found(output: Path, part: int) -> None:
    assert [row.id for row in ROWS[part::PARTS] if not found(row, output)] == []


@pytest.mark.slow
def test_stock_checkov_says_the_same_of_a_stack_alone_and_among_others(output: Path) -> None:
    folder = output / "stacks"
    alone = {
        (check, f"/{stack.name}{resource}")
        for stack in folder.iterdir()
        if stack.is_dir()
        for check, resource in stock_findings(stack)
    }
    assert alone == stock_findings(folder)

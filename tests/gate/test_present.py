"""Which resources exist is compared with the environment's values: none may be gone, and none may be too many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from environments.schema import Environment
from ops.gate import alarms, detection, traffic
from ops.gate.index import Index
from ops.gate.model import Block, Record, ScannedBlock
from ops.gate.stacks import expected_stacks, select
from ops.gate.understood import attributes, present, schema, table
from ops.gate.understood.facts import Facts, facts
from ops.gate.view import merged_view
from ops.iam.policy import listed
from tests.cases import every_case
from tests.gate.plants import computed_once
from tests.products import SUBJECTS

LINES = {kind: listed(known.get(present.PRESENT)) for kind, known in table.types().items()}
PROOFS: dict[str, Callable[[Sequence[ScannedBlock], Environment], list[Record]]] = {
    "ROLLOUT_ALARM_SILENT": alarms.silent_alarms,
    "ROLLOUT_DETECTION": detection.unseen,
    "ROLLOUT_TRAFFIC": traffic.stray_traffic,
}
"""The proofs that lines name."""


@pytest.fixture(scope="module")
def production(output: Path) -> Iterator[tuple[list[ScannedBlock], Environment]]:
    expected = expected_stacks()
    (stacks,) = select(output, ["prod"], expected).environment_stacks
    with computed_once(present, "facts", expected.values["prod"]):
        yield merged_view(stacks), expected.values["prod"]


def test_every_type_has_a_line_and_every_fact_a_type() -> None:
    assert [kind for kind, lines in LINES.items() if not lines] == []
    rules = [present.RULE.fullmatch(each) for lines in LINES.values() for each in lines]
    wrong = [each for lines in LINES.values() for each in lines if not each.startswith(present.UNCOUNTED)]
    assert [each for each in wrong if not present.RULE.fullmatch(each)] == []
    assert {rule["kind"] for rule in rules if rule and rule["kind"]} <= table.types().keys()
    used = {rule["fact"] for rule in rules if rule and rule["fact"]} - {"one"}
    for subject in SUBJECTS:
        assert facts(subject.environment).keys() - {"one"} == used


def compared(kind: str) -> Iterator[tuple[str, ...]]:
    """The attributes that the lines of a type compare, as paths in its table."""
    for rule in filter(None, map(present.RULE.fullmatch, LINES[kind])):
        start = rule["path"].split(".") if rule["path"] else []
        for part in filter(None, (rule["attribute"] or rule["parts"] or "").split(" and ")):
            yield tuple(part[1:].split(".") if part.startswith("/") else [*start, *part.split(".")])


def marked(known: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The attributes of a table that say that a line compares them."""
    for name, entry in known.items():
        if isinstance(entry, Mapping):
            yield from marked(entry, (*path, name))
        elif str(entry).startswith(present.PRESENT) and name not in attributes.RESERVED:
            yield (*path, name)


@every_case("kind", LINES)
def test_the_attributes_of_a_line_are_of_its_type(kind: str) -> None:
    for path in compared(kind):
        known: Any = table.types()[kind]
        for name in path:
            assert name in known, path
            known = known[name]
            if isinstance(known, str) and known.startswith("keys "):
                known = dict.fromkeys(known.removeprefix("keys ").split(" or "))
    assert {*marked(table.types()[kind])} <= {*compared(kind)}


def test_each_fact_has_a_value_somewhere() -> None:
    found = {word for subject in SUBJECTS for word, values in facts(subject.environment).items() if values}
    assert facts(SUBJECTS[0].environment).keys() - found == set()


@pytest.mark.slow
def test_each_resource_of_production_that_is_gone_is_reported(
    production: tuple[list[ScannedBlock], Environment],
) -> None:
    view, environment = production
    assert [*present.scan_errors(view, environment)] == []
    silent = []
    for block in view:
        kind = f"{schema.SECTIONS.get(block.section, '')}{block.kind}"
        if block.section in schema.SECTIONS and not block.synthetic and not LINES[kind][0].startswith("nothing: "):
            rest = [each for each in view if each is not block]
            proof = PROOFS.get(LINES[kind][0].removeprefix("proof "))
            said = (
                [each for each in proof(rest, environment) if not each.passed]
                if proof
                else [*present.scan_errors(rest, environment)]
            )
            silent += [] if said else [block.block.address]
    assert silent == []


@pytest.mark.slow
def test_a_second_one_of_each_counted_type_is_reported(production: tuple[list[ScannedBlock], Environment]) -> None:
    view, environment = production
    counted = {kind for kind, lines in LINES.items() if not lines[0].startswith(present.UNCOUNTED)}
    first = {block.kind: block for block in view if block.section == "resource" and block.kind in counted}
    for block in first.values():
        assert [*present.scan_errors([*view, replace(block, name=f"{block.name}_2")], environment)], block.kind


def resource(kind: str, id_: str, /, **settings: Any) -> ScannedBlock:
    return ScannedBlock(Block("s", f"{kind}.{id_}", "f", 1), "resource", kind, id_, settings)


BUCKETS = [resource("aws_s3_bucket", "a", bucket="logs"), resource("aws_s3_bucket", "b", bucket="states")]
FACTS: Facts = {"buckets": [("logs",), ("states",)], "two": [("",), ("",)], "pairs": [("x", "logs"), ("y", "states")]}
say = partial(present.differences, index=Index(BUCKETS), known=FACTS)


def policies(*names: str) -> list[ScannedBlock]:
    return [resource("aws_p", str(place), bucket=f"${{aws_s3_bucket.{name}.id}}") for place, name in enumerate(names)]


@every_case(
    ("line", "blocks", "said"),
    [
        ("buckets by bucket", policies("a", "b"), []),
        ("buckets by bucket", policies("a"), ["none has bucket states, which the environment's values lead to"]),
        (
            "buckets by bucket",
            policies("a", "a"),
            [
                "none has bucket states, which the environment's values lead to",
                "a second one has bucket logs, which the environment's values don't lead to",
            ],
        ),
        (
            "buckets by bucket",
            policies("a", "b", "other"),
            ["one has bucket ${aws_s3_bucket.other.id}, which the environment's values don't lead to"],
        ),
        ("each aws_s3_bucket by bucket", policies("b", "a"), []),
        (
            "each aws_s3_bucket by bucket",
            policies("b"),
            ["none has bucket of aws_s3_bucket.a, which the environment's values lead to"],
        ),
        ("two", policies("a", "b"), []),
        ("two", policies("a"), ["1 exist, must be 2, from the environment's values"]),
        (
            "pairs of rule by /name and bucket",
            [
                resource("aws_p", "1", name="x", rule=[{"bucket": "${aws_s3_bucket.a.id}"}]),
                resource("aws_p", "2", name="y", rule=[{"bucket": "states"}]),
            ],
            [],
        ),
        (
            "pairs of rule by /name and bucket",
            [resource("aws_p", "1", name="x", rule=[{"bucket": "logs"}, {"bucket": "states"}])],
            [
                "none has /name and bucket y, states, which the environment's values lead to",
                "one has /name and bucket x, states, which the environment's values don't lead to",
            ],
        ),
    ],
)
def test_lines(line: str, blocks: list[ScannedBlock], said: list[str]) -> None:
    assert [what for _, what in say(line, blocks)] == said


def test_the_last_one_is_too_many() -> None:
    blocks = policies("a", "b", "a")
    assert [block for block, _ in say("buckets by bucket", blocks)] == [blocks[-1]]
    assert [block for block, _ in say("two", blocks)] == [blocks[-1]]
    assert [block for block, _ in say("two", [])] == [None]


def test_a_line_of_another_form_names_itself() -> None:
    with pytest.raises(ValueError, match="isn't one that"):
        [*say("buckets by", [])]


def test_names_instead_of_references() -> None:
    service = resource("aws_ecs_service", "s", name="web")
    scaling = resource("aws_appautoscaling_target", "t", resource_id="service/c/${aws_ecs_service.s.name}")
    index = Index([service, scaling, resource("aws_eip", "e")])
    assert index.evaluated("${aws_appautoscaling_target.t.resource_id}") == "service/c/web"
    assert index.evaluated("${aws_ecs_service.s.id}:x") == "web:x"
    assert index.evaluated("${aws_eip.e.id}") == "aws_eip.e"
    assert index.evaluated("${aws_eip.gone.id}") == "${aws_eip.gone.id}"
    assert index.evaluated(7) == 7

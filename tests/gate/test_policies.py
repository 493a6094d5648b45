"""Each of our checks passes its good examples and fails its bad ones, all in one scan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ops.gate.model import Block, Check, Record, ScannedBlock, ScanResult
from ops.gate.scanner import Scanner
from tests.cases import every_case
from tests.gate import examples, examples_of_relations
from tests.gate.project import POLICIES

EXAMPLES = examples.EXAMPLES | examples_of_relations.EXAMPLES
IDS = sorted(EXAMPLES, key=lambda id_: int(id_.split("_")[-1]))


def planted() -> Iterator[ScannedBlock]:
    """The examples as blocks; their addresses say what is expected of which check."""
    for check, each_kind in EXAMPLES.items():
        id_ = check.split("_")[-1]
        for verdict in ("good", "bad"):
            settings = [(each, one) for each in each_kind for one in getattr(each, verdict)]
            for number, (example, body) in enumerate(settings):
                name = f"{verdict}_{id_}_{number}"
                if example.kind == "terraform_variable":
                    body = {**body, "name": "database_password"}  # noqa: PLW2901
                block = Block(example.stack or f"{check}-{verdict}", f"{check} {verdict} {number}", "demo.tf.json", 1)
                yield ScannedBlock(block, example.section, example.kind, name, body)
        for number, beside in enumerate(each for example in each_kind for each in example.beside):
            block = Block(f"{check}-{beside.of}", f"{check} beside {number}", "demo.tf.json", 1)
            name = beside.name or f"beside_{id_}_{number}"
            yield ScannedBlock(block, beside.section, beside.kind, name, beside.settings)


@cache
def scanned() -> tuple[ScanResult, dict[str, Check]]:
    with Scanner(POLICIES / "checks") as scanner:
        assert scanner.errors == ()
        return scanner.scan(list(planted())), scanner.checks


def records(check: str, verdict: str) -> list[Record]:
    prefix = f"{check} {verdict} "
    return [each for each in scanned()[0].records if each.check == check and each.block.address.startswith(prefix)]


@every_case("check", IDS)
def test_good_examples_pass(check: str) -> None:
    found = records(check, "good")
    assert len(found) == sum(len(example.good) for example in EXAMPLES[check])
    assert [record for record in found if not record.passed] == []


@every_case("check", IDS)
def test_bad_examples_fail_and_say_why(check: str) -> None:
    found = records(check, "bad")
    assert len(found) == sum(len(example.bad) for example in EXAMPLES[check])
    assert [record for record in found if record.passed] == []
    assert all(record.details for record in found)


def test_nothing_raises() -> None:
    assert scanned()[0].errors == ()


def test_every_check_has_examples_a_sentence_and_a_source() -> None:
    own = {id_: check for id_, check in scanned()[1].items() if check.own}
    assert own.keys() == EXAMPLES.keys()
    for id_, check in own.items():
        assert EXAMPLES[id_][0].bad, id_
        assert any(example.good for example in EXAMPLES[id_]), id_
        assert re.fullmatch(r"[A-Z].*[^.]", check.sentence), id_
        assert check.source.startswith("https://"), id_


def test_ids_run_from_one_without_a_gap() -> None:
    assert [int(id_.removeprefix("CKV_ROLLOUT_")) for id_ in IDS] == list(range(1, len(IDS) + 1))


def test_no_message_quotes_a_credential() -> None:
    text = " ".join(detail for record in scanned()[0].records for detail in record.details)
    for secret in ("hunter2", "AKIAABCDEF", "sk-ant-a", "sk-proj-a", "ghp_a", "xoxb-"):
        assert secret not in text

"""JSON that a command reads back may be damaged in any way: the command says so, or does without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import environments
from environments.schema.validation import InvalidEnvironmentError
from modules.phases import phase
from ops import journal
from ops.aws.session import Aws
from ops.aws.state_lock import Lock
from ops.aws.states import ApplyRecord, States
from ops.errors import OpsError, RefusedError
from ops.plan_gate.run import run as judge
from ops.release.file import change
from ops.status.phases import drift_report
from ops.stored import parse
from ops.terraform.recover import created
from ops.terraform.report import PhaseResult, Report, Result, took
from ops.terraform.saved import Provenance, check, provenance
from ops.terraform.stack import Stack
from tests.cases import every_case
from tests.fuzz import changed

PROD = environments.load("prod")
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
REPORT = json.loads(
    Report("drift", "prod", NOW, "c", (PhaseResult("network", Result.CHANGES, {"update": 2}, 1.0),)).as_json()
)
STATE = {
    "version": 4,
    "serial": 3,
    "lineage": "l",
    "outputs": {"id": {"value": "v", "type": "string"}},
    "resources": [{"mode": "managed", "type": "aws_vpc", "name": "a", "instances": [{"status": "tainted"}]}],
}
RECORD = asdict(ApplyRecord("network", "prod", "c", False, NOW.isoformat(), "arn", "a" * 64, "", 3))
ENTRY = asdict(journal.Entry(at="now", command="rollback dns", event="back", outcome="done", before=100, after=0))
LOCK = {"ID": "i", "Who": "w", "Created": "c", "Operation": "o"}
PROVENANCE = asdict(
    Provenance("prod-network", {"cdk.tf.json": "a"}, "b", "c", "1", "arn", "now", "c", False, {}, {"create": 1})
)
VERDICT = {"outcome": "clean", "today": "2026-11-25", "until": None, "files": {"cdk.tf.json": "a"}}
CREATED = {
    "type": "apply_complete",
    "hook": {"action": "create", "id_key": "id", "id_value": "vpc-1", "resource": {"addr": "aws_vpc.a"}},
}
PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.11.0",
    "applyable": True,
    "complete": True,
    "errored": False,
    "configuration": {"root_module": {}},
    "planned_values": {"root_module": {}},
    "resource_changes": [
        {
            "address": "aws_sqs_queue.a",
            "mode": "managed",
            "type": "aws_sqs_queue",
            "name": "a",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": None, "after": {"name": "a"}, "after_unknown": {}},
        }
    ],
    "output_changes": {},
}


def _stack(folder: Path) -> Stack:
    stack = Stack(PROD, phase("network"), folder)
    stack.folder.mkdir(parents=True, exist_ok=True)
    return stack


def _report(folder: Path, content: bytes) -> object:
    (folder / "reports").mkdir(exist_ok=True)
    (folder / "reports" / "run-drift-prod.json").write_bytes(content)
    took(folder, "drift", "prod")
    return drift_report(PROD, folder, NOW)


def _journal(folder: Path, content: bytes) -> object:
    journal.path("aep-prod", folder).write_bytes(content)
    journal.rollbacks(journal.read("aep-prod", folder))
    return journal.damaged("aep-prod", folder)


def _states(folder: Path, content: bytes) -> States:
    class Bucket:
        def get_object(self, **_: object) -> dict[str, Any]:
            return {"Body": SimpleNamespace(read=lambda: content)}

    return States(cast("Aws", SimpleNamespace(client=lambda _: Bucket())), PROD)


def _provenance(folder: Path, content: bytes) -> None:
    stack = _stack(folder)
    stack.file.write_text("{}")
    stack.provenance.write_bytes(content)
    check(stack, provenance(stack), {}, today=NOW.date())


def _verdict(folder: Path, content: bytes) -> None:
    stack = _stack(folder)
    stack.file.write_text("{}")
    for path in (stack.saved, stack.saved_json):
        path.write_text("{}")
    stack.gated.write_bytes(content)
    check(stack, _origin(stack), {}, today=NOW.date())


def _origin(stack: Stack) -> Provenance:
    empty = next(iter(stack.files.values()))
    return Provenance(
        stack.name, stack.files, empty, empty, stack.environment.account_id, "arn", "now", "c", False, {}, {}
    )


def _created(folder: Path, content: bytes) -> object:
    stack = _stack(folder)
    stack.events.write_bytes(content)
    return created(stack)


def _content(folder: Path, content: bytes) -> object:
    stack = _stack(folder)
    stack.file.write_bytes(content)
    return stack.outputs


def _release(folder: Path, content: bytes) -> object:
    environments.release_file(PROD).write_bytes(content)
    environment = environments.load("prod")
    return change(environment, "navralabs/aep-backend", f"sha256:{'a' * 64}")


READERS: dict[str, tuple[Any, Callable[[Path, bytes], object]]] = {
    "report": (REPORT, _report),
    "journal": (ENTRY, _journal),
    "state": (STATE, lambda folder, content: _states(folder, content).get("network")),
    "record": (RECORD, lambda folder, content: _states(folder, content).record("network")),
    "lock": (LOCK, lambda _, content: str(Lock.parse(content))),
    "provenance": (PROVENANCE, _provenance),
    "verdict of a stack": (VERDICT, _verdict),
    "events of an apply": (CREATED, _created),
    "stack": ({"output": {"id": {"value": "x"}}, "resource": {"aws_vpc": {"a": {}}}}, _content),
    "release": (dict(PROD.releases), _release),
    "plan": (PLAN, lambda _, content: judge(content, name="prod-network").outcome),
}


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "releases").mkdir()
    monkeypatch.setattr(environments, "RELEASES", tmp_path / "releases")


@pytest.mark.slow
@pytest.mark.usefixtures("releases")
@pytest.mark.parametrize("name", READERS)
@pytest.mark.requirement("R11.2")
def test_a_document_of_any_form_is_read_or_refused(name: str, tmp_path: Path) -> None:
    document, read = READERS[name]

    @settings(max_examples=300, suppress_health_check=list(HealthCheck))
    @given(changed(document))
    def any_form(change: tuple[object, bytes]) -> None:
        with suppress(OpsError, InvalidEnvironmentError):
            read(tmp_path, change[1])

    any_form()


@pytest.mark.usefixtures("releases")
@every_case(
    "content",
    [
        b"[]",
        b"null",
        b"1",
        b'"text"',
        b"",
        b"\xff",
        b"[" * 3000,
        b'{"phases": [{"phase": "network", "counts": [1]}]}',
        b'{"output": null, "resource": {"aws_vpc": {}}}',
    ],
    ids=["list", "null", "number", "text", "empty", "no UTF-8", "deep", "counts", "null in it"],
)
@every_case("name", READERS)
def test_what_is_no_object_is_read_or_refused(name: str, content: bytes, tmp_path: Path) -> None:
    with suppress(OpsError, InvalidEnvironmentError):
        READERS[name][1](tmp_path, content)


@pytest.mark.usefixtures("releases")
@pytest.mark.parametrize("name", sorted(READERS.keys() - {"provenance", "verdict of a stack"}))
def test_the_documents_themselves_are_read(name: str, tmp_path: Path) -> None:
    document, read = READERS[name]
    read(tmp_path, json.dumps(document).encode())


def test_the_message_has_the_place_and_no_value() -> None:
    with pytest.raises(ValueError, match=r"^files.cdk.tf.json: Input should be a valid string$"):
        parse(Provenance, json.dumps(PROVENANCE | {"files": {"cdk.tf.json": 12345}}))


def test_a_saved_plan_of_another_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"isn't a file that make plan wrote .*; make plan ENV=prod PHASE=network"):
        _provenance(tmp_path, b"[]")


def test_a_journal_that_is_a_folder_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal.path("aep-prod", tmp_path).mkdir()
    assert journal.read("aep-prod", tmp_path) == []
    assert "warning: can't read the journal" in capsys.readouterr().err


@given(st.text())
@settings(max_examples=50)
def test_an_entry_of_a_journal_is_read_as_it_was_written(text: str) -> None:
    with suppress(UnicodeEncodeError):
        text.encode()
        entry = journal.Entry(at=text, command="c", event="e", outcome="o", evidence={"a": [text]})
        assert parse(journal.Entry, json.dumps(asdict(entry))) == entry

"""The tables of what the gate understands: whole, against the provider's schema, and without slack."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.errors import OpsError
from ops.gate.documents import read
from ops.gate.model import Block, ErrorKind, ScannedBlock
from ops.gate.run import CHECKS
from ops.gate.scanner import Scanner
from ops.gate.stacks import EnvironmentStacks, expected_stacks, select
from ops.gate.support import CHECKS as SUPPORT
from ops.gate.understood import attributes, schema, structure, table
from ops.gate.understood.extract import PROVIDER, extract, main
from ops.gate.view import merged_view
from tests.cases import every_case
from tests.gate.project import POLICIES, Body, Project, frame
from tests.products import AEP, SHAPES, values

CLASSES = ("at least ", "check ", "keys ", "present", "proof ", "refers to ", "value ", "nothing: ")
DECODED = "container_definitions"
"""A text in the provider's schema, which the view decodes."""


def entries(known: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each attribute of a table, with what it says."""
    for name, entry in known.items():
        if name in attributes.RESERVED:
            continue
        if isinstance(entry, dict):
            yield from entries(entry, (*path, name))
        else:
            yield (*path, name), entry


ENTRIES = [entry for kind, known in table.types().items() for entry in entries(known, (kind,))]


def unclassified(known: dict[str, Any], types: dict[str, Any], path: str) -> Iterator[str]:
    """Attributes and blocks that the table or the schema lacks."""
    listed = {*known, *known.get("unset", ())} - attributes.RESERVED
    yield from (f"{path}.{name}" for name in listed ^ types.keys())
    yield from (f"{path}.{name}" for name in known.get("optional", ()) if name not in known)
    for name, entry in known.items():
        if isinstance(entry, dict) and name not in {DECODED, *attributes.RESERVED}:
            yield from unclassified(entry, types[name], f"{path}.{name}")


def test_every_attribute_and_block_of_the_schema_is_classified() -> None:
    assert table.types().keys() == schema.types().keys()
    assert [
        *(each for kind, known in table.types().items() for each in unclassified(known, schema.types()[kind], kind))
    ] == []


def test_every_entry_has_a_class_and_its_reason() -> None:
    wrong = [path for path, entry in ENTRIES if isinstance(entry, str) and not entry.startswith(CLASSES)]
    assert wrong == []
    assert [path for path, entry in ENTRIES if isinstance(entry, list) and not entry] == []
    reasons = [entry.removeprefix("nothing: ") for _, entry in ENTRIES if str(entry).startswith("nothing: ")]
    assert min(map(len, reasons)) > 10
    assert not [path for path, entry in ENTRIES if re.search(r"\bopen \d: ", str(entry))]


def test_no_reason_covers_a_whole_type() -> None:
    for kind in table.types():
        own = [entry for path, entry in ENTRIES if path[0] == kind]
        reasons = Counter(entry for entry in own if str(entry).startswith("nothing: "))
        assert len(own) < 3 or not reasons or max(reasons.values()) < len(own), kind


def test_every_check_and_proof_exists_and_every_reference_is_to_a_known_type() -> None:
    with Scanner(POLICIES / "checks") as scanner:
        known = {*scanner.checks, *CHECKS, *SUPPORT}
    named = {entry.split(";")[0].split()[1] for _, entry in ENTRIES if str(entry).startswith(("check ", "proof "))}
    assert named - known == set()
    targets = {
        target.rpartition(".")[0]
        for _, entry in ENTRIES
        if str(entry).startswith("refers to ")
        for target in entry.removeprefix("refers to ").partition(";")[0].split(" or ")
    }
    assert targets - table.types().keys() == set()


@pytest.mark.slow
@every_case("folder", [AEP, *SHAPES], ids=lambda folder: folder.name)
@pytest.mark.requirement("R11.2")
def test_every_product_is_understood(folder: Path, outputs: Callable[[Path], Path]) -> None:
    with values(folder):
        expected = expected_stacks()
        for stacks in select(outputs(folder), (), expected).environment_stacks:
            assert [*structure.scan_errors(stacks, expected.frames)] == []
            assert [*attributes.scan_errors(merged_view(stacks), expected.values.get(stacks.name))] == []


def rejected(project: Project) -> list[tuple[ErrorKind, str]]:
    return [(error.kind, error.what) for error in project.judge().errors]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"count": 0}, "has 'count'"),
        ({"count": "${1 - 1}"}, "has 'count'"),
        ({"for_each": {}}, "has 'for_each'"),
        ({"dynamic": {"x": {"for_each": []}}}, "has 'dynamic'"),
        ({"provisioner": [{"local-exec": {"command": "id"}}]}, "has 'provisioner'"),
        ({"connection": {}}, "has 'connection'"),
        ({"provider": "aws.other"}, "uses the provider 'aws.other'"),
        ({"lifecycle": {"ignore_changes": "all"}}, "ignores changes of 'all'"),
        ({"lifecycle": {"ignore_changes": ["policy"]}}, "ignores changes of ['policy']"),
        ({"lifecycle": {"prevent_destroy": "${var.x}"}}, "isn't true or false"),
        ({"lifecycle": {"other": 1}}, "which the gate doesn't understand"),
        ({"lifecycle": []}, "isn't an object"),
        ({"lifecycle": {"precondition": [{"condition": False, "error_message": "No."}]}}, "doesn't understand"),
        ({"lifecycle": {"postcondition": [{"condition": False, "error_message": "No."}]}}, "no apply may succeed"),
        ({"lifecycle": {"create_before_destroy": True}}, "the table says for aws_sns_topic: False"),
        ({"lifecycle": {"create_before_destroy": "true"}}, "the table says for aws_sns_topic: False"),
        ({"lifecycle": {"replace_triggered_by": ["aws_sns_topic.a.arn"]}}, "the table says for aws_sns_topic: []"),
        ({"timeouts": {"create": "1s"}}, "timeouts.create must be unset"),
        ({"depends_on": "aws_sns_topic.a"}, "isn't a list of addresses"),
    ],
    ids=str,
)
def test_meta_arguments(project: Project, change: Body, what: str) -> None:
    project.stacks["demo-network"]["resource"]["aws_sns_topic"]["network"] |= change
    ((kind, said),) = rejected(project)
    assert kind is ErrorKind.NOT_UNDERSTOOD
    assert what in said


WRITES_THE_URL = {"lifecycle": {"replace_triggered_by": ["aws_db_instance.other.resource_id"]}}
DEPLOYS = {"timeouts": {"create": "11m"}, "lifecycle": {"postcondition": [{"condition": "${true}"}]}}


@pytest.mark.parametrize(
    ("kind", "settings", "what"),
    [
        ("aws_acm_certificate", {"lifecycle": {"create_before_destroy": True}}, ""),
        ("aws_acm_certificate", {}, "has the create_before_destroy False"),
        ("aws_secretsmanager_secret_version", WRITES_THE_URL, ""),
        ("aws_secretsmanager_secret_version", {}, "has the replace_triggered_by []"),
        (
            "aws_secretsmanager_secret_version",
            {"lifecycle": {"replace_triggered_by": ["aws_db_instance.other.status"]}},
            "has the replace_triggered_by ['aws_db_instance.status']",
        ),
        ("aws_ecs_service", DEPLOYS, ""),
        ("aws_ecs_service", {**DEPLOYS, "timeouts": {"create": "1h"}}, ""),
        (
            "aws_ecs_service",
            {**DEPLOYS, "timeouts": {"create": "9m59s"}},
            "timeouts.create must be 600 seconds or more",
        ),
        ("aws_ecs_service", {**DEPLOYS, "timeouts": {"create": "soon"}}, "timeouts.create must be 600 seconds or more"),
        ("aws_ecs_service", {}, "timeouts.create must be 600 seconds or more"),
        ("aws_ecs_service", {**DEPLOYS, "timeouts": {"create": "10m", "delete": "1s"}}, "delete must be unset"),
    ],
    ids=str,
)
def test_meta_arguments_that_a_type_needs(project: Project, kind: str, settings: Body, what: str) -> None:
    project.add("network", kind, "a", settings)
    said = [text for _, text in rejected(project)]
    assert [what in text for text in said] == ([True] if what else [])


@pytest.mark.parametrize("value", [None, [], "text", [{}], [None], {"aws": None}, {"aws": "text"}, {"http": {}}])
def test_a_provider_of_another_form(project: Project, value: object) -> None:
    project.stacks["demo-network"]["provider"] = value
    assert {kind for kind, _ in rejected(project)} <= {ErrorKind.NOT_UNDERSTOOD}
    assert rejected(project)


@pytest.mark.parametrize("value", [None, [], "text", {}, {"s3": None}, {"s3": []}, {"local": {}}])
def test_a_backend_of_another_form(project: Project, value: object) -> None:
    project.stacks["demo-network"]["terraform"]["backend"] = value
    assert {kind for kind, _ in rejected(project)} <= {ErrorKind.NOT_UNDERSTOOD}
    assert rejected(project)


@pytest.mark.parametrize(
    "block",
    [
        {"dynamic": {"statement": {"for_each": ["*"], "content": {"actions": ["*"]}}}},
        {"statement": {"dynamic": {"condition": {"for_each": []}}}},
        {"statement": [{"condition": [{"test": {"deep": [[[{}]]]}}]}]},
        {"statement": "text"},
        {"statement": [None, "text", 3]},
    ],
    ids=str,
)
def test_a_document_of_another_form_is_no_traceback(project: Project, block: Body) -> None:
    project.knows_types = True
    project.add("network", "aws_iam_policy_document", "a", block, section="data")
    assert ErrorKind.NOT_UNDERSTOOD in {kind for kind, _ in rejected(project)}


def test_what_raises_is_a_scan_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("hunter2")

    monkeypatch.setattr("ops.gate.run.merged_view", fails)
    ((kind, what),) = set(rejected(project))
    assert kind is ErrorKind.NOT_UNDERSTOOD
    assert "raised ZeroDivisionError" in what
    assert "hunter2" not in what


def test_settings_of_terraform(project: Project) -> None:
    project.stacks["demo-network"]["terraform"] |= {
        "cloud": {},
        "experiments": ["x"],
        "required_providers": {"aws": {}},
    }
    assert len(rejected(project)) == 4


def test_a_stack_whose_environment_is_unknown(project: Project) -> None:
    project.expected = type(project.expected)(project.expected.environments)
    assert {what for _, what in rejected(project)} == {"has no frame: the values of its environment are unknown"}


def block(kind: str, settings: Body, name: str = "a") -> ScannedBlock:
    section, _, plain = kind.rpartition(".")
    where = Block("s", f"{plain}.{name}", "f", 1)
    return ScannedBlock(where, section or "resource", plain, name, settings)


TOPIC = {"name": "alerts", "kms_master_key_id": "${aws_kms_key.k.arn}"}
KEY = {"enable_key_rotation": True, "deletion_window_in_days": 30, "policy": "${data.aws_iam_policy_document.d.json}"}


@every_case(
    ("change", "what"),
    [
        ({}, ""),
        ({"kms_master_key_id": "alias/aws/sns"}, "kms_master_key_id must be a reference to aws_kms_key.arn"),
        ({"kms_master_key_id": "${aws_kms_key.k.id}"}, "kms_master_key_id must be a reference to aws_kms_key.arn"),
        ({"kms_master_key_id": "${aws_kms_key.other.arn}"}, "kms_master_key_id must be a reference to aws_kms_key.arn"),
        ({"kms_master_key_id": '${coalesce(aws_kms_key.k.arn, "")}'}, "has a value that only Terraform can evaluate"),
        ({"kms_master_key_id": []}, "kms_master_key_id must be a reference to aws_kms_key.arn"),
        ({"policy": "{}"}, "policy must be unset"),
        ({"novelty": 1}, "novelty isn't known to the gate"),
        ({"optional": 1}, "optional isn't known to the gate"),
    ],
    ids=str,
)
def test_attributes(change: Body, what: str) -> None:
    found = [*attributes.scan_errors([block("aws_sns_topic", {**TOPIC, **change}), *keys()])]
    assert [what in error.what for error in found] == ([True] if what else [])


@every_case(
    ("tags", "allowed"),
    [({}, True), ({"Name": "x"}, True), ({"Name": "x", "Project": "other"}, False), ("${local.tags}", False)],
    ids=str,
)
def test_tags_that_policies_read_are_the_providers(tags: object, allowed: bool) -> None:
    found = [error.what for error in attributes.scan_errors([block("aws_eip", {"domain": "vpc", "tags": tags})])]
    assert ("tags may have the keys Name only" in found) is not allowed


def keys() -> list[ScannedBlock]:
    statement = {"sid": "A", "effect": "Allow", "actions": ["a:b"], "resources": ["*"]}
    return [block("aws_kms_key", KEY, "k"), block("data.aws_iam_policy_document", {"statement": [statement]}, "d")]


def test_an_attribute_that_is_gone_and_a_type_that_is_not_known() -> None:
    (gone,) = attributes.scan_errors([block("aws_sns_topic", {"name": "alerts"})])
    assert "kms_master_key_id must be set" in gone.what
    (other,) = attributes.scan_errors([block("aws_instance", {})])
    assert "is of the type aws_instance" in other.what
    assert "[aws_instance]" in other.fix
    (unset,) = attributes.scan_errors([*keys(), block("aws_sns_topic", {**TOPIC, "policy": "{}"})])
    assert (
        '`[aws_sns_topic] policy = "check …"` and take it out of its `unset` to ops/gate/understood/operations.toml'
        in (unset.fix)
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "check …"}, "whose table has name = 'check …'"),
        ({"name": None}, "whose table lacks name"),
        ({"present": None}, "whose table lacks the line present"),
    ],
)
def test_a_table_that_is_half_written(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str | None], said: str
) -> None:
    half = {key: line for key, line in (table.types()["aws_sns_topic"] | change).items() if line is not None}
    tables = table.types() | {"aws_sns_topic": half}
    monkeypatch.setattr(table, "types", lambda: tables)
    assert any(said in error.what for error in attributes.scan_errors([*keys(), block("aws_sns_topic", TOPIC)]))


def test_a_type_whose_attributes_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = table.types() | {"aws_sqs_queue": {"name": "proof X"}}
    monkeypatch.setattr(table, "types", lambda: tables)
    (error,) = attributes.scan_errors([block("aws_sqs_queue", {"name": "a"})])
    assert "make schema" in error.fix


def test_a_block_that_is_there_twice() -> None:
    paths = {"path_pattern": [{"values": ["/api/*"]}]}
    for conditions, twice in (([paths], False), ([paths, paths], True), ([paths, {"host_header": []}], False)):
        rule = block("aws_lb_listener_rule", {"condition": conditions})
        said = [error.what for error in attributes.scan_errors([rule])]
        assert any("condition has the same block twice" in what for what in said) is twice


def test_a_list_without_blocks_sets_nothing() -> None:
    repository = {"encryption_configuration": [], "image_scanning_configuration": [{"scan_on_push": True}]}
    found = {error.what for error in attributes.scan_errors([block("aws_ecr_repository", repository)])}
    assert "encryption_configuration must be set" in found
    assert "image_scanning_configuration must be set" not in found


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("true", True),
        ("1", True),
        ("${true}", True),
        ("${!false}", True),
        ("0", False),
        ('${"false"}', False),
        ("yes", "yes"),
    ],
)
def test_true_and_false_as_terraform_converts_them(project: Project, given: str, seen: object) -> None:
    project.add("network", "aws_db_instance", "a", {"publicly_accessible": given})
    project.write()
    view = merged_view(EnvironmentStacks("demo", {"network": read(project.file("network"), "demo-network")}))
    (found,) = [each.settings for each in view if each.kind == "aws_db_instance"]
    assert found["publicly_accessible"] == seen


def test_values_with_a_name_that_only_terraform_can_evaluate(project: Project) -> None:
    project.stacks["demo-network"]["locals"] = {"a": '${replace("x", "x", "")}'}
    project.stacks["demo-network"]["output"] = {"b": {"value": "${local.a == 1 ? 2 : 3}"}, "c": {"value": "${local.a}"}}
    project.knows_types = True
    said = [what for _, what in rejected(project) if "only Terraform" in what]
    assert len(said) == 2


def test_the_extract_has_what_a_configuration_may_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "types", lambda: {"aws_x": {"name": "nothing: a name", "rule": {"days": [1]}}})
    rule = {"attributes": {"days": {"type": "number", "required": True}, "id": {"type": "string", "computed": True}}}
    block_types = {"rule": {"block": rule}, "other": {"block": rule}, "timeouts": {"block": rule}}
    attributes_ = {"name": {"type": "string", "optional": True}, "arn": {"type": "string", "computed": True}}
    schemas = {"aws_x": {"block": {"attributes": attributes_, "block_types": block_types}}}
    found = extract({"provider_schemas": {PROVIDER: {"resource_schemas": schemas}}}, "1.2.3")
    assert found == {
        "provider": PROVIDER,
        "version": "1.2.3",
        "types": {"aws_x": {"name": "string", "other": "block", "rule": {"days": "number"}}},
        "deprecated": {},
    }


def test_an_extract_that_cannot_be_written_is_one_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    terraform = tmp_path / "terraform"
    terraform.write_text(
        "#!/bin/sh\necho 'Error: no available releases\n\n  match 9.9' >&2; exit 1\n", encoding="utf-8"
    )
    terraform.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(SystemExit, match=r"^error: the schema of .* '9\.9' .*: no available releases match"):
        main("9.9")
    monkeypatch.setattr(table, "types", lambda: {"data.aws_x": {}})
    with pytest.raises(OpsError, match=r"the AWS provider 1\.2\.3 has no data\.aws_x"):
        extract({"provider_schemas": {PROVIDER: {"data_source_schemas": {}}}}, "1.2.3")


def test_the_frame_is_compared_whole(project: Project) -> None:
    for phase in ("network", "services"):
        body = frame(phase)
        body["provider"]["aws"][0] |= {"endpoints": [{"s3": "https://example.com"}], "skip_region_validation": True}
        body["provider"]["aws"].append({"alias": "other", "region": "eu-central-1"})
        body["terraform"]["backend"]["s3"] |= {"use_lockfile": "true", "profile": "other"}
        project.stacks[f"demo-{phase}"] = body
    said = json.dumps(rejected(project))
    assert len(rejected(project)) == 10
    for name in ("endpoints", "skip_region_validation", "alias 'other'", "use_lockfile", "profile"):
        assert said.count(name) == 2, name

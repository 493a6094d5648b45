"""The shortcuts through checkov give the results of its own code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.gate import scanner, shortcuts
from ops.gate.model import Block, ScannedBlock, ScanResult
from ops.gate.scanner import Scanner
from ops.gate.stacks import expected_stacks, select
from ops.gate.view import merged_view
from tests.cases import every_case
from tests.gate.project import POLICIES, Body

IMPORTED: Any = scanner
"""With what it imports of checkov."""
OWN = [(module, name, getattr(module, name)) for module, name, _ in scanner._SHORTCUTS]
"""What the shortcuts replace."""
EVALUATE, RENDER, RESTRICTABLE, EXPAND, NESTED, INNER = (
    next(value for _, name, value in OWN if name == wanted)
    for wanted in (
        *("evaluate", "evaluate_terraform", "remove_wildcard_only_actions", "expand"),
        *("attribute_has_nested_attributes", "get_inner_attributes"),
    )
)
REFERENCES = (
    *("aws_kms_key.key.arn", "aws_s3_bucket.logs.id", "aws_s3_bucket.logs[0].id", 'aws_s3_bucket.logs["a"].arn'),
    *("data.aws_iam_policy_document.wide.json", "local.name", "local.rules", "var.open", "aws_missing.one.id"),
)
PIECES = (
    *(
        "*",
        "arn:aws:s3:::logs/*",
        "a-b",
        "low storage",
        "True",
        "true",
        "null",
        "1-2",
        "0.0.0.0/0",
        "",
        "\n",
        "\\",
        "'",
    ),
    *('"', "{", "}", "[", "]", "${", "=", "? 1 : 2", "&&", "==", "AKIAIOSFODNN7EXAMPLE", '{"a": [1, true]}'),
    *('jsonencode({"Statement": []})', "merge({}, {})", "length([1])", "try(1)", "continue", "...", "print"),
)
TEXTS = st.lists(st.sampled_from((*PIECES, *REFERENCES, *(f"${{{each}}}" for each in REFERENCES))), max_size=4).map(
    "".join
)
"""What texts in stacks may be, and what they aren't."""
SCALARS = st.one_of(st.booleans(), st.integers(0, 65535), TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("Action", "Statement", "a", "b.c", "0", "content")), inner, max_size=3)
    ),
    max_leaves=6,
)
ATTRIBUTES = {
    "aws_s3_bucket": ("bucket", "acl", "logging", "versioning", "count", "for_each"),
    "aws_s3_bucket_public_access_block": ("bucket", "block_public_acls", "ignore_public_acls"),
    "aws_security_group": ("ingress", "egress", "description", "dynamic"),
    "aws_iam_policy": ("policy", "name"),
    "aws_iam_role": ("assume_role_policy", "inline_policy", "managed_policy_arns"),
    "aws_kms_key": ("policy", "enable_key_rotation", "description"),
    "aws_db_instance": ("storage_encrypted", "kms_key_id", "password", "publicly_accessible"),
    "aws_lb_listener": ("protocol", "default_action", "load_balancer_arn"),
}
OPEN = [{"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}]
PLANTED: dict[str, Body] = {
    "resource aws_s3_bucket logs": {"bucket": "${local.name}", "acl": "public-read"},
    "resource aws_s3_bucket_public_access_block logs": {"bucket": "${aws_s3_bucket.logs.id}"},
    "resource aws_security_group open": {"ingress": OPEN},
    "resource aws_kms_key key": {"policy": "${data.aws_iam_policy_document.wide.json}", "enable_key_rotation": False},
    "resource aws_db_instance database": {"kms_key_id": "${aws_kms_key.key.arn}", "storage_encrypted": True},
    "data aws_iam_policy_document wide": {"statement": [{"actions": ["iam:*", "s3:Get*"], "resources": ["*"]}]},
    "resource aws_iam_policy wide": {
        "policy": '{"Statement": [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "${aws_s3_bucket.logs.arn}"}]}'
    },
    "locals": {"name": "logs", "rules": OPEN},
    "variable open": {"default": True},
}
"""Blocks with findings, some of which only show in rendered values."""


def view(blocks: dict[str, Body]) -> list[ScannedBlock]:
    """Blocks as the gate scans them."""
    found = []
    for line, (place, body) in enumerate(blocks.items()):
        section, kind, name = (*place.split(), "", "")[:3]
        kind, name = ("", kind) if section == "variable" else (kind, name)
        found.append(ScannedBlock(Block("demo-network", place, "cdk.tf.json", line), section, kind, name, dict(body)))
    return found


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Body]:
    """The planted blocks, with other attributes and more blocks."""
    blocks = {place: dict(body) for place, body in PLANTED.items() if draw(st.integers(0, 9))}
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(sorted(ATTRIBUTES)))
        place = f"resource {kind} {draw(st.sampled_from(('logs', 'open', 'key', 'other')))}"
        blocks.setdefault(place, {})[draw(st.sampled_from(ATTRIBUTES[kind]))] = draw(VALUES)
    if "locals" in blocks:
        blocks["locals"][draw(st.sampled_from(("name", "rules", "more")))] = draw(VALUES)
    return blocks


@pytest.fixture(scope="module")
def scan() -> Iterator[Callable[[list[ScannedBlock]], ScanResult]]:
    """A scan with the shortcuts, which must be the same as without them."""
    with Scanner(POLICIES / "checks") as loaded:
        loaded.share()

        def compared(blocks: list[ScannedBlock]) -> ScanResult:
            found = loaded.scan(blocks)
            with pytest.MonkeyPatch.context() as patch:
                for replaced in OWN:
                    patch.setattr(*replaced)
                assert loaded.scan(blocks) == found
            return found

        yield compared


def test_planted_blocks(scan: Callable[[list[ScannedBlock]], ScanResult]) -> None:
    failed = {record.check for record in scan(view(PLANTED)).records if not record.passed}
    assert {"CKV_AWS_20", "CKV_AWS_24", "CKV_AWS_7", "CKV_AWS_109", "CKV2_AWS_6", "CKV_ROLLOUT_36"} <= failed


@pytest.mark.slow
@given(changed())
@settings(max_examples=60, deadline=None)
def test_generated_blocks(scan: Callable[[list[ScannedBlock]], ScanResult], blocks: dict[str, Body]) -> None:
    scan(view(blocks))


@pytest.mark.slow
def test_all_environments(output: Path, scan: Callable[[list[ScannedBlock]], ScanResult]) -> None:
    for stacks in select(output, (), expected_stacks()).environment_stacks:
        assert scan(merged_view(stacks)).records


def outcome(evaluate: Callable[[Any], Any], text: object) -> tuple[str, object]:
    try:
        value = evaluate(text)
    except Exception:
        return "raised", None
    return re.sub(" at 0x[0-9a-f]+", "", repr(value)), type(value)


def check_expression(text: str) -> None:
    remembered = shortcuts.evaluating_once(EVALUATE, IMPORTED.SAFE_EVAL_DICT)
    assert outcome(remembered, text) == outcome(EVALUATE, text) == outcome(remembered, text)
    rendered = shortcuts.rendering_once(RENDER)
    for keep in (False, True):
        found = [outcome(partial(each, keep_interpolations=keep), text) for each in (rendered, RENDER, rendered)]
        assert found == [found[0]] * 3


@every_case(
    "text",
    [
        *PIECES,
        *REFERENCES,
        *(f'"{each}"' for each in (*PIECES, *REFERENCES)),
        *("[1, -1]", "{**{}}", "[...]", '{"a": ["b", None, True, 1.5]}', "{[]: 1}", '"a" "b"', '"\\0"', "[[", "{1}"),
        *("a.b - c", "length", "length.a", "x = 1", "aep-prod", "2 - aep", '["${a.b}"]', "[print]", "f'{a}'", "  1"),
    ],
)
def test_an_expression_has_checkovs_value(text: str) -> None:
    check_expression(text)


@pytest.mark.slow
@given(TEXTS.map(lambda text: f'"{text}"') | TEXTS | VALUES.map(repr) | st.text(max_size=20))
@settings(max_examples=500, deadline=None)
def test_any_expression_has_checkovs_value(text: str) -> None:
    check_expression(text)


def test_an_evaluated_list_is_not_shared() -> None:
    def evaluate(text: str) -> list[object]:
        raise AssertionError(text)

    remembered = shortcuts.evaluating_once(evaluate, {})
    remembered("['a', {'b': None}]").append("c")
    assert remembered("['a', {'b': None}]") == ["a", {"b": None}]
    for _ in range(2):
        with pytest.raises(ValueError, match="unknown"):
            remembered("unknown.name - other")


def test_a_rendered_list_is_not_shared_and_a_given_one_is_not_copied() -> None:
    rendered = shortcuts.rendering_once(lambda given, _: [given])
    rendered("a").append("b")
    assert rendered("a") == ["a"]
    given: list[object] = []
    assert rendered(given)[0] is given


def test_the_same_actions_of_aws_can_be_restricted() -> None:
    found = shortcuts.looking_up_once(RESTRICTABLE, IMPORTED.iam_definition)
    for action in sorted(IMPORTED._actions.ALL_ACTIONS):
        assert found([action]) == RESTRICTABLE([action])
    for actions in ([], ["s3:*"], ["no:Action", "S3:GetObject", "s3:getobject", "s3:GetObject"]):
        assert sorted(found(actions)) == sorted(RESTRICTABLE(actions))


def test_the_same_actions_of_aws_match_a_pattern() -> None:
    found = shortcuts.expanding_once(EXPAND, IMPORTED.iam_definition)
    known = ("s3:Get*", "s3:get*", "s3:*", "ecs:*Service", "ecs:D?s*", "ec2:[A-B]*", "iam:PassRole", "sqs:Nothing*")
    for pattern in (
        *known,
        "*",
        "s3*",
        "S3:Get*",
        "no:Action*",
        "no:*",
        ":*",
        "",
        "policy_sentry_schema_version:*",
        ["s3:Put*", "sts:*"],
    ):
        assert found(pattern) == EXPAND(pattern), pattern


@pytest.mark.slow
@given(
    st.sampled_from(("a", "a.b")),
    st.recursive(
        st.none() | SCALARS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(("a", "b", "a.b", "0", "", "content")), inner, max_size=3)
        ),
        max_leaves=12,
    ),
    st.booleans(),
)
@settings(deadline=None)
def test_the_same_attributes_are_in_a_value(key: str, value: Any, strip: bool) -> None:
    given, known = deepcopy(value), deepcopy(value)
    found, wanted = shortcuts.inner_attributes(key, given, strip), INNER(key, known, strip)
    assert [*found.items()] == [*wanted.items()]
    assert given == known
    assert (found[key] is given) is (wanted[key] is known)


PATHS = (
    *("$.a", "a.'b c'.d", "a[*].b", "$..x", "a[?(@.b=='c')]", "a.`this`", 'a."q"', "a[0]"),
    *("a.'unclosed", '"', "a.`b", "x!!", "", "a[?(@.b =~ '^c')]"),
)


def test_json_paths_are_the_same_after_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(path: str) -> str:
        try:
            return str(IMPORTED.parse(path))
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    alone = [parsed(path) for path in PATHS]
    monkeypatch.setattr(IMPORTED._lexer, "lex", shortcuts.lexing_once(IMPORTED._lexer.lex))
    monkeypatch.setattr(IMPORTED._grammar, "yacc", shortcuts.building_once(IMPORTED._grammar.yacc))
    assert [parsed(path) for path in (*PATHS, *reversed(PATHS))] == [*alone, *reversed(alone)]


def test_dynamic_blocks_are_looked_for_until_there_are_none() -> None:
    seen: list[int] = []

    def handle(conf: dict[str, Any]) -> bool:
        seen.append(id(conf))
        return "dynamic" in conf

    once = shortcuts.handling_once(handle)
    dynamic: dict[str, Any] = {"dynamic": [{}]}
    static, other = {"a": 1}, {"a": 1}
    for conf in (dynamic, dynamic, static, static, other, static):
        once(conf)
    assert seen == [id(conf) for conf in (dynamic, dynamic, static, other, static)]


@pytest.mark.slow
@given(
    st.dictionaries(
        st.lists(st.sampled_from(("a", "ab", "0", "1x", "b")), min_size=1, max_size=3).map(".".join), VALUES, max_size=6
    ),
    st.booleans(),
)
@settings(deadline=None)
def test_the_same_attributes_are_nested(attributes: dict[str, Any], given_leaves: bool) -> None:
    fast = shortcuts.nested(IMPORTED.NESTED_ATTRIBUTE_PATTERN)
    leaves = {key: not any(other.startswith(f"{key}.") for other in attributes) for key in attributes}
    known = leaves if given_leaves else None
    assert [fast(key, attributes, known) for key in attributes] == [
        NESTED(key, attributes, known) for key in attributes
    ]


def test_another_version_of_checkov_is_scanned_without_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(IMPORTED._checkov, "version", "9.9.9")
    assert scanner._shortcuts() == ()
    assert capsys.readouterr().err == (
        "warning: the gate is slower than it can be: its shortcuts are for checkov "
        f"{shortcuts.CHECKOV}, not 9.9.9; see ops/gate/shortcuts.py\n"
    )


def test_they_are_for_the_locked_version() -> None:
    locked = (POLICIES.parent / "requirements.txt").read_text(encoding="utf-8")
    assert re.search(rf"^checkov=={re.escape(shortcuts.CHECKOV)} ", locked, re.MULTILINE), (
        "compare ops/gate/shortcuts.py with checkov's new code, then set CHECKOV there"
    )


class OneBlock:
    """A graph with one block, whose attributes count how often they were read."""

    def __init__(self) -> None:
        self.read, self.value = 0, "before"

    def get_vertex_attributes_by_index(self, index: int, add_hash: bool = True) -> Body:
        self.read += 1
        return {"value": self.value, "hash": add_hash}

    def update_vertex_attribute(self, index: int, value: str) -> None:
        self.value = value


def test_a_blocks_attributes_are_read_again_after_a_change() -> None:
    graph = shortcuts.graph_of(OneBlock)()
    assert [graph.get_vertex_attributes_by_index(0, add_hash=False)["value"] for _ in range(2)] == ["before"] * 2
    assert graph.read == 1
    graph.update_vertex_attribute(0, "after")
    assert graph.get_vertex_attributes_by_index(0, add_hash=False)["value"] == "after"
    assert graph.get_vertex_attributes_by_index(0) == {"value": "after", "hash": True}


@pytest.mark.parametrize(
    ("changes", "kind", "evaluated"),
    [((), "resource", 1), ((0,), "resource", 3), ((1,), "resource", 3), ((), "output", 3)],
)
def test_a_reference_is_evaluated_again_if_a_block_changed(changes: tuple[int, ...], kind: str, evaluated: int) -> None:
    """Blocks that change each time are evaluated each time; checkov counts the references between outputs."""

    class Renderer:
        def __init__(self, local_graph: SimpleNamespace) -> None:
            self.local_graph, self.count = local_graph, 0

        def evaluate_vertex_attribute_from_edge(self, edge_list: list[SimpleNamespace]) -> None:
            self.count += 1
            self.local_graph.changes.update(changes)

    vertices = [SimpleNamespace(block_type=kind), SimpleNamespace(block_type="resource")]
    renderer = shortcuts.renderer_of(Renderer)(SimpleNamespace(changes=Counter(), vertices=vertices))
    for _ in range(3):
        renderer.evaluate_vertex_attribute_from_edge([SimpleNamespace(origin=0, dest=1, label="name")])
    assert renderer.count == evaluated

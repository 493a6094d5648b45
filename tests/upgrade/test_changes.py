"""The difference of two stacks is a JSON Patch: applied to the one, it gives the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.upgrade.changes import Operation, StackChange, as_data, as_text, compared, grouped, operations

NAMES = st.text("a/~0é", max_size=3)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(0, 1) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def applied(document: Any, patch: list[dict[str, Any]]) -> Any:
    """A document after a JSON Patch: RFC 6902, for the operations and paths that occur."""
    holder = {"": json.loads(json.dumps(document))}
    for each in patch:
        parts = [part.replace("~1", "/").replace("~0", "~") for part in each["path"].split("/")]
        target: Any = holder
        for part in parts[:-1]:
            target = target[int(part)] if isinstance(target, list) else target[part]
        last: Any = int(parts[-1]) if isinstance(target, list) else parts[-1]
        if each["op"] != "add":
            assert json.dumps(target[last], sort_keys=True) == json.dumps(each["before"], sort_keys=True)
        if each["op"] == "remove":
            del target[last]
        else:
            target[last] = each["value"]
    return holder[""]


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=60)
def test_a_patch_gives_the_other_document(before: Any, after: Any) -> None:
    patch = [each.as_data() for each in operations(before, after)]
    assert json.dumps(applied(before, patch), sort_keys=True) == json.dumps(after, sort_keys=True)
    assert bool(patch) == (json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True))


def test_true_and_one_differ() -> None:
    assert [*operations({"a": 1}, {"a": True})] == [Operation("replace", "/a", "1", "true")]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two outputs: a version differs in all stacks, a resource in one, and a stack is new."""

    def write(version: str, name: str, *stacks: str) -> Path:
        out = tmp_path / version
        for stack in stacks:
            (out / "stacks" / stack).mkdir(parents=True)
            document: dict[str, Any] = {
                "terraform": {"version": version},
                "resource": {"aws_vpc": {"vpc": {"name": stack}}},
            }
            if stack == "prod-network":
                document["resource"]["aws_vpc"]["vpc"]["name"] = name
            (out / "stacks" / stack / "cdk.tf.json").write_text(json.dumps(document), encoding="utf-8")
        return out

    return write("1", "old", "prod-network", "prod-data"), write(
        "2", "new", "prod-network", "prod-data", "organization"
    )


@pytest.mark.requirement("R13.15")
def test_each_difference_is_shown_once_with_its_stacks(folders: tuple[Path, Path]) -> None:
    found = compared(*folders)
    assert as_text(found, 3).splitlines() == [
        "The JSON of 3 of 3 stacks changes:",
        "  organization: organization 2",
        "  prod: data 1, network 2 (1 resource)",
        "",
        "in organization:",
        '  + /resource: {"aws_vpc": {"vpc": {"name": "organization"}}}',
        '  + /terraform: {"version": "2"}',
        "",
        "in prod-data, prod-network:",
        '  ~ /terraform/version: "1" → "2"',
        "",
        "in prod-network:",
        '  ~ /resource/aws_vpc/vpc/name: "old" → "new"',
    ]
    assert as_data(found)["prod-network"][0] == {
        "op": "replace",
        "path": "/resource/aws_vpc/vpc/name",
        "before": "old",
        "value": "new",
    }
    assert found[-1].resources == ("aws_vpc.vpc",)


def test_equal_stacks_are_no_change(folders: tuple[Path, Path]) -> None:
    assert compared(folders[0], folders[0]) == ()
    assert as_text((), 2) == "The JSON of all 2 stacks stays the same, byte for byte."


def test_a_difference_of_all_stacks_says_so() -> None:
    operation = Operation("replace", "/a", "1", "2")
    changes = tuple(StackChange("prod", phase, f"prod-{phase}", (operation,)) for phase in ("data", "edge"))
    assert grouped(changes) == {("prod-data", "prod-edge"): [operation]}
    assert "in all 2 stacks:" in as_text(changes, 2)

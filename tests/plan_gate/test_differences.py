"""What differs between two versions of a resource's values."""

from __future__ import annotations

import json

from ops.plan_gate.differences import differences
from ops.plan_gate.model import UNKNOWN


def found(old: object, new: object) -> list[str]:
    return [each.key for each in differences(old, new)]


def test_blocks_are_compared_by_name_and_single_ones_with_each_other() -> None:
    rules = [{"name": "a", "priority": 1}, {"name": "b", "priority": 2}]
    inserted = [{"name": "new", "priority": 0}, *rules]
    assert found({"rule": rules}, {"rule": inserted}) == ["rule", "rule[new].name", "rule[new].priority"]
    assert found({"alias": [{"name": "a"}]}, {"alias": [{"name": "b"}]}) == ["alias", "alias.name"]
    assert found({"rule": [{"priority": 1}, {}]}, {"rule": [{"priority": 2}, {}]}) == ["rule", "rule[0].priority"]


def test_json_texts_are_compared_by_their_content() -> None:
    old, new = (
        json.dumps([{"name": "app", "user": user, "cpu": 1}], indent=indent) for user, indent in ((1, 0), (2, 2))
    )
    assert found({"containers": old}, {"containers": new}) == ["containers", "containers.user"]
    same = json.dumps(json.loads(old), indent=4)
    assert found({"containers": old}, {"containers": same}) == []


def test_what_is_inside_an_unknown_value_is_unknown() -> None:
    (_, inner) = differences({"network": [{"public": False}]}, {"network": UNKNOWN})
    assert (inner.names, inner.new) == ("network.public", UNKNOWN)

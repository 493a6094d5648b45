"""Nothing that holds state is lost by an apply."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.gate.model import Outcome
from ops.plan_gate.model import FindingKind
from ops.plan_gate.tables import STATEFUL
from tests.conftest import Stack
from tests.plan_gate.plans import Body, change, found, judge, plan

patient = settings(max_examples=150, deadline=None)
LOSSES: list[tuple[tuple[str, ...], bool]] = [
    (("delete",), False),
    (("forget",), False),
    (("delete", "create"), True),
    (("create", "delete"), True),
    (("create", "forget"), True),
]
HARMLESS = [
    change("aws_cloudwatch_dashboard.main", {"dashboard_name": "main"}),
    change("aws_ecs_task_definition.app", {"family": "app"}, {"family": "app"}, actions=("delete", "create")),
    change("aws_sns_topic.alarms", None, {"name": "alarms"}),
    change("aws_db_instance.other", {"multi_az": False}, {"multi_az": True}),
]


@pytest.mark.slow
@pytest.mark.requirement("R5.5")
@patient
@given(
    kind=st.sampled_from(sorted(STATEFUL)),
    loss=st.sampled_from(LOSSES),
    name=st.from_regex(r"[a-z][a-z0-9_]{0,20}(\[\"[a-z/]{1,9}\"\]|\[[0-9]\])?", fullmatch=True),
    others=st.lists(st.sampled_from(HARMLESS), unique_by=id),
    approve=st.booleans(),
)
def test_any_single_loss_is_refused(
    kind: str, loss: tuple[tuple[str, ...], bool], name: str, others: list[Body], approve: bool
) -> None:
    actions, remade = loss
    lost = change(f"{kind}.{name}", {"name": "a"}, {"name": "b"} if remade else None, actions=actions)
    verdict = judge(plan(*others, lost), approve=approve)
    assert verdict.outcome is Outcome.FINDINGS
    (finding,) = verdict.of(FindingKind.STATEFUL)
    assert (finding.where, finding.refused) == (f"{kind}.{name}", True)


@pytest.mark.requirement("R5.5")
def test_what_forces_a_replacement_is_named() -> None:
    replaced = change(
        "aws_s3_bucket.state",
        {"bucket": "a"},
        {"bucket": "b"},
        actions=("delete", "create"),
        action_reason="replace_because_cannot_update",
        replace_paths=[["bucket"], ["rule", 0, "id"]],
    )
    (finding,) = found(plan(replaced), FindingKind.STATEFUL)
    assert finding.what == "would be replaced, forced by bucket, rule[0].id; that loses its objects and its name"


def test_why_something_is_deleted_is_said() -> None:
    gone = change("aws_kms_key.data", {"id": "1"}, action_reason="delete_because_no_resource_config")
    (finding,) = found(plan(gone), FindingKind.STATEFUL)
    assert "because it is no longer configured" in finding.what


def test_an_object_left_behind_is_stateful_too() -> None:
    current = change("aws_db_instance.main", {"identifier": "a"}, {"identifier": "a"})
    deposed = change("aws_db_instance.main", {"identifier": "a"}, deposed="0123abcd")
    (finding,) = found(plan(current, deposed), FindingKind.STATEFUL)
    assert "previous object" in finding.what


def test_a_move_loses_nothing() -> None:
    moved = change("aws_s3_bucket.new", {"bucket": "a"}, {"bucket": "a"}, previous_address="aws_s3_bucket.old")
    assert judge(plan(moved)).outcome is Outcome.CLEAN


def test_what_is_re_created_just_as_it_was_may_go() -> None:
    assert judge(plan(*HARMLESS)).outcome is Outcome.CLEAN


def test_the_table_knows_all_that_the_stacks_protect(stacks: dict[str, Stack]) -> None:
    protected = {
        kind
        for stack in stacks.values()
        for kind, _, body in stack.all_resources()
        if body.get("lifecycle", {}).get("prevent_destroy")
    }
    assert protected
    assert protected <= STATEFUL.keys()

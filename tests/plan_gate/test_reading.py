"""A plan that is incomplete isn't judged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ops.gate.model import Outcome
from ops.plan_gate.run import run
from tests.cases import every_case
from tests.plan_gate.plans import Body, change, judge, plan

BUCKET: Body = {"bucket": "a"}


def without(document: Body, *keys: str) -> Body:
    return {key: value for key, value in document.items() if key not in keys}


@every_case(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (json.dumps(plan()).encode()[:-40], "isn't complete JSON"),
        (json.dumps(plan()).encode() + b"{}", "isn't complete JSON"),
        (b'{"@level":"info"}\n{"@level":"info"}\n', "isn't complete JSON"),
        (b"null", "isn't a JSON object"),
        (b"[]", "isn't a JSON object"),
        (b"{}", "isn't a JSON object"),
        (b"\xff\xfe{}", "isn't UTF-8"),
        (b'{"format_version":"1.2","format_version":"1.2"}', "a key twice"),
        (b'{"format_version":NaN}', "isn't JSON"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"PK\x03\x04 a saved plan that comes without its stack", "is a saved plan"),
    ],
)
def test_what_is_no_json_of_a_plan(content: bytes, why: str) -> None:
    verdict = run(content, name="demo")
    assert verdict.outcome is Outcome.ERROR
    assert why in verdict.error
    assert "\n" not in verdict.error


CHANGED = change("aws_s3_bucket.a", None, BUCKET)


@every_case(
    ("document", "why"),
    [
        (plan(format_version="1.3"), "format version 1.3"),
        (plan(format_version="2.0"), "format version 2.0"),
        (plan(format_version=1.2), "no known format version"),
        (without(plan(), "format_version"), "no known format version"),
        ({"format_version": "1.0", "terraform_version": "1.11.4", "values": {}}, "is a state"),
        (plan(errored=True), "plan that failed"),
        (without(plan(), "errored"), "plan that failed"),
        (plan(complete=False), "isn't complete"),
        (without(plan(), "complete"), "isn't complete"),
        (plan(deferred_changes=[{}]), "isn't complete"),
        (plan(CHANGED, applyable=False), "can't be applied"),
        (plan(output_changes={"a": {"actions": ["create"]}}, applyable=False), "can't be applied"),
        (without(plan(), "applyable"), "whether it can be applied is unknown"),
        (without(plan(), "planned_values"), "isn't complete"),
        (without(plan(), "configuration"), "isn't complete"),
        (plan(action_invocations=[]), "doesn't know"),
        (plan(deferred_action_invocations=[]), "doesn't know"),
        (plan(resource_changes=[{**CHANGED, "deferred": {}}]), "a part that this gate doesn't know"),
        (
            plan(resource_changes=[{**CHANGED, "change": {**CHANGED["change"], "x": 1}}]),
            "a part that this gate doesn't",
        ),
        (plan({**change("aws_db_instance.a", BUCKET), "type": "aws_vpc"}), "of another type"),
        (plan({**change("aws_db_instance.a", BUCKET), "type": "aws_db"}), "of another type"),
        (plan({**change("aws_vpc.a", BUCKET), "address": "module.b.aws_db_instance.a"}), "of another type"),
        (plan(drift=({**change("aws_db_instance.a", BUCKET, {}), "type": "aws_vpc"},)), "of another type"),
        (plan(resource_changes={}), "in a form"),
        (plan(resource_changes=[1]), "in a form"),
        (plan(change("aws_s3_bucket.a", BUCKET, actions=("destroy",))), "actions that this gate doesn't know"),
        (plan(change("aws_s3_bucket.a", BUCKET, actions=("delete", "update"))), "actions that this gate doesn't know"),
        (plan(change("aws_s3_bucket.a", None, BUCKET, actions=("update",))), "without its values before"),
        (plan(change("aws_s3_bucket.a", BUCKET, None, actions=("update",))), "without its values before"),
        (plan(resource_changes=[{**CHANGED, "mode": "new"}]), "neither managed nor data"),
        (plan(resource_changes=[{**CHANGED, "change": None}]), "resource_changes[aws_s3_bucket.a].change in a form"),
        (plan(resource_changes=[{**CHANGED, "address": ""}]), "without address"),
        (plan(change("aws_iam_policy.a", None, {"policy": '{"Statement": "no"}'})), "statements can't be read"),
        *(
            (plan(change("aws_iam_policy.a", None, {"policy": json.dumps(document)})), "polic")
            for document in (
                {"statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
                {"Statement": [{"effect": "Allow", "Action": "*", "Resource": "*"}]},
                {"Statement": [{"Effect": "Allow", "action": "*", "Resource": "*"}]},
                {"Statement": [{"Effect": "Allow", "Action": "*", "resource": "*"}]},
                {"Version": "2012-10-17"},
            )
        ),
        (plan(change("aws_iam_policy.a", None, {"policy": '{ // a comment\n"Statement": []}'})), "can't be read"),
        (plan(change("aws_iam_role.a", None, {"assume_role_policy": "Statement"})), "can't be read"),
    ],
)
def test_what_is_no_plan_to_apply(document: Body, why: str) -> None:
    verdict = judge(document)
    assert verdict.outcome is Outcome.ERROR
    assert why in verdict.error, verdict.error


@every_case(("before", "after"), [(BUCKET, None), (None, BUCKET), (BUCKET, {})])
def test_a_plan_with_a_change_taken_out_is_not_whole(before: Body | None, after: Body | None) -> None:
    document = plan(change("aws_s3_bucket.a", before, after))
    document["resource_changes"].pop()
    assert "isn't complete" in judge(document).error


def configured(**parts: Any) -> Body:
    return plan(configuration={**plan()["configuration"], **parts})


def module(**parts: Any) -> Body:
    return configured(root_module={**plan()["configuration"]["root_module"], **parts})


OTHER: Body = {"address": "aws_vpc.b", "mode": "managed", "type": "aws_vpc", "name": "b"}
RULES: Body = {"id": "sg-1", "ingress": "all"}


@every_case(
    ("document", "why"),
    [
        (plan(configuration={"provider_config": {}}), "configuration without root_module"),
        (configured(root_module=None), "configuration.root_module in a form that this gate doesn't know: it is null"),
        (configured(root_module=[]), "configuration.root_module in a form that this gate doesn't know: it is a list"),
        (configured(provider_config=[]), "configuration.provider_config in a form"),
        (configured(provider_config={"aws": {"name": "aws"}}), "configuration.provider_config.aws without full_name"),
        (configured(provider_config={"aws": []}), "configuration.provider_config.aws in a form"),
        (configured(checks={}), "configuration.checks, a part that this gate doesn't know"),
        (module(actions=[]), "configuration.root_module.actions, a part that this gate doesn't know"),
        (module(resources=[{**OTHER, "mode": None}]), "resources[aws_vpc.b].mode in a form"),
        (
            module(resources=[{"address": "data.http.a", "mode": "data", "name": "a"}]),
            "configuration.root_module.resources[data.http.a] without type",
        ),
        (module(resources=[{**OTHER, "lifecycle": {}}]), "resources[aws_vpc.b].lifecycle, a part"),
        (module(resources=[{**OTHER, "provisioners": {}}]), "resources[aws_vpc.b].provisioners in a form"),
        (module(resources=[{**OTHER, "provisioners": ["local-exec"]}]), "provisioners[0] in a form"),
        (module(resources=[{**OTHER, "expressions": []}]), "resources[aws_vpc.b].expressions in a form"),
        (module(module_calls={"a": {"source": "./a"}}), "module_calls.a without module"),
        (module(module_calls={"a": {"source": "./a", "module": []}}), "module_calls.a.module in a form"),
        (module(module_calls=[]), "module_calls in a form"),
        (
            module(module_calls={"a": {"source": "./a", "module": {"module_calls": {"b": {"source": "./b"}}}}}),
            "module_calls.a.module.module_calls.b without module",
        ),
        (plan(resource_changes=[{**CHANGED, "deposed": None}]), "resource_changes[aws_s3_bucket.a].deposed in a form"),
        (
            plan(CHANGED, resource_changes=[{**CHANGED, "change": {**CHANGED["change"], "after_unknown": True}}]),
            "aws_s3_bucket.a without an after_unknown for each value",
        ),
        (
            plan(resource_changes=[{**CHANGED, "change": {**CHANGED["change"], "before": []}}]),
            "change.before in a form",
        ),
        (plan(resource_changes=[{**CHANGED, "change": {**CHANGED["change"], "replace_paths": "a"}}]), "replace_paths"),
        (
            plan(resource_changes=[{**CHANGED, "change": {**CHANGED["change"], "after_unknown": {"a": 1}}}]),
            "change.after_unknown.a in a form that this gate doesn't know: it is a number",
        ),
        (
            plan(resource_changes=[{**CHANGED, "change": without(CHANGED["change"], "after_unknown")}]),
            "resource_changes[aws_s3_bucket.a].change without after_unknown",
        ),
        (
            plan(resource_changes=[without(CHANGED, "provider_name")]),
            "resource_changes[aws_s3_bucket.a] without provider_name",
        ),
        (
            plan(change("aws_s3_bucket.a", {"force_destroy": True}, {"force_destroy": [False]})),
            "aws_s3_bucket.a.force_destroy in a form that this gate doesn't know: it is a list",
        ),
        (plan(planned_values={"root_module": {"resources": [{}]}}), "planned_values.root_module.resources[0] without"),
        (plan(CHANGED, configuration={"root_module": {}}), "aws_s3_bucket.a, which isn't in the configuration"),
        (
            plan(change("aws_s3_bucket.a", {"force_destroy": False}, {"force_destroy": True}, actions=("no-op",))),
            "aws_s3_bucket.a doesn't change, but its values before and after differ",
        ),
        (
            plan(change("aws_s3_bucket.a", BUCKET, BUCKET, actions=("no-op",), unknown={"policy": True})),
            "aws_s3_bucket.a doesn't change",
        ),
        (plan(change("aws_s3_bucket.a", BUCKET, {}, actions=("read",))), "reads aws_s3_bucket.a, which is no data"),
        (
            plan(change("aws_vpc.a", BUCKET, BUCKET, previous_address="aws_subnet.a")),
            "moves aws_subnet.a to another type",
        ),
        (plan(change("aws_security_group.a", RULES, RULES)), "aws_security_group.a.ingress in a form"),
        (plan(change("aws_x.a", {"a": '{"b": 1, "b": 2}'}, {"a": "{}"})), "a key twice"),
        (
            plan(change("aws_iam_policy.a", None, {"policy": '{"Statement": [], "Statement": []}'})),
            "is no JSON (aws_iam_policy.a)",
        ),
        (
            plan(
                change(
                    "aws_iam_policy.a",
                    None,
                    {"policy": json.dumps({"Statement": [], "statement": [{"Effect": "Allow", "Action": "*"}]})},
                )
            ),
            "a policy with statement, where AWS documents Id, Statement, Version (aws_iam_policy.a)",
        ),
        (plan(change("aws_x.a", None, {"a": json.loads("[" * 99 + "]" * 99)})), "nested too deeply"),
    ],
)
def test_a_part_in_another_form_is_named(document: Body, why: str) -> None:
    verdict = judge(document, approve=True)
    assert verdict.outcome is Outcome.ERROR
    assert why in verdict.error, verdict.error
    assert "\n" not in verdict.error


def test_imports_and_moves_are_counted() -> None:
    values = {"id": "1"}
    taken = change("aws_cloudwatch_dashboard.a", values, values)
    taken["change"]["importing"] = {"id": "1"}
    moved = change("aws_cloudwatch_dashboard.c", values, values, previous_address="aws_cloudwatch_dashboard.b")
    assert judge(plan(taken, moved)).counts == {"import": 1, "move": 1}


def test_no_changes_are_clean_although_terraform_would_not_apply_them() -> None:
    verdict = judge(plan(applyable=False))
    assert (verdict.outcome, verdict.counts) == (Outcome.CLEAN, {})


def test_data_sources_are_read_without_a_word() -> None:
    read = change("aws_iam_policy_document.a", None, {"json": "{}"}, actions=("read",))
    data = {**read, "address": f"data.{read['address']}", "mode": "data"}
    assert judge(plan(data)).outcome is Outcome.CLEAN


def test_a_surprise_is_an_error_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def surprise(_: Any) -> Any:
        raise KeyError("hunter2")

    monkeypatch.setattr("ops.plan_gate.run.losses", surprise)
    verdict = judge(plan())
    assert verdict.outcome is Outcome.ERROR
    assert "hunter2" not in verdict.error


def test_a_saved_plan_that_terraform_cannot_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.tfplan"
    monkeypatch.setattr(shutil, "which", lambda _: "/bin/false")
    assert "terraform show can't read it" in run(b"PK\x03\x04", name="demo", file=file).error
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert "pass its JSON" in run(b"PK\x03\x04", name="demo", file=file).error

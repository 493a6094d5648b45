"""A saved plan is applied only if it is of this stack, the gate passed it, and what it read is as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from environments import load
from modules.phases import phase
from ops.aws.errors import AwsError
from ops.aws.session import Aws, Caller
from ops.errors import RefusedError
from ops.gate.folder import digest
from ops.plan_gate.model import PlanVerdict
from ops.terraform import apply
from ops.terraform.advice import advice
from ops.terraform.apply import Applier
from ops.terraform.plan import Planner
from ops.terraform.process import Done, Terraform
from ops.terraform.progress import PhaseProgress
from ops.terraform.report import Result
from ops.terraform.saved import Provenance, check, provenance
from ops.terraform.session import OTHER_SECONDS, Session
from ops.terraform.stack import Stack

TODAY = date(2026, 11, 25)
UPSTREAM = {"account": "a" * 64}


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack whose saved plan may be applied."""
    stack = Stack(load("prod"), phase("network"), tmp_path)
    stack.folder.mkdir(parents=True)
    stack.file.write_text('{"resource": {}}')
    stack.saved.write_bytes(b"PK a plan")
    stack.saved_json.write_text("{}")
    Provenance(
        stack=stack.name,
        files=stack.files,
        plan_sha256=digest(stack.saved),
        json_sha256=digest(stack.saved_json),
        account=stack.environment.account_id,
        caller="arn",
        planned_at="now",
        commit="c",
        dirty=False,
        upstream=UPSTREAM,
        counts={"create": 1},
    ).write(stack.provenance)
    gate(stack)
    return stack


def gate(stack: Stack, **changed: object) -> None:
    verdict = {"outcome": "clean", "today": TODAY.isoformat(), "until": None, "files": stack.files, **changed}
    stack.gated.write_text(json.dumps(verdict))


def other_provenance(saved: Stack, **changed: Any) -> None:
    replace(provenance(saved), **changed).write(saved.provenance)


def test_what_was_planned_and_gated_may_be_applied(stack: Stack) -> None:
    check(stack, provenance(stack), UPSTREAM, today=TODAY)


@pytest.mark.parametrize("until", [None, "2026-11-26"])
def test_a_run_may_begin_before_midnight(stack: Stack, until: str | None) -> None:
    gate(stack, today="2026-11-24", until=until)
    check(stack, provenance(stack), UPSTREAM, today=TODAY)


Spoil = Callable[[Stack], object]
SPOILT: dict[str, tuple[Spoil, str]] = {
    "synthesized again": (lambda s: s.file.write_text('{"a": {}}'), "cdk.tf.json of prod-network changed since"),
    "an override": (
        lambda s: (s.folder / "x_override.tf.json").write_text("{}"),
        "x_override.tf.json of .* changed since",
    ),
    "values": (lambda s: (s.folder / ".x.auto.tfvars").write_text("a = 1"), ".x.auto.tfvars of .* changed since"),
    "another plan": (lambda s: s.saved.write_bytes(b"PK another"), "isn't the file that make plan saved"),
    "another JSON": (lambda s: s.saved_json.write_text('{"a": 1}'), "isn't the file that make plan saved"),
    "a plan that is gone": (lambda s: s.saved.unlink(), "isn't the file that make plan saved"),
    "another stack's plan": (lambda s: other_provenance(s, stack="prod-data"), "is a plan of prod-data"),
    "another account's plan": (lambda s: other_provenance(s, account="444455556666"), "in account 444455556666"),
    "no gate": (lambda s: s.gated.unlink(), "the gate has not checked prod-network"),
    "half a gate": (lambda s: s.gated.write_text("{"), "has not checked prod-network"),
    "gate refused": (lambda s: gate(s, outcome="findings"), "the gate did not pass .findings."),
    "gate error": (lambda s: gate(s, outcome="error"), "the gate did not pass .error."),
    "a gate of another form": (lambda s: s.gated.write_text("[]"), "has not checked prod-network"),
    "gated another": (lambda s: gate(s, files={"cdk.tf.json": "0"}), "has not checked this version of prod-network"),
    "gated nothing": (lambda s: gate(s, files=None), "the gate has not checked prod-network"),
    "gated two days ago": (
        lambda s: gate(s, today="2026-11-23"),
        "checked prod-network on 2026-11-23, and accepted risks expire",
    ),
    "gated for a later day": (lambda s: gate(s, today="2026-11-26"), "checked prod-network on 2026-11-26"),
    "gated before an acceptance expired": (
        lambda s: gate(s, today="2026-11-24", until="2026-11-25"),
        "checked prod-network on 2026-11-24, and accepted risks expire",
    ),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_anything_else_is_refused_with_what_to_do(stack: Stack, spoilt: str) -> None:
    spoil, said = SPOILT[spoilt]
    spoil(stack)
    with pytest.raises(RefusedError, match=f"{said}.*; make (plan|gate) ENV=prod"):
        check(stack, provenance(stack), UPSTREAM, today=TODAY)


@pytest.mark.parametrize("now", [{"account": "b" * 64}, {**UPSTREAM, "state": "c" * 64}])
def test_a_plan_is_stale_when_what_it_read_has_changed(stack: Stack, now: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match="changed since prod-network was planned; make plan"):
        check(stack, provenance(stack), now, today=TODAY)


def test_a_missing_plan_and_a_spoilt_record_are_refused(stack: Stack) -> None:
    whole = json.loads(stack.provenance.read_text())
    for spoilt in ("{", "[]", json.dumps({**whole, "files": ["cdk.tf.json"]})):
        stack.provenance.write_text(spoilt)
        with pytest.raises(RefusedError, match=r"isn't a file that make plan wrote .*; make plan ENV=prod PHASE="):
            provenance(stack)
    stack.forget_plan()
    with pytest.raises(RefusedError, match="there is no saved plan of prod-network; make plan ENV=prod PHASE=network"):
        provenance(stack)
    assert not list(stack.folder.glob("saved*"))


CALLER = Caller("111122223333", "arn:aws:sts::111122223333:assumed-role/aep-prod-break-glass/lead")


@pytest.fixture
def applier(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Applier:
    """Finds everything else about the plan in order."""
    monkeypatch.setattr(apply, "published", lambda *_, **__: UPSTREAM)
    monkeypatch.setattr(Planner, "judge", lambda *_: PlanVerdict("prod-network"))
    gate(stack, today=datetime.now(UTC).date().isoformat())
    return Applier(cast(Session, SimpleNamespace(states=None, aws=SimpleNamespace(caller=CALLER))))


def test_a_plan_that_was_saved_after_the_yes_is_not_what_was_agreed_to(stack: Stack, applier: Applier) -> None:
    assert applier.checked(stack) == applier.checked(stack)
    stack.saved.write_bytes(b"PK a later plan")
    other_provenance(stack, plan_sha256=digest(stack.saved))
    with pytest.raises(RefusedError, match="prod-network was re-planned after you confirmed"):
        applier.checked(stack)
    assert Applier(applier.session).checked(stack).plan_sha256 == digest(stack.saved), "asked again, it may"


def test_credentials_that_last_come_before_the_last_checks(
    stack: Stack, applier: Applier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person may take minutes to type a code; an apply that would outlive its credentials isn't begun."""
    wanted: list[tuple[float, str]] = []

    class Short:
        def last(self, seconds: float, doing: str, _: str) -> None:
            wanted.append((seconds, doing))
            stack.gated.unlink()  # What happens while it asks.
            if len(wanted) > 1:
                raise AwsError("there is no terminal to ask on")

    session = Session(
        stack.environment,
        stack.out,
        cast(Aws, SimpleNamespace(credentials=Short(), caller=CALLER)),
        *[cast(Any, None)] * 3,
    )
    session.progress = cast(PhaseProgress, SimpleNamespace(end=lambda _: None))
    monkeypatch.setattr(apply, "initialize", lambda *_: None)
    session.terraform = Terraform()
    applier.session = session
    assert "the gate has not checked prod-network" in applier.apply(stack).message
    gate(stack)
    failed = applier.apply(stack)
    assert (failed.result, failed.message) == (Result.FAILED, "there is no terminal to ask on")
    assert wanted == [(OTHER_SECONDS, "applying network")] * 2
    assert stack.saved.exists()


def test_nothing_goes_on_from_a_state_that_lies_beside_the_stack(stack: Stack, applier: Applier) -> None:
    stack.unsaved.write_text("{}")
    with pytest.raises(RefusedError, match=r"errored\.tfstate; make recover ENV=prod PHASE=network"):
        applier.checked(stack)


def test_a_service_that_never_becomes_steady_is_explained(stack: Stack) -> None:
    said = (
        "waiting for ECS Service (arn:aws:ecs:us-east-1:111122223333:service/aep-prod/aep-backend-prod) create: "
        "timeout while waiting for state to become 'tfSTABLE' (last state: 'tfPENDING', timeout: 11m0s)"
    )
    told = advice(stack, Done(1, errors=(said,)), cast(Any, None))
    assert "a first deployment can't roll back" in told
    assert "bin/ops tasks prod --stopped" in told
    assert "describe-services --cluster aep-prod --services aep-backend-prod aep-frontend-prod --query" in told


def test_credentials_that_expired_under_terraform_leave_something_to_recover(stack: Stack) -> None:
    said = "saving state: api error ExpiredToken: The provided token has expired."
    done, recover = Done(1, errors=(said,)), "sign in again, then make recover ENV=prod PHASE=network"
    assert advice(stack, done, cast(Any, None)) == f"the credentials expired while Terraform ran; {recover}"
    stack.unsaved.write_text("{}")
    assert f"ran, and the state is kept in {stack.unsaved}; {recover}" in advice(stack, done, cast(Any, None))

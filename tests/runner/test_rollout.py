"""A rollout wave by wave, and plans that one job stores and another applies, with Terraform and S3 in memory."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from environments import load
from environments.names import PLAN_DAYS
from environments.schema import Zone
from modules.interrupts import Interrupted
from modules.phases import PHASES, phase
from ops.__main__ import app
from ops.aws.session import Caller
from ops.aws.waiting import Time
from ops.ci import failed, look
from ops.conditions import FailedError
from ops.deploy.run import Deploy
from ops.errors import OpsError, RefusedError, WaitingError
from ops.gate.folder import digest
from ops.plan_gate.model import FindingKind, PlanFinding, PlanVerdict
from ops.rollout.command import _again, _check, _one, _to_verify
from ops.rollout.markdown import as_markdown
from ops.rollout.run import Rollout
from ops.rollout.stored import apply_stored, needed, note_verified, packed, store, unpack
from ops.terraform.apply import Applier
from ops.terraform.process import Done, Terraform
from ops.terraform.report import Report, Result
from ops.terraform.saved import is_ancestor
from ops.terraform.session import Session
from ops.terraform.stack import Stack
from tests.cases import every_case
from tests.ops.test_markdown import outside_code
from tests.runner.in_memory import ADMINISTRATOR, DEPLOYER, PLANNER, Runner

PROD = load("prod")
NAMES = tuple(each.name for each in PHASES)
FIRST = Caller("111122223333", "arn:aws:sts::111122223333:assumed-role/OrganizationAccountAccessRole/lead")
SHOWN = {"resource_changes": [{"address": "aws_vpc.vpc", "mode": "managed", "change": {"actions": ["update"]}}]}
RESOURCES: dict[str, dict[str, Any]] = {
    "services": {"aws_ecs_service": {"backend": {}}},
    "observability": {"aws_cloudwatch_metric_alarm": {"cpu": {}}},
    "edge": {"aws_acm_certificate": {"certificate": {}}, "aws_route53_zone": {"zone": {}}},
}


class Account:
    """An account without a state bucket, in which an apply creates what its stack has, and who rolls out in it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out = folder / "cdktf.out"
        self.runner = Runner(PROD, self.out, "state", **RESOURCES.get("state", {}))
        self.runner.bucket.exists = False
        self.stacks = {"state": self.runner.stack}
        self.stacks |= {name: self.runner.add(name, **RESOURCES.get(name, {})) for name in NAMES[1:]}
        self.applied: dict[str, str] = {}
        """The digest of each applied stack."""
        self.order: list[str] = []
        self.failing: set[str] = set()
        """Phases whose apply fails."""
        self.outputs: dict[str, str] = {}
        """What the next apply of a phase publishes."""
        self.published: dict[str, str] = {}
        self.asked: list[str] = []
        self.told: list[str] = []
        self.answer: Callable[[str], None] = lambda _: None
        self.blocked: dict[str, Any] = {"missing": (), "unreleased": (), "prepare": None, "unconfirmed": ""}
        self.runner.terraform.ends |= {
            "plan": self._plan,
            "apply": self._apply,
            "show": lambda *_: Done(0, output=json.dumps(SHOWN)),
        }
        for name in ("terraform.plan", "terraform.apply", "terraform.session", "rollout.stored"):
            monkeypatch.setattr(f"ops.{name}.commit", lambda: ("abc", False))
        monkeypatch.setattr(
            "ops.terraform.plan.judge", lambda *_, name, **__: PlanVerdict(name, changes={"update": ("a.b",)})
        )
        monkeypatch.setattr("ops.terraform.plan.blocked", lambda *_: self.blocked["prepare"])
        monkeypatch.setattr("ops.rollout.people.missing", lambda *_: self.blocked["missing"])
        monkeypatch.setattr("ops.terraform.apply.missing", lambda *_: self.blocked["missing"])
        monkeypatch.setattr("ops.rollout.people.unreleased", lambda *_: self.blocked["unreleased"])
        monkeypatch.setattr("ops.rollout.people.alerts_have_subscribers", self._subscribers)
        for stack in self.stacks.values():
            self.gate(stack)

    def gate(self, stack: Any) -> None:
        today = datetime.now(UTC).date().isoformat()
        verdict = {"outcome": "clean", "today": today, "until": None, "files": stack.files}
        stack.gated.write_text(json.dumps(verdict), encoding="utf-8")

    def change(self, name: str, text: str = "new") -> None:
        """Change a stack, as a commit does."""
        stack = self.stacks[name]
        content = json.loads(stack.file.read_text()) | {"locals": {"text": text}}
        stack.file.write_text(json.dumps(content), encoding="utf-8")
        self.gate(stack)

    def _subscribers(self, _: object) -> str:
        if self.blocked["unconfirmed"]:
            raise FailedError(self.blocked["unconfirmed"])
        return ""

    def _plan(self, folder: Path, arguments: tuple[str, ...]) -> Done:
        name = folder.name.removeprefix("prod-")
        for each in arguments:
            if each.startswith("-out="):
                (folder / each.removeprefix("-out=")).write_bytes(f"plan of {name} {len(self.order)}".encode())
        return Done(0 if self.applied.get(name) == self._form(name) else 2)

    def _form(self, name: str) -> str:
        """What a plan compares: the stack, and what it reads."""
        return digest(self.stacks[name].file) + "".join(self.published.get(each, "1") for each in phase(name).reads)

    def _apply(self, folder: Path, _: tuple[str, ...]) -> Done:
        name = folder.name.removeprefix("prod-")
        self.order.append(name)
        if name in self.failing:
            return Done(1, errors=("no such thing",))
        self.runner.bucket.exists = True
        self.published[name] = self.outputs.get(name, "1")
        self.runner.applied(name, "a.b", serial=len(self.order), id=self.published[name])
        self.applied[name] = self._form(name)
        return Done(0)

    def ask(self, question: str) -> None:
        self.asked.append(question)
        self.answer(question)

    def rollout(self, caller: Caller = ADMINISTRATOR, **settings: Any) -> Rollout:
        """A new run, as a person starts it."""
        self.runner.aws.caller = caller
        self.runner.session.states._read.clear()
        self.asked.clear()
        self.told.clear()
        return Rollout(self.runner.session, self.ask, self.told.append, **settings)

    def run(self, *phases: str, caller: Caller = ADMINISTRATOR, **settings: Any) -> Report:
        results = self.rollout(caller, **settings).run(phases)
        return Report("rollout", "prod", datetime.now(UTC), "abc", tuple(results), WaitingError.exit_code)

    def done(self) -> None:
        """An account in which every phase is applied."""
        self.runner.bucket.exists = True
        self.rollout()
        for name, stack in self.stacks.items():
            self.runner.applied(name, "a.b", serial=0, id="1")
            self.applied[name] = self._form(name)
            Applier(self.runner.session).record(stack, None)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account(tmp_path, monkeypatch)


def waits(report: Report) -> dict[str, tuple[str, ...]]:
    return {each.phase: each.waits_for for each in report.phases if each.result is Result.WAITING}


def test_it_goes_from_nothing_to_everything_and_asks_once_for_each_wave(account: Account) -> None:
    report = account.run(caller=FIRST)
    assert account.order == ["state", "account"]
    assert [question.partition(" (")[0] for question in account.asked] == [
        "Create the state bucket of prod",
        "Apply wave 1",
    ]
    assert report.exit_code == 3
    assert waits(report)["network"] == ("the role aep-prod-break-glass",)
    assert waits(report)["edge"] == ("the role aep-prod-deployer",)
    assert "assume aep-prod-break-glass (docs/account.md, section 2), then make rollout" in report.of["network"].message
    may_not = [line for line in report.lines() if "may not apply it" in line]
    assert [line.partition(": ")[0] for line in may_not] == [
        "network, registry, secrets, data, observability, hardening",
        "edge, services, cutover",
    ]

    report = account.run()
    assert (report.exit_code, {each.result for each in report.phases}) == (0, {Result.NO_CHANGES, Result.APPLIED})
    assert [question.partition(")")[0].partition("(")[2] for question in account.asked] == [
        "network, registry",
        "secrets, edge",
        "data, hardening, cutover",
        "services",
        "observability",
    ]
    for name in NAMES:
        assert all(account.order.index(read) < account.order.index(name) for read in phase(name).reads), name
    assert f"network: 1 to update; planned {report.started_at:%Y}" in account.told[0]
    assert str(account.stacks["network"].saved_summary) in account.told[0]

    account.order.clear()
    report = account.run()
    assert (report.exit_code, account.order, account.asked) == (0, [], [])
    assert {each.result for each in report.phases} == {Result.NO_CHANGES}


@pytest.mark.parametrize(
    ("key", "value", "waiting", "how"),
    [
        ("missing", ("A_KEY",), "values of secrets", "no value yet: A_KEY; bin/ops secrets set prod NAME"),
        ("unreleased", ("backend",), "images of the release file", "bin/ops promote prod backend"),
    ],
)
def test_services_wait_for_what_people_give_and_continue_then(
    account: Account, key: str, value: object, waiting: str, how: str
) -> None:
    account.run(caller=FIRST)
    account.blocked[key] = value
    report = account.run()
    assert report.exit_code == 3
    assert waits(report) == {"services": (waiting,), "observability": ("services",)}
    assert how in report.of["services"].message
    assert report.of["services"].message.endswith("then make rollout ENV=prod")
    assert "cutover" in account.order, "the others go on"
    account.blocked[key] = ()
    account.order.clear()
    assert account.run().exit_code == 0
    assert account.order == ["services", "observability"]


def test_cutover_waits_for_prepare_and_observability_for_confirmed_addresses(account: Account) -> None:
    account.stacks["cutover"].file.write_text(
        json.dumps({"provider": {}, "resource": {"aws_route53_record": {"a": {}}}}), encoding="utf-8"
    )
    account.gate(account.stacks["cutover"])
    account.blocked |= {"prepare": "waiting for cutover prepare: …", "unconfirmed": "a@b.example has not confirmed"}
    account.run(caller=FIRST)
    report = account.run()
    assert report.exit_code == 3
    assert waits(report) == {
        "cutover": ("cutover prepare",),
        "observability": ("confirmed e-mail addresses",),
    }
    assert "a@b.example has not confirmed; open the link" in report.of["observability"].message
    account.blocked |= {"prepare": None, "unconfirmed": ""}
    assert account.run().exit_code == 0


def test_a_certificate_that_waits_for_the_zone_is_not_applied_into_a_timeout(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = Zone(name="demo.example.com", kind="created")
    status = {"now": "PENDING_VALIDATION"}
    acm = SimpleNamespace(describe_certificate=lambda **_: {"Certificate": {"Status": status["now"]}})
    account.runner.aws.client = lambda name: acm if name == "acm" else account.runner.bucket
    account.runner.session.environment = replace(PROD, edge=replace(PROD.edge, zone=created))
    account.run(caller=FIRST)
    account.failing.add("edge")
    report = account.run()
    assert report.exit_code == 2
    assert any("the parent zone of demo.example.com must get its name servers" in each for each in account.told)
    state = {"type": "aws_acm_certificate", "mode": "managed", "name": "certificate"}
    resources = [{**state, "instances": [{"attributes": {"arn": "arn:c"}}]}]
    content = {"serial": 1, "lineage": "l", "outputs": {}, "resources": resources}
    account.runner.bucket.objects[account.runner.names.state_key("edge")] = [json.dumps(content).encode()]
    account.failing.clear()
    report = account.run()
    assert waits(report)["edge"] == ("delegation of demo.example.com",)
    status["now"] = "ISSUED"
    assert account.run().exit_code == 0


def test_declined_and_failed_and_interrupted_waves_stop_and_can_be_continued(account: Account) -> None:
    account.run(caller=FIRST)
    account.order.clear()

    def decline(_: str) -> None:
        raise RefusedError("nothing was changed")

    account.answer = decline
    report = account.run()
    assert (report.exit_code, account.order) == (1, [])
    assert (report.of["network"].result, report.of["network"].message) == (Result.REFUSED, "nothing was changed")
    assert report.of["registry"].result is Result.NOT_BEGUN
    account.answer = lambda _: None

    account.failing.add("data")
    report = account.run()
    assert report.exit_code == 2
    assert report.of["data"].result is Result.FAILED
    assert "no such thing; created resources are in the state; to continue: make plan" in report.of["data"].message
    assert "services" not in account.order
    account.failing.clear()

    account.runner.terraform.interrupted.set()
    report = account.run()
    assert (report.exit_code, {each.result for each in report.phases}) == (2, {Result.NOT_BEGUN})
    account.runner.terraform.interrupted.clear()
    assert account.run().exit_code == 0


def test_ctrl_c_during_an_apply_stops_the_wave(account: Account) -> None:
    account.run(caller=FIRST)
    before = account.runner.terraform.ends["apply"]

    def interrupted(folder: Path, arguments: tuple[str, ...]) -> Done:
        account.runner.terraform.interrupted.set()
        account.failing.add(folder.name.removeprefix("prod-"))
        return before(folder, arguments)

    account.runner.terraform.ends["apply"] = interrupted
    report = account.run()
    assert report.exit_code == 2
    assert Result.INTERRUPTED in {each.result for each in report.phases}
    assert len(account.asked) == 1


def test_a_plan_that_changes_between_the_question_and_the_apply_is_refused(account: Account) -> None:
    account.run(caller=FIRST)

    def planned_again(_: str) -> None:
        stack = account.stacks["network"]
        stack.saved.write_bytes(b"another plan")
        origin = json.loads(stack.provenance.read_text()) | {"plan_sha256": digest(stack.saved)}
        stack.provenance.write_text(json.dumps(origin), encoding="utf-8")

    account.answer = planned_again
    report = account.run()
    assert report.exit_code == 1
    assert "prod-network was re-planned after you confirmed" in report.of["network"].message
    assert "network" not in account.order


def test_a_plan_that_the_gates_refuse_stops_before_the_question(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.run(caller=FIRST)
    monkeypatch.setattr("ops.terraform.plan.judge", lambda *_, name, **__: PlanVerdict(name, error="has no form"))
    report = account.run()
    assert (report.exit_code, account.asked) == (2, [])
    monkeypatch.undo()


def test_a_stack_that_the_gate_has_not_checked_is_refused(account: Account) -> None:
    account.run(caller=FIRST)
    account.stacks["network"].gated.unlink()
    report = account.run()
    assert (report.exit_code, account.asked) == (1, [])
    assert "the gate has not checked prod-network; make gate ENV=prod" in report.of["network"].message


def test_what_an_apply_changes_for_later_phases_is_planned_and_asked_again(account: Account) -> None:
    account.done()
    account.change("network")
    account.change("data")
    account.outputs["network"] = "2"
    report = account.run()
    assert report.exit_code == 0
    assert [question.partition(")")[0].partition("(")[2] for question in account.asked] == [
        "network, data",
        "data, edge, services",
    ], "what read the old outputs isn't applied, and phases without changes are compared again"
    assert account.order[0] == "network"
    assert account.order.count("data") == 1


def test_each_role_applies_its_own_phases_only(account: Account) -> None:
    account.done()
    report = account.run(caller=DEPLOYER)
    assert report.exit_code == 0
    assert report.of["network"].message.startswith("applied with this stack at ")
    account.change("network")
    account.change("edge")
    report = account.run(caller=DEPLOYER)
    assert (report.exit_code, account.order) == (3, ["edge"])
    assert waits(report) == {"network": ("the role aep-prod-break-glass",)}
    report = account.run(caller=PLANNER)
    assert (report.exit_code, account.order) == (3, ["edge"])
    report = account.run(caller=FIRST)
    assert (report.exit_code, account.order, account.asked) == (3, ["edge"], [])


def test_a_dry_run_shows_and_changes_nothing(account: Account) -> None:
    report = account.run(dry_run=True)
    assert (report.exit_code, account.order, account.asked) == (3, [], [])
    assert waits(report)["state"] == ("bootstrap",)
    assert "there is no state bucket" in report.of["state"].message
    account.done()
    account.change("network")
    before = len(account.runner.bucket.objects)
    report = account.run(caller=PLANNER, dry_run=True)
    assert (report.exit_code, account.order, account.asked) == (0, [], [])
    assert report.of["network"].result is Result.CHANGES
    assert len(account.runner.bucket.objects) == before


def test_a_stack_without_changes_in_the_account_is_recorded(account: Account) -> None:
    """A new stack may plan to nothing; without a record, a deployer's job would wait for it for ever."""
    account.done()
    account.change("registry")
    account.applied["registry"] = account._form("registry")
    assert account.run().of["registry"].result is Result.NO_CHANGES
    record = account.runner.session.states.record("registry")
    assert record and record.stack_sha256 == account.stacks["registry"].digest
    account.change("registry", "newer")
    account.applied["registry"] = account._form("registry")
    account.runner.bucket.failing["put_object"] = "AccessDenied"
    assert "its record could not be written" in account.run().of["registry"].message


def test_a_restored_state_without_changes_is_recorded_and_its_age_reported(account: Account) -> None:
    """Otherwise a deployer's job would wait for its record for ever."""
    account.done()
    network = account.stacks["network"]
    account.runner.applied("network", "a.b", serial=9, id="1")
    Applier(account.runner.session).record(network, None)
    account.runner.applied("network", "a.b", serial=8, id="1")
    assert "a previous version was restored" in account.run().of["network"].message
    assert account.run(caller=DEPLOYER).exit_code == 0


@pytest.mark.parametrize("restore", ["", "0"])
def test_a_repaired_state_without_changes_is_recorded(
    account: Account, monkeypatch: pytest.MonkeyPatch, restore: str
) -> None:
    account.done()
    account.runner.applied("network", "a.b", serial=9, id="1")
    monkeypatch.setattr("ops.terraform.session.session", lambda *_: nullcontext(account.runner.session))
    monkeypatch.setattr(Session, "asking", lambda _: nullcontext())
    account.rollout()

    def recover(name: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["recover", "prod", name, "--yes", *(["--restore", restore] if restore else [])])
        return done.exit_code, done.stderr

    assert recover("network")[0] == 0
    assert account.run(caller=DEPLOYER).exit_code == 0
    account.rollout()
    account.change("network")
    code, said = recover("network")
    assert (code, "to continue: make rollout ENV=prod PHASE=network" in said) == (0, True)
    assert waits(account.run(caller=DEPLOYER)) == {"network": ("the role aep-prod-break-glass",)}
    code, said = recover("network")
    assert (code, "assume aep-prod-break-glass" in said) == (0, True)
    account.rollout()
    account.runner.terraform.ends["plan"] = lambda *_: Done(1, errors=("no such thing",))
    assert recover("network")[0] == 2


def test_phases_can_be_named(account: Account) -> None:
    with pytest.raises(OpsError, match=r"there is no state bucket .* make bootstrap ENV=prod"):
        account.run("network")
    account.run(caller=FIRST)
    account.order.clear()
    report = account.run("registry")
    assert ([each.phase for each in report.phases], account.order) == (["registry"], ["registry"])


def test_the_report_is_markdown_too(account: Account) -> None:
    account.run(caller=FIRST)
    account.answer = lambda _: (_ for _ in ()).throw(RefusedError("\x1b[2J\n```\n# nothing @ada <b>changed"))
    report = account.run()
    account.stacks["network"].saved_summary.write_text('~   aws_vpc.vpc["\u202e ~~~~ `@ada`"]\n', encoding="utf-8")
    text = as_markdown(report, account.stacks)
    assert not {"\x1b", "\u202e"} & set(text)
    assert not re.search("@ada|<b>|# nothing", outside_code(text)), "no message or name is anything but code"
    assert "| network | `refused` |" in text
    assert "<details><summary>Plan of network: refused</summary>" in text
    assert "~   aws_vpc.vpc" in text


@pytest.mark.parametrize("serial", [8, 10])
def test_a_record_of_another_state_is_no_proof(account: Account, serial: int) -> None:
    """A later apply failed midway, or a previous state was restored; then the code is as the record has it again."""
    account.done()
    network = account.stacks["network"]
    account.runner.applied("network", "a.b", serial=9, id="1")
    Applier(account.runner.session).record(network, None)
    assert account.run(caller=DEPLOYER).of["network"].result is Result.NO_CHANGES
    account.runner.applied("network", "a.b", "a.half", serial=serial, id="1")
    assert waits(account.run(caller=DEPLOYER)) == {"network": ("the role aep-prod-break-glass",)}
    account.change("edge")
    with pytest.raises(WaitingError, match=r"edge is waiting for network \(aep-prod-break-glass\)"):
        store(account.rollout(DEPLOYER), account.stacks["edge"])
    if serial > 9:
        account.run("network")
        assert account.run(caller=DEPLOYER).of["network"].result is Result.NO_CHANGES


# Stored plans


def other_machine(account: Account, name: str) -> None:
    """Nothing of a plan is left on the machine."""
    account.stacks[name].forget_plan()


def test_a_plan_is_stored_by_one_job_and_applied_by_another(account: Account) -> None:
    account.done()
    account.change("edge")
    edge = account.stacks["edge"]
    stored = store(account.rollout(DEPLOYER), edge)
    assert stored.outputs() == {"changes": "true", "sha256": stored.sha256}
    key = f"prod/edge.plans/{stored.sha256}.zip"
    assert len(account.runner.bucket.objects[key]) == 1
    assert account.order == []
    other_machine(account, "edge")
    result = apply_stored(account.rollout(DEPLOYER), edge, stored.sha256)
    assert (result.result, account.order, account.asked[0].partition(" (")[0]) == (
        Result.APPLIED,
        ["edge"],
        "Apply edge to prod",
    )
    record = account.runner.session.states.record("edge")
    assert record and (record.counts, record.caller) == ({"update": 1}, DEPLOYER.arn)
    again = apply_stored(account.rollout(DEPLOYER), edge, stored.sha256)
    assert (again.result, account.order) == (Result.NO_CHANGES, ["edge"])
    assert again.message.startswith("this plan was applied at ")
    assert store(account.rollout(DEPLOYER), edge).outputs() == {"changes": "false", "sha256": ""}


def test_look_names_an_administrator_s_phase_for_which_the_deployer_will_wait(account: Account) -> None:
    account.done()
    account.change("network", "a comment")  # Its stack has other bytes, and its plan no changes.
    account.applied["network"] = account._form("network")
    account.change("edge")
    account.rollout(PLANNER)
    session = account.runner.session
    results = look.look(session)
    assert {each.phase: each.result for each in results}["network"] is Result.NO_CHANGES
    with pytest.raises(WaitingError, match="edge is waiting for network"):
        store(account.rollout(DEPLOYER), account.stacks["edge"])
    page = look.as_markdown(session, results)
    assert "| network | administrator | `no changes`; run it so that its record is renewed |" in page
    assert "bin/ops rollout prod network\n" in page


def test_what_was_approved_is_shown_to_who_approves_the_plan(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    wider = PlanFinding(FindingKind.WIDENING, "aws_security_group_rule.db", "0.0.0.0/0 may connect", refused=False)
    approved = frozenset({FindingKind.WIDENING})

    def judged(*, new: bool) -> str:
        monkeypatch.setattr(
            "ops.terraform.plan.judge",
            lambda *_, name, **__: PlanVerdict(name, approved=approved, findings=(wider,), new=new),
        )
        stored = store(account.rollout(DEPLOYER, approved=approved), account.stacks["edge"])
        apply_stored(account.rollout(DEPLOYER, approved=approved), account.stacks["edge"], stored.sha256)
        report = Report("rollout", "prod", datetime.now(UTC), "", (stored.result,))
        assert ("0.0.0.0/0 may connect" in "\n".join(account.told)) is not new
        return as_markdown(report, account.stacks)

    account.done()
    account.change("edge")
    assert "0.0.0.0/0 may connect" in judged(new=False)
    account.change("edge", "other")
    assert "0.0.0.0/0 may connect" not in judged(new=True)


def test_a_release_waits_for_the_phases_that_services_needs(account: Account) -> None:
    account.done()
    account.change("network", "not applied by an administrator yet")
    account.change("services", "what main has beside the image")
    account.rollout(DEPLOYER)
    deploy = Deploy(PROD, "backend", account.out, lambda _: None)
    with pytest.raises(OpsError, match="services is waiting for network"):
        deploy.plan_and_apply(account.runner.session)
    assert account.order == []


@pytest.mark.parametrize("contained", [True, False, None])
def test_a_plan_of_an_older_commit_than_the_applied_one_is_refused(
    account: Account, monkeypatch: pytest.MonkeyPatch, *, contained: bool | None
) -> None:
    """As *Re-run all jobs* of an old run would plan it."""

    def checked_out(name: str) -> None:
        for module in ("terraform.plan", "terraform.apply", "rollout.stored"):
            monkeypatch.setattr(f"ops.{module}.commit", lambda: (name, False))

    account.done()
    edge = account.stacks["edge"]
    account.change("edge", "of the newer commit")
    checked_out("newer")
    monkeypatch.setattr("ops.rollout.stored.is_ancestor", lambda older, newer: None)
    stored = store(account.rollout(DEPLOYER), edge)
    assert "commit newer" in stored.result.message
    apply_stored(account.rollout(DEPLOYER), edge, stored.sha256)
    monkeypatch.setattr("ops.rollout.stored.is_ancestor", lambda older, newer: contained)
    account.change("edge", "of the older commit")
    checked_out("older")
    if contained:
        with pytest.raises(RefusedError, match="from commit newer, which contains this run's older"):
            store(account.rollout(DEPLOYER), edge)
        return
    again = store(account.rollout(DEPLOYER), edge)
    assert "edge: last applied from commit newer, this plan is of commit older" in again.result.message
    assert ("unknown which one is newer" in again.result.message) is (contained is None)


def test_git_tells_which_commit_contains_another(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        own = ("-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false")
        done = subprocess.run(("git", *own, *words), cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    first, second = ((git("commit", "-q", "--allow-empty", "-m", each), git("rev-parse", "HEAD"))[1] for each in "ab")
    assert [is_ancestor(first, second, tmp_path), is_ancestor(second, first, tmp_path)] == [True, False]
    assert is_ancestor(first, "0" * 40, tmp_path) is None


def test_exit_criteria_that_failed_are_checked_by_the_next_run_too(account: Account) -> None:
    account.done()
    account.change("edge")
    session, edge = account.runner.session, account.stacks["edge"]
    stored = store(account.rollout(DEPLOYER), edge)
    applied = apply_stored(account.rollout(DEPLOYER), edge, stored.sha256)
    # Here `verify` fails: the job fails, and its summary says what to do.
    assert applied.result is Result.APPLIED and failed.failure(session, edge) is failed.Failure.UNVERIFIED
    page = failed.as_markdown(edge, failed.found(session, edge), failed.failure(session, edge))
    assert "is applied, but its exit criteria failed" in page and "make verify ENV=prod PHASE=edge" in page

    def wanted() -> str:
        account.rollout(PLANNER)
        return look.needed(session, look.look(session))["edge"]

    assert wanted() == "true"
    account.change("edge", "of another commit, without changes in the account")
    account.applied["edge"] = account._form("edge")
    assert wanted() == "true"
    result = store(account.rollout(DEPLOYER), edge).result
    assert result.result is Result.NO_CHANGES and _to_verify(session, edge, result, None)
    note_verified(session, edge)
    assert wanted() == "false" and not _to_verify(session, edge, result, None)
    assert failed.failure(session, edge) is failed.Failure.MIDWAY


def test_a_plan_that_was_applied_and_then_destroyed_is_no_success(account: Account) -> None:
    account.done()
    account.change("edge")
    edge = account.stacks["edge"]
    sha256 = store(account.rollout(DEPLOYER), edge).sha256
    apply_stored(account.rollout(DEPLOYER), edge, sha256)
    account.runner.applied("edge", serial=99)
    account.failing.add("edge")  # Terraform refuses a plan of an older state.
    assert apply_stored(account.rollout(DEPLOYER), edge, sha256).result is Result.FAILED


def tampered(account: Account, sha256: str) -> None:
    account.runner.bucket.objects[f"prod/edge.plans/{sha256}.zip"].append(b"PK another")


def other_plan(account: Account, sha256: str) -> None:
    """A plan that agrees with all that is stored with it: only its hash is another one."""
    edge = account.stacks["edge"]
    edge.saved.write_bytes(b"another plan")
    origin = json.loads(edge.provenance.read_text()) | {"plan_sha256": digest(edge.saved)}
    edge.provenance.write_text(json.dumps(origin), encoding="utf-8")
    account.runner.session.states.put_plan("edge", sha256, packed(edge))


def other_origin(**changed: str) -> Callable[[Account, str], str]:
    def change(account: Account, _: str) -> str:
        edge = account.stacks["edge"]
        origin = json.loads(edge.provenance.read_text()) | changed
        edge.provenance.write_text(json.dumps(origin), encoding="utf-8")
        body = packed(edge)
        sha256 = hashlib.sha256(body).hexdigest()
        account.runner.session.states.put_plan("edge", sha256, body)
        return sha256

    return change


OLD = (datetime.now(UTC) - timedelta(days=PLAN_DAYS, hours=1)).isoformat(timespec="seconds")
SPOILT: dict[str, tuple[Callable[[Account, str], Any], str]] = {
    "another file": (tampered, "of edge has the SHA-256 [0-9a-f]{64}, not "),
    "another plan": (other_plan, "of edge has the SHA-256 [0-9a-f]{64}, not "),
    "expired": (
        lambda account, sha256: account.runner.bucket.objects.pop(f"prod/edge.plans/{sha256}.zip") and None,
        "there is no stored plan .* of edge: it expired after 7 days",
    ),
    "old": (other_origin(planned_at=OLD), "plan again: bin/ops rollout prod edge --store"),
    "no time": (other_origin(planned_at="soon"), "planned_at is 'soon', and must be a past time with its zone"),
    "no zone": (other_origin(planned_at="2026-11-29T10:00:00"), "planned_at is '2026-11-29T10:00:00', and must be"),
    "planned in the future": (other_origin(planned_at="9999-01-01T00:00:00+00:00"), "planned_at is '9999-"),
    "another account": (other_origin(account="444455556666"), "in account 444455556666"),
    "another stack": (lambda account, _: account.change("edge", "newer"), "cdk.tf.json of prod-edge changed since"),
    "other outputs": (
        lambda account, _: account.runner.applied("network", "a.b", serial=99, id="other"),
        "outputs of network changed since",
    ),
    "not gated": (lambda account, _: account.stacks["edge"].gated.unlink(), "the gate has not checked prod-edge"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_any_other_stored_plan_is_refused(account: Account, spoilt: str) -> None:
    account.done()
    account.change("edge")
    edge = account.stacks["edge"]
    sha256 = store(account.rollout(DEPLOYER), edge).sha256
    spoil, said = SPOILT[spoilt]
    sha256 = spoil(account, sha256) or sha256
    other_machine(account, "edge")
    with pytest.raises(RefusedError, match=said):
        apply_stored(account.rollout(DEPLOYER), edge, sha256)
    assert (account.order, account.asked) == ([], [])


def test_what_is_no_hash_names_no_object_of_the_bucket(account: Account) -> None:
    with pytest.raises(OpsError, match="isn't a SHA-256") as caught:
        apply_stored(account.rollout(DEPLOYER), account.stacks["edge"], "../edge.tfstate")
    assert caught.value.exit_code == 2


def damaged() -> Iterator[tuple[str, bytes]]:
    def packed_as(method: int, *names: str) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", method) as archive:
            for name in names:
                archive.writestr(name, "plan " * 99)
        return content.getvalue()

    names = ("saved.tfplan", "saved.tfplan.json", "saved.tfplan.txt", "saved.tfplan.from.json")
    whole = packed_as(zipfile.ZIP_DEFLATED, *names)
    yield "no archive", b"PK"
    yield "elsewhere", packed_as(zipfile.ZIP_STORED, *(f"../{name}" for name in names))
    yield "a part", packed_as(zipfile.ZIP_STORED, *names[:3])
    yield "damaged", whole[:42] + b"\xff\xff" + whole[44:]
    # The first bit of the flags means that the file is encrypted; the method that follows, one that no zipfile knows.
    yield (
        "encrypted",
        whole.replace(b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\1\0").replace(
            b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0"
        ),
    )
    yield "another method", whole.replace(b"\x14\0\0\0\x08\0", b"\x14\0\0\0\x63\0")


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in damaged()])
def test_what_is_no_archive_of_a_plan_is_refused(account: Account, body: bytes) -> None:
    edge = account.stacks["edge"]
    with pytest.raises(RefusedError, match="the stored plan of edge isn't one"):
        unpack(edge, body)
    assert not edge.saved.exists()
    assert not (edge.folder.parent / edge.saved.name).exists()


def test_other_files_of_an_archive_are_ignored(account: Account) -> None:
    account.done()
    account.change("edge")
    edge = account.stacks["edge"]
    store(account.rollout(DEPLOYER), edge)
    content = io.BytesIO(packed(edge))
    with zipfile.ZipFile(content, "a") as archive:
        for name in ("../evil.tf.json", "evil_override.tf.json", "terraform.tfvars"):
            archive.writestr(name, "{}")
    before = sorted(edge.folder.parent.rglob("*"))
    unpack(edge, content.getvalue())
    assert sorted(edge.folder.parent.rglob("*")) == before


def test_the_planner_stores_and_applies_nothing(account: Account) -> None:
    account.done()
    account.change("edge")
    for work in (
        lambda: store(account.rollout(PLANNER), account.stacks["edge"]),
        lambda: apply_stored(account.rollout(PLANNER), account.stacks["edge"], "0" * 64),
        lambda: store(account.rollout(DEPLOYER), account.stacks["network"]),
    ):
        with pytest.raises(RefusedError, match=r"may not apply it; assume aep-prod-(deployer|break-glass)"):
            work()


def test_a_deployer_s_phase_waits_for_administrators(account: Account) -> None:
    account.done()
    account.change("account")
    account.change("hardening")
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            account.run("account")
            account.runner.aws.caller = DEPLOYER

    clock = Time(sleep, lambda: sum(slept))
    work = account.rollout(DEPLOYER)
    with pytest.raises(WaitingError, match=r"services is waiting for account \(aep-prod-break-glass\)") as waiting:
        store(work, account.stacks["services"])
    assert waiting.value.exit_code == 3
    assert "make rollout ENV=prod PHASE='account'" in str(waiting.value)
    account.change("edge")
    stored = store(account.rollout(DEPLOYER), account.stacks["edge"], wait=5, clock=clock)
    assert stored.sha256
    assert len(slept) == 3, "hardening is applied after edge, so edge doesn't wait for it"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_administrators(account: Account, number: signal.Signals) -> None:
    """Otherwise a canceled job would be killed ten seconds later, and Ctrl-C would do nothing for hours."""
    account.done()
    account.change("network")
    account.change("edge")
    terraform = Terraform()
    account.runner.session.terraform = terraform
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        os.kill(os.getpid(), number)

    with terraform.passing_signals_on(), pytest.raises(Interrupted):
        store(account.rollout(DEPLOYER), account.stacks["edge"], wait=5, clock=Time(sleep, lambda: sum(slept)))
    assert len(slept) == 1
    terraform.interrupt()
    with pytest.raises(KeyboardInterrupt):
        store(account.rollout(DEPLOYER), account.stacks["edge"], wait=5, clock=Time(sleep, lambda: sum(slept)))
    assert len(slept) == 1


def test_a_plan_of_administrators_is_not_stored(account: Account) -> None:
    """Its values would stay in the bucket: no lifecycle rule removes such plans."""
    account.done()
    account.change("data")
    with pytest.raises(RefusedError, match=r"data isn't a phase of the deployer.* make rollout ENV=prod"):
        store(account.rollout(ADMINISTRATOR), account.stacks["data"])
    assert not [key for key in account.runner.bucket.objects if ".plans/" in key]


def test_a_phase_needs_what_it_reads_and_earlier_phases_of_administrators() -> None:
    def of(name: str) -> dict[str, bool]:
        return dict(needed(Stack(PROD, phase(name), Path())))

    assert of("edge") == {
        "state": True,
        "account": True,
        "network": True,
        "registry": False,
        "secrets": False,
        "data": False,
    }
    assert of("services")["edge"] is True
    assert of("cutover") == {**of("edge"), "edge": True, "observability": False, "hardening": False}


def test_a_stored_plan_of_services_waits_for_people(account: Account) -> None:
    account.done()
    account.change("services")
    account.blocked["missing"] = ("A_KEY",)
    with pytest.raises(WaitingError, match="services is waiting for values of secrets: no value yet: A_KEY"):
        store(account.rollout(DEPLOYER), account.stacks["services"])
    assert not [key for key in account.runner.bucket.objects if ".plans/" in key]


def test_outputs_say_whether_there_is_a_plan_and_nothing_if_that_is_unknown(account: Account, tmp_path: Path) -> None:
    account.done()
    file, edge = tmp_path / "outputs", account.stacks["edge"]
    file.write_text("other=1\n", encoding="utf-8")
    account.change("network")
    waiting = _one(account.rollout(DEPLOYER), edge, None, file, 0)
    assert (waiting.result, "edge is waiting for network" in waiting.message) == (Result.WAITING, True)
    # The job's summary has the phases, the role and the command that it waited for.
    page = as_markdown(Report("rollout", "prod", datetime.now(UTC), "", (waiting,)), account.stacks)
    assert "waiting" in page and "edge is waiting for network (aep-prod-break-glass)" in page
    assert "make rollout ENV=prod PHASE='network'" in page
    refused = _one(account.rollout(PLANNER), edge, None, file, 0)
    assert (refused.result, file.read_text()) == (Result.REFUSED, "other=1\n")
    assert _one(account.rollout(DEPLOYER), edge, "0" * 64, file, 0).result is Result.REFUSED
    account.run("network")
    assert _one(account.rollout(DEPLOYER), edge, None, file, 0).result is Result.NO_CHANGES
    assert file.read_text() == "other=1\nchanges=false\nsha256=\n"


@every_case(
    ("phases", "options", "said"),
    [
        ([], {"store": True}, "for one phase, not 0"),
        (["edge", "services"], {"stored": "0"}, "for one phase, not 2"),
        (["edge"], {"store": True, "stored": "0"}, "pass one of them"),
        (["edge"], {"store": True, "dry_run": True}, "leave out --store"),
        (["edge"], {"only_store": True}, "belong to --store"),
    ],
)
def test_options_that_do_not_belong_together_are_one_line(
    phases: list[str], options: dict[str, Any], said: str
) -> None:
    given: dict[str, Any] = {"store": False, "stored": None, "only_store": False, "dry_run": False} | options
    with pytest.raises(OpsError, match=said):
        _check(phases, **given)


def test_the_command_that_continues_is_the_same_one() -> None:
    approved = frozenset({FindingKind.OUTAGE, FindingKind.WIDENING})
    assert _again("prod", (), frozenset(), one=False) == "bin/ops rollout prod"
    assert _again("prod", ["edge"], approved, one=False).split()[:4] == ["bin/ops", "rollout", "prod", "edge"]
    assert set(_again("prod", ["edge"], approved, one=False).split()[4:]) == {"--approve-outage", "--approve-widening"}


def test_a_job_that_stores_a_plan_or_applies_it_continues_with_another_plan_of_the_same_phase() -> None:
    assert _again("prod", ["edge"], frozenset(), one=True) == "bin/ops rollout prod edge --store"

"""The status of a rollout: when, from which commit and by whom phases were applied, what changed, and what is next."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner

import environments
from modules.phases import PHASES
from ops.__main__ import app
from ops.aws.states import ApplyRecord, States
from ops.errors import OpsError
from ops.status.phases import COLUMNS, PhaseStatus, drift_report, statuses
from tests.ops.verify_responses import Canned, asks

PROD = environments.load("prod")
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
RECORD = ApplyRecord(
    phase="network",
    environment="prod",
    commit="0123456789abcdef",
    dirty=False,
    applied_at="2026-11-24T10:00:00+00:00",
    caller="arn:aws:sts::111122223333:assumed-role/aep-prod-break-glass/lead",
    stack_sha256=hashlib.sha256(b"{}").hexdigest(),
    plan_sha256="",
    serial=3,
)


class Bucket:
    """A state bucket with some phases applied."""

    def __init__(self, *phases: str, **records: ApplyRecord) -> None:
        self.phases, self.records = {*phases, *records}, records

    def applied(self, phase: str) -> bool:
        return phase in self.phases

    def record(self, phase: str) -> ApplyRecord | None:
        return self.records.get(phase)


def states_are(monkeypatch: pytest.MonkeyPatch, bucket: Bucket) -> None:
    """Let the command read this bucket, for production's account."""

    def read(aws: object, environment: object) -> Bucket:
        assert (hasattr(aws, "client"), environment) == (True, PROD)
        return bucket

    monkeypatch.setattr("ops.aws.states.States", read)


def found(out: Path, bucket: Bucket) -> dict[str, PhaseStatus]:
    return {each.phase: each for each in statuses(PROD, cast("States", bucket), out, NOW)}


def synthesized(out: Path, phase: str, text: str = "{}") -> None:
    folder = out / "stacks" / f"prod-{phase}"
    folder.mkdir(parents=True)
    (folder / "cdk.tf.json").write_text(text)


def drift(out: Path, started_at: str, *phases: Mapping[str, object]) -> None:
    (out / "reports").mkdir(parents=True)
    about = {"version": 1, "command": "drift", "environment": "prod", "commit": "0123456789ab"}
    report = {**about, "started_at": started_at, "phases": phases}
    (out / "reports" / "run-drift-prod.json").write_text(json.dumps(report))


def test_nothing_applied_says_what_each_phase_waits_for(tmp_path: Path) -> None:
    phases = found(tmp_path, Bucket())
    assert list(phases) == [phase.name for phase in PHASES]
    assert (phases["state"].status, phases["state"].applied_by) == ("not applied", "administrator")
    assert phases["data"].status == "waiting for state, account, network, secrets"
    assert phases["registry"].status == "waiting for state", "there is no bucket yet"
    assert found(tmp_path, Bucket("state", "account", "network", "secrets"))["data"].status == "not applied"


def test_an_applied_phase_says_when_from_what_and_by_whom(tmp_path: Path) -> None:
    synthesized(tmp_path, "network")
    network = found(tmp_path, Bucket(network=RECORD))["network"]
    assert dict(zip(COLUMNS, network.row, strict=True)) == {
        "phase": "network",
        "applied by": "administrator",
        "status": "applied",
        "last apply": "2026-11-24 10:00",
        "commit": "0123456789ab",
        "caller": "aep-prod-break-glass/lead",
        "code": "as applied",
        "drift": "unknown; make drift compares",
        "exit criteria": "-",
    }
    assert network.record == RECORD


def test_what_was_applied_otherwise_says_so(tmp_path: Path) -> None:
    synthesized(tmp_path, "network", '{"resource": {}}')
    record = replace(RECORD, environment="prod-starter", dirty=True)
    phases = found(tmp_path, Bucket("edge", network=record))
    assert phases["network"].status == "applied as prod-starter"
    assert phases["network"].row[COLUMNS.index("commit")] == "0123456789ab with changes"
    assert phases["network"].code == "differs from the applied stack"
    assert found(tmp_path, Bucket(edge=replace(RECORD, applied_at="today")))["edge"].row[3] == "today"
    assert phases["edge"].row[2:7] == ("applied", "unknown", "unknown", "unknown", "unknown")
    assert phases["cutover"].row[3:] == ("-",) * (len(COLUMNS) - 3), "not applied"
    assert found(tmp_path, Bucket(edge=RECORD))["edge"].code == "not synthesized"


@pytest.mark.parametrize(
    ("started_at", "age"),
    [
        ("2026-11-25T11:30:00+00:00", "within the hour"),
        ("2026-11-25T09:00:00+00:00", "3 hours ago"),
        ("2026-11-20T11:00:00+00:00", "5 days ago"),
    ],
)
def test_the_last_look_for_drift_is_told_with_its_age(tmp_path: Path, started_at: str, age: str) -> None:
    found = {"phase": "network", "result": "changes", "counts": {"update": 2}}
    drift(tmp_path, started_at, found, {"phase": "edge", "result": "no changes", "counts": {}})
    assert drift_report(PROD, tmp_path, NOW) == {
        "network": f"changes (2 to update), {age}",
        "edge": f"no changes, {age}",
    }


@pytest.mark.parametrize("text", ["{", "[]", '{"started_at": "yesterday", "phases": []}'])
def test_a_damaged_report_of_drift_is_one_clear_line(tmp_path: Path, text: str) -> None:
    drift(tmp_path, "2026-11-25T11:30:00+00:00")
    (tmp_path / "reports" / "run-drift-prod.json").write_text(text)
    with pytest.raises(OpsError, match=r"run-drift-prod\.json isn't a report of drift"):
        drift_report(PROD, tmp_path, NOW)


def test_the_command_shows_the_phases_and_their_exit_criteria(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synthesized(tmp_path, "network")
    asks(monkeypatch, Canned(PROD))
    states_are(monkeypatch, Bucket("account", network=RECORD))
    command = ["status", "prod", "--out", str(tmp_path)]
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert [*re.split(r"\s{2,}", lines[0])] == [*COLUMNS[:-1]], "exit criteria weren't checked"
    assert re.split(r"\s{2,}", lines[1])[:3] == ["state", "administrator", "not applied"]
    assert "as applied" in lines[3]

    asked = CliRunner().invoke(app, [*command, "--verify"])
    assert asked.exit_code == 0, asked.output
    assert asked.stdout.splitlines()[0].endswith("exit criteria")
    assert asked.stdout.splitlines()[3].endswith("5 pass, 0 fail, 0 unknown")
    phases = {phase["phase"]: phase for phase in json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)}
    assert (phases["network"]["applied"], phases["network"]["record"]["commit"]) == (True, RECORD.commit)
    report = json.loads((tmp_path / "reports" / "status-prod.json").read_text(encoding="utf-8"))
    assert {phase["phase"]: phase for phase in report["phases"]} == phases
    assert report["table"][0] == [*COLUMNS[:-1]]


def test_a_red_criterion_is_the_commands_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = Canned(PROD)
    context.answers["ec2", "describe_flow_logs"] = {"FlowLogs": []}
    asks(monkeypatch, context)
    states_are(monkeypatch, Bucket("network"))
    done = CliRunner().invoke(app, ["status", "prod", "--out", str(tmp_path), "--verify"])
    assert (done.exit_code, "4 pass, 1 fail" in done.stdout) == (1, True), done.output

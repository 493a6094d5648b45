"""Accepted risks, soonest expiry first, with their owner and what closes them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

import environments
from ops.__main__ import app
from ops.errors import OpsError
from ops.gate.register import Register, of_products
from ops.risks.listing import REGISTER, accepted, as_text

RISKS = Register.read(REGISTER, of_products()).risks
FIRST = min(risk.expires for risk in RISKS)
ENTRY = """
[[risk]]
id = "{id}"
checks = ["CKV_AWS_1"]
resources = ["aws_s3_bucket.logs"]
stacks = ["{stacks}"]
why = "there is a reason for this, in a sentence"
compensation = "something makes up for it, in a sentence"
owner = "platform lead"
accepted = 2026-01-01
expires = {expires}
closes = "what would make it unnecessary"
"""


def register(folder: Path, *entries: tuple[str, str, str]) -> Path:
    path = folder / "common" / "risks.toml"
    path.parent.mkdir()
    path.write_text("".join(ENTRY.format(id=id_, stacks=stacks, expires=day) for id_, stacks, day in entries))
    return path


@pytest.mark.requirement("R11.2")
def test_every_entry_is_listed_soonest_first(tmp_path: Path) -> None:
    file = register(
        tmp_path, ("late", "prod-*", "2026-12-01"), ("soon", "*", "2026-06-01"), ("also", "*", "2026-06-01")
    )
    found = accepted(date(2026, 5, 30), register=file, products=tmp_path / "none")
    assert [(risk.id, risk.days_left, risk.expired) for risk in found] == [
        ("also", 2, False),
        ("soon", 2, False),
        ("late", 185, False),
    ]
    assert as_text(found).splitlines()[:2] == [
        "2 days, 2026-06-01  also (platform lead): CKV_AWS_1 in *",
        "    closed by: what would make it unnecessary",
    ]
    assert len(accepted(FIRST)) == len(RISKS)


@pytest.mark.requirement("R11.2")
def test_an_acceptance_ends_on_the_day_that_the_gate_refuses_it(tmp_path: Path) -> None:
    file = register(tmp_path, ("one", "*", "2026-06-01"))
    (before,), (on_the_day,) = (
        accepted(date(2026, 5, 31) + timedelta(days), register=file, products=tmp_path / "none") for days in (0, 1)
    )
    assert (before.expired, on_the_day.expired) == (False, True)
    assert as_text([on_the_day]).splitlines()[0].startswith("EXPIRED 2026-06-01  one")


def test_an_environment_has_its_own_risks(tmp_path: Path) -> None:
    file = register(
        tmp_path, ("all", "*", "2026-06-01"), ("other", "staging-*", "2026-06-01"), ("own", "prod-edge", "2026-06-01")
    )
    found = accepted(date(2026, 1, 1), environments.load("prod"), file, tmp_path / "none")
    assert [risk.id for risk in found] == ["all", "own"]
    choices = {risk.id for risk in accepted(FIRST, environments.load("prod-starter"))} - {
        risk.id for risk in accepted(FIRST, environments.load("prod"))
    }
    assert choices >= {"no-waf", "single-az-database", "single-nat-gateway", "single-node-cache", "single-task"}


@pytest.mark.requirement("R11.2")
def test_the_command_fails_when_one_has_expired(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = register(tmp_path, ("old", "*", "2026-06-01"))
    monkeypatch.setattr(
        "ops.risks.listing.accepted", lambda today, environment: accepted(today, environment, file, tmp_path)
    )
    done = CliRunner().invoke(app, ["risks"])
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (1, "1 accepted risk, 1 expired")
    assert json.loads(CliRunner().invoke(app, ["risks", "prod", "--json"]).stdout)[0]["expires"] == "2026-06-01"


def test_the_command_lists_the_projects_own_register() -> None:
    done = CliRunner().invoke(app, ["risks", "--json"])
    assert done.exit_code == int(any(risk["days_left"] <= 0 for risk in json.loads(done.stdout)))
    assert len(json.loads(done.stdout)) == len(RISKS)


def test_a_damaged_register_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "risks.toml").write_text("[[risk]")
    with pytest.raises(OpsError, match=r"risks\.toml isn't readable as TOML .*; correct the file"):
        accepted(date(2026, 1, 1), register=tmp_path / "risks.toml", products=tmp_path / "none")
    assert CliRunner().invoke(app, ["risks", "prdo"]).exit_code == 2

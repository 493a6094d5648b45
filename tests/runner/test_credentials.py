"""Terraform gets credentials of a profile that it couldn't read itself: asked for once, and written down nowhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from environments import load
from rehearsal import leaks
from rehearsal.emulator.settings import credentials
from tests.runner.operator import PATIENCE, ROOT, Operator
from tests.runner.people import Person, person, role_for
from tests.terminal import Ended, at_a_terminal

pytestmark = pytest.mark.slow
PROFILE = load("prod").cli_profile
SPY = """#!/bin/sh
{{ echo "$*"; env | grep -o "^AWS_[A-Z_]*"; }} >> {seen}
exec {terraform} "$@"
"""


@pytest.fixture
def ada(operator: Operator) -> Person:
    return person(operator.variables)


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    """Arguments of each Terraform, and names of its AWS variables."""
    return tmp_path / "seen"


@pytest.fixture
def with_profile(operator: Operator, tmp_path: Path, seen: Path) -> Operator:
    """An operator without credentials in variables, and with a home folder for profiles; their Terraform is watched."""
    (tmp_path / "home" / ".aws").mkdir(parents=True)
    spy = tmp_path / "bin" / "terraform"
    spy.parent.mkdir()
    spy.write_text(SPY.format(seen=seen, terraform=shutil.which("terraform")))
    spy.chmod(0o755)
    own = {"AWS_CONFIG_FILE", *credentials("")}
    kept = {name: value for name, value in operator.variables.items() if name not in own}
    path = f"{spy.parent}{os.pathsep}{kept['PATH']}"
    return replace(operator, variables={**kept, "HOME": str(tmp_path / "home"), "PATH": path})


def config(operator: Operator, text: str) -> None:
    (Path(operator.variables["HOME"]) / ".aws" / "config").write_text(text)


def type_codes(operator: Operator, whom: Person, *arguments: str) -> Ended:
    return at_a_terminal(operator.line(*arguments), operator.variables, {"MFA code": whom.code})


@pytest.mark.requirement("R1.4")
def test_a_code_is_asked_for_once_and_terraform_can_plan_and_apply(
    operator: Operator, with_profile: Operator, ada: Person, seen: Path, tmp_path: Path
) -> None:
    """The profile of docs/account.md; with `AWS_PROFILE` alone, `terraform init` can't ask for a code."""
    asking = f"""
role_arn = {role_for(ada, operator.variables)}
source_profile = base
mfa_serial = {ada.device_arn}
duration_seconds = 3600
"""
    keys = f"aws_access_key_id = {ada.access_key}\naws_secret_access_key = {ada.secret_key}\n"
    # With neither profile could Terraform do anything by itself.
    config(with_profile, f"[profile {PROFILE}]{asking}[default]{asking}[profile base]\n{keys}")
    without = with_profile.run("plan", "prod", expect=2).stderr
    assert without.startswith(f"error: profile {PROFILE} needs an MFA code, and there is no terminal to ask on")
    assert not seen.exists()

    planned = type_codes(with_profile, ada, "plan", "prod", "registry", "account", "--approve-widening")
    assert (planned.code, planned.asked) == (0, 1), planned.said
    applied = with_profile.run("apply", "prod", "registry", "--yes")
    assert "registry  applied" in applied.stderr, "no terminal is needed any more"
    typed = subprocess.run(
        with_profile.line("console", "prod", "registry"),
        cwd=ROOT,
        env=dict(with_profile.variables),
        input="1 + 1\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert typed.stdout == "2\n", typed.stderr

    names = set(seen.read_text().splitlines())
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} <= names
    assert not {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} & names
    cache = Path(with_profile.variables["HOME"]) / ".aws" / "cli" / "cache"
    (kept,) = cache.iterdir()
    session = json.loads(kept.read_text())["Credentials"]
    wanted = leaks.needles({name: session[name] for name in ("SecretAccessKey", "SessionToken")})
    shutil.move(cache, tmp_path.parent / f"{tmp_path.name}-kept")
    assert not list(leaks.in_files(tmp_path, wanted)), "neither in files and logs nor among arguments"
    said = planned.said + applied.stderr + applied.stdout + typed.stderr
    assert not [name for value, name in wanted.items() if value.decode() in said]


def test_terraform_gets_what_a_credential_process_prints(with_profile: Operator, seen: Path, tmp_path: Path) -> None:
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    keys = dict(zip(names, credentials(load("prod").account_id).values(), strict=True))
    program = tmp_path / "process.py"
    program.write_text(f"print({json.dumps(json.dumps({'Version': 1, **keys}))})")
    config(with_profile, f"[profile {PROFILE}]\ncredential_process = {sys.executable} {program}\n")
    assert "registry  changes" in with_profile.run("plan", "prod", "registry").stderr
    assert "AWS_SESSION_TOKEN" in seen.read_text().splitlines()

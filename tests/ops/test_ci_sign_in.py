"""How GitHub's jobs get credentials: a signed token for a role's session, and one clear line where there is none."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from environments import load
from environments.names import Names
from environments.schema import Environment
from ops.aws.session import connect
from ops.ci import JobRole
from ops.ci.sign_in import BEARER, URL, _check_subject, assume, github_environment
from ops.errors import RefusedError
from rehearsal.emulator.tokens import Tokens, claims, tokens
from tests.ops.cli import run
from tests.ops.identity_server import Identities, identities


@pytest.fixture(scope="module")
def env() -> Environment:
    return load("prod")


@pytest.fixture(scope="module")
def sts() -> Iterator[Identities]:
    with identities() as given:
        yield given


@pytest.fixture(scope="module")
def service() -> Iterator[Tokens]:
    with tokens() as running:
        yield running


@pytest.fixture
def job(
    env: Environment, sts: Identities, service: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A job of the deployer's GitHub environment; its folder has what the runner gives it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    sts.refused.clear()
    sts.asked.clear()
    service.given.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", sts.endpoint)
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    monkeypatch.setenv("GITHUB_ENV", str(tmp_path / "env"))
    monkeypatch.setenv("GITHUB_RUN_ID", "17 x")
    of_job(service, env, monkeypatch, env.access.github_environment)
    yield tmp_path
    # Whatever happens, no token is in a file.
    found = {file: file.read_text() for file in tmp_path.rglob("*") if file.is_file()}
    assert not [file for file, text in found.items() if any(token in text for token in service.given)]


def repository(environment: Environment) -> str:
    return environment.access.github_repository or environment.product.repository


def of_job(service: Tokens, environment: Environment, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable, value in service.variables(claims(repository(environment), name)).items():
        monkeypatch.setenv(variable, value)


def refusal(*words: str, code: int = 2) -> str:
    """The only line of a command that fails."""
    done = run(*words)
    assert done.exit_code == code and done.stdout == "", done.output
    (line,) = done.stderr.splitlines()
    assert os.environ.get(BEARER, "none") not in line
    return str(line)


def test_a_session_of_each_role_is_printed_as_sdks_read_it(
    job: Path, env: Environment, sts: Identities, service: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in JobRole:
        of_job(service, env, monkeypatch, github_environment(env, role))
        done = run("ci", "credentials", env.name, role)
        assert done.exit_code == 0 and done.stderr == "", done.output
        printed = json.loads(done.stdout)
        assert (printed["Version"], printed["AccessKeyId"]) == (1, sts.given[-1])
        assert printed["SecretAccessKey"] == f"secret-of-{sts.given[-1]}"
        left = datetime.fromisoformat(printed["Expiration"]) - datetime.now(UTC)
        assert timedelta(minutes=55) < left <= timedelta(hours=1)
        asked = sts.asked[-1]
        assert asked["RoleArn"] == Names(env).role_arn(role)
        assert (asked["RoleSessionName"], asked["WebIdentityToken"]) == ("github-17-x-1", service.given[-1])


@pytest.mark.slow
def test_next_steps_use_the_role_and_no_file_has_a_credential(
    job: Path, env: Environment, sts: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job / "env").write_text("KEPT=1\n")
    done = run("ci", "sign-in", env.name, "deployer")
    assert done.exit_code == 0 and done.stdout == "", done.output
    assert f"assumed-role/{Names(env).role('deployer')}/github-17-x-1" in done.stderr
    settings = dict(line.split("=", 1) for line in (job / "env").read_text().splitlines())
    assert settings.pop("KEPT") == "1"
    config = ConfigParser()
    config.read(settings["AWS_CONFIG_FILE"])
    assert config["default"]["credential_process"].endswith(f"bin/ops ci credentials {env.name} deployer")
    secrets = [part for key in sts.given for part in (f"secret-of-{key}", f"session-of-{key}")]
    for file in job.rglob("*"):
        assert not [secret for secret in secrets if secret in file.read_text()], file
    # An SDK of a later step finds them by these variables alone, although the machine has keys of its own.
    (job / ".aws").mkdir()
    (job / ".aws" / "credentials").write_text("[default]\naws_access_key_id = AKIA\naws_secret_access_key = other\n")
    monkeypatch.setenv("HOME", str(job))
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ops.aws.session.Caller", lambda *_: type("Caller", (), {"account": env.account_id, "arn": ""}))
    asked = len(sts.asked)
    keys = connect(env).credentials.keys()
    assert [each["Action"] for each in sts.asked[asked:]] == ["AssumeRoleWithWebIdentity", "GetCallerIdentity"]
    assert keys.access_key == sts.given[-1] and keys.left > 3000


def test_a_job_without_the_permission_or_no_job_gets_one_line(
    job: Path, env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(URL)
    monkeypatch.delenv(BEARER)
    for command in ("sign-in", "credentials"):
        line = refusal("ci", command, env.name, "planner")
        assert line.startswith(f"error: {URL} and {BEARER}: not set") and "`permissions: id-token: write`" in line
    for name in ("GITHUB_ENV", "RUNNER_TEMP"):
        monkeypatch.delenv(name)
        assert f"{name} isn't set: this command is for GitHub's jobs" in refusal("ci", "sign-in", env.name, "planner")


def test_other_credentials_in_the_job_are_refused(
    job: Path, env: Environment, sts: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASTORED")
    line = refusal("ci", "sign-in", env.name, "deployer")
    assert "AWS_ACCESS_KEY_ID is set" in line and "AKIASTORED" not in line
    assert not sts.asked and not (job / "env").exists()


def test_a_job_of_another_environment_learns_which_one_the_role_trusts(
    job: Path, env: Environment, sts: Identities, service: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = refusal("ci", "sign-in", env.name, "planner", code=1)
    mine, plan = env.access.github_environment, env.access.github_plan_environment
    assert f"this job is 'repo:{repository(env)}:environment:{mine}'" in line
    assert f"give the job `environment: {plan}`" in line
    of_job(service, env, monkeypatch, "")
    assert "this job is 'repo:" in refusal("ci", "credentials", env.name, "deployer", code=1)
    assert not sts.asked


def test_a_repository_with_immutable_ids_learns_the_value_that_is_missing(
    env: Environment,
) -> None:
    """https://docs.github.com/en/actions/reference/security/oidc"""
    owner, name = env.product.repository.split("/")
    numbered = f"{owner}@1234/{name}@5678"
    mine = f"{numbered}:environment:{env.access.github_environment}"
    unnumbered = replace(env, access=replace(env.access, github_repository=None))
    with pytest.raises(RefusedError, match=f"set access.github_repository to '{numbered}', then plan and apply phase"):
        _check_subject({"sub": f"repo:{mine}"}, unnumbered, JobRole.DEPLOYER)
    with pytest.raises(RefusedError, match="this job is 'repo:other@1/"):
        _check_subject({"sub": f"repo:other@1/{mine}"}, unnumbered, JobRole.DEPLOYER)


@pytest.mark.parametrize(
    ("refused", "advice"),
    [
        ("AccessDenied", "apply phase account of"),
        ("InvalidIdentityToken", "apply phase account of"),
        ("ExpiredTokenException", "run the job again"),
    ],
)
def test_what_aws_refuses_is_one_line_with_advice(
    refused: str, advice: str, job: Path, sts: Identities, service: Tokens
) -> None:
    env = load("prod")
    sts.refused[""] = refused
    line = refusal("ci", "sign-in", env.name, "deployer")
    assert f"can't assume {Names(env).role_arn('deployer')} with the job's token: {refused}" in line and advice in line
    assert not [token for token in service.given if token in line]
    assert not (job / "env").exists()


def test_github_refuses_or_sends_no_token(
    job: Path, env: Environment, service: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BEARER, "of-a-job-that-ended")
    assert "refused the request with HTTP 401" in refusal("ci", "credentials", env.name, "deployer")
    for respond in (lambda *_: (200, {"value": "no-token"}), lambda *_: (200, ["none"]), lambda *_: (200, {})):
        monkeypatch.setattr(service, "respond", respond)
        assert "returned no token" in refusal("ci", "credentials", env.name, "deployer")


@pytest.mark.slow
def test_a_token_is_requested_from_https_or_this_machine_only(
    job: Path, env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, "http://tokens.example.com/idtoken?v=1")
    assert f"{URL} must begin with https://" in refusal("ci", "credentials", env.name, "deployer")
    monkeypatch.setenv(URL, "http://127.0.0.1:1/idtoken?v=1")
    line = refusal("ci", "credentials", env.name, "deployer")
    assert "can't reach GitHub's token endpoint" in line and "idtoken" not in line


def test_a_netrc_of_the_runner_does_not_replace_the_jobs_token(
    job: Path, env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job / "netrc").write_text("default login other password other\n")
    monkeypatch.setenv("NETRC", str(job / "netrc"))
    assert run("ci", "credentials", env.name, "deployer").exit_code == 0


def test_an_unknown_role_is_named_with_the_known_ones(env: Environment) -> None:
    for command in ("sign-in", "credentials"):
        done = run("ci", command, env.name, "deployr")
        assert done.exit_code == 2
        assert "jobs assume no role 'deployr'; did you mean deployer? known: planner, deployer" in done.stderr


def test_a_session_does_not_show_its_secrets(job: Path, env: Environment) -> None:
    session = assume(env, JobRole.DEPLOYER)
    assert session.secret_key and session.secret_key not in f"{session!r} {session}"

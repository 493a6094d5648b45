"""Credentials of every kind of profile: resolved once, renewed in time, and explained where there are none."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.config import Config

from environments import load
from ops.aws.errors import AwsError
from ops.aws.session import connect
from ops.credentials import shared
from ops.credentials.shared import Credentials
from ops.credentials.source import Keys, Source
from ops.terminal import NoAnswerError, NoTerminalError
from tests.ops.cli import run
from tests.ops.identity_server import CODE, SIGNED_IN, Identities, identities

MFA = """
[profile it]
role_arn = arn:aws:iam::111122223333:role/operator
source_profile = base
mfa_serial = arn:aws:iam::777788889999:mfa/ada
[profile base]
aws_access_key_id = AKIABASE
aws_secret_access_key = secret-of-base
"""
SSO = """
[profile it]
sso_session = company
sso_account_id = 111122223333
sso_role_name = Operators
[sso-session company]
sso_start_url = https://company.awsapps.com/start
sso_region = us-east-1
"""
LEGACY_SSO = """
[profile it]
sso_start_url = https://company.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Operators
"""
FROM_A_PERSON = """
[profile it]
role_arn = arn:aws:iam::111122223333:role/operator
source_profile = person
"""
PROCESS = f"""
[profile it]
credential_process = {sys.executable} {{0}}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Identities]:
    with identities() as given:
        yield given


@pytest.fixture
def given(server: Identities) -> Identities:
    """The server, as if it had just begun."""
    fresh = Identities(endpoint=server.endpoint)
    vars(server).update(vars(fresh))
    return server


@dataclass
class Home:
    """A home folder, and what is typed at its terminal."""

    folder: Path
    answers: list[str] = field(default_factory=list)
    """What is typed; with nothing left there is no terminal."""
    questions: list[str] = field(default_factory=list)

    def config(self, text: str) -> None:
        (self.folder / ".aws" / "config").write_text(text)

    def ask(self, question: str, cancelled: Callable[[], bool]) -> str:
        self.questions.append(question)
        if cancelled():
            raise NoAnswerError("the question was interrupted")
        if not self.answers:
            raise NoTerminalError("there is no terminal to ask on")
        return self.answers.pop(0)

    def signed_in(self, key: str, token: str, hours: float) -> None:
        """What `aws sso login` leaves."""
        file = self.folder / ".aws" / "sso" / "cache" / f"{hashlib.sha1(key.encode()).hexdigest()}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        end = datetime.now(UTC) + timedelta(hours=hours)
        file.write_text(json.dumps({"accessToken": token, "expiresAt": end.strftime("%Y-%m-%dT%H:%M:%SZ")}))

    @property
    def kept(self) -> list[Path]:
        """Sessions that the AWS CLI would find."""
        return sorted((self.folder / ".aws" / "cli" / "cache").glob("*.json"))

    def keep(self, minutes: float) -> None:
        """Let kept sessions end in some minutes."""
        for file in self.kept:
            content = json.loads(file.read_text())
            end = datetime.now(UTC) + timedelta(minutes=minutes)
            content["Credentials"]["Expiration"] = end.strftime("%Y-%m-%dT%H:%M:%SUTC")
            file.write_text(json.dumps(content))


@pytest.fixture
def home(given: Identities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    made = Home(tmp_path / "home")
    (made.folder / ".aws").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(made.folder))
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv(shared.BUNDLE, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", given.endpoint)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(shared, "ask_hidden", made.ask)
    # botocore looks for the home folder when it is loaded.
    folder = str(made.folder / ".aws" / "sso" / "cache")
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", folder)
    monkeypatch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", folder)
    return made


def credentials(profile: str | None = "it") -> Credentials:
    return Credentials(Source(profile, "us-east-1", Config(retries={"total_max_attempts": 1})))


def error_of(found: Credentials, seconds: float = 0) -> str:
    with pytest.raises(AwsError) as caught:
        found.keys(seconds)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def process(home: Home, body: str) -> None:
    (home.folder / "process.py").write_text(body)
    home.config(PROCESS.format(home.folder / "process.py"))


def printing(**keys: object) -> str:
    return f"print({json.dumps(json.dumps({'Version': 1, **keys}))})"


def aws_cli(home: Home, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """An AWS CLI that runs a script."""
    program = home.folder / "bin" / "aws"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def static(home: Home, _: pytest.MonkeyPatch) -> None:
    home.config("[profile it]\naws_access_key_id = AKIA1\naws_secret_access_key = secret-of-AKIA1\n")


def static_with_token(home: Home, _: pytest.MonkeyPatch) -> None:
    (home.folder / ".aws" / "credentials").write_text(
        "[it]\naws_access_key_id = AKIA1\naws_secret_access_key = secret-of-AKIA1\naws_session_token = session\n"
    )


def role(home: Home, _: pytest.MonkeyPatch) -> None:
    home.config(MFA.replace("mfa_serial = arn:aws:iam::777788889999:mfa/ada", ""))


def role_with_mfa(home: Home, _: pytest.MonkeyPatch) -> None:
    home.config(MFA)
    home.answers.append(CODE)


def role_from_a_container(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.config("[profile it]\nrole_arn = arn:aws:iam::111122223333:role/operator\ncredential_source = EcsContainer\n")
    container(home, monkeypatch)


def role_from_variables(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.config("[profile it]\nrole_arn = arn:aws:iam::111122223333:role/operator\ncredential_source = Environment\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-AKIA1")


def credential_process(home: Home, _: pytest.MonkeyPatch) -> None:
    process(home, printing(AccessKeyId="AKIA1", SecretAccessKey="secret-of-AKIA1"))


def sso(home: Home, _: pytest.MonkeyPatch) -> None:
    home.config(SSO)
    home.signed_in("company", SIGNED_IN, hours=8)


def legacy_sso(home: Home, _: pytest.MonkeyPatch) -> None:
    home.config(LEGACY_SSO)
    home.signed_in("https://company.awsapps.com/start", SIGNED_IN, hours=8)


def web_identity(home: Home, _: pytest.MonkeyPatch) -> None:
    (home.folder / "token").write_text("a token")
    home.config(
        "[profile it]\nrole_arn = arn:aws:iam::111122223333:role/operator\n"
        f"web_identity_token_file = {home.folder / 'token'}\n"
    )


def login(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.config("[profile it]\nlogin_session = arn:aws:iam::111122223333:user/ada\n")
    keys = json.dumps({"Version": 1, "AccessKeyId": "AKIA1", "SecretAccessKey": "secret-of-AKIA1"})
    aws_cli(
        home,
        monkeypatch,
        f"""test "$*" = "configure export-credentials --profile it --format process" && echo '{keys}'""",
    )


def container(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{os.environ['AWS_ENDPOINT_URL']}/container")


KINDS = (
    static,
    static_with_token,
    role,
    role_with_mfa,
    role_from_a_container,
    role_from_variables,
    credential_process,
    sso,
    legacy_sso,
    web_identity,
    login,
)


@pytest.mark.requirement("R1.4")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_profile_becomes_variables(
    kind: Callable[[Home, pytest.MonkeyPatch], None], home: Home, given: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And none but the keys: a program that is started can't come to other credentials."""
    kind(home, monkeypatch)
    found = credentials()
    child = found.environment({**os.environ, "AWS_PROFILE": "it", "AWS_SECURITY_TOKEN": "old"})
    key = given.given[-1] if given.given else "AKIA1"
    assert (child["AWS_ACCESS_KEY_ID"], child["AWS_SECRET_ACCESS_KEY"]) == (key, f"secret-of-{key}")
    assert child.get("AWS_SESSION_TOKEN") == {
        "AKIA1": "session" if kind is static_with_token else None,
    }.get(key, f"session-of-{key}")
    own = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    assert {name for name in child if name.startswith("AWS_")} - own == {
        "AWS_ENDPOINT_URL",
        "AWS_EC2_METADATA_DISABLED",
    }
    signer = cast("Any", found.session()).get_credentials().get_frozen_credentials()
    assert (signer.access_key, signer.token) == (key, child.get("AWS_SESSION_TOKEN")), "boto3 has the same"
    assert "secret-of" not in repr(found.keys())
    assert "session" not in repr(found.keys())


def test_variables_of_a_container_are_resolved_too(
    home: Home, given: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terraform gets the caller whose account was checked, in whatever order it looks."""
    container(home, monkeypatch)
    child = credentials(None).environment(os.environ)
    assert child["AWS_ACCESS_KEY_ID"] == given.given[0]
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in child


def test_settings_of_the_profile_reach_programs_that_are_started(home: Home) -> None:
    home.config(
        "[profile it]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n"
        "ca_bundle = /etc/company.pem\nuse_fips_endpoint = true\nmax_attempts = 7\n"
    )
    child = credentials().environment({"AWS_MAX_ATTEMPTS": "3"})
    assert child["AWS_CA_BUNDLE"] == "/etc/company.pem"
    assert child["AWS_USE_FIPS_ENDPOINT"] == "true"
    assert child["AWS_MAX_ATTEMPTS"] == "3", "the caller's own win"


@pytest.mark.requirement("R1.4")
def test_a_code_is_asked_for_once_for_several_commands(home: Home, given: Identities) -> None:
    role_with_mfa(home, pytest.MonkeyPatch())
    first, second = credentials().keys(), credentials().keys()
    assert first.access_key == second.access_key == given.given[0]
    assert home.questions == ["Enter MFA code for arn:aws:iam::777788889999:mfa/ada: "]
    (kept,) = home.kept
    assert kept.stat().st_mode & 0o077 == 0, "as the AWS CLI keeps it"
    written = [path for path in home.folder.rglob("*") if path.is_file() and b"secret-of-ASIA" in path.read_bytes()]
    assert written == [kept]


def test_phases_side_by_side_ask_once(home: Home) -> None:
    role_with_mfa(home, pytest.MonkeyPatch())
    found, keys = credentials(), list[Keys]()
    threads = [threading.Thread(target=lambda: keys.append(found.keys())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.access_key for each in keys}) == 1
    assert (len(keys), len(home.questions)) == (8, 1)


def test_a_wrong_code_is_asked_for_again(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.config(MFA)
    home.answers = ["12345", "abcdef", "654321", CODE]
    assert credentials().keys().access_key == "ASIA0000"
    said = capsys.readouterr()
    assert said.err.count("A code has 6 digits.") == 2
    assert said.err.count("AWS refused that code. Each code works once: wait for the next one.") == 1
    assert not said.out, "that is for data"


def test_three_wrong_codes_are_enough(home: Home) -> None:
    home.config(MFA)
    home.answers = ["000000"] * 9
    found = credentials()
    said = error_of(found)
    assert said.startswith("no credentials from profile it: AccessDenied: ")
    assert "MultiFactorAuthentication failed with invalid MFA one time pass code" in said
    assert error_of(found) == said, "it isn't asked again"
    assert len(home.questions) == 3


def test_a_device_of_somebody_else_is_not_asked_for_again(home: Home) -> None:
    home.config(MFA.replace("mfa/ada", "mfa/grace"))
    home.answers = [CODE] * 3
    assert "; mfa_serial must be the device of the user whose keys profile base has" in error_of(credentials())
    assert len(home.questions) == 1


def test_without_a_terminal_it_says_what_to_do(home: Home) -> None:
    home.config(MFA)
    found = credentials()
    said = error_of(found)
    assert said == (
        "profile it needs an MFA code, and there is no terminal to ask on. Run a command on a terminal first: the "
        "session is cached for the next commands"
    )
    assert error_of(found) == said
    assert len(home.questions) == 1


def test_an_interrupted_question_is_given_up(home: Home) -> None:
    role_with_mfa(home, pytest.MonkeyPatch())
    found = credentials()
    found.cancelled = lambda: True
    assert "needs an MFA code, and the question was interrupted." in error_of(found)


SOURCES = {
    "sso": (
        "source_profile = base",
        "[profile base]\nsso_account_id = 1\nsso_role_name = Operators\n",
        "sso_role_name",
    ),
    "role": ("source_profile = base", "[profile base]\nrole_arn = arn:aws:iam::1:role/r\n", "role_arn"),
    "web": ("source_profile = base", "[profile base]\nweb_identity_token_file = t\n", "web_identity_token_file"),
    "machine": ("credential_source = Ec2InstanceMetadata", "", "credential_source = Ec2InstanceMetadata"),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_code_from_a_role_is_refused_before_it_is_asked_for(kind: str, home: Home) -> None:
    """AWS wants the device of an IAM user: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html."""
    source, profile, named = SOURCES[kind]
    home.config(f"[profile it]\nrole_arn = arn:aws:iam::1:role/x\nmfa_serial = ada\n{source}\n{profile}")
    home.answers = [CODE]
    said = error_of(credentials())
    assert said.startswith("profile it has mfa_serial, but its credentials come from a role: ")
    assert named in said
    assert not home.questions


def test_a_role_that_a_person_with_a_device_assumes_may_be_the_source(home: Home, given: Identities) -> None:
    home.config(
        MFA.replace("[profile it]", "[profile person]")
        + "[profile it]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = person\n"
    )
    home.answers = [CODE]
    assert credentials().keys().access_key == given.given[1]


def test_a_profile_may_hold_the_keys_for_its_own_role(home: Home) -> None:
    home.config(MFA.replace("source_profile = base", "source_profile = it").replace("[profile base]", ""))
    home.answers = [CODE]
    assert credentials().keys().access_key == "ASIA0000"


def test_where_the_role_asks_for_a_device_and_the_profile_names_none(home: Home, given: Identities) -> None:
    role(home, pytest.MonkeyPatch())
    given.refused["AKIABASE"] = "AccessDenied"
    assert "if the role requires MFA, profile it needs mfa_serial (docs/account.md, section 2)" in error_of(
        credentials()
    )


def test_an_expired_session_of_identity_center_names_the_command(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    aws_cli(home, monkeypatch, "")
    for config, key in ((SSO, "company"), (LEGACY_SSO, "https://company.awsapps.com/start")):
        home.config(config)
        expected = (
            "no credentials from profile it: you aren't signed in to IAM Identity Center, or the session has expired; "
            "run: aws sso login --profile it"
        )
        assert error_of(credentials()) == expected, "never signed in"
        home.signed_in(key, "old", hours=-1)
        assert error_of(credentials()) == expected


def test_the_profile_that_signs_in_is_named_and_a_missing_cli(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.config(
        SSO.replace("[profile it]", "[profile person]")
        + "[profile it]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = person\n"
    )
    monkeypatch.setenv("PATH", str(home.folder))
    said = error_of(credentials())
    assert "run: aws sso login --profile person (the AWS CLI isn't on this machine's PATH; see https://docs.aws" in said


def test_commands_say_it_in_one_line(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    aws_cli(home, monkeypatch, "")
    home.config(SSO.replace("profile it", f"profile {load('prod').cli_profile}"))
    home.signed_in("company", "old", hours=-1)
    done = run("secrets", "status", "prod")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: no credentials from profile navra-prod: you aren't signed in to IAM Identity")
    assert done.stderr.endswith("; run: aws sso login --profile navra-prod\n")


EXPIRED = "2020-01-01T00:00:00Z"
BROKEN = {
    "fails": ("import sys; sys.exit('vault is sealed')", "vault is sealed"),
    "prints no JSON": (
        "print('hello')",
        "credential_process must print the JSON of https://docs.aws.amazon.com/sdkref/",
    ),
    "prints nothing of use": ("print('{\"Version\": 1}')", "Missing required key in response: 'AccessKeyId'"),
    "prints another version": ("print('{\"Version\": 2}')", "Unsupported version '2'"),
    "prints expired ones": (
        printing(AccessKeyId="A", SecretAccessKey="s", SessionToken="t", Expiration=EXPIRED),
        "they have expired; sign in again, or give profile it new keys (docs/account.md, section 2)",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_credential_process_that_fails_is_reported(how: str, home: Home) -> None:
    body, reported = BROKEN[how]
    process(home, body)
    assert reported in error_of(credentials())


def test_a_credential_process_that_is_missing_is_reported(home: Home) -> None:
    home.config("[profile it]\ncredential_process = /no/such/program\n")
    assert "'/no/such/program'; profile it names a program or file that doesn't exist" in error_of(credentials())


def test_a_profile_that_is_missing_is_reported(home: Home) -> None:
    assert "the AWS CLI has no such profile; see docs/account.md, section 2" in error_of(credentials())


def test_without_credentials_the_command_that_prints_how_to_create_them_is_named(home: Home) -> None:
    home.config("")
    with pytest.raises(AwsError, match=r"no such profile.*; bin/ops account prod prints how to create them"):
        connect(load("prod"))


def test_a_config_file_that_cannot_be_read_is_reported(home: Home) -> None:
    home.config("[profile it\n")
    assert "Unable to parse config file" in error_of(credentials())


def test_expired_variables_are_reported_with_what_to_unset(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ACCESS_KEY_ID", "A"), ("SECRET_ACCESS_KEY", "s"), ("CREDENTIAL_EXPIRATION", EXPIRED)):
        monkeypatch.setenv(f"AWS_{name}", value)
    assert error_of(credentials(None)) == (
        "no credentials from the environment variables: they have expired; set new ones, or unset "
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_CREDENTIAL_EXPIRATION to use the environment's profile"
    )


def test_variables_that_aws_refuses_are_reported_with_what_to_unset(
    home: Home, given: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAOLD")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    given.refused["ASIAOLD"] = "ExpiredToken"
    with pytest.raises(AwsError, match=r"have expired.*; set new ones, or unset AWS_ACCESS_KEY_ID, AWS_SECRET") as said:
        connect(load("prod"))
    assert said.value.code == "ExpiredToken"


def test_a_kept_session_that_aws_refuses_is_replaced(home: Home, given: Identities) -> None:
    """The role was re-created since: its sessions are no good, and nothing else would say so for an hour."""
    home.config(MFA.replace("profile it", f"profile {load('prod').cli_profile}"))
    home.answers = [CODE, CODE]
    assert connect(load("prod")).caller.arn.endswith("/ASIA0000")
    given.refused["ASIA0000"] = "InvalidClientTokenId"
    aws = connect(load("prod"))
    assert aws.caller.arn.endswith("/ASIA0001")
    assert aws.credentials.keys().access_key == "ASIA0001"


@pytest.mark.requirement("R1.4")
@pytest.mark.parametrize(("minutes", "renewed"), [(50, False), (40, True), (16, True)])
def test_credentials_are_renewed_for_something_long(home: Home, *, minutes: float, renewed: bool) -> None:
    home.config(MFA)
    home.answers = [CODE, CODE]
    credentials().keys()
    home.keep(minutes)
    found = credentials()
    assert found.keys().left == pytest.approx(minutes * 60, abs=5), "a short command takes what there is"
    found.last(2700, "applying data", "Terraform fails")
    assert found.keys().left == pytest.approx(3600 if renewed else minutes * 60, abs=5)
    assert len(home.questions) == 1 + renewed
    assert credentials().keys().access_key == found.keys().access_key, "and the AWS CLI has the new ones"


def test_what_cannot_be_renewed_for_something_long_is_reported(home: Home) -> None:
    home.config(MFA)
    home.answers = [CODE]
    credentials().keys()
    home.keep(20)
    found = credentials()
    with pytest.raises(AwsError, match="applying data can take 45 minutes: profile it needs an MFA code, and there"):
        found.last(2700, "applying data", "Terraform fails")
    assert found.environment({})["AWS_ACCESS_KEY_ID"] == "ASIA0000", "short commands go on"


@pytest.mark.parametrize(
    ("config", "reported"),
    [
        (MFA, "duration_seconds of the profile sets how long"),
        (SSO, "the permission set's session duration sets how long"),
    ],
)
def test_sessions_that_are_short_are_reported_once_and_not_asked_for_again(
    home: Home, given: Identities, capsys: pytest.CaptureFixture[str], config: str, reported: str
) -> None:
    given.lifetime = 900
    home.config(config)
    home.signed_in("company", SIGNED_IN, hours=8)
    home.answers = [CODE] * 3
    found = credentials()
    for phase in ("network", "data"):
        found.last(2700, f"applying {phase}", "Terraform fails")
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(
        f"warning: profile it: 15 minutes left, and applying network can take 45 minutes; {reported}"
    )
    assert said[1].endswith("If they expire first, Terraform fails")
    assert len(given.given) == 1


def test_clients_get_others_in_the_last_minute(home: Home, given: Identities) -> None:
    role(home, pytest.MonkeyPatch())
    found = credentials()
    signer: Any = found.session().get_credentials()
    soon = datetime.now(UTC) + timedelta(seconds=50)
    found._keys, signer._expiry_time = replace(found.keys(), expires=soon), soon
    assert signer.get_frozen_credentials().access_key == found.keys().access_key == given.given[1]
    assert signer.get_frozen_credentials().access_key == given.given[1]


def test_a_kept_session_that_is_cut_off_counts_as_none(home: Home) -> None:
    role(home, pytest.MonkeyPatch())
    credentials().keys()
    for content in ("{", "{}", "[]"):
        home.kept[0].write_text(content)
        assert credentials().keys().left > 3500


def test_a_home_that_is_read_only_is_no_obstacle(home: Home) -> None:
    role(home, pytest.MonkeyPatch())
    (home.folder / ".aws" / "cli").write_text("no folder")
    assert credentials().keys().access_key == "ASIA0000"


def test_without_a_home_folder_sessions_are_kept_in_memory(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As an unknown user in a container: it was reported as expired credentials."""

    def unknown(_: int) -> None:
        raise KeyError("uid not found")

    home.config(MFA)
    home.answers = [CODE]
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home.folder / ".aws" / "config"))
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    assert credentials().keys().access_key == "ASIA0000"
    assert not home.kept
    assert set(tmp_path.iterdir()) == before, "no folder named ~"

"""What commands need of a machine: each check fails where it should, within its time, and never as a traceback."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLCertVerificationError

import pytest
import requests

import environments
from environments.schema.validation import validate
from ops.__main__ import COMMANDS
from ops.conditions import Condition, ConditionResult, FailedError, Status, UnknownError
from ops.conditions import run as check_all
from ops.doctor import checks, machine, provider
from ops.doctor.checks import CHECKS, EVERY, Check
from ops.doctor.machine import Machine, bounded
from ops.gate.lock_file import PROVIDER
from tests.cases import every_case
from tests.conftest import Stack
from tests.ops.cli import run
from tests.ops.identity_server import Identities, identities

ROOT = Path(__file__).parents[2]
PROD = environments.load("prod")
BY_NAME = {check.name: check for check in CHECKS}
CLOSED = "http://127.0.0.1:9"
"""A port that refuses: it is reserved for a service that no one runs."""


@dataclass
class Host:
    """A host of AWS, as far as a request without credentials sees it."""

    url: str
    status: int = 404
    behind: timedelta = timedelta()
    """How far its clock is behind this machine's."""
    date: bool = True


@pytest.fixture(scope="module")
def server() -> Iterator[Host]:
    host = Host("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert "Authorization" not in self.headers
            self.send_response_only(host.status)
            if host.date:
                self.send_header("Date", format_datetime(datetime.now(UTC) - host.behind, usegmt=True))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        host.url = f"http://127.0.0.1:{listening.server_port}/"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield host
        listening.shutdown()
        thread.join()


@pytest.fixture
def host(server: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    vars(server).update(vars(Host(server.url)))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return server


def result(check: str, of: Machine) -> ConditionResult:
    one = BY_NAME[check]
    (found,) = check_all([Condition(one.name, bounded(one.check))], of)
    return found


def failed(check: str, of: Machine) -> str:
    found = result(check, of)
    assert found.status is Status.FAIL, found
    assert "\n" not in found.evidence
    return found.evidence


def program(folder: Path, name: str, script: str) -> str:
    """Plant a program; returns the PATH that has it alone."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(folder)


def variables(**given: str) -> dict[str, str]:
    return {"PATH": "/missing", "HOME": "/root-is-missing", **given}


def of_the_project(**given: str) -> Machine:
    return Machine(variables={**variables(), **given})


def test_names_are_commands_and_no_name_is_twice() -> None:
    commands = {entry.name for entry in COMMANDS} | {EVERY, "make synth"}
    assert len(BY_NAME) == len(CHECKS)
    for check in CHECKS:
        assert check.commands and {*check.commands} <= commands, check
        assert check.advice and not check.advice.endswith("."), check
        assert Condition(check.name, check.check).meaning.endswith("."), check
    assert {*checks.OF_AWS} >= {*checks.STATES, *checks.RELEASES, *checks.SESSIONS}


def test_a_new_python_is_needed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.99"\n')
    assert (
        failed("python", Machine(root=tmp_path)) == f"{'.'.join(map(str, sys.version_info[:3]))}, and >=3.99 is needed"
    )
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11,<4"\n')
    assert result("python", Machine(root=tmp_path)).passed
    assert result("python", Machine()).passed


def test_packages_of_another_commit_are_found(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "pydantic==0.0.1 \\\n    --hash=sha256:00\nnever-installed==1.0 ; python_version >= '3'\n"
        "of-another-system==1 ; sys_platform == 'amiga'\ntyper\n"
    )
    evidence = failed("packages", Machine(root=tmp_path))
    assert re.fullmatch(r"2 of 3: pydantic is [\d.]+, not ==0.0.1, never-installed is missing", evidence)
    assert result("packages", Machine()).passed


def test_packages_of_rehearsals_count_once_they_are_installed(tmp_path: Path) -> None:
    (tmp_path / "requirements-dev.txt").write_text("moto==0.0.1\n")
    assert result("rehearsal-packages", Machine(root=tmp_path)).status is Status.SKIPPED
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".dev").touch()
    assert failed("rehearsal-packages", Machine(root=tmp_path)).startswith("1 of 1: moto is ")


def test_invalid_values_are_a_result_and_other_checks_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = replace(PROD, account_id="1")

    def load(_: str) -> object:
        return validate(broken)

    monkeypatch.setattr(environments, "load", load)
    done = run("doctor", "prod", "--for", "gate", "--json")
    assert done.exit_code == 1
    found = {each["name"]: each for each in json.loads(done.stdout)["checks"]}
    assert found["values"]["status"] == "fail" and "account_id: '1': must be 12 digits" in found["values"]["found"]
    assert found["python"]["status"] == "pass"
    assert result("values", Machine()).evidence == "valid: prod, prod-starter, staging"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo v16.20.0", "v16.20.0 of {node}, and jsii needs 20 or newer"),
        ("echo hello", "{node} isn't a node: it prints 'hello'"),
        ("echo broken >&2; exit 3", "node --version ends with 3: broken"),
        (None, "/missing/node can't be started: No such file or directory"),
    ],
)
def test_a_bad_node_is_named(tmp_path: Path, script: str | None, message: str) -> None:
    node = f"{program(tmp_path / 'bin', 'node', script)}/node" if script else "/missing/node"
    assert failed("node", of_the_project(JSII_NODE=node)) == message.format(node=node)


def test_the_node_of_the_packages_is_taken_first() -> None:
    assert result("node", of_the_project()).evidence.endswith(" of .venv")


def test_no_node_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "packaged", lambda: None)
    assert failed("node", of_the_project(ENGINE="node")) == "there is no node"
    found = result("node", of_the_project())
    assert found.status is Status.SKIPPED
    assert found.evidence == "not installed, and the engine in Python needs none; make setup-dev installs it"


VERSION = """echo '{{"terraform_version": "{}"}}'"""


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (VERSION.format("1.9.8"), "1.9.8 of {path}, and 1.11 or newer is needed, below 2.0"),
        (VERSION.format("2.0.0-alpha1"), "2.0.0-alpha1 of {path}, and 1.11 or newer is needed, below 2.0"),
        ("echo Terraform v1.11.4", "{path} isn't Terraform: `version -json` prints 'Terraform v1.11.4\\n'"),
        ("echo '[]'", "{path} isn't Terraform: `version -json` prints '[]\\n'"),
        (
            "echo 'Error: bad CLI configuration' >&2; exit 1",
            "terraform version -json ends with 1: Error: bad CLI config",
        ),
        ("exit 1", "terraform version -json ends with 1: it prints nothing"),
    ],
)
def test_a_bad_terraform_is_named(tmp_path: Path, script: str, message: str) -> None:
    path = program(tmp_path / "bin", "terraform", script)
    assert failed("terraform", of_the_project(PATH=path)).startswith(message.format(path=f"{path}/terraform"))


def test_terraform_is_missing_or_right(tmp_path: Path) -> None:
    assert failed("terraform", of_the_project()) == "no terraform on the PATH"
    warned = f"echo 'a warning' >&2; {VERSION.format('1.12.2')}"
    path = program(tmp_path / "bin", "terraform", warned)
    assert result("terraform", of_the_project(PATH=path)).evidence == f"1.12.2 of {path}/terraform"


@pytest.mark.slow
def test_a_program_that_never_ends_is_stopped_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "PROGRAM_SECONDS", 1.0)
    path = program(tmp_path / "bin", "terraform", f"/bin/sleep 600 & echo $! > {tmp_path}/pid; wait")
    assert failed("terraform", of_the_project(PATH=path)) == (
        f"terraform doesn't end within 1 seconds ({path}/terraform)"
    )
    pid = int((tmp_path / "pid").read_text())
    state = Path(f"/proc/{pid}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_terraform_gets_none_of_the_shell_s_variables(tmp_path: Path) -> None:
    path = program(tmp_path / "bin", "terraform", f'test -z "$TF_CLI_ARGS" || exit 9; {VERSION.format("1.11.4")}')
    asked = of_the_project(PATH=path, TF_CLI_ARGS="-broken", TF_WORKSPACE="other")
    assert result("terraform", asked).passed
    evidence = result("terraform-variables", asked).evidence
    assert evidence == "commands remove TF_CLI_ARGS, TF_WORKSPACE; a terraform by hand uses them"
    assert result("terraform-variables", of_the_project()).evidence == "none to remove"


MIRROR = 'provider_installation {{\n  filesystem_mirror {{\n    path = "{}"\n  }}\n{}}}\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "TF_CLI_CONFIG_FILE={file}: no such file"),
        (MIRROR.format("/missing", ""), "no mirror of {file} has hashicorp/aws 5.100.0 for "),
        (MIRROR.format("/missing", "  # direct {}\n"), "no mirror of {file} has hashicorp/aws 5.100.0 for "),
        (
            'provider_installation {\n  dev_overrides {\n    "hashicorp/aws" = "/tmp"\n  }\n  direct {}\n}\n',
            "dev_overrides in {file} replaces the provider by another one",
        ),
        ("\udcff", "TF_CLI_CONFIG_FILE={file} can't be read ("),
    ],
)
def test_a_wrong_source_of_the_provider_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "terraformrc"
    if text is not None:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    of = of_the_project(TF_CLI_CONFIG_FILE=str(file))
    assert failed("provider", of).startswith(message.format(file=file))
    assert result("registry", of).status is Status.SKIPPED


@pytest.mark.parametrize("packed", [True, False])
def test_a_provider_on_this_machine_needs_no_registry(tmp_path: Path, packed: bool) -> None:
    folder = tmp_path / "mirror" / PROVIDER
    place = folder / f"terraform-provider-aws_5.100.0_{provider.target()}.zip"
    if not packed:
        place = folder / "5.100.0" / provider.target() / "terraform-provider-aws"
    place.parent.mkdir(parents=True)
    place.touch()
    (tmp_path / ".terraformrc").write_text(MIRROR.format(tmp_path / "mirror", ""))
    of = of_the_project(HOME=str(tmp_path))
    assert result("provider", of).evidence.startswith(f"hashicorp/aws 5.100.0 is in the mirror {tmp_path}/mirror (")
    assert result("registry", of).status is Status.SKIPPED


def test_a_network_mirror_is_asked_in_the_registry_s_place(tmp_path: Path, host: Host) -> None:
    text = f'provider_installation {{\n  network_mirror {{\n    url = "{host.url}"\n  }}\n}}\n'
    (tmp_path / ".terraformrc").write_text(text)
    of = of_the_project(HOME=str(tmp_path))
    host.status = 200
    assert result("registry", of).evidence == "127.0.0.1 responds"
    host.status = 503
    assert failed("registry", of) == "127.0.0.1 responds with 503"
    (tmp_path / ".terraformrc").write_text(text.replace(host.url, CLOSED))
    assert failed("registry", of) == "127.0.0.1:9: it refuses the connection"


def test_the_provider_is_the_one_that_stacks_require(stacks: dict[str, Stack]) -> None:
    required = {stack.document["terraform"]["required_providers"]["aws"]["version"] for stack in stacks.values()}
    assert required == {provider.VERSION}


def test_git_is_missing_or_refuses_the_folder(tmp_path: Path) -> None:
    assert failed("git", of_the_project()) == "no git on the PATH, so the commit of a plan is unknown"
    refusing = "fatal: detected dubious ownership"
    script = f'test "$1" = --version && echo git version 2.39.5 || {{ echo "{refusing}" >&2; exit 128; }}'
    path = program(tmp_path / "bin", "git", script)
    assert failed("git", of_the_project(PATH=path)) == (
        "git rev-parse --short HEAD ends with 128: fatal: detected dubious ownership"
    )


def test_programs_of_sessions_are_named_one_by_one(tmp_path: Path) -> None:
    path = program(tmp_path / "bin", "aws", "exit 0")
    evidence = failed("session-programs", of_the_project(PATH=path))
    assert evidence.startswith("no session-manager-plugin on the PATH (https://docs.aws.amazon.com/")
    program(tmp_path / "bin", "session-manager-plugin", "exit 0")
    assert result("session-programs", of_the_project(PATH=path)).passed


def test_a_disk_that_is_full_or_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = failed("disk", Machine(out=Path("/proc/cdktf.out"), variables={"TMPDIR": "/proc"}))
    assert evidence.startswith("the project's folder /proc can't be written (")
    assert "; the temporary folder /proc can't be written (" in evidence
    missing = Machine(out=tmp_path, variables={"TMPDIR": str(tmp_path / "missing")})
    assert failed("disk", missing).endswith("missing can't be written (No such file or directory)")
    given = Machine(out=tmp_path / "cdktf.out", variables={"TMPDIR": str(tmp_path)})
    monkeypatch.setattr(checks, "FREE_BYTES", 10**18)
    assert "GB left, and 1000000000.0 GB are needed" in failed("disk", given)
    monkeypatch.setattr(checks, "FREE_BYTES", 1)
    monkeypatch.setattr(checks, "TEMPORARY_BYTES", 1)
    assert result("disk", given).passed


@pytest.mark.parametrize("home", ["/dev/null", "/proc", "/proc/missing"])
def test_a_home_that_cant_be_written(home: str, tmp_path: Path) -> None:
    assert failed("home", of_the_project(HOME=home)).startswith(f"HOME={home} can't be written (")
    kept = of_the_project(HOME=home, JSII_RUNTIME_PACKAGE_CACHE_ROOT=str(tmp_path))
    assert result("home", kept).evidence.endswith(f"but jsii keeps its packages in {tmp_path}")
    assert failed("home", Machine(variables={"PATH": ""})) == "HOME isn't set"


def test_a_folder_that_every_user_may_change(tmp_path: Path) -> None:
    of = Machine(root=tmp_path, out=tmp_path / "cdktf.out")
    assert result("umask", of).passed
    before = os.umask(0o022)
    os.umask(before)
    tmp_path.chmod(0o777)
    assert failed("umask", of) == f"{tmp_path} can be changed by every user"
    assert not tmp_path.stat().st_mode & stat.S_ISVTX
    assert os.umask(before) == before


@every_case(
    ("given", "message"),
    [
        ({"HTTPS_PROXY": "proxy.example.com:8080"}, "HTTPS_PROXY isn't a URL such as http://proxy.example.com:8080"),
        ({"https_proxy": "http://proxy:port"}, "https_proxy isn't a URL such as http://proxy.example.com:8080"),
        (
            {"HTTPS_PROXY": "http://one:1", "https_proxy": "http://two:2"},
            "HTTPS_PROXY and https_proxy differ, and programs choose differently",
        ),
    ],
)
def test_a_wrong_proxy_is_named(given: Mapping[str, str], message: str) -> None:
    assert failed("proxy", Machine(variables=given)) == message


def test_a_proxy_s_password_is_not_shown() -> None:
    found = result("proxy", Machine(variables={"HTTPS_PROXY": "http://someone:hunter2@proxy:3128"}))
    assert (found.status, found.evidence) == (Status.PASS, "HTTPS_PROXY: proxy:3128")
    assert result("proxy", Machine(variables={})).status is Status.SKIPPED


def test_variables_that_lead_elsewhere() -> None:
    left = {"AWS_ENDPOINT_URL_S3": "http://key:hidden@localhost:9000", "AWS_CA_BUNDLE": "/missing.pem"}
    assert failed("aws-variables", Machine(variables=left)) == (
        "AWS_ENDPOINT_URL_S3 sends one service's calls to 'localhost'; unset it if you don't need it; "
        "AWS_CA_BUNDLE=/missing.pem isn't a file"
    )
    assert result("aws-variables", Machine(variables={})).passed


@pytest.mark.parametrize(
    ("behind", "message"),
    [
        (timedelta(minutes=6), r"3(59|6\d) seconds ahead of AWS's, which takes 300 at most"),
        (timedelta(minutes=-6), r"3(5\d|6\d) seconds behind AWS's, which takes 300 at most"),
        (timedelta(days=400), r"345600\d\d seconds ahead of AWS's, which takes 300 at most"),
    ],
)
def test_a_wrong_clock_is_found_by_aws_s(host: Host, behind: timedelta, message: str) -> None:
    host.behind = behind
    assert re.fullmatch(message, failed("clock", Machine(variables={"AWS_ENDPOINT_URL": host.url})))


def test_a_clock_that_is_right_or_cant_be_compared(host: Host) -> None:
    of = Machine(variables={"AWS_ENDPOINT_URL_STS": host.url})
    assert re.fullmatch(r"within \d+ s of AWS's", result("clock", of).evidence)
    host.date = False
    assert result("clock", of).status is Status.UNKNOWN
    unreachable = result("clock", Machine(variables={"AWS_ENDPOINT_URL": CLOSED}))
    assert (unreachable.status, unreachable.evidence) == (
        Status.UNKNOWN,
        "can't be compared with AWS's: 127.0.0.1:9: it refuses the connection",
    )


@every_case(
    ("given", "message"),
    [
        ({"AWS_ENDPOINT_URL": "localhost:4566"}, "localhost:4566: InvalidSchema"),
        ({"AWS_ENDPOINT_URL": "sts.example.com"}, "sts.example.com: that isn't a URL"),
        ({"AWS_ENDPOINT_URL": "http://[::1"}, "[::1: InvalidURL"),
    ],
)
def test_an_endpoint_that_is_no_url_is_named(given: Mapping[str, str], message: str) -> None:
    assert failed("aws-s3", Machine(PROD, variables=given)) == message


def test_a_proxy_that_is_no_url_or_doesnt_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http:///nonsense")
    assert failed("aws-s3", Machine(PROD, variables={})).endswith(": the proxy's address isn't a URL")
    monkeypatch.setenv("https_proxy", CLOSED)
    assert failed("aws-s3", Machine(PROD, variables={})).endswith(": the proxy doesn't connect")


def test_a_certificate_that_isnt_valid_yet_is_the_clock_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    error = requests.exceptions.SSLError(SSLCertVerificationError("certificate is not yet valid"))

    def refused(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(requests, "get", refused)
    assert failed("clock", Machine(PROD, variables={})) == (
        "sts.us-east-1.amazonaws.com: its certificate isn't valid yet by this machine's clock, which may be wrong"
    )


@pytest.mark.parametrize("service", checks.SERVICES, ids=lambda service: service.host)
def test_each_service_that_doesnt_respond_is_named(host: Host, service: checks.Service) -> None:
    name = f"aws-{service.host}"
    of = Machine(PROD, variables={f"AWS_ENDPOINT_URL_{service.variable}": CLOSED})
    assert failed(name, of) == "127.0.0.1:9: it refuses the connection"
    proxied = Machine(PROD, variables={"AWS_ENDPOINT_URL": host.url})
    assert result(name, proxied).passed, "any response shows that it can be reached"
    host.status = 502
    assert failed(name, proxied) == "127.0.0.1 responds with 502"
    assert result(name, Machine(variables={})).status is Status.SKIPPED


def test_hosts_are_those_that_boto3_calls_and_sts_is_the_region_s() -> None:
    import boto3  # noqa: PLC0415  (loads slowly)

    session = boto3.Session("AKIA1", "secret-of-AKIA1", region_name="eu-central-1")
    clients = {"api.ecr": "ecr", "elasticloadbalancing": "elbv2", "monitoring": "cloudwatch"}
    for service in checks.SERVICES:
        called = session.client(clients.get(service.host, service.host)).meta.endpoint_url  # type: ignore[call-overload]
        found = checks._endpoint({}, service, "eu-central-1")
        assert found == (f"{called}/" if service.host != "sts" else "https://sts.eu-central-1.amazonaws.com/")
        assert checks._endpoint({f"AWS_ENDPOINT_URL_{service.variable}": "http://own"}, service, "") == "http://own"


@every_case(
    ("words", "why"),
    [
        ("NameResolutionError(… Failed to resolve 'sts' …)", "its name doesn't resolve"),
        ("CERTIFICATE_VERIFY_FAILED", "its certificate isn't trusted: a proxy may read the connection"),
        ("Tunnel connection failed: 407 Proxy Authentication Required", "the proxy asks for a password"),
        ("Read timed out.", "it doesn't respond in time"),
        ("[Errno 101] Network is unreachable", "there is no way to it"),
        (
            "Could not find a suitable TLS CA certificate bundle, invalid path: /x",
            "the file of certificates can't be read",
        ),
        ("something new", "OSError"),
    ],
)
def test_the_reason_is_in_plain_words(words: str, why: str) -> None:
    assert machine.explained("https://user:hunter2@sts.amazonaws.com/", OSError(words)) == f"sts.amazonaws.com: {why}"


@pytest.fixture(scope="module")
def identity() -> Iterator[Identities]:
    with identities() as given:
        yield given


@pytest.fixture
def caller(identity: Identities, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Machine]:
    """A machine whose credentials are in variables, for an environment."""
    identity.refused = {}
    for name in [name for name in os.environ if name.startswith("AWS_") or name.upper().endswith("_PROXY")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", identity.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-AKIA1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return lambda name: Machine(environments.load(name))


def test_credentials_say_who_calls_and_what_the_role_may_do(caller: Callable[[str], Machine]) -> None:
    assert result("credentials", caller("prod")).evidence == (
        "arn:aws:sts::111122223333:assumed-role/operator/AKIA1; none of the environment's roles, as before the first "
        "apply of account (the environment variables)"
    )
    role = "arn:aws:sts::111122223333:assumed-role/aep-prod-deployer/someone"
    assert checks._role(PROD, role) == "the deployer's role: its phases, releases and traffic"


def test_credentials_of_another_account_fail(caller: Callable[[str], Machine]) -> None:
    evidence = failed("credentials", caller("staging"))
    assert "of account 111122223333, but staging is account 444455556666" in evidence


def test_expired_credentials_fail(caller: Callable[[str], Machine], identity: Identities) -> None:
    identity.refused["AKIA1"] = "ExpiredToken"
    assert "ExpiredToken" in failed("credentials", caller("prod"))


def test_no_credentials_fail(caller: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert "The config profile (navra-prod) could not be found" in failed("credentials", caller("prod"))


def test_without_a_network_credentials_are_unknown(
    caller: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", CLOSED)
    assert result("credentials", caller("prod")).status is Status.UNKNOWN
    assert result("credentials", Machine()).status is Status.SKIPPED


def test_a_session_that_needs_a_code_asks_for_none(
    caller: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    (tmp_path / "config").write_text(
        "[profile navra-prod]\nrole_arn = arn:aws:iam::111122223333:role/operator\nsource_profile = base\n"
        "mfa_serial = arn:aws:iam::777788889999:mfa/ada\n"
        "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = secret-of-base\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("ops.credentials.shared.ask_hidden", lambda *_: pytest.fail("it asked"))
    found = result("credentials", caller("prod"))
    assert found.status is Status.UNKNOWN
    assert (
        "needs an MFA code, and this command doesn't ask for one. Run a command on a terminal first" in found.evidence
    )


def test_a_check_that_hangs_or_breaks_is_unknown() -> None:
    forever = threading.Event()

    def broken(_: Machine) -> str:
        raise KeyError("a fault\nof two lines")

    def hanging(_: Machine) -> str:
        forever.wait(60)
        return ""

    found = check_all(
        [
            Condition("a", bounded(broken)),
            Condition("b", bounded(hanging, 0.1)),
            Condition("c", bounded(lambda _: "d")),
        ],
        Machine(variables={}),
    )
    forever.set()
    assert [each.status for each in found] == [Status.UNKNOWN, Status.UNKNOWN, Status.PASS]
    assert found[0].evidence.startswith("KeyError: ") and "\n" not in found[0].evidence
    assert found[1].evidence == "no result within 0 seconds"


def planted(monkeypatch: pytest.MonkeyPatch, *of: Check) -> None:
    monkeypatch.setattr(checks, "CHECKS", of)


def test_what_is_missing_is_listed_by_command_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    no_proxy = Machine(variables={})
    monkeypatch.setattr(machine, "Machine", lambda *_, **__: no_proxy)
    terraform = BY_NAME["terraform"]
    planted(monkeypatch, BY_NAME["proxy"], terraform)
    done = run("doctor")
    assert done.exit_code == 1
    assert "skipped  proxy      no proxy is set" in done.stdout
    assert "fail     terraform  no terraform on the PATH" in done.stdout
    assert "\nCHECK       terraform\nWHAT TO DO  install the version in .tool-versions" in done.stdout
    assert "\nNEEDED BY   bootstrap, plan, apply" in done.stdout
    said = json.loads(run("doctor", "--json").stdout)
    assert said["missing"] == {command: ["terraform"] for command in checks.TERRAFORM}
    assert said["checks"][1] == {
        "name": "terraform",
        "status": "fail",
        "found": "no terraform on the PATH",
        "needed_by": [*terraform.commands],
        "what_to_do": terraform.advice,
    }


def test_only_what_a_command_needs_decides_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "Machine", lambda *_, **__: Machine.__new__(Machine))
    of_terraform = Check("terraform", ("plan",), BY_NAME["proxy"].check, "install it")

    def missing(_: Machine) -> str:
        raise FailedError("missing")

    planted(
        monkeypatch,
        replace(of_terraform, check=missing),
        Check("plugin", ("exec",), lambda _: "here", "install it"),
        Check("python", (EVERY,), lambda _: "here", "install it"),
    )
    for words, code, names in (
        ((), 1, ["terraform", "plugin", "python"]),
        (("--for", "exec"), 0, ["plugin", "python"]),
        (("--for", "show"), 0, ["python"]),
        (("--for", "exec", "--for", "plan"), 1, ["terraform", "plugin", "python"]),
    ):
        done = run("doctor", *words, "--json")
        assert done.exit_code == code
        assert [each["name"] for each in json.loads(done.stdout)["checks"]] == names


def test_unknown_is_not_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: Machine) -> str:
        raise UnknownError("no answer")

    planted(monkeypatch, Check("python", (EVERY,), unknown, "wait"))
    assert run("doctor").exit_code == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("prd",), "error: unknown environment 'prd'; did you mean prod? known: prod, prod-starter, staging"),
        (
            ("prod", "--for", "pln"),
            "error: unknown command 'pln'; did you mean plan? known: account, adopt, affected, apply, ",
        ),
    ],
)
def test_a_mistyped_name_is_an_error_with_the_nearest_one(words: tuple[str, ...], message: str) -> None:
    done = run("doctor", *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(message)


def test_a_package_that_is_missing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ops.doctor.checks", None)
    done = run("doctor", "prod")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: import of ops.doctor.checks halted") and done.stderr.endswith("make setup\n")


@pytest.mark.slow
def test_on_a_machine_that_has_nothing_every_check_has_a_result() -> None:
    """A real process: no PATH, no home folder, no network that it could reach, and no readable file of credentials."""
    bare = {
        "HOME": "/dev/null",
        "PATH": "/missing",
        "TMPDIR": "/proc",
        "AWS_ENDPOINT_URL": CLOSED,
        "AWS_CONFIG_FILE": "/proc",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CA_BUNDLE": "/missing.pem",
        "HTTPS_PROXY": "nonsense",
        "TF_CLI_CONFIG_FILE": "/missing",
        "ENVIRONMENTS": str(environments.FOLDER),
    }
    done = subprocess.run(
        [sys.executable, "-m", "ops", "doctor", "prod", "--json"],
        cwd=ROOT,
        env=bare,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 1
    found = {each["name"]: each["status"] for each in json.loads(done.stdout)["checks"]}
    assert found.keys() == BY_NAME.keys()
    passing = {name for name, status in found.items() if status == "pass"}
    here = {"python", "packages", "rehearsal-packages", "values", "node", "terraform-variables", "umask"}
    assert passing <= here


@pytest.mark.slow
@pytest.mark.usefixtures("served")
def test_on_emulated_aws_credentials_clock_and_every_service_pass() -> None:
    found = json.loads(run("doctor", "prod", "--for", "plan", "--json").stdout)["checks"]
    of_aws = {each["name"]: each for each in found if each["name"].startswith("aws-") or each["name"] == "clock"}
    assert len(of_aws) >= 15
    assert {each["status"] for each in of_aws.values()} == {"pass"}, of_aws
    (credentials,) = [each for each in found if each["name"] == "credentials"]
    assert credentials["status"] == "pass"
    assert ":assumed-role/aep-prod-break-glass/" in credentials["found"]
    assert "; the administrators' role: every command (the environment variables)" in credentials["found"]

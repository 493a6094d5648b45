"""The way to AWS: proxies, other servers, endpoints, certificates and clocks; errors name what the shell has set."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from botocore.config import Config
from botocore.exceptions import InvalidDefaultsMode, ProfileNotFound

from environments import load
from ops.aws import session as aws_session
from ops.aws.errors import AwsError, reason
from ops.aws.session import Aws, check_endpoints, connect
from ops.credentials.shared import BUNDLE, Credentials
from ops.credentials.source import Source
from ops.errors import OpsError
from ops.registry.repository import Repository
from rehearsal.emulator.client import Control
from tests.cases import every_case
from tests.ops.cli import run

PAGE = b"<html><body>Sign in to the guest network</body></html>"
IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::111122223333:user/ada</Arn><Account>111122223333</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""


class Proxy(ThreadingHTTPServer):
    """A proxy on this machine that answers every request itself."""

    status, body, kind = 200, PAGE, "text/html"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Its address, with a password that no message may have."""
        return f"http://ada:hunter2@127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    """One request to the proxy."""

    server: Proxy

    def answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.server.status)
        for name, value in {"Content-Type": self.server.kind, "Content-Length": str(len(self.server.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = do_CONNECT = answer  # noqa: N815  (the names that http.server calls)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Variables of the shell: with keys, and nothing else that leads calls."""
    for name in [each for each in os.environ if each.upper().endswith("_PROXY") or each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in (BUNDLE, "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret-example"}.items():
        monkeypatch.setenv(name, value)
    once = Config(connect_timeout=5, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1})
    monkeypatch.setattr(aws_session, "_CONFIG", once)
    return monkeypatch


@contextmanager
def proxied() -> Iterator[Proxy]:
    with Proxy() as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with proxied() as running:
        yield running


def refused() -> str:
    """The message with which a command ends."""
    with pytest.raises(AwsError) as error:
        connect(load("prod"))
    assert "hunter2" not in str(error.value)
    assert "secret-example" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("status", [200, 302, 403, 407])
def test_a_page_of_a_proxy_is_no_response_of_aws(shell: pytest.MonkeyPatch, proxy: Proxy, status: int) -> None:
    """It was a traceback of botocore, which reads it as AWS's."""
    shell.setenv("HTTP_PROXY", proxy.url)
    shell.setenv("AWS_ENDPOINT_URL", "http://sts.example.com")
    proxy.status = status
    said = refused()
    assert proxy.asked == ["POST http://sts.example.com/"]
    assert f"NotAwsError: HTTP {status} with a page of HTML, which AWS never returns" in said
    assert said.endswith("(a proxy, or another server than AWS; this shell has AWS_ENDPOINT_URL, HTTP_PROXY)")
    assert "\n" not in said


def test_a_redirect_without_a_page_is_no_response_of_aws(shell: pytest.MonkeyPatch, proxy: Proxy) -> None:
    shell.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.server_port}")
    proxy.status, proxy.body, proxy.kind = 302, b"", ""
    assert "HTTP 302 with a redirect, which AWS never returns" in refused()


@pytest.mark.parametrize("status", [403, 407, 503])
def test_a_proxy_that_lets_no_call_through_is_named_with_its_reason(
    shell: pytest.MonkeyPatch, proxy: Proxy, status: int
) -> None:
    shell.setenv("HTTPS_PROXY", proxy.url)
    proxy.status = status
    said = refused()
    assert proxy.asked == ["CONNECT sts.amazonaws.com:443"]
    assert f"Tunnel connection failed: {status}" in said
    assert "the proxy doesn't let the call through" in said
    assert said.endswith("this shell has HTTPS_PROXY)")


def test_a_response_of_aws_that_comes_through_a_proxy_is_used(shell: pytest.MonkeyPatch, proxy: Proxy) -> None:
    shell.setenv("HTTP_PROXY", proxy.url)
    shell.setenv("AWS_ENDPOINT_URL", "http://sts.example.com")
    proxy.body, proxy.kind = IDENTITY, "text/xml"
    assert connect(load("prod")).caller.arn == "arn:aws:iam::111122223333:user/ada"


def test_what_is_no_json_or_xml_is_one_line(shell: pytest.MonkeyPatch, proxy: Proxy) -> None:
    shell.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.server_port}")
    for proxy.body, proxy.kind in ((b"", "text/xml"), (b"<a/>", "text/xml"), (b"{}", "application/json")):
        assert "can't find out who is calling (the environment variables)" in refused()


@pytest.mark.slow
def test_registries_use_the_same_proxy_and_certificates(shell: pytest.MonkeyPatch, proxy: Proxy) -> None:
    """Behind a proxy that inspects TLS, AWS's calls worked, and promote failed."""
    shell.setenv("HTTPS_PROXY", proxy.url)
    proxy.status = 407
    repository = Repository("https://1.dkr.ecr.example.com", "app", ("AWS", "planted"))
    with pytest.raises(OpsError) as error:
        repository.find("latest")
    assert set(proxy.asked) == {"CONNECT 1.dkr.ecr.example.com:443"}
    assert "hunter2" not in str(error.value)
    for variables, expected in (
        ({"AWS_CA_BUNDLE": "/ours.pem", BUNDLE: "/theirs.pem"}, "/ours.pem"),
        ({BUNDLE: "/theirs.pem"}, "/theirs.pem"),
        ({}, True),
    ):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, str(value))
            session: requests.Session = repository._session
            settings = session.merge_environment_settings("https://1.dkr.ecr.example.com", {}, None, None, None)
            assert settings["verify"] == expected


def test_terraform_accepts_the_certificates_that_boto3_accepts(shell: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shell.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "config").write_text("[profile it]\nca_bundle = /own.pem\n")
    plain = Credentials(Source(None, "us-east-1", Config()))
    assert "AWS_CA_BUNDLE" not in plain.environment({})
    assert plain.environment({BUNDLE: "/theirs.pem"})["AWS_CA_BUNDLE"] == "/theirs.pem"
    both = {BUNDLE: "/theirs.pem", "AWS_CA_BUNDLE": "/ours.pem"}
    assert plain.environment(both)["AWS_CA_BUNDLE"] == "/ours.pem"
    shell.setenv("AWS_PROFILE", "it")
    of_profile = Credentials(Source(None, "us-east-1", Config()))
    assert of_profile.environment({BUNDLE: "/theirs.pem"})["AWS_CA_BUNDLE"] == "/own.pem"


@every_case(
    ("name", "value", "said"),
    [
        ("AWS_ENDPOINT_URL", "nonsense", "AWS_ENDPOINT_URL isn't an address such as https://"),
        ("AWS_ENDPOINT_URL_ROUTE_53", "nonsense", "AWS_ENDPOINT_URL_ROUTE_53 isn't an address"),
        ("HTTPS_PROXY", "socks5://ada:hunter2@127.0.0.1:1", "HTTPS_PROXY is a proxy of another kind than http://"),
        ("http_proxy", "http://", "http_proxy has no host; it must be like http://"),
    ],
)
def test_an_address_of_another_form_is_named(name: str, value: str, said: str) -> None:
    """Of an endpoint, it was a traceback; a SOCKS proxy was reported as the host `http://socks5://…`."""
    with pytest.raises(OpsError) as error:
        check_endpoints({name: value})
    assert str(error.value).startswith(said)
    assert "hunter2" not in str(error.value)
    fine = ("proxy:3128", "http://proxy:3128", "http://ada:hunter2@proxy.example.com", "https://[::1]:3128", "")
    for each in fine:
        check_endpoints({"HTTPS_PROXY": each, "AWS_ENDPOINT_URL": each if each.startswith("https") else ""})


@pytest.mark.parametrize(
    ("error", "variables"),
    [
        (InvalidDefaultsMode(mode="foo", valid_modes=["auto"]), "AWS_DEFAULTS_MODE"),
        (ProfileNotFound(profile="foo"), "AWS_PROFILE"),
        (ValueError("invalid literal for int() with base 10: 'foo'"), "AWS_METADATA_SERVICE_TIMEOUT"),
    ],
)
def test_a_variable_whose_value_is_wrong_is_named(shell: pytest.MonkeyPatch, error: Exception, variables: str) -> None:
    assert "this shell has" not in reason(error)
    shell.setenv(variables, "foo")
    assert f"this shell has {variables}" in reason(error)


@pytest.mark.parametrize(
    ("ahead", "said"), [(1200, "by 20 minutes, it is slow"), (-1200, "by 20 minutes, it is fast"), (600, "")]
)
def test_a_wrong_clock_is_named_with_its_error(account: Aws, control: Control, ahead: int, said: str) -> None:
    """STS and S3 allow 15 minutes; most other services 5."""
    control.clock(ahead)
    try:
        done = run("cutover", "status", "prod")
    finally:
        control.clock(0)
    assert done.exit_code == 2
    if said:
        assert f"(this machine's clock differs from AWS's {said}: set it, as with NTP)" in done.stderr
        assert "SignatureDoesNotMatch: Signature " in done.stderr
    else:
        assert "clock" not in done.stderr


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("s3", "list_buckets", "RequestTimeTooSkewed"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
        ("ecs", "list_clusters", "InvalidSignatureException"),
        ("ec2", "describe_vpcs", "RequestExpired"),
        ("route53", "list_hosted_zones", "SignatureDoesNotMatch"),
    ],
)
def test_the_emulator_refuses_requests_of_another_time_as_aws_does(
    account: Aws, control: Control, service: str, operation: str, code: str
) -> None:
    client = account.client(service)  # type: ignore[call-overload]
    getattr(client, operation)()
    control.clock(1200)
    with pytest.raises(client.exceptions.ClientError) as error:
        getattr(client, operation)()
    assert error.value.response["Error"]["Code"] == code
    assert "by 20 minutes, it is slow" in reason(error.value)
    control.clock(0)
    getattr(client, operation)()

"""The load balancer is asked under the real name, before DNS points there, and its certificate is held to that name."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from environments.schema import Environment
from ops.conditions import ConditionResult, FailedError, Status, UnknownError, run
from ops.errors import OpsError
from ops.verify.criteria import CRITERIA
from ops.verify.http import ConnectTo, Http
from tests.ops.tls_server import Site, served
from tests.ops.verify_responses import Canned
from tests.shapes import PROD, with_hosts

OVER_HTTP = [check for check in CRITERIA if check.over_http]
HEADERS = {
    "Strict-Transport-Security": f"max-age={PROD.edge.hsts}; includeSubDomains",
    "Content-Security-Policy": PROD.edge.content_security_policy,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Access-Control-Allow-Origin": PROD.edge.origin,
}
HOSTS = with_hosts(PROD)
ANSWERS = {
    "/": (200, "<html>AEP</html>"),
    "/api/version": (200, "{}"),
    "/health/live": (200, "ok"),
    "/health/ready": (200, "ok"),
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries follow at once."""
    monkeypatch.setattr("ops.verify.http.BACKOFF", 0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with served(tmp_path, PROD.edge.host, HEADERS, ANSWERS) as serving:
        yield serving


def http(site: Site, environment: Environment = PROD) -> Http:
    return Http(environment.edge.host, ConnectTo.parse(site.connect_to), site.ca_file)


def asked(site: Site) -> dict[str, ConditionResult]:
    return {result.name: result for result in run(OVER_HTTP, Canned(PROD, http(site)))}


@pytest.mark.requirement("R10.2", "R10.3")
def test_a_healthy_application_is_green_under_its_real_name(site: Site) -> None:
    results = asked(site)
    assert {name: result.evidence for name, result in results.items() if result.status is not Status.PASS} == {}
    assert {host for _, host in site.asked} == {PROD.edge.host}
    assert {path for path, _ in site.asked} == set(ANSWERS)
    assert results["smoke-tests-pass"].evidence == "/ 200, /api/version 200"


@pytest.mark.requirement("R10.2")
def test_what_isnt_ready_is_red_with_what_it_says(site: Site) -> None:
    site.answers["/health/ready"] = (500, "database: no answer")
    results = asked(site)
    assert results["services-are-live"].status is Status.PASS
    assert results["services-are-ready"].status is Status.FAIL
    assert results["services-are-ready"].evidence == (
        "127.0.0.1 /health/ready returns 500, not 200: database: no answer"
    )


@pytest.mark.requirement("R6.3")
@pytest.mark.parametrize(
    ("answer", "location", "says"),
    [
        ((301, ""), f"https://{PROD.edge.host}:443/", ""),
        ((301, ""), "https://www.navralabs.com/", "returns 301 https://www.navralabs.com/, not a redirect to"),
        ((200, "<html>"), "", "returns 200"),
    ],
)
def test_names_that_redirect_lead_to_the_host(
    tmp_path: Path, answer: tuple[int, str], location: str, says: str
) -> None:
    headers = HEADERS | ({"Location": location} if location else {})
    with served(tmp_path, "*.navralabs.com", headers, {"/": answer}) as site:
        (result,) = run([each for each in OVER_HTTP if each.name == "other-names-answer"], Canned(HOSTS, http(site)))
    assert (result.status is Status.PASS, says in result.evidence) == (not says, True)


def test_a_name_without_its_certificate_is_red(site: Site) -> None:
    (result,) = run([each for each in OVER_HTTP if each.name == "other-names-answer"], Canned(HOSTS, http(site)))
    assert result.status is Status.FAIL
    assert "not valid for 'www.navralabs.com'" in result.evidence


@pytest.mark.requirement("R10.3")
@pytest.mark.parametrize(("answer", "says"), [((404, ""), "returns 404, not 200"), ((200, "oops"), "without '<html'")])
def test_a_failing_smoke_test_is_red(site: Site, answer: tuple[int, str], says: str) -> None:
    site.answers["/"] = answer
    assert says in asked(site)["smoke-tests-pass"].evidence


@pytest.mark.parametrize(
    ("header", "value", "check", "says"),
    [
        (
            "Strict-Transport-Security",
            "max-age=1",
            "security-headers-are-set",
            "strict-transport-security is 'max-age=1'",
        ),
        ("X-Frame-Options", None, "security-headers-are-set", "x-frame-options is None, not 'DENY'"),
        ("Access-Control-Allow-Origin", "*", "foreign-origins-are-refused", "Access-Control-Allow-Origin *"),
    ],
)
def test_a_missing_or_lax_header_is_red(site: Site, header: str, value: str | None, check: str, says: str) -> None:
    del site.headers[header]
    site.headers |= {header: value} if value else {}
    assert says in asked(site)[check].evidence


@pytest.mark.requirement("R10.2")
def test_a_certificate_for_another_name_is_red(site: Site) -> None:
    with pytest.raises(FailedError, match=r"for other\.navralabs\.com: .*not valid for 'other\.navralabs\.com'"):
        Http("other.navralabs.com", ConnectTo.parse(site.connect_to), site.ca_file).get("127.0.0.1", "/")
    assert not site.asked


def test_an_untrusted_certificate_fails(site: Site) -> None:
    with pytest.raises(FailedError, match="self-signed certificate"):
        Http(PROD.edge.host, ConnectTo.parse(site.connect_to)).get("127.0.0.1", "/")


def test_a_passing_503_is_asked_again_and_a_lasting_one_is_red(site: Site) -> None:
    site.broken = 1
    assert http(site).get("127.0.0.1", "/").status == 200
    site.broken = 9
    assert http(site).get("127.0.0.1", "/").status == 503
    assert site.broken == 6


@pytest.mark.parametrize("proxy", ["", "http://proxy.example.com:3128"])
def test_a_refused_connection_fails(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """Where all other calls go through a proxy, the message says that these don't."""
    monkeypatch.setenv("https_proxy", proxy)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = ConnectTo("127.0.0.1", *[free.getsockname()[1]] * 2)
        said = r"127\.0\.0\.1 doesn't respond to / for app\.navralabs\.com: .*refused"
        with pytest.raises(FailedError, match=said) as error:
            Http(PROD.edge.host, closed).get("127.0.0.1", "/", plain=True)
    assert str(error.value).endswith("not that in HTTPS_PROXY") is bool(proxy)


def test_a_name_that_doesnt_resolve_cant_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    results = run(OVER_HTTP, Canned(PROD, Http(PROD.edge.host)))
    assert {result.status for result in results} == {Status.UNKNOWN}
    assert results[0].evidence == "aep-1.us-east-1.elb.amazonaws.com doesn't resolve here (Name or service not known)"


def test_every_address_is_asked_over_both_families(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("192.0.2.1", 443)), (10, 1, 6, "", ("2001:db8::1", 443, 0, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert Http(PROD.edge.host).addresses("a.example") == ("192.0.2.1", "2001:db8::1")


def test_an_address_without_a_way_cant_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr("urllib3.util.connection.create_connection", unreachable)
    with pytest.raises(UnknownError, match=r"no route to 2001:db8::1 \(Network is unreachable\)"):
        Http(PROD.edge.host).get("2001:db8::1", "/")


def test_without_a_way_to_the_load_balancer_nothing_is_asked_over_http() -> None:
    assert {result.status for result in run(OVER_HTTP, Canned(PROD))} == {Status.UNKNOWN}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("127.0.0.1", ConnectTo("127.0.0.1", 443, 80)),
        ("localhost:8443", ConnectTo("localhost", 8443, 80)),
        ("[::1]:8443:8080", ConnectTo("::1", 8443, 8080)),
    ],
)
def test_connect_to_is_read_like_curls(text: str, read: ConnectTo) -> None:
    assert ConnectTo.parse(text) == read


@pytest.mark.parametrize("text", ["", ":8443", "a:b", "::1:8443", "a:1:2:3", "https://a"])
def test_another_connect_to_is_refused(text: str) -> None:
    with pytest.raises(OpsError, match=re.escape(repr(text))):
        ConnectTo.parse(text)

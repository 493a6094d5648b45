"""The application's parts that need no PostgreSQL and no Redis."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

import pytest
from werkzeug.serving import make_server

from environments import load
from environments.schema import HealthCheck
from ops.errors import OpsError
from rehearsal.application import listener, programs
from rehearsal.application.backend import Faults, backend
from rehearsal.application.certificates import Authority
from rehearsal.application.frontend import frontend
from rehearsal.application.handlers import Answered
from rehearsal.application.health import Health
from rehearsal.application.proxy import Proxy
from tests.cases import every_case
from tests.conftest import Stack

pytestmark = pytest.mark.slow

PROD = load("prod")
NOWHERE = {"DATABASE_URL": "postgresql://aep:secret@127.0.0.1:1/aep", "REDIS_URL": "rediss://aep:secret@127.0.0.1:1/0"}


@pytest.fixture
def page() -> Iterator[int]:
    """The port of a frontend."""
    server = make_server("127.0.0.1", 0, frontend({"APP_ENV": "prod"}), threaded=True)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.port
    server.shutdown()
    server.server_close()


Balancer = Callable[[Mapping[str, int]], tuple[Proxy, list[Answered], ssl.SSLContext]]


@pytest.fixture
def balancer(tmp_path: Path) -> Iterator[Balancer]:
    """Starts a load balancer before tasks."""
    started: list[Proxy] = []

    def start(ports: Mapping[str, int]) -> tuple[Proxy, list[Answered], ssl.SSLContext]:
        noted: list[Answered] = []
        authority = Authority(tmp_path)
        proxy = Proxy(PROD, authority.server(PROD.edge.certificate_names), ports, noted.append)
        started.append(proxy)
        return proxy, noted, ssl.create_default_context(cafile=str(authority.file))

    yield start
    for proxy in started:
        proxy.stop()


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    text: str


def get(port: int, trust: ssl.SSLContext, path: str, host: str = PROD.edge.host) -> Response:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        connection = http.client.HTTPConnection(host)
        connection.sock = trust.wrap_socket(raw, server_hostname=host)
        connection.request("GET", path)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return Response(response.status, dict(response.getheaders()), text)


@every_case("name", ["prod", "prod-starter", "staging"])
def test_the_proxy_sets_the_headers_that_the_synthesized_listener_sets(name: str, stacks: dict[str, Stack]) -> None:
    arguments = stacks[f"{name}-edge"].resources("aws_lb_listener")["https"]
    prefix, suffix = "routing_http_response_", "_header_value"
    synthesized = {
        argument.removeprefix(prefix).removesuffix(suffix).replace("_", "-"): value
        for argument, value in arguments.items()
        if argument.startswith(prefix) and argument.endswith(suffix)
    }
    assert {header.lower(): value for header, value in listener.response_headers(load(name)).items()} == synthesized
    assert arguments["routing_http_response_server_enabled"] is False


@every_case(
    ("path", "service"),
    [
        ("/", "frontend"),
        ("/api", "frontend"),
        ("/api/notes", "backend"),
        ("/health/ready", "backend"),
        ("/healthy", "frontend"),
    ],
)
def test_paths_go_where_the_rules_send_them(path: str, service: str) -> None:
    assert listener.service_of(PROD, path).name == service


def test_invalid_and_hop_by_hop_headers_are_dropped_and_the_listener_has_the_last_word() -> None:
    given = [("Accept", "*/*"), ("under_score", "x"), ("Connection", "keep-alive"), ("Transfer-Encoding", "chunked")]
    assert listener.passed_on(given) == [("Accept", "*/*")]
    answered = dict(listener.answered(PROD, [("Server", "x"), ("access-control-allow-origin", "*"), ("ETag", "1")]))
    assert answered == {"ETag": "1"} | listener.response_headers(PROD)


def test_the_page_loads_over_tls_with_the_real_name_and_no_other(balancer: Balancer, page: int) -> None:
    proxy, noted, trust = balancer({"frontend": page, "backend": page})
    response = get(proxy.tls_port, trust, "/")
    assert (response.status, "This is prod." in response.text) == (200, True)
    assert "Server" not in response.headers
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.navralabs.com"
    with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.example"):
        get(proxy.tls_port, trust, "/", host="other.example")
    assert [(each.service, each.status, each.by_target) for each in noted] == [("frontend", 200, True)]


def test_plain_requests_are_redirected_on_both_addresses(balancer: Balancer, page: int) -> None:
    proxy, _, _ = balancer({"frontend": page, "backend": page})
    for address in ["127.0.0.1"] + ["::1"] * socket.has_dualstack_ipv6():
        connection = http.client.HTTPConnection(address, proxy.plain_port, timeout=5)
        connection.request("GET", "/api/notes?a=b", headers={"Host": "app.navralabs.com"})
        response = connection.getresponse()
        assert (response.status, response.getheader("Location")) == (
            301,
            "https://app.navralabs.com:443/api/notes?a=b",
        )
        connection.close()


def test_a_client_that_says_nothing_holds_up_no_other(balancer: Balancer, page: int) -> None:
    proxy, _, trust = balancer({"frontend": page, "backend": page})
    with socket.create_connection(("127.0.0.1", proxy.tls_port)):
        assert get(proxy.tls_port, trust, "/").status == 200


def test_a_target_that_is_gone_makes_the_load_balancer_itself_answer(balancer: Balancer) -> None:
    proxy, noted, trust = balancer({"frontend": programs.free_port(), "backend": programs.free_port()})
    assert get(proxy.tls_port, trust, "/api/version").status == 502
    assert [(each.service, each.status, each.by_target) for each in noted] == [("backend", 502, False)]


def test_a_task_lives_without_its_stores_but_is_not_ready_and_tells_no_secret() -> None:
    client = backend(NOWHERE, Faults()).test_client()
    assert client.get("/health/live").status_code == 200
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json) == (503, {"ready": False, "database": "down", "cache": "down"})
    notes = client.get("/api/notes")
    assert (notes.status_code, notes.json) == (503, {"error": "the database doesn't answer"})


def test_errors_come_on_demand_evenly_and_only_from_the_api() -> None:
    faults = Faults()
    client = backend(NOWHERE, faults).test_client()
    faults.set("0.25")
    assert [client.get("/api/version").status_code for _ in range(8)] == [200, 200, 200, 500] * 2
    assert client.get("/health/live").status_code == 200
    faults.set("0")
    assert {client.get("/api/version").status_code for _ in range(8)} == {200}


@every_case("body", [{}, {"text": ""}, {"text": 1}, {"text": "x" * 1001}, []])
def test_a_note_needs_a_text(body: object) -> None:
    assert backend(NOWHERE, Faults()).test_client().post("/api/notes", json=body).status_code == 400


def test_health_changes_after_enough_checks_in_a_row(page: int) -> None:
    check = HealthCheck(path="/", codes="200-299", healthy_threshold=2, unhealthy_threshold=3)
    health = Health(check, page)
    assert [health.ask() for _ in range(2)] == [True, True]
    missing = Health(replace(check, path="/missing"), page)
    assert [missing.ask() for _ in range(4)] == [True, True, False, False]
    back = Health(replace(check, codes="404"), page)
    back.healthy = False
    assert [back.ask() for _ in range(3)] == [False] * 3


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(OpsError, match=r"no such-program on this machine.* apt-get install such-package"):
        programs.find("such-program", "such-package")

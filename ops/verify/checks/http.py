"""Responses of the load balancer to the application's real name, at each of its addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

from environments.schema import SmokeTest
from ops.conditions import SkippedError, holds
from ops.verify.context import Context
from ops.verify.http import HttpResponse

FOREIGN_ORIGIN = "https://foreign.example"
_SHOWN = 200


def https_answers_with_the_certificate(context: Context) -> str:
    """HTTPS has a certificate that is valid for the real name."""
    return _everywhere(context, "/", lambda _: ())


def http_redirects_to_https(context: Context) -> str:
    """Plain HTTP is redirected to HTTPS."""

    def wrong(response: HttpResponse) -> Iterator[str]:
        location = response.headers.get("location", "")
        if response.status not in (301, 308) or not location.startswith(context.environment.edge.origin):
            yield f"returns {response.status} {location}, not a redirect to {context.environment.edge.origin}"

    return _everywhere(context, "/", wrong, plain=True)


def other_names_answer(context: Context) -> str:
    """Names that redirect lead to the host, and services' own hosts respond with a valid certificate."""
    edge = context.environment.edge

    def wrong(response: HttpResponse) -> Iterator[str]:
        location = urlsplit(response.headers.get("location", ""))
        if response.status != HTTPStatus.MOVED_PERMANENTLY or (location.scheme, location.hostname) != (
            "https",
            edge.host,
        ):
            yield f"returns {response.status} {location.geturl()}, not a redirect to {edge.origin}"

    addresses = context.http.addresses(context.load_balancer.dns_name)
    found = [f"{name}: {_everywhere(context, '/', wrong, host=name)}" for name in edge.redirects]
    found += [f"{name}: {_everywhere(context, '/', lambda _: (), host=name)}" for name in edge.service_hosts.values()]
    return "; ".join(found) or f"{edge.host} is the only name at {', '.join(addresses)}"


def services_are_live(context: Context) -> str:
    """The liveness path of every service that has one returns 200."""
    paths = {service.name: service.liveness for service in context.environment.product.services if service.liveness}
    return _all_of(context, [(name, SmokeTest(path=path), "") for name, path in paths.items()], "a liveness path")


def services_are_ready(context: Context) -> str:
    """The readiness path of every service that has one returns 200: the service reaches its data stores."""
    services = context.environment.product.services
    ready = {service.name: service.readiness for service in services if service.readiness}
    requests = [(name, SmokeTest(path=each.path), " and ".join(each.checks)) for name, each in ready.items()]
    return _all_of(context, requests, "a readiness path")


def smoke_tests_pass(context: Context) -> str:
    """The smoke tests of the values pass."""
    tests = context.environment.product.smoke_tests
    if not tests:
        raise SkippedError("the product has no smoke_tests")
    for test in tests:
        _everywhere(context, test.path, _expecting(test.status, test.contains))
    return ", ".join(f"{test.path} {test.status}" for test in tests)


def _all_of(context: Context, requests: Sequence[tuple[str, SmokeTest, str]], what: str) -> str:
    """Send the requests of services, by name, with what a successful response shows to work."""
    if not requests:
        raise SkippedError(f"no service of {context.environment.product.name} has {what}")
    evidence = []
    for name, test, shows in requests:
        host = context.environment.edge.service_hosts.get(name)
        responses = _everywhere(context, test.path, _expecting(test.status), host=host)
        evidence.append(f"{name} {test.path}{f' ({shows})' if shows else ''}: {responses}")
    return "; ".join(evidence)


def security_headers_are_set(context: Context) -> str:
    """Responses have the security headers."""
    edge = context.environment.edge
    wanted = {
        "strict-transport-security": f"max-age={edge.hsts}; includeSubDomains",
        "content-security-policy": edge.content_security_policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }

    def wrong(response: HttpResponse) -> Iterator[str]:
        for name, value in wanted.items():
            if response.headers.get(name) != value:
                yield f"{name} is {response.headers.get(name)!r}, not {value!r}"

    _everywhere(context, "/", wrong)
    return ", ".join(wanted)


def foreign_origins_are_refused(context: Context) -> str:
    """No response allows a foreign origin (CORS)."""
    own = context.environment.edge.origin

    def wrong(response: HttpResponse) -> Iterator[str]:
        allowed = response.headers.get("access-control-allow-origin", own)
        if allowed != own:
            yield f"a request from {FOREIGN_ORIGIN} gets Access-Control-Allow-Origin {allowed}"

    hosts = context.environment.edge.service_hosts
    _everywhere(context, "/", wrong, headers={"Origin": FOREIGN_ORIGIN})
    for service in context.environment.product.services:
        if service.readiness:
            host = hosts.get(service.name)
            _everywhere(context, service.readiness.path, wrong, headers={"Origin": FOREIGN_ORIGIN}, host=host)
    return f"only {own} is allowed"


def _expecting(status: int, contains: str = "") -> Callable[[HttpResponse], Iterator[str]]:
    def wrong(response: HttpResponse) -> Iterator[str]:
        if response.status != status:
            yield f"returns {response.status}, not {status}: {' '.join(response.body[:_SHOWN].split())}"
        elif contains not in response.body:
            yield f"returns a body without {contains!r}"

    return wrong


def _everywhere(
    context: Context,
    path: str,
    wrong: Callable[[HttpResponse], Iterator[str] | tuple[()]],
    *,
    plain: bool = False,
    headers: Mapping[str, str] | None = None,
    host: str | None = None,
) -> str:
    """Send a request for a host to each of the load balancer's addresses, and return their statuses."""
    http, problems, statuses = replace(context.http, host=host or context.http.host), [], []
    for address in http.addresses(context.load_balancer.dns_name):
        response = http.get(address, path, plain=plain, headers=headers)
        problems += [f"{address} {path} {problem}" for problem in wrong(response)]
        statuses.append(f"{address} returns {response.status}")
    return holds(problems, ", ".join(statuses))

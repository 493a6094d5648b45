"""What the environment's listeners do with a request, as plain functions.

modules/constructs/load_balancer.py makes the real ones; a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from environments.flows import HTTPS_PORT
from environments.schema import Environment, Service

Headers = list[tuple[str, str]]

_VALID_NAME = re.compile(r"[-A-Za-z0-9]+")
_BETWEEN_TWO = {"connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "upgrade"} | {
    # Bodies are passed on whole.
    "content-length",
    "transfer-encoding",
}
"""Headers that concern one connection only (RFC 9110, 7.6.1)."""


def response_headers(environment: Environment) -> dict[str, str]:
    """The headers that the listener sets in every response."""
    edge = environment.edge
    return {
        "Access-Control-Allow-Origin": edge.origin,
        "Strict-Transport-Security": f"max-age={edge.hsts}; includeSubDomains",
        "Content-Security-Policy": edge.content_security_policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def service_of(environment: Environment, path: str, host: str = "") -> Service:
    """Where a request goes: to the first rule by priority that matches, else to the default target."""
    service = environment.service_at(path, host)
    return service or environment.default_service


def moved(environment: Environment, host: str, target: str) -> str | None:
    """Where a name that only redirects leads; none for other names."""
    edge = environment.edge
    return f"{edge.origin}:{HTTPS_PORT}{target}" if host in edge.redirects else None


def redirected(host: str, target: str) -> str:
    """Where a plain request is sent."""
    return f"https://{host.partition(':')[0]}:{HTTPS_PORT}{target}"


def passed_on(headers: Iterable[tuple[str, str]]) -> Headers:
    """A request's headers as a target sees them, but for what the load balancer adds.

    Names that aren't letters, digits and hyphens are dropped.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
    """
    return [(name, value) for name, value in _end_to_end(headers) if _VALID_NAME.fullmatch(name)]


def answered(environment: Environment, headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers of a target's response as the client gets them."""
    ours = response_headers(environment)
    replaced = {"server", *map(str.lower, ours)}
    return [(name, value) for name, value in _end_to_end(headers) if name.lower() not in replaced] + list(ours.items())


def _end_to_end(headers: Iterable[tuple[str, str]]) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in _BETWEEN_TWO]

"""What the load balancer answers under the application's real name, at each of its addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ops.conditions import holds
from ops.verify.context import Context
from ops.verify.http import Answer

LIVE = "/health/live"
READY = "/health/ready"
FOREIGN_ORIGIN = "https://foreign.example"
_SHOWN = 200


def https_answers_with_the_certificate(context: Context) -> str:
    """HTTPS answers with a certificate that is valid for the real name."""
    return _everywhere(context, "/", lambda _: ())


def http_redirects_to_https(context: Context) -> str:
    """Plain HTTP is redirected to HTTPS."""

    def wrong(answer: Answer) -> Iterator[str]:
        location = answer.headers.get("location", "")
        if answer.status not in (301, 308) or not location.startswith(context.environment.edge.origin):
            yield f"answers {answer.status} {location}, not a redirect to {context.environment.edge.origin}"

    return _everywhere(context, "/", wrong, plain=True)


def health_live_answers(context: Context) -> str:
    """/health/live answers 200."""
    return _everywhere(context, LIVE, _expecting(200))


def health_ready_answers(context: Context) -> str:
    """/health/ready answers 200: database and Redis are there."""
    return _everywhere(context, READY, _expecting(200))


def smoke_tests_pass(context: Context) -> str:
    """The smoke tests of the values pass."""
    tests = context.environment.product.smoke_tests
    for test in tests:
        _everywhere(context, test.path, _expecting(test.status, test.contains))
    return ", ".join(f"{test.path} {test.status}" for test in tests) or "the product has no smoke tests"


def security_headers_are_set(context: Context) -> str:
    """Answers have the security headers."""
    edge = context.environment.edge
    wanted = {
        "strict-transport-security": f"max-age={edge.hsts}; includeSubDomains",
        "content-security-policy": edge.content_security_policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }

    def wrong(answer: Answer) -> Iterator[str]:
        for name, value in wanted.items():
            if answer.headers.get(name) != value:
                yield f"{name} is {answer.headers.get(name)!r}, not {value!r}"

    _everywhere(context, "/", wrong)
    return ", ".join(wanted)


def foreign_origins_are_refused(context: Context) -> str:
    """No answer lets a foreign origin read it (CORS)."""
    own = context.environment.edge.origin

    def wrong(answer: Answer) -> Iterator[str]:
        allowed = answer.headers.get("access-control-allow-origin", own)
        if allowed != own:
            yield f"a request from {FOREIGN_ORIGIN} is answered with Access-Control-Allow-Origin {allowed}"

    for path in ("/", READY):
        _everywhere(context, path, wrong, headers={"Origin": FOREIGN_ORIGIN})
    return f"only {own} is allowed"


def _expecting(status: int, contains: str = "") -> Callable[[Answer], Iterator[str]]:
    def wrong(answer: Answer) -> Iterator[str]:
        if answer.status != status:
            yield f"answers {answer.status}, not {status}: {' '.join(answer.body[:_SHOWN].split())}"
        elif contains not in answer.body:
            yield f"answers without {contains!r}"

    return wrong


def _everywhere(
    context: Context,
    path: str,
    wrong: Callable[[Answer], Iterator[str] | tuple[()]],
    *,
    plain: bool = False,
    headers: Mapping[str, str] | None = None,
) -> str:
    """Ask each of the load balancer's addresses, and answer what they say."""
    http, problems, said = context.http, [], []
    for address in http.addresses(context.load_balancer.dns_name):
        answer = http.get(address, path, plain=plain, headers=headers)
        problems += [f"{address} {path} {problem}" for problem in wrong(answer)]
        said.append(f"{address} answers {answer.status}")
    return holds(problems, ", ".join(said))

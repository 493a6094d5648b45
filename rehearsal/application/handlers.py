"""How the load balancer responds to one request: plain HTTP with a redirect, HTTPS with a task's response."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from environments.schema import Environment
from rehearsal.application import listener

CLIENT_SECONDS = 10
"""How long a client may be silent."""


@dataclass(frozen=True)
class Answered:
    """One request's outcome."""

    service: str
    status: int
    seconds: float
    by_target: bool
    """False if the load balancer itself sent the response."""


Note = Callable[[Answered], None]
"""Called with each response, in the thread that sent it."""


class Handler(BaseHTTPRequestHandler):
    """The base of the two: one request per connection, no Server header, no log."""

    protocol_version = "HTTP/1.1"
    timeout = CLIENT_SECONDS

    def answer(self, status: int, headers: listener.Headers, body: bytes = b"") -> None:
        """Send the response and close the connection, so that a stopped task serves no old connection."""
        self.close_connection = True
        self.send_response_only(status)
        for name, value in (*headers, ("Content-Length", str(len(body))), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tasks have logs of their own."""


class Redirect(Handler):
    """Sends every request to HTTPS."""

    def redirect(self) -> None:
        """Respond to a request of any method."""
        self.answer(301, [("Location", listener.redirected(self.headers.get("Host", ""), self.path))])

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = redirect  # noqa: N815


class Forward(Handler):
    """Forwards each request to a task of its path's service."""

    def __init__(
        self,
        environment: Environment,
        ports: Mapping[str, int],
        note: Note,
        *connection: Any,  # noqa: ANN401  (what the base class takes)
    ) -> None:
        """Respond to the connection's request.

        Args:
            environment: Its rules and headers.
            ports: Port of each service's task.
            note: Called with the response.
            connection: Socket, address and server.
        """
        self.environment, self.ports, self.note = environment, ports, note
        super().__init__(*connection)

    def forward(self) -> None:
        """Respond to a request of any method."""
        host = self.headers.get("Host", "").partition(":")[0]
        if address := listener.moved(self.environment, host, self.path):
            self.answer(301, [("Location", address)])
            return
        service = listener.service_of(self.environment, self.path.partition("?")[0], host).name
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        started = time.monotonic()
        target = http.client.HTTPConnection(
            "127.0.0.1", self.ports[service], timeout=self.environment.edge.idle_timeout
        )
        try:
            target.request(self.command, self.path, body, dict(self._passed_on()))
            response = target.getresponse()
            status, headers, content = response.status, response.getheaders(), response.read()
        except TimeoutError:
            self._fail(service, 504, started)
        except (OSError, http.client.HTTPException):
            self._fail(service, 502, started)
        else:
            self.note(Answered(service, status, time.monotonic() - started, by_target=True))
            self.answer(status, listener.answered(self.environment, headers), content)
        finally:
            target.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = forward  # noqa: N815

    def _passed_on(self) -> listener.Headers:
        return [
            *listener.passed_on(self.headers.items()),
            ("X-Forwarded-For", self.client_address[0]),
            ("X-Forwarded-Proto", "https"),
        ]

    def _fail(self, service: str, status: int, started: float) -> None:
        self.note(Answered(service, status, time.monotonic() - started, by_target=False))
        self.answer(status, listener.answered(self.environment, []))

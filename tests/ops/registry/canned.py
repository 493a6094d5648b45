"""A registry with set responses, for cases that a real one has seldom or never."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Answer:
    """A response."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    """A wrong Content-Length."""


@dataclass
class Canned:
    """Answers by method and path; several for one are given in turn, the last one again and again."""

    answers: dict[str, list[Answer]]
    calls: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def canned(answers: dict[str, list[Answer]]) -> Iterator[Canned]:
    """Serve them until the end."""
    told = Canned(answers)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            told.calls.append(f"{self.command} {self.path}")
            given = told.answers.get(told.calls[-1]) or [Answer(404)]
            answer = given.pop(0) if len(given) > 1 else given[0]
            self.send_response(answer.status)
            for name, text in answer.headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(answer.promised or len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815  (names of http.server)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()

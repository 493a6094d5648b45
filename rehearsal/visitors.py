"""Traffic for a rehearsed cutover: a few requests a second, for a limited time."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from ops.conditions import FailedError, UnknownError
from ops.errors import OpsError
from ops.verify.http import ConnectTo, Http

if TYPE_CHECKING:
    from environments.schema import Environment
    from rehearsal.application.run import Application

ADDRESS = "127.0.0.1"
PER_SECOND = 10
MOST = 6_000
"""Limit of requests: ten minutes' worth."""
PATH = "/api/version"


class Visitors(AbstractContextManager["Visitors"]):
    """Sends requests to the application's load balancer while the context is open."""

    def __init__(self, environment: Environment, application: Application) -> None:
        to = ConnectTo(ADDRESS, application.tls_port, application.plain_port)
        self._http = Http(environment.edge.host, to, application.ca_file)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._visit, daemon=True)

    def __enter__(self) -> Visitors:
        """Start."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()

    def _visit(self) -> None:
        for _ in range(MOST):
            if self._stop.wait(1 / PER_SECOND):
                return
            try:
                self._http.get(ADDRESS, PATH)
            except (FailedError, UnknownError, OpsError):
                continue  # The load balancer's metrics count it.

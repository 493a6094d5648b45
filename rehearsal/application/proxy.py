"""The load balancer: its ports, each with TLS or without."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any

from environments.schema import Environment
from rehearsal.application.handlers import Forward, Handler, Note, Redirect

ADDRESSES = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}


class Proxy:
    """Listens on 127.0.0.1, and on ::1 where the machine has it, on two free ports: TLS and plain."""

    def __init__(
        self,
        environment: Environment,
        tls: ssl.SSLContext,
        ports: Mapping[str, int],
        note: Note,
    ) -> None:
        """Start it.

        Args:
            environment: Its listeners' rules and headers.
            tls: The certificate.
            ports: Port of each load-balanced service's task.
            note: Called with each response.
        """
        with ExitStack() as started:
            self.tls_port = _listen(started, partial(Forward, environment, ports, note), tls)
            self.plain_port = _listen(started, Redirect)
            # Not reached when a port can't be had.
            self._started = started.pop_all()

    def stop(self) -> None:
        """Stop listening."""
        self._started.close()


def _listen(started: ExitStack, handler: Callable[..., Handler], tls: ssl.SSLContext | None = None) -> int:
    port = 0
    for address, family in ADDRESSES.items():
        if _has(address, family):
            server = _Server(address, family, port, handler, tls)
            started.callback(server.server_close)
            Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
            started.callback(server.shutdown)
            port = server.server_address[1]
    return port


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self,
        address: str,
        family: socket.AddressFamily,
        port: int,
        handler: Callable[..., Handler],
        tls: ssl.SSLContext | None,
    ) -> None:
        self.address_family = family
        super().__init__((address, port), handler)
        if tls:
            # The handshake is the request's thread's, so that a silent client delays no other.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  (as the base class has it)
        """Ignore clients that close the connection or don't trust the certificate."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _has(address: str, family: socket.AddressFamily) -> bool:
    try:
        with socket.socket(family) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True

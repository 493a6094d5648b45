"""How the tests ask the application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import urllib3

from environments import load
from rehearsal.application.run import Application

HOST = load("prod").edge.host
Ask = Callable[..., urllib3.BaseHTTPResponse]


@contextmanager
def client(application: Application) -> Iterator[Ask]:
    """Asks as a browser would that resolves the real name to this machine."""
    with urllib3.HTTPSConnectionPool(
        "127.0.0.1",
        application.tls_port,
        ca_certs=str(application.ca_file),
        server_hostname=HOST,
        assert_hostname=HOST,
        headers={"Host": HOST},
        retries=False,
        timeout=10,
    ) as pool:
        yield lambda path, method="GET", **more: pool.request(method, path, **more)

"""Requests to the load balancer's own addresses with the application's real name, independent of public DNS."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.request import getproxies_environment

import urllib3

from environments.flows import HTTP_PORT, HTTPS_PORT
from ops.conditions import FailedError, UnknownError
from ops.errors import OpsError

CONNECT_SECONDS = 5
READ_SECONDS = 10
RETRIES = 2
BACKOFF = 0.3
"""Seconds before the second retry; the next waits twice as long."""
PASSING = (502, 503, 504)
"""Statuses that a load balancer may return for a moment while targets change."""
BODY_LIMIT = 1_000_000
"""Bytes of a body that are read."""


@dataclass(frozen=True)
class ConnectTo:
    """Where to connect instead of the load balancer, as curl's `--connect-to` has it."""

    host: str
    tls_port: int = HTTPS_PORT
    plain_port: int = HTTP_PORT

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read HOST[:TLS_PORT[:PLAIN_PORT]]; an IPv6 address is in brackets.

        Raises:
            OpsError: The text isn't in that form.
        """
        found = re.fullmatch(r"(?:\[([0-9A-Fa-f:]+)\]|([\w.-]+))(?::(\d{1,5}))?(?::(\d{1,5}))?", text)
        if not found:
            raise OpsError(f"--connect-to is {text!r}; allowed is HOST[:TLS_PORT[:PLAIN_PORT]], such as 127.0.0.1:8443")
        bracketed, name, tls_port, plain_port = found.groups()
        return cls(bracketed or name, int(tls_port or HTTPS_PORT), int(plain_port or HTTP_PORT))


@dataclass(frozen=True)
class HttpResponse:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: str


@dataclass(frozen=True)
class Http:
    """Sends requests for one host: TLS server name, `Host` header and certificate are always the host's."""

    host: str
    connect_to: ConnectTo | None = None
    """Where to connect instead of to the load balancer, as in a rehearsal."""
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""

    def addresses(self, name: str) -> tuple[str, ...]:
        """IPv4 and IPv6 addresses of a DNS name, or of where to connect instead.

        Raises:
            UnknownError: The name doesn't resolve.
        """
        wanted = self.connect_to.host if self.connect_to else name
        try:
            found = socket.getaddrinfo(wanted, HTTPS_PORT, type=socket.SOCK_STREAM)
        except OSError as error:
            raise UnknownError(f"{wanted} doesn't resolve here ({error.strerror})") from None
        return tuple(dict.fromkeys(str(address[0]) for *_, address in found))

    def get(
        self, address: str, path: str, *, plain: bool = False, headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        """Request a path from one address, over TLS or plain; redirects aren't followed.

        Raises:
            FailedError: The address doesn't respond, or its certificate isn't the host's.
            UnknownError: This machine has no route to the address.
        """
        where = self.connect_to or ConnectTo(address)
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        retries = urllib3.Retry(
            RETRIES, redirect=False, status_forcelist=PASSING, backoff_factor=BACKOFF, raise_on_status=False
        )
        pool = (
            urllib3.HTTPConnectionPool(address, where.plain_port)
            if plain
            else urllib3.HTTPSConnectionPool(
                address,
                where.tls_port,
                cert_reqs="CERT_REQUIRED",
                ca_certs=str(self.ca_file) if self.ca_file else None,
                server_hostname=self.host,
            )
        )
        with pool:
            try:
                response = pool.request(
                    "GET",
                    path,
                    headers={"Host": self.host, **(headers or {})},
                    timeout=timeout,
                    retries=retries,
                    preload_content=False,
                )
                body = response.read(BODY_LIMIT, decode_content=True)
            except urllib3.exceptions.HTTPError as error:
                raise self._failed(address, path, error) from error
            response.release_conn()
        fields = {name.lower(): value for name, value in response.headers.items()}
        return HttpResponse(response.status, fields, body.decode(errors="replace"))

    def _failed(self, address: str, path: str, error: Exception) -> FailedError | UnknownError:
        cause = getattr(error, "reason", None) or error
        system = cause.__cause__
        if isinstance(system, OSError) and system.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL):
            return UnknownError(f"this machine has no route to {address} ({system.strerror})")
        text = str(cause).rpartition("object at ")[2].partition(": ")[2] or str(cause)
        direct = (
            "; this request uses no proxy, not that in HTTPS_PROXY" if getproxies_environment().get("https") else ""
        )
        return FailedError(f"{address} doesn't respond to {path} for {self.host}: {text}{direct}")

"""A small server on 127.0.0.1 that answers as a test says, over TLS with a throw-away certificate and plain."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Site:
    """What is answered, and what was asked."""

    tls_port: int
    plain_port: int
    ca_file: Path
    headers: dict[str, str]
    """Of every answer."""
    answers: dict[str, tuple[int, str]]
    """Status and body by path; of others 404."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and `Host` of each request."""
    broken: int = 0
    """So many requests are answered with 503 before others."""

    @property
    def connect_to(self) -> str:
        return f"127.0.0.1:{self.tls_port}:{self.plain_port}"


@contextmanager
def served(
    folder: Path, host: str, headers: Mapping[str, str], answers: Mapping[str, tuple[int, str]]
) -> Iterator[Site]:
    """Serve a site whose certificate is valid for a host."""
    site = Site(0, 0, _certificate(folder, host), dict(headers), dict(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, self.headers["Host"]))
            status, body = site.answers.get(self.path, (404, "nothing here"))
            headers = dict(site.headers)
            if not isinstance(self.connection, ssl.SSLSocket):
                status, body, headers = 301, "", {"Location": f"https://{host}:443{self.path}"}
            if site.broken:
                site.broken -= 1
                status = 503
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that doesn't like the certificate hangs up; that is what some tests are about."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with ExitStack() as stack:
        plain, tls = (stack.enter_context(Server(("127.0.0.1", 0), Handler)) for _ in range(2))
        tls.socket = context.wrap_socket(tls.socket, server_side=True, do_handshake_on_connect=False)
        site.plain_port, site.tls_port = plain.server_port, tls.server_port
        for server in (plain, tls):
            Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            stack.callback(server.shutdown)
        yield site


def _certificate(folder: Path, host: str) -> Path:
    """A self-signed certificate is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + pem)
    (folder / "ca.pem").write_bytes(pem)
    return folder / "ca.pem"

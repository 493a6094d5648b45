"""A throw-away certificate authority, and what it signs."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class KeyPair:
    """A certificate's two files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates that only clients with its file trust. Its own key never leaves memory."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA(organization_name="Rehearsal")
        self._folder = folder
        self.file = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(self.file)

    def issue(self, name: str, hosts: Sequence[str]) -> KeyPair:
        """Files of a new certificate for host names or addresses; the key's is readable by its owner alone."""
        issued = self._authority.issue_cert(*hosts)
        pair = KeyPair(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        pair.key.touch(mode=0o600)
        issued.private_key_pem.write_to_path(pair.key)
        for index, part in enumerate(issued.cert_chain_pems):
            part.write_to_path(pair.certificate, append=index > 0)
        return pair

    def server(self, hosts: Sequence[str]) -> ssl.SSLContext:
        """A server's side of TLS 1.2 or newer with a certificate for these host names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._authority.issue_cert(*hosts).configure_cert(context)
        return context

"""A stand-in for the service that signs tokens for GitHub's jobs.

Claims and requests: https://docs.github.com/en/actions/reference/security/oidc
Keys: https://openid.net/specs/openid-connect-discovery-1_0.html, https://www.rfc-editor.org/rfc/rfc7517
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
LIFETIME = 300
"""Seconds that a token is valid."""


def subject(repository: str, environment: str = "", *, event: str = "push", ref: str = "refs/heads/main") -> str:
    """The claim `sub` of a job: of its environment if it has one, of a pull request, or of its branch."""
    if environment:
        return f"repo:{repository}:environment:{environment}"
    return f"repo:{repository}:pull_request" if event == "pull_request" else f"repo:{repository}:ref:{ref}"


def claims(
    repository: str, environment: str = "", *, event: str = "push", ref: str = "refs/heads/main"
) -> dict[str, Any]:
    """What a token says of a job, without audience and times."""
    return {
        "sub": subject(repository, environment, event=event, ref=ref),
        **({"environment": environment} if environment else {}),
        "repository": repository,
        "repository_owner": repository.partition("/")[0],
        "ref": ref,
        "ref_type": "branch",
        "event_name": event,
        "actor": "user",
        "run_id": "1",
        "run_attempt": "1",
        "runner_environment": "github-hosted",
    }


@dataclass
class Tokens:
    """What signs tokens, and what it has signed."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True))
    address: str = ""
    jobs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Claims of the jobs that may request tokens, by their bearer token."""
    given: list[str] = field(default_factory=list)
    """Signed tokens, in order."""
    refused: list[str] = field(default_factory=list)
    """Paths of refused requests."""

    def sign(self, key: RSAKey | None = None, **job: object) -> str:
        """A token of a job; its claims replace the standard ones.

        Args:
            key: Another key than the service's own.
            job: The claims; None leaves one out.
        """
        header = {"alg": "RS256", "kid": self.key.thumbprint(), "typ": "JWT"}
        token = jwt.encode(header, _body(job), key or self.key)
        self.given.append(token)
        return token

    def variables(self, job: Mapping[str, Any]) -> dict[str, str]:
        """The variables of a job with the permission `id-token: write`."""
        bearer = secrets.token_urlsafe(24)
        self.jobs[bearer] = job
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.address}/idtoken?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": bearer,
        }

    def respond(self, path: str, authorization: str) -> tuple[int, dict[str, Any]]:
        """Status and body of a GET request."""
        asked = urlsplit(path)
        if asked.path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": ISSUER,
                "jwks_uri": f"{self.address}/.well-known/jwks",
                "subject_types_supported": ["public", "pairwise"],
                "response_types_supported": ["id_token"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        if asked.path == "/.well-known/jwks":
            return 200, {"keys": [{**self.key.as_dict(private=False), "kid": self.key.thumbprint()}]}
        scheme, _, bearer = authorization.partition(" ")
        if asked.path != "/idtoken" or scheme.lower() != "bearer" or bearer not in self.jobs:
            self.refused.append(path)
            return 401, {"message": "Unauthorized"}
        job = self.jobs[bearer]
        # Without one, the audience is the address of the repository's owner.
        audience = parse_qs(asked.query).get("audience", [f"https://github.com/{job['repository_owner']}"])[0]
        return 200, {"count": 1, "value": self.sign(**{**job, "aud": audience})}


def _body(job: Mapping[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    times = {"nbf": now - 2 * LIFETIME, "iat": now, "exp": now + LIFETIME}
    body = {"jti": secrets.token_hex(8), "iss": ISSUER, "aud": AUDIENCE, **times, **job}
    return {name: value for name, value in body.items() if value is not None}


@contextmanager
def tokens() -> Iterator[Tokens]:
    """The service on a free port for as long as this lasts."""
    service = Tokens()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = service.respond(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()

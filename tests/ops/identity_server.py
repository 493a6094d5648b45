"""What gives out credentials, as small as it can be: AWS STS, IAM Identity Center's portal, a container's endpoint."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CODE = "123456"
"""The only MFA code that is right."""
SIGNED_IN = "token-of-a-person-who-signed-in"
_ERROR = "<ErrorResponse><Error><Code>{0}</Code><Message>{1}</Message></Error></ErrorResponse>"


@dataclass
class Identities:
    """What the server gives and has given."""

    endpoint: str = ""
    lifetime: int = 3600
    """Seconds that a session lasts if the caller doesn't ask for another duration."""
    given: list[str] = field(default_factory=list)
    """Access keys of sessions, in order."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """Requests to STS."""
    refused: dict[str, str] = field(default_factory=dict)
    """Error codes by the access key that is refused."""
    device: str = "arn:aws:iam::777788889999:mfa/ada"

    def session(self, seconds: int | None = None) -> dict[str, str]:
        """A new session."""
        key = f"ASIA{len(self.given):04}"
        self.given.append(key)
        end = datetime.now(UTC) + timedelta(seconds=seconds or self.lifetime)
        return {
            "AccessKeyId": key,
            "SecretAccessKey": f"secret-of-{key}",
            "SessionToken": f"session-of-{key}",
            "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def sts(self, request: dict[str, str], caller: str) -> tuple[int, str]:
        """STS's response, with AWS's messages."""
        self.asked.append(request)
        action = request["Action"]
        if caller in self.refused:
            return 403, _ERROR.format(self.refused[caller], "The security token included in the request is invalid.")
        if action == "GetCallerIdentity":
            arn = f"arn:aws:sts::111122223333:assumed-role/operator/{caller}"
            return 200, _answer(action, f"<Arn>{arn}</Arn><UserId>{caller}</UserId><Account>111122223333</Account>")
        if request.get("SerialNumber", self.device) != self.device:
            return 403, _ERROR.format(
                "AccessDenied",
                "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number "
                "is valid and associated with this user.",
            )
        if request.get("TokenCode", CODE) != CODE:
            return 403, _ERROR.format(
                "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. "
            )
        keys = self.session(int(request.get("DurationSeconds", 0)) or None)
        credentials = "".join(f"<{name}>{value}</{name}>" for name, value in keys.items())
        session = (
            f"{request['RoleArn'].replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/"
            if "RoleArn" in request
            else ""
        )
        user = f"<AssumedRoleUser><Arn>{session}{request.get('RoleSessionName')}</Arn></AssumedRoleUser>"
        return 200, _answer(action, f"<Credentials>{credentials}</Credentials>{user}")

    def portal(self, token: str) -> tuple[int, str]:
        """IAM Identity Center's response to GetRoleCredentials."""
        if token != SIGNED_IN:
            return 401, json.dumps({"__type": "UnauthorizedException", "message": "Session token not found or invalid"})
        keys = self.session()
        end = datetime.strptime(keys["Expiration"], "%Y-%m-%dT%H:%M:%S%z").timestamp() * 1000
        credentials = {
            "accessKeyId": keys["AccessKeyId"],
            "secretAccessKey": keys["SecretAccessKey"],
            "sessionToken": keys["SessionToken"],
            "expiration": int(end),
        }
        return 200, json.dumps({"roleCredentials": credentials})

    def container(self) -> tuple[int, str]:
        """The response of a container's endpoint."""
        keys = self.session()
        return 200, json.dumps({**keys, "Token": keys["SessionToken"]})


def _answer(action: str, result: str) -> str:
    return f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"


@contextmanager
def identities() -> Iterator[Identities]:
    """A server on a free port for as long as this lasts."""
    given = Identities()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            signed = self.headers.get("Authorization", "")
            caller = signed.partition("Credential=")[2].partition("/")[0]
            self._send("text/xml", *given.sts({name: values[0] for name, values in parse_qs(body).items()}, caller))

        def do_GET(self) -> None:
            if urlsplit(self.path).path == "/federation/credentials":
                self._send("application/json", *given.portal(self.headers.get("x-amz-sso_bearer_token", "")))
            else:
                self._send("application/json", *given.container())

        def _send(self, kind: str, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if status == 401:
                self.send_header("x-amzn-errortype", "UnauthorizedException")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        given.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield given
        finally:
            server.shutdown()
            thread.join()

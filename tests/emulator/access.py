"""Calls of roles that are evaluated in this process, by real clients, without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.request import Request
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import BackendRequest

from rehearsal.emulator.access.access import Access
from rehearsal.emulator.callers import Caller

REGION = "us-east-1"
_accounts = count(300000000000)


class AllowedError(Exception):
    """The call is allowed: there is no server that would respond to it."""


@dataclass
class Evaluated:
    """A role in an account of its own, and clients whose calls are evaluated as the role's session."""

    records: Path
    account: str = field(default_factory=lambda: str(next(_accounts)))
    caller: Caller = field(init=False)

    def __post_init__(self) -> None:
        arn = self.create("one")
        session = f"arn:aws:sts::{self.account}:assumed-role/one/session"
        self.caller = Caller(self.account, session, arn, "AROA:session")

    @property
    def iam(self) -> Any:
        return iam_backends[self.account]["aws"]

    def arn(self, service: str, resource: str, region: str = REGION) -> str:
        return f"arn:aws:{service}:{region}:{self.account}:{resource}"

    def create(self, name: str, boundary: str | None = None, path: str = "/") -> str:
        role = self.iam.create_role(name, "{}", path, boundary, "", [], "3600")
        return str(role.arn)

    def allow(self, *actions: str, on: Any = "*", sid: str = "Given", **condition: Any) -> None:
        """Give the role an inline policy."""
        statement = statement_of(*actions, on=on, sid=sid, **condition)
        self.iam.put_role_policy("one", sid, document(statement))

    def session(self, **changes: Any) -> None:
        """Call with another session of the role."""
        self.caller = replace(self.caller, **changes)

    def client(self, service: Any) -> Any:
        found = boto3.client(
            service,
            region_name=REGION,
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}),
        )
        found.meta.events.register("before-send", self._answer)
        return found

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        header = request.headers["Authorization"]
        signed = header.decode() if isinstance(header, bytes) else str(header)
        region, signed_for = signed.partition("Credential=")[2].partition(",")[0].split("/")[2:4]
        sent = Request.from_primitives(request.method, request.url, request.headers, request.body)
        received = BackendRequest(sent.environ)
        response = Access(self.records).answer(signed_for, region, self.caller, received)
        if response is None:
            raise AllowedError
        headers: Any = dict(response.headers)
        return AWSResponse(request.url, response.status_code, headers, _Raw(response.get_data()))

    def recorded(self) -> list[dict[str, Any]]:
        """Every evaluated request."""
        return [json.loads(line) for line in self.records.read_text(encoding="utf-8").splitlines()]

    def asked(self) -> list[tuple[str, str]]:
        """Action and resource of every evaluated request."""
        return [(each["action"], each["resource"]) for each in self.recorded()]


@dataclass
class _Raw:
    """The body of a response, as urllib3 has it."""

    body: bytes

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.body


def statement_of(*actions: str, on: Any = "*", sid: str = "Given", effect: str = "Allow", **condition: Any) -> Any:
    made: dict[str, Any] = {"Sid": sid, "Effect": effect, "Action": list(actions), "Resource": on}
    return made | ({"Condition": condition} if condition else {})


def document(*statements: Mapping[str, Any], principal: Any = None) -> str:
    own = [dict(each) | ({"Principal": principal} if principal else {}) for each in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": own})


@contextmanager
def allowed() -> Iterator[None]:
    """The call reaches the service."""
    try:
        yield
    except AllowedError:
        return
    raise AssertionError("nothing was called")


@contextmanager
def denied(action: str, because: str) -> Iterator[None]:
    """The call is denied for an action, and the message says why."""
    try:
        yield
    except ClientError as error:
        text = error.response["Error"]["Message"]
        assert f"is not authorized to perform: {action}" in text, text
        assert because in text, text
        return
    except AllowedError:
        raise AssertionError(f"{action} is allowed") from None
    raise AssertionError("nothing was called")

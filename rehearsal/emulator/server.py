"""The server: moto's own dispatcher, behind what a rehearsal needs before it."""

from __future__ import annotations

import io
import json
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from xml.sax.saxutils import escape

from moto import backends as moto_backends
from moto.core import utils as moto_utils
from moto.core.responses import BaseResponse
from moto.iam import models as iam
from moto.moto_server.werkzeug_app import (
    BackendRequest,
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response

from rehearsal.emulator import first_calls
from rehearsal.emulator.access.access import Access
from rehearsal.emulator.additions import install
from rehearsal.emulator.additions.registry import ROUTES
from rehearsal.emulator.callers import caller
from rehearsal.emulator.clock import Clock
from rehearsal.emulator.control import orders
from rehearsal.emulator.faults import Faults
from rehearsal.emulator.settings import account_of

_SERVICES = frozenset(moto_backends.list_of_moto_modules())
# For each request, moto lists its folder and asks for each of 170 services whether it is one: a sixth of a call's time.
vars(moto_backends)["list_of_moto_modules"] = lambda: _SERVICES
# For the model of each service, moto creates a loader that lists the folders of all 400.
vars(moto_utils)["create_loader"] = cache(vars(moto_utils)["create_loader"])
REMEMBERED = 500
"""Responses that are kept for an SDK's retries."""
Environ = dict[str, Any]
Answer = Callable[..., Iterable[bytes]]


class Application:
    """One call at a time reaches moto: its backends are plain dictionaries, and a call takes milliseconds."""

    def __init__(self, access: Access | None = None) -> None:
        """Args: access: What evaluates permissions; nothing does if it is left out."""
        self._access = access
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._faults, self.clock = Faults(), Clock()
        self._orders = orders(self._faults, self.clock)
        self._lock = Lock()
        self._given: OrderedDict[str, Response] = OrderedDict()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Respond to one request."""
        _take_body(environ)
        with self._lock:
            try:
                return self._once(environ)(environ, start_response)
            except Exception as error:  # A gap of moto, whatever it raises.
                traceback.print_exc()
                return _gap(environ, error)(environ, start_response)

    def _once(self, environ: Environ) -> Response:
        """Respond to a call; a retry with the same id gets the same response again.

        On a busy machine that happens, and a second VPC would come of it.
        """
        id_ = environ.get("HTTP_AMZ_SDK_INVOCATION_ID", "")
        if id_ in self._given:
            sys.stderr.write(f"answered again: {_signing_name(environ)} {environ.get('HTTP_AMZ_SDK_REQUEST', '')}\n")
            return self._given[id_]
        response: Response = Response.from_app(self._answer(environ), environ, buffered=True)
        if id_ and response.status_code < 400:
            self._given[id_] = response
            if len(self._given) > REMEMBERED:
                self._given.popitem(last=False)
        return response

    def _answer(self, environ: Environ) -> Answer:
        """What responds: a control call, the clock, a fault, a service without its role, an addition, or moto."""
        path, service = str(environ["PATH_INFO"]), _signing_name(environ)
        if path.startswith("/emulator/"):
            return self._obey(path.removeprefix("/emulator/"), environ)
        if skew := self.clock.refusal(service, environ.get("HTTP_X_AMZ_DATE", ""), structured=_is_structured(environ)):
            return _refusal(environ, skew.code, skew.message, 403)
        if fault := self._faults.answer(service, _request(environ)):
            return fault
        if refused := self._denied(environ) or first_calls.answer(service, _request(environ), _account(environ)):
            return refused
        if service in ROUTES:
            return _route(ROUTES[service], _request(environ))
        environ["wsgi.input"].seek(0)
        return self._moto

    def _denied(self, environ: Environ) -> Response | None:
        """The error of a call that the applied policies deny."""
        scope = _scope(environ)
        if self._access is None or len(scope) < 2:
            return None
        key, region, service = scope[0], scope[-3], scope[-2]
        who = caller(key, environ.get("HTTP_X_AMZ_SECURITY_TOKEN", ""), region)
        return self._access.answer(service, region, who, _request(environ))

    def _obey(self, name: str, environ: Environ) -> Response:
        """Carry out an order of the rehearsal."""
        if name not in self._orders:
            return Response(f"unknown order {name!r}; known: {', '.join(self._orders)}", 404)
        try:
            result = self._orders[name](**json.load(environ["wsgi.input"]))
        except Exception as error:  # The caller gets every kind of error.
            return Response(f"{type(error).__name__}: {error}", 400)
        return Response(json.dumps(result or {}), content_type="application/json")


class _Handler(MotoRequestHandler):
    """Responds with AWS's time in each header `Date`."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time, in the form of the header."""
        application: Any = self.server.app
        return super().date_time_string(timestamp or application.clock.now().timestamp())


def serve(account_id: str, port: int, access: Path | None = None) -> BaseWSGIServer:
    """Bind a server on 127.0.0.1; `serve_forever` starts it.

    Args:
        account_id: The account of credentials that no account is known for.
        port: 0 takes a free one.
        access: File for the records of evaluated requests; without it, no permission is evaluated.
    """
    return make_server("127.0.0.1", port, application(account_id, access), threaded=True, request_handler=_Handler)


def application(account_id: str, access: Path | None = None) -> Application:
    """What responds, once a process.

    Args:
        account_id: The account of credentials that no account is known for.
        access: File for the records of evaluated requests; without it, no permission is evaluated.
    """
    _tell_accounts_apart(account_id)
    install()
    return Application(Access(access) if access else None)


def _tell_accounts_apart(default: str) -> None:
    """Read the account in a key's id, or find who gave the key out.

    moto's own search makes a backend of IAM for each partition of each account, and each loads AWS's managed policies.
    """

    def account(access_key: str) -> str:
        for account_id, backends in iam.iam_backends.items():
            if any(access_key in backend.access_keys for backend in backends.values()):
                return account_id
        return account_of(access_key) or default

    iam.get_account_id_from = account


def _take_body(environ: Environ) -> None:
    """Read the body before it is this call's turn, so that a slow sender delays no other."""
    length, body = environ.get("CONTENT_LENGTH"), b""
    if length or environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read(int(length)) if length else environ["wsgi.input"].read()
        environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)


def _scope(environ: Environ) -> list[str]:
    """What the request was signed with and for: KEY/DAY/REGION/SERVICE/aws4_request."""
    return str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")[2].partition(",")[0].split("/")


def _signing_name(environ: Environ) -> str:
    """The service that the request was signed for."""
    scope = _scope(environ)
    return scope[-2] if len(scope) > 1 else ""


def _account(environ: Environ) -> str:
    """The account whose credentials signed the request."""
    return str(iam.get_account_id_from(_scope(environ)[0]))


def _request(environ: Environ) -> BackendRequest:
    environ["wsgi.input"].seek(0)
    return BackendRequest(environ.copy())


def _route(response: type[BaseResponse], request: BackendRequest) -> Response:
    status, headers, body = response.dispatch(request, request.raw_url, dict(request.headers))
    return Response(body, status, headers)


def _gap(environ: Environ, error: Exception) -> Response:
    """Return that moto failed, with a status that no SDK retries: the provider would retry for minutes."""
    return _refusal(environ, "EmulatorGap", f"{type(error).__name__}: {error}", 400)


def _is_structured(environ: Environ) -> bool:
    return "HTTP_X_AMZ_TARGET" in environ


def _refusal(environ: Environ, code: str, message: str, status: int) -> Response:
    """An error of any call, in the form that its SDK reads."""
    if _is_structured(environ):
        return Response(json.dumps({"__type": code, "message": message}), status)
    told = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    ec2 = _signing_name(environ) == "ec2"
    body = f"<Response><Errors>{told}</Errors></Response>" if ec2 else f"<ErrorResponse>{told}</ErrorResponse>"
    return Response(body, status, {"x-amzn-errortype": code})

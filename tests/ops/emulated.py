"""Emulated AWS inside of this process, for commands that run in it: no server has to start."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session

from rehearsal.emulator.__main__ import MOTO_SETTINGS
from rehearsal.emulator.client import Control, OrderError


class Emulated:
    """Where commands of this process reach it; nothing listens there."""

    endpoint = "http://127.0.0.1:1"


@contextmanager
def inside(account_id: str) -> Iterator[Emulated]:
    """Inside this context, calls to the endpoint are answered in this process; others go where they always do.

    Args:
        account_id: The account of credentials that no account is known for.
    """
    with patch.dict(os.environ, MOTO_SETTINGS):
        # Loading moto takes two seconds, and it reads its settings then.
        from moto.core.botocore_stubber import MockRawResponse  # noqa: PLC0415
        from werkzeug.test import Client  # noqa: PLC0415

        from rehearsal.emulator.server import application  # noqa: PLC0415

        emulator = application(account_id)
        client = Client(emulator)
    send, order = URLLib3Session.send, Control._order

    def answered(session: URLLib3Session, request: AWSPreparedRequest) -> Any:
        if not request.url.startswith(f"{Emulated.endpoint}/"):
            return send(session, request)
        url = urlsplit(request.url)
        headers = {name: each if isinstance(each, str) else each.decode() for name, each in request.headers.items()}
        body: Any = request.body
        body = body.read() if hasattr(body, "read") else body
        response = opened(f"{url.path}?{url.query}", method=request.method, headers=headers, data=body)
        response.date = emulator.clock.now()
        return AWSResponse(request.url, response.status_code, response.headers, MockRawResponse(response.get_data()))

    def opened(path: str, **request: Any) -> Any:
        with warnings.catch_warnings(action="ignore"):  # moto's own are no failure of a test.
            return client.open(path, base_url=Emulated.endpoint, **request)

    def obeyed(control: Control, name: str, /, **given: object) -> Any:
        if control.endpoint != Emulated.endpoint:
            return order(control, name, **given)
        if (response := opened(f"/emulator/{name}", method="POST", data=json.dumps(given))).status_code >= 400:
            raise OrderError(f"{name}: {response.text}")
        return json.loads(response.text)

    with (
        patch.object(URLLib3Session, "send", answered),
        patch.object(Control, "_order", obeyed),
        # moto reads this setting for each account, and commands of tests have other variables.
        patch("moto.settings.ec2_load_default_amis", lambda: False),
    ):
        yield Emulated()

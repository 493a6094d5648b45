"""AWS's response to a denied call, in the form of each service.

The message names the caller, the action, the resource, and the kind of policy that denies it or lacks an allow:
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import base64
import warnings
from typing import Any

from moto.core.serialize import get_serializer_class
from werkzeug.wrappers import Response

from ops.iam.evaluation import Decision, PolicyKind, Request
from rehearsal.emulator.access.calls import Call
from rehearsal.emulator.additions.registry import AwsError

_ENCODED = "Encoded authorization failure message:"
_FORBIDDEN, _BAD_REQUEST = 403, 400
_CODES = {
    "ec2": "UnauthorizedOperation",
    "sns": "AuthorizationError",
    "sqs": "AccessDenied",
}
"""Codes by service; the others' follow their protocol.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
"""


def message(request: Request, decision: Decision) -> str:
    """AWS's message."""
    resource = request.resource
    text = f"User: {request.principal} is not authorized to perform: {request.action}"
    if request.action.startswith("s3:"):
        text += f' on resource: "{resource}"'
    elif resource != "*":
        text += f" on resource: {resource}"
    kind = decision.kind or PolicyKind.IDENTITY
    if decision.explicit:
        article = "an" if kind is PolicyKind.IDENTITY else "a"
        return f"{text} with an explicit deny in {article} {kind}"
    return f"{text} because no {kind} allows the {request.action} action"


def denial(call: Call, request: Request, decision: Decision) -> Response:
    """The response to a call whose request is denied."""
    text = message(request, decision)
    if call.service == "ec2":
        encoded = base64.urlsafe_b64encode(f"{request.action} {request.resource} {decision.reason}".encode()).decode()
        text = f"You are not authorized to perform this operation. {text}. {_ENCODED} {encoded}"
    if str(call.model.http.get("method")) == "HEAD":
        return Response(status=_FORBIDDEN)
    serializer = get_serializer_class(call.service, call.protocol)(operation_model=call.model)
    with warnings.catch_warnings():
        # AWS's models don't list the errors that all operations have, and moto warns of that.
        warnings.simplefilter("ignore", UserWarning)
        answer: Any = serializer.serialize(AwsError(_code(call), text))
    return Response(answer["body"], _status(call), answer["headers"])


def _code(call: Call) -> str:
    structured = call.protocol in ("json", "rest-json")
    return _CODES.get(call.service, "AccessDeniedException" if structured else "AccessDenied")


def _status(call: Call) -> int:
    """Services with JSON in the body of POST return 400, all others 403.

    https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
    """
    return _BAD_REQUEST if call.protocol == "json" and call.service != "sqs" else _FORBIDDEN

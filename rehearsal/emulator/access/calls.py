"""What a request calls: service, operation and parameters, read with AWS's own models of the services."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import ServiceOperationRouter
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

_NAMES = {
    "access-analyzer": "accessanalyzer",
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
}
"""Services in boto3, by the name that their requests are signed with, where the two differ."""
_PREFIXES = {"monitoring": "cloudwatch"}
"""Prefixes of actions, by the name that requests are signed with, where the two differ."""
MESSAGES = "ssmmessages"
"""Session Manager's message gateway: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsessionmanagermessagegatewayservice.html"""
_S3_CONTROL = "/v20180820/"
"""All paths of S3 Control begin with it; its requests are signed for S3.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html
"""


@dataclass(frozen=True)
class Call:
    """One call of AWS's API."""

    service: str
    """Name in boto3."""
    operation: str
    parameters: Mapping[str, Any]
    """Named and typed as in AWS's model of the service."""
    region: str
    """Of the endpoint."""
    model: OperationModel
    protocol: str

    @property
    def signing_name(self) -> str:
        """The name that requests to the service are signed with."""
        return str(self.model.service_model.signing_name)

    @property
    def prefix(self) -> str:
        """The service's prefix in actions."""
        return _PREFIXES.get(self.signing_name, self.signing_name)

    @property
    def name(self) -> str:
        """Service and operation, as the table of operations names them."""
        return f"{self.service}:{self.operation}"


def read(signing_name: str, region: str, request: Request) -> Call | None:
    """The call that a request makes; None if AWS's model of the service doesn't have it.

    Args:
        signing_name: The service that the request was signed for.
        region: The region that it was signed for.
        request: The request.
    """
    service = _NAMES.get(signing_name, signing_name)
    if signing_name == "s3" and request.path.startswith(_S3_CONTROL):
        service = "s3control"
    model = _model(service)
    try:
        operation, in_path = _router(service).match(request)
    except (NotFound, NotImplementedError):
        # AWS's SDKs name CloudTrail's operations with and without com.amazonaws…: the last part is the operation.
        # https://github.com/aws/aws-sdk-go-v2/blob/main/service/cloudtrail/serializers.go
        name = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if name not in model.operation_names:
            return None
        operation, in_path = model.operation_model(name), {}
    protocol = determine_request_protocol(model, request.content_type)
    return Call(
        service, str(operation.name), _parameters(operation, protocol, request, in_path), region, operation, protocol
    )


@cache
def _model(service: str) -> ServiceModel:
    """AWS's model of a service; of Session Manager's message gateway boto3 has none, so it is here."""
    if service != MESSAGES:
        return get_service_model(service)
    return ServiceModel(json.loads(Path(__file__).with_name(f"{MESSAGES}.json").read_bytes()), MESSAGES)


@cache
def _router(service: str) -> ServiceOperationRouter:
    """What finds the operation of a request; creating one takes milliseconds."""
    return ServiceOperationRouter(_model(service))


def _parameters(
    operation: OperationModel, protocol: str, request: Request, in_path: Mapping[str, Any]
) -> dict[str, Any]:
    parser = PROTOCOL_PARSERS[protocol](operation)
    found: dict[str, Any] = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": dict(in_path),
        }
    )
    return found

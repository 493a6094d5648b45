"""Planted faults: calls that return an AWS error, without reaching the backend."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from moto.core.model import ServiceModel
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from rehearsal.emulator.additions.registry import AwsError


@dataclass
class Fault:
    """One planted fault."""

    service: str
    """Name in boto3."""
    operation: str
    code: str
    times: int
    """How many more calls fail."""
    message: str = "planted by the rehearsal"
    status: int = 400
    after: int = 0
    """How many calls are to pass first."""

    @property
    def model(self) -> ServiceModel:
        """AWS's own model of the service."""
        return get_service_model(self.service)

    @property
    def signing_name(self) -> str:
        """The name that requests to the service are signed with."""
        return str(self.model.signing_name)


@dataclass
class Faults:
    """The planted faults that are left."""

    planted: list[Fault] = field(default_factory=list)

    def answer(self, signing_name: str, request: Request) -> Response | None:
        """The error that this call returns, if one is planted for it."""
        for fault in self.planted:
            if fault.signing_name != signing_name or called(fault.service, request) != fault.operation:
                continue
            if fault.after:
                fault.after -= 1
                continue
            fault.times -= 1
            if not fault.times:
                self.planted.remove(fault)
            return refusal(fault, request)
        return None


def called(service: str, request: Request) -> str | None:
    """The operation of AWS that a request calls, by each protocol's own way of saying it."""
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2]
    if request.mimetype == "application/x-www-form-urlencoded":
        (action,) = parse_qs(request.get_data(as_text=True)).get("Action", [None])
        return action
    try:
        operation, _ = get_service_router(service).match(request)
    except NotFound:
        return None
    return str(operation.name)


def refusal(fault: Fault, request: Request) -> Response:
    """The error in the service's own protocol."""
    protocol = determine_request_protocol(fault.model, request.content_type)
    operation = fault.model.operation_model(fault.operation)
    serializer = get_serializer_class(fault.service, protocol)(operation_model=operation)
    answer: Any = serializer.serialize(AwsError(fault.code, fault.message))
    return Response(answer["body"], fault.status, answer["headers"])

"""The register of additions: what each adds to moto or mends in it, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from moto.core.base_backend import BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores

Function = TypeVar("Function", bound=Callable[..., Any])
Kept = TypeVar("Kept")
Answers = TypeVar("Answers", bound=BaseResponse)


class AwsError(ServiceException):
    """An error of AWS, by code and message. Of moto's own class moto would ask which service it belongs to."""


@dataclass(frozen=True)
class Addition:
    """One gap of moto, closed."""

    service: str
    """Name in boto3."""
    operation: str
    """The call of AWS that works, or works better, through it."""
    why: str
    target: type
    """Class of moto that it is put on."""
    method: str
    function: Callable[..., Any]
    mends: bool
    """Whether moto has the method: then the addition is called with moto's own as its first argument."""

    def install(self) -> None:
        """Put it on its class."""
        if not self.mends:
            setattr(self.target, self.method, self.function)
            return
        original, mend = getattr(self.target, self.method), self.function

        @wraps(original)
        def mended(*args: object, **kwargs: object) -> object:
            return mend(original, *args, **kwargs)

        setattr(self.target, self.method, mended)


ADDITIONS: list[Addition] = []
ROUTES: dict[str, type[BaseResponse]] = {}
"""By the name that requests are signed with: services whose paths moto's server doesn't know, or not all of them."""


def serves(signing_name: str) -> Callable[[type[Answers]], type[Answers]]:
    """Route a whole service to a class, which finds the call by AWS's own model of the service."""

    def register(response: type[Answers]) -> type[Answers]:
        ROUTES[signing_name] = response
        return response

    return register


def adds(target: type[BaseResponse], service: str, operation: str, *, why: str) -> Callable[[Function], Function]:
    """Register a call that moto doesn't have. The function takes moto's response object and returns a result."""

    def register(function: Function) -> Function:
        method = camelcase_to_underscores(operation)
        ADDITIONS.append(Addition(service, operation, why, target, method, function, mends=False))
        return function

    return register


def mends(target: type, method: str, service: str, operation: str, *, why: str) -> Callable[[Function], Function]:
    """Register a change to what moto has. The function takes moto's own method, then that method's arguments."""

    def register(function: Function) -> Function:
        ADDITIONS.append(Addition(service, operation, why, target, method, function, mends=True))
        return function

    return register


def parameters(response: BaseResponse) -> dict[str, Any]:
    """The parameters of a call, as AWS's own model of the service names and types them."""
    response.parse_parameters(response.normalized_request)
    return dict(response.params)


def kept(backend: BaseBackend, name: str, make: Callable[[], Kept]) -> Kept:
    """What additions remember, in moto's own backend of an account and region, so that moto's reset forgets it too."""
    value: Kept = vars(backend).setdefault(f"emulator_{name}", make())
    return value

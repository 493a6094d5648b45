"""AWS's errors as one line, with advice if there is any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ops.errors import OpsError

Item = TypeVar("Item")
REJECTED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"})
"""AWS's codes for unknown or expired credentials."""
MISSING = frozenset({"NoCredentialsError", "ProfileNotFound"})
"""botocore's errors if there are no credentials yet."""
_SIGN_IN = "the credentials have expired; sign in again"
_UNKNOWN_CREDENTIALS = "AWS doesn't know these credentials"
_NO_CONNECTION = "AWS doesn't answer; check the network and AWS_ENDPOINT_URL"
_FEWER_CALLS = "AWS asks for fewer calls; try again in a minute"
_SIGNATURE = "the signature is wrong; check the secret key and this machine's clock"
_CLOCK = "this machine's clock differs from AWS's: set it, as with NTP"
_CLOCKS = ("Signature expired", "Signature not yet current", "The difference between the request time")
"""How AWS's messages about a request's time begin; the code alone may also mean a wrong secret key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""
_ADVICE = {
    "ExpiredToken": _SIGN_IN,
    "ExpiredTokenException": _SIGN_IN,
    "RequestExpired": _CLOCK,
    "RequestInTheFuture": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "SignatureDoesNotMatch": _SIGNATURE,
    "InvalidSignatureException": _SIGNATURE,
    "InvalidClientTokenId": _UNKNOWN_CREDENTIALS,
    "UnrecognizedClientException": _UNKNOWN_CREDENTIALS,
    "NoCredentialsError": "there are no credentials; see docs/account.md, section 2",
    "ProfileNotFound": "the AWS CLI has no such profile; see docs/account.md, section 2",
    "Throttling": _FEWER_CALLS,
    "ThrottlingException": _FEWER_CALLS,
    "EndpointConnectionError": _NO_CONNECTION,
    "ProxyConnectionError": _NO_CONNECTION,
    "ConnectTimeoutError": _NO_CONNECTION,
    "ReadTimeoutError": "AWS didn't finish its response; try again",
}


class AwsError(OpsError):
    """An AWS call failed."""

    def __init__(self, message: str, *, code: str = "") -> None:
        """Args: message: One line. code: AWS's own code of it, such as `AccessDenied`."""
        super().__init__(message)
        self.code = code


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn AWS's exceptions into an AwsError of one line, which names the action: "read the state"."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise AwsError(f"can't {doing}: {reason(error)}", code=code(error)) from error


def code(error: Exception) -> str:
    """AWS's code of an error, such as `AccessDenied`; botocore's class name without a response."""
    response = getattr(error, "response", None)
    return str(response["Error"].get("Code", "")) if response else type(error).__name__


def reason(error: Exception) -> str:
    """An error as one line, with advice if there is any."""
    response = getattr(error, "response", None)
    message = response["Error"].get("Message", "") if response else str(error)
    words = " ".join(f"{code(error)}: {message}".split())
    advice = _CLOCK if message.startswith(_CLOCKS) else _ADVICE.get(code(error))
    return f"{words} ({advice})" if advice else words


def is_absence(code: str) -> bool:
    """Whether AWS's code of an error means that the requested resource doesn't exist."""
    return "NotFound" in code or code.startswith("NoSuch") or code == "404"


def only(found: Sequence[Item], what: str) -> Item:
    """The only item that AWS lists; AWS guarantees no order, so the first of several isn't a choice.

    Args:
        found: What AWS lists.
        what: The items, in the plural, as in "load balancers named aep-prod".

    Raises:
        AwsError: AWS lists none or several.
    """
    if len(found) != 1:
        raise AwsError(f"AWS lists {len(found)} {what}; exactly one is expected")
    return found[0]

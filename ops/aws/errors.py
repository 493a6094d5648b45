"""AWS's errors as one line, with advice if there is any."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ops.errors import OpsError

Item = TypeVar("Item")
REJECTED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"})
"""AWS's codes for unknown or expired credentials."""
MISSING = frozenset({"NoCredentialsError", "ProfileNotFound"})
"""botocore's errors if there are no credentials yet."""
_SIGN_IN = "the credentials have expired; sign in again"
_UNKNOWN_CREDENTIALS = "AWS doesn't know these credentials"
_NO_CONNECTION = "AWS doesn't answer; check the network"
_FEWER_CALLS = "AWS asks for fewer calls; try again in a minute"
_SIGNATURE = "the signature is wrong; check the secret key and this machine's clock"
_CLOCK = "this machine's clock differs from AWS's{by}: set it, as with NTP"
_CLOCKS = ("Signature expired", "Signature not yet current", "The difference between the request time")
"""How AWS's messages about a request's time begin; the code alone may also mean a wrong secret key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""
_ADVICE = {
    "ExpiredToken": _SIGN_IN,
    "ExpiredTokenException": _SIGN_IN,
    "AuthFailure": _SIGNATURE,
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
    "ProxyConnectionError": "the proxy doesn't let the call through; check its address and what it allows",
    "ConnectTimeoutError": _NO_CONNECTION,
    "SSLError": "TLS failed; where a proxy inspects it, AWS_CA_BUNDLE must name the file with its certificates",
    "NotAwsError": "a proxy, or another server than AWS",
    "ResponseParserError": "a proxy, or another server than AWS",
    "ReadTimeoutError": "AWS didn't finish its response; try again",
}


_WAYS = frozenset(
    {
        *("EndpointConnectionError", "ProxyConnectionError", "ConnectTimeoutError", "ConnectionClosedError"),
        *("SSLError", "HTTPClientError", "NotAwsError", "ResponseParserError"),
    }
)
"""botocore's errors about the way to AWS, which the caller's variables may lead elsewhere."""
_LEADING = (
    *("AWS_ENDPOINT_URL", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"),
    *("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"),
)
"""Variables that decide where calls go.

https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html
"""
_BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
"""Variables that decide whose certificates are accepted."""
_QUOTED = re.compile(r"(?<![^\s\"'(])[\w/][^\s\"'()]*[\w/](?=[\"').,:]*(?:\s|$))")
"""A word of a message, without quotes and what follows it."""
_SHORTEST = 3
"""Characters of a variable's value that are worth looking for in a message."""


class NotAwsError(BotoCoreError):
    """The response isn't one of AWS."""

    fmt = "HTTP {status} with {content}, which AWS never returns"


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
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise AwsError(f"can't {doing}: {reason(error)}", code=code(error)) from error


def check_sender(**event: Any) -> None:  # noqa: ANN401  (botocore's)
    """Refuse a response of another sender before botocore reads it as AWS's. A handler of its event `before-parse`.

    AWS's own responses have a request id, and its pages of HTML for 5xx are tried again.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html

    Raises:
        NotAwsError: It is a page of HTML or a redirect without a header of AWS: of a proxy, for instance.
    """
    response: Mapping[str, Any] = event["response_dict"]
    headers, status = response["headers"], response["status_code"]
    page, redirect = "html" in headers.get("content-type", ""), 300 <= status < 400
    if (page or redirect) and status < 500 and not any(name.lower().startswith("x-amz") for name in headers):
        raise NotAwsError(status=status, content="a page of HTML" if page else "a redirect")


def code(error: Exception) -> str:
    """AWS's code of an error, such as `AccessDenied`; botocore's class name without a response."""
    return str(_told(error).get("Code", "")) or type(error).__name__


def reason(error: Exception) -> str:
    """An error as one line, with advice if there is any, and the caller's variables that it may come from."""
    message = str(_told(error).get("Message", "")) if _told(error) else _message(error)
    words = " ".join(f"{code(error)}: {message}".split())
    clock = message.startswith(_CLOCKS)
    known = _CLOCK if clock else _ADVICE.get(code(error))
    advice = [known.format(by=_skew(error))] if known else []
    if found := _variables(code(error), "" if _told(error) else message):
        advice.append(f"this shell has {', '.join(found)}")
    return f"{words} ({'; '.join(advice)})" if advice else words


def _skew(error: Exception) -> str:
    """By how much, after AWS's time in the response; empty if it has none."""
    headers = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        minutes = (datetime.now(UTC) - parsedate_to_datetime(headers["date"])).total_seconds() / 60
    except (LookupError, TypeError, ValueError):
        return ""
    return f" by {abs(minutes):.0f} minutes, it is {'fast' if minutes > 0 else 'slow'}"


def _told(error: Exception) -> Mapping[str, Any]:
    """What AWS's response says about the error; empty if there is no response."""
    found: Mapping[str, Any] = (getattr(error, "response", None) or {}).get("Error", {})
    return found


def _message(error: Exception) -> str:
    """The message of botocore; that about a proxy leaves out why."""
    cause = getattr(getattr(error, "kwargs", {}).get("error"), "original_error", None)
    return f"{error} {cause}" if cause and str(cause) not in str(error) else str(error)


def _variables(code: str, message: str) -> list[str]:
    """Names of the caller's variables that an error may come from: they lead calls, or the message has their value."""
    ways = (*_LEADING, *(_BUNDLES if code == "SSLError" else ())) if code in _WAYS else ()
    leading = [name for name in ways if os.environ.get(name)]
    quoted = [
        name
        for name, value in sorted(os.environ.items())
        if name.startswith("AWS_") and len(value) >= _SHORTEST and value in _QUOTED.findall(message)
    ]
    return list(dict.fromkeys([*leading, *quoted]))


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

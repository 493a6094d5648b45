"""AWS's clock: a request that was signed too long before or after it is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_FORM = "%Y%m%dT%H%M%SZ"


class Skew(NamedTuple):
    """AWS's refusal of a request because of its time."""

    code: str
    message: str


class Clock:
    """AWS's clock, as it is seen from this machine."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        """How far it is ahead of this machine's."""

    def now(self) -> datetime:
        """Its time."""
        return datetime.now(UTC) + self.ahead

    def set(self, ahead: float) -> None:
        """Args: ahead: Seconds that it is ahead; negative if it is behind."""
        self.ahead = timedelta(seconds=ahead)

    def refusal(self, service: str, signed_at: str, *, structured: bool) -> Skew | None:
        """Why a request is refused; None if its time is close enough.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html,
        https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed),
        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (RequestExpired),
        https://github.com/aws/aws-cli/issues/6676 (STS, 15 minutes), https://github.com/aws/aws-sdk-php/issues/537 (5)

        Args:
            service: The name that the request was signed for.
            signed_at: Its header X-Amz-Date.
            structured: Whether the service speaks JSON.
        """
        try:
            signed = datetime.strptime(signed_at, _FORM).replace(tzinfo=UTC)
        except ValueError:  # It isn't signed.
            return None
        now, minutes = self.now(), 15 if service in {"s3", "sts"} else 5
        allowed = timedelta(minutes=minutes)
        if abs(now - signed) <= allowed:
            return None
        if service == "s3":
            message = "The difference between the request time and the current time is too large."
            return Skew("RequestTimeTooSkewed", message)
        if service == "ec2":
            return Skew("RequestExpired", "Request has expired.")
        if signed < now:
            limit = f"{now - allowed:{_FORM}} ({now:{_FORM}} - {minutes} min.)"
            message = f"Signature expired: {signed_at} is now earlier than {limit}"
        else:
            limit = f"{now + allowed:{_FORM}} ({now:{_FORM}} + {minutes} min.)"
            message = f"Signature not yet current: {signed_at} is still later than {limit}"
        return Skew("InvalidSignatureException" if structured else "SignatureDoesNotMatch", message)

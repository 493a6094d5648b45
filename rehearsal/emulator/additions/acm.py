"""Certificate Manager: what it issues no certificate for."""

from __future__ import annotations

from moto.acm.models import AWSCertificateManagerBackend
from moto.acm.responses import AWSCertificateManagerResponse
from moto.core.responses import ActionResult

from rehearsal.emulator.additions.registry import AwsError, corrects, kept

# Names of one certificate, and characters of its first name, which becomes the Common Name.
# https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
# https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
_NAMES = 10
_LONGEST_FIRST = 64


def quotas(backend: AWSCertificateManagerBackend) -> dict[str, int]:
    """The account's own quotas; `names` of a certificate."""
    return kept(backend, "quotas", lambda: {"names": _NAMES})


@corrects(
    AWSCertificateManagerResponse,
    "request_certificate",
    "acm",
    "RequestCertificate",
    why="moto accepts a first name of any length, and one name more than AWS's quota, which is fixed",
    source="https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html",
)
def request_certificate(original: object, self: AWSCertificateManagerResponse) -> ActionResult:
    """Refuse a first name that is too long, and more names than the quota."""
    backend, first = self.acm_backend, self._get_param("DomainName")
    others = self._get_param("SubjectAlternativeNames") or []
    if len(first) > _LONGEST_FIRST:
        raise AwsError("ValidationException", f"The first domain name can have {_LONGEST_FIRST} characters at most.")
    if len({first, *others}) > quotas(backend)["names"]:
        raise AwsError("LimitExceededException", "The number of domain names exceeds the account's quota.")
    rest = [self._get_param(name) for name in ("Tags", "CertificateAuthorityArn", "Options")]
    arn = backend.request_certificate(first, self._get_param("IdempotencyToken"), others, *rest)
    return ActionResult({"CertificateArn": arn})

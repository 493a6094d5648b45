"""ECR: a login that is valid, to a registry that can be chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecr.models import ECRBackend, ecr_backends
from moto.ecr.responses import ECRResponse

from rehearsal.emulator.additions.registry import corrects, kept


def registry(backend: ECRBackend) -> dict[str, str]:
    """The registry that holds the account's images, as `proxyEndpoint`; empty if none is set."""
    return kept(backend, "registry", dict[str, str])


def scanned(backend: ECRBackend) -> set[tuple[str, str]]:
    """Repository and digest of images that were scanned without a finding; they may be in an external registry."""
    return kept(backend, "scanned", set[tuple[str, str]])


@corrects(
    ECRResponse,
    "get_authorization_token",
    "ecr",
    "GetAuthorizationToken",
    why="in moto a login has expired when it is issued; where it leads to can be planted here",
)
def get_authorization_token(original: Callable[..., ActionResult], self: ECRResponse) -> ActionResult:
    """Let it last as long as AWS does: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_AuthorizationData.html."""
    answer: Any = original(self).result
    accounts = self._get_param("registryIds") or [self.current_account]
    for account, login in zip(accounts, answer["authorizationData"], strict=True):
        login["expiresAt"] = utcnow() + timedelta(hours=12)
        login.update(registry(ecr_backends[account][self.region]))
    return ActionResult(answer)


@corrects(
    ECRBackend,
    "describe_image_scan_findings",
    "ecr",
    "DescribeImageScanFindings",
    why="in moto a caller can't read the scans of another account's registry",
)
def describe_image_scan_findings(
    original: Callable[..., dict[str, Any]],
    backend: ECRBackend,
    registry_id: str | None,
    repository_name: str,
    image_id: Mapping[str, str],
) -> dict[str, Any]:
    """Read them in the account that `registryId` names, if it has the repository or such a scan."""
    owner = ecr_backends[registry_id or backend.account_id][backend.region_name]
    if (repository_name, image_id.get("imageDigest", "")) in scanned(owner):
        return {
            "registryId": owner.account_id,
            "repositoryName": repository_name,
            "imageId": image_id,
            "imageScanStatus": {"status": "COMPLETE", "description": "The scan was completed successfully."},
            "imageScanFindings": {"findings": [], "findingSeverityCounts": {}},
        }
    return original(owner if repository_name in owner.repositories else backend, registry_id, repository_name, image_id)


@corrects(
    ECRResponse, "get_download_url_for_layer", "ecr", "GetDownloadUrlForLayer", why="moto has no layers, and fails"
)
def get_download_url_for_layer(_: Callable[..., ActionResult], self: ECRResponse) -> ActionResult:
    """Where a layer is, in a bucket of AWS's; nothing is there."""
    digest = self._get_param("layerDigest")
    bucket = f"prod-{self.region}-starport-layer-bucket"
    return ActionResult({"layerDigest": digest, "downloadUrl": f"https://{bucket}.s3.{self.region}.invalid/{digest}"})


@corrects(
    ECRResponse,
    "batch_check_layer_availability",
    "ecr",
    "BatchCheckLayerAvailability",
    why="moto has no layers, and fails",
)
def batch_check_layer_availability(_: Callable[..., ActionResult], self: ECRResponse) -> ActionResult:
    """Every layer is available."""
    digests = self._get_param("layerDigests")
    return ActionResult(
        {"layers": [{"layerDigest": each, "layerAvailability": "AVAILABLE"} for each in digests], "failures": []}
    )

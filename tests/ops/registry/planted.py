"""Sets in emulated ECR what the registries hold, and their addresses."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from ops.aws import session
from tests.ops.registry.images import DIRECT
from tests.ops.registry.server import Server


def address(servers: tuple[Server, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ECR name the test's registries where it names an account's."""
    places = {f"https://{each.account_id}.dkr.ecr.us-east-1.amazonaws.com": each.url for each in servers}
    create = session._once

    def addressed(parsed: dict[str, Any], **_: object) -> None:
        for each in parsed.get("authorizationData", ()):
            each["proxyEndpoint"] = places[each["proxyEndpoint"]]

    def hooked(make: Any) -> Any:
        def client(service: str, region_name: str | None = None) -> Any:
            made = make(service, region_name=region_name)
            made.meta.events.register("after-call.ecr.GetAuthorizationToken", addressed)
            return made

        return create(client)

    monkeypatch.setattr(session, "_once", hooked)


@dataclass(frozen=True)
class Scans:
    """Scans of a repository of another account, as the caller sees them."""

    ecr: Any
    endpoint: str
    caller: str
    account_id: str
    repository: str

    def pushed(self, digest: str) -> None:
        """Tell of an image: the emulator doesn't see a registry."""
        with suppress(self.ecr.exceptions.RepositoryAlreadyExistsException):
            self.ecr.create_repository(**self._of)
        manifest = json.dumps({"layers": [], "of": digest})
        more = {"imageManifestMediaType": "x", "imageDigest": digest, "imageTag": _tag(digest)}
        self.ecr.put_image(**self._of, imageManifest=manifest, **more)

    def found(self, digest: str, status: str = "COMPLETE", **counts: int) -> None:
        """Scan an image, and tell what the scan finds."""
        of = self._of | {"imageId": {"imageDigest": digest, "imageTag": _tag(digest)}}
        self.ecr.start_image_scan(**of)
        result = of | {"imageScanStatus": {"status": status}, "imageScanFindings": {"findingSeverityCounts": counts}}
        order: dict[str, Any] = {"account_id": self.caller, "region": "us-east-1", "results": [result]}
        DIRECT.post(
            f"{self.endpoint}/moto-api/static/ecr/scan-finding-results", json=order, timeout=10
        ).raise_for_status()

    @property
    def _of(self) -> dict[str, Any]:
        return {"registryId": self.account_id, "repositoryName": self.repository}


def _tag(digest: str) -> str:
    """Moto takes two images without tags for the same one."""
    return digest.removeprefix("sha256:")[:12]

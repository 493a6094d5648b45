"""Images for the tests, pushed with plain HTTP and not with the code under test."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from tests.ops.registry.server import Server

INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
SPDX = "application/spdx+json"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
ANNOTATION = "dev.cosignproject.cosign/signature"

Descriptor = dict[str, Any]
DIRECT = requests.Session()
# Tests against emulated AWS set a proxy.
DIRECT.trust_env = False


@dataclass(frozen=True)
class Pusher:
    """Pushes to one repository."""

    server: Server
    name: str

    def blob(self, content: bytes, media_type: str, **more: object) -> Descriptor:
        """Push a blob."""
        digest = digest_of(content)
        place = self._call("POST", f"{self.url}/blobs/uploads/").headers["Location"]
        self._call("PUT", place, params={"digest": digest}, data=content)
        return {"mediaType": media_type, "digest": digest, "size": len(content), **more}

    def manifest(self, document: dict[str, Any], media_type: str, tag: str = "") -> Descriptor:
        """Push a manifest, written so that encoding it again would change its digest."""
        content = json.dumps({"schemaVersion": 2, "mediaType": media_type, **document}, indent=3).encode()
        digest = digest_of(content)
        headers = {"Content-Type": media_type}
        self._call("PUT", f"{self.url}/manifests/{tag or digest}", data=content, headers=headers)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def image(self, text: str, tag: str = "", architecture: str = "amd64") -> Descriptor:
        """Push an image of one platform with two layers."""
        layers = [self.blob(f"{text} {part}".encode() * 100, LAYER) for part in ("base", "program")]
        config = {"of": text, "os": "linux", "architecture": architecture}
        return self.manifest({"config": self.blob(json.dumps(config).encode(), CONFIG), "layers": layers}, IMAGE, tag)

    def index(self, text: str, tag: str = "") -> Descriptor:
        """Push an index of two platforms, with a builder's attestation for each."""
        listed = []
        for architecture in ("amd64", "arm64"):
            image = self.image(f"{text} {architecture}", architecture=architecture)
            attestation = self.attached(image, f"provenance of {architecture}".encode(), IN_TOTO)
            annotations = {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": image["digest"],
            }
            unknown = {"os": "unknown", "architecture": "unknown"}
            listed.append(image | {"platform": {"os": "linux", "architecture": architecture}})
            listed.append(attestation | {"platform": unknown, "annotations": annotations})
        return self.manifest({"manifests": listed}, INDEX, tag)

    def attached(
        self,
        subject: Descriptor,
        content: bytes,
        media_type: str,
        *,
        tag: str = "",
        annotations: dict[str, str] | None = None,
    ) -> Descriptor:
        """Push an artifact about a manifest."""
        layer = self.blob(content, media_type, **({"annotations": annotations} if annotations else {}))
        document = {
            "artifactType": media_type,
            "config": self.blob(b"{}", EMPTY),
            "layers": [layer],
            "subject": subject,
        }
        return self.manifest(document, IMAGE, tag) | {"artifactType": media_type}

    def signed(self, subject: Descriptor, key: EllipticCurvePrivateKey) -> str:
        """Sign a manifest as cosign does, under a tag; return the tag."""
        claim = {"image": {"docker-manifest-digest": subject["digest"]}, "type": "cosign container image signature"}
        payload = json.dumps({"critical": claim, "optional": None}).encode()
        signature = base64.b64encode(key.sign(payload, ECDSA(SHA256()))).decode()
        tag = f"{subject['digest'].replace(':', '-')}.sig"
        self.attached(subject, payload, SIMPLE_SIGNING, tag=tag, annotations={ANNOTATION: signature})
        return tag

    def listed(self, subject: Descriptor, *artifacts: Descriptor) -> Descriptor:
        """Push an index under the tag that lists referrers."""
        return self.manifest({"manifests": artifacts}, INDEX, subject["digest"].replace(":", "-"))

    def content(self, reference: str) -> bytes | None:
        """A manifest's bytes, or nothing if it isn't there."""
        headers = {"Accept": f"{INDEX}, {IMAGE}"}
        response = DIRECT.get(
            f"{self.url}/manifests/{reference}", headers=headers, auth=self.server.credentials, timeout=10
        )
        return response.content if response.ok else None

    def tags(self) -> set[str]:
        """All tags."""
        response = DIRECT.get(f"{self.url}/tags/list", auth=self.server.credentials, timeout=10)
        return set(response.json()["tags"] or ()) if response.ok else set()

    @property
    def url(self) -> str:
        """The repository's address."""
        return f"{self.server.url}/v2/{self.name}"

    def _call(self, method: str, url: str, **request: Any) -> requests.Response:
        response = DIRECT.request(method, url, auth=self.server.credentials, timeout=10, **request)
        response.raise_for_status()
        return response


def digest_of(content: bytes) -> str:
    """A digest, as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"

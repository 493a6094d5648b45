"""A manifest, byte for byte as its registry serves it: its digest is the hash of these bytes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Blob:
    """A layer or a configuration."""

    digest: str
    size: int
    """Bytes."""
    media_type: str
    annotations: dict[str, str]


@dataclass(frozen=True)
class Image:
    """An image of one platform: what a scan looks at."""

    platform: str
    digest: str


@dataclass(frozen=True)
class Manifest:
    """An image, an index of images, or something attached to an image.

    https://github.com/opencontainers/image-spec/blob/main/manifest.md
    """

    content: bytes
    media_type: str

    @cached_property
    def digest(self) -> str:
        """Its name in every registry."""
        return digest_of(self.content)

    @cached_property
    def document(self) -> dict[str, Any]:
        """What it says."""
        document: dict[str, Any] = json.loads(self.content)
        return document

    @property
    def children(self) -> tuple[str, ...]:
        """Digests of the manifests that an index lists."""
        return tuple(each["digest"] for each in self.document.get("manifests", ()))

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """What it consists of: configuration and layers."""
        parts = [*filter(None, [self.document.get("config")]), *self.document.get("layers", ())]
        return tuple(
            Blob(each["digest"], each["size"], each.get("mediaType", ""), each.get("annotations") or {})
            for each in parts
        )

    @property
    def images(self) -> tuple[Image, ...]:
        """The images in it, without the attestations that builders list beside them as of an unknown platform.

        https://docs.docker.com/build/metadata/attestations/attestation-storage/
        """
        if "manifests" not in self.document:
            return (Image("image", self.digest),)
        platforms = ((each["digest"], each.get("platform") or {}) for each in self.document["manifests"])
        return tuple(
            Image("/".join(filter(None, (platform.get(part) for part in ("os", "architecture", "variant")))), digest)
            for digest, platform in platforms
            if platform.get("os") != "unknown"
        )


def digest_of(content: bytes) -> str:
    """The digest of bytes, as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"

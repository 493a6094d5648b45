"""The platforms that an image is built for, and those that tasks need."""

from __future__ import annotations

import json
from collections.abc import Iterable

from environments.schema import Service
from ops.conditions import UnknownError
from ops.registry.repository import Manifest, Repository

OF_ARCHITECTURE = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}
"""Platforms by Fargate's names of architectures, as the OCI image specification writes them.

Fargate pulls the image of the task definition's platform; without one, the task doesn't start:
"image Manifest does not contain descriptor matching platform".
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
"""


def needed(services: Iterable[Service], repository: str) -> tuple[str, ...]:
    """Platforms of the services that run images of a repository."""
    return tuple(sorted({OF_ARCHITECTURE[each.architecture] for each in services if each.repository == repository}))


def built_for(repository: Repository, manifest: Manifest) -> tuple[str, ...]:
    """Platforms of an index or an image, without variants such as `v8`.

    Raises:
        UnknownError: The image's configuration doesn't name its platform, as the specification requires.
        RegistryError: The registry doesn't serve it.
    """
    if "manifests" in manifest.document:
        return tuple("/".join(image.platform.split("/")[:2]) for image in manifest.images)
    # https://github.com/opencontainers/image-spec/blob/main/config.md
    config = json.loads(repository.read(manifest.blobs[0])) if manifest.document.get("config") else {}
    if not (config.get("os") and config.get("architecture")):
        raise UnknownError(f"the configuration of {manifest.digest} names no platform (os, architecture)")
    return (f"{config['os']}/{config['architecture']}",)

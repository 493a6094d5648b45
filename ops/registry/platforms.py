"""The platforms that an image is built for, and those that tasks need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from environments.schema import Service
from ops.conditions import UnknownError
from ops.registry.repository import Manifest, Repository
from ops.stored import parse

OF_ARCHITECTURE = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}
"""Platforms by Fargate's names of architectures, as the OCI image specification writes them.

Fargate pulls the image of the task definition's platform; without one, the task doesn't start:
"image Manifest does not contain descriptor matching platform".
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
"""


@dataclass(frozen=True)
class _Config:
    """What is read of an image's configuration: https://github.com/opencontainers/image-spec/blob/main/config.md."""

    os: str = ""
    architecture: str = ""


def needed(services: Iterable[Service], repository: str) -> tuple[str, ...]:
    """Platforms of the services that run images of a repository."""
    return tuple(sorted({OF_ARCHITECTURE[each.architecture] for each in services if each.repository == repository}))


def built_for(repository: Repository, manifest: Manifest) -> tuple[str, ...]:
    """Platforms of an index or an image, without variants such as `v8`.

    Raises:
        UnknownError: The image's configuration doesn't name its platform, as the specification requires.
        RegistryError: The registry doesn't serve it.
    """
    if manifest.is_index:
        return tuple("/".join(image.platform.split("/")[:2]) for image in manifest.images)
    try:
        config = parse(_Config, repository.read(manifest.config)) if manifest.config else _Config()
    except ValueError as error:
        raise UnknownError(f"the configuration of {manifest.digest} can't be read: {error}") from None
    if not (config.os and config.architecture):
        raise UnknownError(f"the configuration of {manifest.digest} names no platform (os, architecture)")
    return (f"{config.os}/{config.architecture}",)

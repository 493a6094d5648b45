"""Copies an image from one repository to another: all of its platforms, and its attachments."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from environments.attached import tags
from ops.registry.repository import Blob, Manifest, RegistryError, Repository


@dataclass
class Copied:
    """What was copied; existing manifests and blobs are not."""

    manifests: int = 0
    blobs: int = 0
    size: int = 0
    """Bytes of the blobs."""


def copy(source: Repository, target: Repository, digest: str, copying: Callable[[Blob], None]) -> Copied:
    """Copy an image by its digest, and compare the result.

    Existing manifests and blobs are left alone. A manifest is copied after what it refers to, and an image before its
    attachments, so that after an interruption nothing refers to a missing part, and a new copy continues.

    Args:
        source: The repository that has the image.
        target: The repository to copy it to.
        digest: The image.
        copying: Called with each blob before it is copied.
    """
    copied = Copied()
    seen: dict[str, Manifest] = {}
    pending = [source.manifest(digest)]
    while pending:
        manifest = pending.pop()
        if manifest.digest in seen:
            continue
        seen[manifest.digest] = manifest
        _put(source, target, manifest, copied, copying)
        pending += [source.manifest(child) for child in manifest.children]
        for tag, other in attached(source, manifest.digest):
            _put(source, target, other, copied, copying)
            if tag:
                put_tag(target, other, tag)
            pending.append(other)
    for each in seen:
        target.manifest(each)
    return copied


def attached(source: Repository, digest: str) -> Iterator[tuple[str | None, Manifest]]:
    """Attachments of a manifest, such as signatures and attestations, each with its tag, if it has one."""
    for tag in tags(digest):
        if found := source.find(tag):
            yield tag, found
    for referrer in source.referrers(digest):
        yield None, source.manifest(referrer)


def put_tag(target: Repository, manifest: Manifest, tag: str) -> bool:
    """Tag an existing manifest; return whether the tag was missing.

    Raises:
        RegistryError: Another manifest has the tag. Tags never move.
    """
    found = target.find(tag)
    if found is None:
        target.put(manifest, tag)
    elif found.digest != manifest.digest:
        raise RegistryError(f"{target.name}:{tag} is {found.digest}, not {manifest.digest}; tags never move")
    return found is None


def _put(
    source: Repository, target: Repository, manifest: Manifest, copied: Copied, copying: Callable[[Blob], None]
) -> None:
    if target.find(manifest.digest):
        return
    for child in manifest.children:
        _put(source, target, source.manifest(child), copied, copying)
    for blob in manifest.blobs:
        if target.has(blob):
            continue
        copying(blob)
        with tempfile.TemporaryFile() as content:
            source.download(blob, content)
            content.seek(0)
            target.upload(blob, content)
        copied.blobs += 1
        copied.size += blob.size
    target.put(manifest, manifest.digest)
    copied.manifests += 1

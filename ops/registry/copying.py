"""Copy an image from one repository to another: all of its platforms, and whatever is attached to it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from environments.attached import tags
from ops.registry.repository import Blob, Manifest, RegistryError, Repository


@dataclass
class Copied:
    """What wasn't there before."""

    manifests: int = 0
    blobs: int = 0
    size: int = 0
    """Bytes of the blobs."""


def copy(source: Repository, target: Repository, digest: str, told: Callable[[Blob], None]) -> Copied:
    """Copy an image by its digest, and compare.

    What is there already is left alone. A manifest comes after what it names, and an image before what is attached
    to it, so that an interrupted copy holds nothing half and is gone on with.

    Args:
        source: Where it is.
        target: Where it goes.
        digest: Which.
        told: Hears of each blob before it is copied.
    """
    copied = Copied()
    seen: dict[str, Manifest] = {}
    pending = [source.manifest(digest)]
    while pending:
        manifest = pending.pop()
        if manifest.digest in seen:
            continue
        seen[manifest.digest] = manifest
        _put(source, target, manifest, copied, told)
        pending += [source.manifest(child) for child in manifest.children]
        for tag, other in attached(source, manifest.digest):
            _put(source, target, other, copied, told)
            if tag:
                put_tag(target, other, tag)
            pending.append(other)
    for each in seen:
        target.manifest(each)
    return copied


def attached(source: Repository, digest: str) -> Iterator[tuple[str | None, Manifest]]:
    """Signatures, attestations and the like of a manifest, each with the tag that it hangs on, if any."""
    for tag in tags(digest):
        if found := source.find(tag):
            yield tag, found
    for referrer in source.referrers(digest):
        yield None, source.manifest(referrer)


def put_tag(target: Repository, manifest: Manifest, tag: str) -> bool:
    """Put a tag on a manifest that is there; answer whether it was missing.

    Raises:
        RegistryError: The tag is on another one. Tags never move.
    """
    found = target.find(tag)
    if found is None:
        target.put(manifest, tag)
    elif found.digest != manifest.digest:
        raise RegistryError(f"{target.name}:{tag} is {found.digest}, not {manifest.digest}; tags never move")
    return found is None


def _put(
    source: Repository, target: Repository, manifest: Manifest, copied: Copied, told: Callable[[Blob], None]
) -> None:
    if target.find(manifest.digest):
        return
    for child in manifest.children:
        _put(source, target, source.manifest(child), copied, told)
    for blob in manifest.blobs:
        if target.has(blob):
            continue
        told(blob)
        with tempfile.TemporaryFile() as content:
            source.download(blob, content)
            content.seek(0)
            target.upload(blob, content)
        copied.blobs += 1
        copied.size += blob.size
    target.put(manifest, manifest.digest)
    copied.manifests += 1

"""Copies an image from one repository to another: all of its platforms, and its attachments."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from environments.attached import tags
from ops.registry.repository import NESTED, SHA256, Blob, Manifest, NotTakenError, RegistryError, Repository

LEAVE_OUT = "--leave-out-refused"
"""The option for attachments that the target doesn't take."""


@dataclass
class Copied:
    """What was copied; existing manifests and blobs are not."""

    manifests: int = 0
    blobs: int = 0
    size: int = 0
    """Bytes of the blobs."""
    left_out: list[str] = field(default_factory=list)
    """Attachments that the target doesn't take, each with its reason."""
    kept_tags: list[str] = field(default_factory=list)
    """Tags of attachments that name another manifest in the target, each with both digests."""


def copy(
    source: Repository,
    target: Repository,
    digest: str,
    copying: Callable[[Blob], None],
    *,
    leave_out: bool = False,
    copied: Copied | None = None,
) -> Copied:
    """Copy an image by its digest, and compare the result.

    Existing manifests and blobs are left alone. A manifest is copied after what it refers to, and an image before its
    attachments, so that after an interruption nothing refers to a missing part, and a new copy continues.

    Args:
        source: The repository that has the image.
        target: The repository to copy it to.
        digest: The image.
        copying: Called with each blob before it is copied.
        leave_out: Whether to leave out attachments that the target doesn't take.
        copied: Where to count; after an error it has what was copied before.

    Raises:
        RegistryError: A registry refuses, or doesn't respond.
    """
    copied = copied or Copied()
    seen: dict[str, Manifest] = {}
    pending = [source.manifest(digest)]
    while pending:
        manifest = pending.pop()
        if manifest.digest in seen:
            continue
        seen[manifest.digest] = manifest
        _put(source, target, manifest, copied, copying)
        pending += [source.manifest(child) for child in manifest.children]
        for reference in (*tags(manifest.digest), *source.referrers(manifest.digest)):
            try:
                other = _attachment(source, reference)
                if other is None:
                    continue
                _put(source, target, other, copied, copying)
                if not reference.startswith(SHA256):
                    _put_attachments_tag(target, other, reference, copied)
            except NotTakenError as error:
                # ECR refuses some referrers: https://github.com/aws/containers-roadmap/issues/2783
                if not leave_out:
                    raise NotTakenError(
                        f"{error}; it is attached to {manifest.digest}: to copy the image without it, pass {LEAVE_OUT}"
                    ) from None
                copied.left_out.append(f"{reference}: {error}")
                continue
            pending.append(other)
    for each in seen:
        target.manifest(each)
    return copied


def attached(source: Repository, digest: str) -> Iterator[tuple[str | None, Manifest]]:
    """Attachments of a manifest, such as signatures and attestations, each with its tag, if it has one."""
    for reference in (*tags(digest), *source.referrers(digest)):
        if found := _attachment(source, reference):
            yield None if reference.startswith(SHA256) else reference, found


def _attachment(source: Repository, reference: str) -> Manifest | None:
    """The attachment of a tag, if there is one, or of a listed digest, which must exist."""
    return source.manifest(reference) if reference.startswith(SHA256) else source.find(reference)


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


def _put_attachments_tag(target: Repository, manifest: Manifest, tag: str, copied: Copied) -> None:
    """Tag an attachment, unless the target has another one: the tag of the source moves with each new attestation.

    The target's tags are immutable. The new attachment is in the target by its digest.
    https://github.com/sigstore/cosign/blob/main/specs/ATTESTATION_SPEC.md
    """
    found = target.find(tag)
    if found is None:
        target.put(manifest, tag)
    elif found.digest != manifest.digest:
        copied.kept_tags.append(f"{tag} is {found.digest} in {target.name}; {manifest.digest} was copied without a tag")


def _put(
    source: Repository, target: Repository, manifest: Manifest, copied: Copied, copying: Callable[[Blob], None]
) -> None:
    if target.find(manifest.digest):
        return
    for digest in manifest.children:
        child = source.manifest(digest)
        if child.is_index:
            raise RegistryError(f"{source.name}: {manifest.digest} lists another index, {digest}; {NESTED}")
        _put(source, target, child, copied, copying)
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

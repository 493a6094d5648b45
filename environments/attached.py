"""Signatures, attestations and the like that are attached to an image by a tag which names its digest."""

from __future__ import annotations

PREFIX = "sha256-"
"""What such tags begin with: the digest, with `-` for `:`, which no tag may have."""
SUFFIXES = ("", ".sig", ".att", ".sbom")
"""What follows the digest: nothing where a registry has no list of referrers, else cosign's kind.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery
"""


def tags(digest: str) -> tuple[str, ...]:
    """All tags by which something can be attached to an image of that digest."""
    return tuple(digest.replace(":", "-") + suffix for suffix in SUFFIXES)

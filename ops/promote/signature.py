"""Verifies cosign's signatures of an image with a key: both formats, without a transparency log.

https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ops.errors import OpsError
from ops.registry.copying import attached
from ops.registry.repository import Blob, Repository

SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
ANNOTATION = "dev.cosignproject.cosign/signature"
SIGNED = "https://sigstore.dev/cosign/sign/v1"
"""The statement type of `cosign sign`; the same signer's other statements attest something else."""
LARGEST = 1 << 20
"""Limit in bytes; a signature is much smaller."""


class Claim(NamedTuple):
    """Signed bytes, and the image that they are about."""

    message: bytes
    signature: bytes
    digest: str


def is_signed(repository: Repository, digest: str, key: str) -> bool:
    """Whether the image has a signature by the key.

    Args:
        repository: The repository of image and signatures.
        digest: The image.
        key: ECDSA public key as PEM text.

    Raises:
        OpsError: The text isn't an ECDSA public key.
    """
    try:
        public = load_pem_public_key(key.encode())
    except ValueError:
        public = None
    if not isinstance(public, EllipticCurvePublicKey):
        raise OpsError("registry.signing_key isn't an ECDSA public key; cosign public-key prints one")
    return any(claim.digest == digest and _verified(claim, public) for claim in _claims(repository, digest))


def _verified(claim: Claim, key: EllipticCurvePublicKey) -> bool:
    try:
        key.verify(claim.signature, claim.message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _claims(repository: Repository, digest: str) -> Iterator[Claim]:
    """The claims of all attachments; unreadable ones are left out."""
    for _, manifest in attached(repository, digest):
        # If the registry has no referrers API, an index under a tag lists them.
        for each in (manifest, *map(repository.manifest, manifest.children)):
            for blob in each.blobs:
                if (read := _FORMATS.get(blob.media_type)) and blob.size <= LARGEST:
                    try:
                        yield read(blob, repository.read(blob))
                    except (ValueError, LookupError, TypeError, AttributeError):
                        continue


def _simple(blob: Blob, content: bytes) -> Claim:
    claimed = json.loads(content)["critical"]["image"]["docker-manifest-digest"]
    return Claim(content, base64.b64decode(blob.annotations[ANNOTATION]), claimed)


def _bundled(_: Blob, content: bytes) -> Claim:
    envelope = json.loads(content)["dsseEnvelope"]
    kind, payload = envelope["payloadType"].encode(), base64.b64decode(envelope["payload"])
    statement = json.loads(payload)
    if statement["predicateType"] != SIGNED:
        raise ValueError(statement["predicateType"])
    # https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
    message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    return Claim(
        message,
        base64.b64decode(envelope["signatures"][0]["sig"]),
        f"sha256:{statement['subject'][0]['digest']['sha256']}",
    )


_FORMATS: dict[str, Callable[[Blob, bytes], Claim]] = {SIMPLE_SIGNING: _simple, BUNDLE: _bundled}

"""Signatures as cosign makes them, in both of its formats, with keys of the test's own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ops.errors import OpsError
from ops.promote.signature import ANNOTATION, BUNDLE, SIGNED, SIMPLE_SIGNING, is_signed
from ops.registry.repository import MANIFESTS, Repository, digest_of
from tests.cases import every_case
from tests.ops.registry.canned import Answer, canned

IMAGE = f"sha256:{'1' * 64}"
OTHER = f"sha256:{'2' * 64}"
KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER = ec.generate_private_key(ec.SECP256R1())

Answers = dict[str, list[Answer]]


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signature(key: ec.EllipticCurvePrivateKey, message: bytes) -> str:
    return base64.b64encode(key.sign(message, ec.ECDSA(SHA256()))).decode()


def attached(content: bytes, media_type: str, **annotations: str) -> tuple[Answers, bytes]:
    """A blob, and the manifest that holds it."""
    layer = {"mediaType": media_type, "digest": digest_of(content), "size": len(content), "annotations": annotations}
    manifest = json.dumps({"layers": [layer]}).encode()
    answers = {
        f"GET /v2/app/blobs/{layer['digest']}": [Answer(200, content)],
        f"GET /v2/app/manifests/{digest_of(manifest)}": [Answer(200, manifest, {"Content-Type": MANIFESTS[1]})],
    }
    return answers, manifest


def simple(key: ec.EllipticCurvePrivateKey, digest: str) -> Answers:
    """Under the tag with the suffix .sig."""
    claim = {"image": {"docker-manifest-digest": digest}, "type": "cosign container image signature"}
    payload = json.dumps({"critical": claim, "optional": None}).encode()
    answers, manifest = attached(payload, SIMPLE_SIGNING, **{ANNOTATION: signature(key, payload)})
    tag = IMAGE.replace(":", "-")
    return answers | {f"GET /v2/app/manifests/{tag}.sig": [Answer(200, manifest, {"Content-Type": MANIFESTS[1]})]}


def bundle(key: ec.EllipticCurvePrivateKey, digest: str, predicate: str = SIGNED) -> tuple[Answers, bytes]:
    """A statement in an envelope in a bundle."""
    subject = [{"digest": {"sha256": digest.removeprefix("sha256:")}}]
    payload = json.dumps({"subject": subject, "predicateType": predicate, "predicate": {}}).encode()
    kind = "application/vnd.in-toto+json"
    message = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    envelope = {
        "payloadType": kind,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"sig": signature(key, message)}],
    }
    return attached(json.dumps({"mediaType": BUNDLE, "dsseEnvelope": envelope}).encode(), BUNDLE)


def referred(key: ec.EllipticCurvePrivateKey, digest: str) -> Answers:
    """Listed by the registry."""
    answers, manifest = bundle(key, digest)
    listed = json.dumps({"manifests": [{"digest": digest_of(manifest)}]}).encode()
    return answers | {f"GET /v2/app/referrers/{IMAGE}": [Answer(200, listed)]}


def tagged(key: ec.EllipticCurvePrivateKey, digest: str) -> Answers:
    """Listed under a tag, where the registry keeps no list."""
    answers, manifest = bundle(key, digest)
    listed = json.dumps({"manifests": [{"digest": digest_of(manifest)}]}).encode()
    tag = IMAGE.replace(":", "-")
    return answers | {f"GET /v2/app/manifests/{tag}": [Answer(200, listed, {"Content-Type": MANIFESTS[0]})]}


def told(answers: Answers, key: str) -> bool:
    with canned(answers) as server:
        return is_signed(Repository(server.url, "app", ("AWS", "")), IMAGE, key)


@every_case("made", [simple, referred, tagged])
@every_case(("key", "digest", "expected"), [(KEY, IMAGE, True), (STRANGER, IMAGE, False), (KEY, OTHER, False)])
def test_only_the_keys_signature_of_this_image_counts(
    made: Callable[[ec.EllipticCurvePrivateKey, str], Answers],
    key: ec.EllipticCurvePrivateKey,
    digest: str,
    expected: bool,
) -> None:
    assert told(made(key, digest), pem(KEY)) is expected


def test_another_statement_by_the_same_key_is_no_signature() -> None:
    answers, manifest = bundle(KEY, IMAGE, predicate="https://slsa.dev/provenance/v1")
    listed = json.dumps({"manifests": [{"digest": digest_of(manifest)}]}).encode()
    assert not told(answers | {f"GET /v2/app/referrers/{IMAGE}": [Answer(200, listed)]}, pem(KEY))


@every_case("content", [b"", b"[]", b"{}", b'{"dsseEnvelope": {"payloadType": 1}}', b"\xff"])
@every_case("media_type", [SIMPLE_SIGNING, BUNDLE])
def test_what_can_not_be_read_is_no_signature(content: bytes, media_type: str) -> None:
    answers, manifest = attached(content, media_type)
    tag = IMAGE.replace(":", "-")
    assert not told(
        answers | {f"GET /v2/app/manifests/{tag}.sig": [Answer(200, manifest, {"Content-Type": MANIFESTS[1]})]},
        pem(KEY),
    )


def test_no_attachment_is_no_signature() -> None:
    assert not told({}, pem(KEY))


@pytest.mark.parametrize("key", ["no key", pem(rsa.generate_private_key(65537, 2048))], ids=["no key", "RSA"])
def test_a_key_of_another_kind_is_refused(key: str) -> None:
    with pytest.raises(OpsError, match="isn't an ECDSA public key"):
        told({}, key)

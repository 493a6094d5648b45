"""Responses of registries, and how they are read."""

from __future__ import annotations

import io
import json

import pytest

from ops.registry import repository as registry
from ops.registry.repository import Blob, Manifest, RegistryError, Repository, digest_of
from tests.ops.registry.canned import Answer, Canned, canned

MANIFEST = b'{ "schemaVersion": 2, "layers": [] }'
DIGEST = digest_of(MANIFEST)
BLOB = Blob(digest_of(b"layer"), 5, "", {})
IMAGE = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}


def repository(server: Canned) -> Repository:
    return Repository(server.url, "app", ("AWS", "the-password"))


def answers(**paths: list[Answer]) -> dict[str, list[Answer]]:
    return {f"GET /v2/app/{path.replace('__', '/')}": given for path, given in paths.items()}


def refusal(code: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": "no"}]}).encode()


def test_a_manifest_is_kept_byte_for_byte() -> None:
    with canned(answers(manifests__v1=[Answer(200, MANIFEST, IMAGE)])) as server:
        assert repository(server).find("v1") == Manifest(MANIFEST, IMAGE["Content-Type"])
        assert repository(server).find("v2") is None


def test_another_manifest_than_asked_for_is_refused() -> None:
    with (
        canned({f"GET /v2/app/manifests/{DIGEST}": [Answer(200, MANIFEST + b" ", IMAGE)]}) as server,
        pytest.raises(RegistryError, match=f"serves {digest_of(MANIFEST + b' ')} for {DIGEST}"),
    ):
        repository(server).manifest(DIGEST)


def test_referrers_are_read_to_the_last_page() -> None:
    def page(*digests: str, **headers: str) -> list[Answer]:
        return [Answer(200, json.dumps({"manifests": [{"digest": each} for each in digests]}).encode(), headers)]

    pages = {
        "GET /v2/app/referrers/sha256:1": page("a", "b", Link='</v2/app/referrers/sha256:1?next=2>; rel="next"'),
        "GET /v2/app/referrers/sha256:1?next=2": page("c"),
    }
    with canned(pages) as server:
        assert list(repository(server).referrers("sha256:1")) == ["a", "b", "c"]
        assert list(repository(server).referrers("sha256:2")) == []


def test_a_busy_registry_is_asked_again() -> None:
    with canned(answers(manifests__v1=[Answer(503), Answer(429), Answer(200, MANIFEST, IMAGE)])) as server:
        assert repository(server).find("v1")
        assert len(server.calls) == 3


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(403, refusal("DENIED")), "app refuses GET manifests/v1: DENIED: no .*both allow it"),
        (Answer(401, refusal("UNAUTHORIZED")), "doesn't accept these credentials"),
        (Answer(400, refusal("NAME_INVALID")), "NAME_INVALID: no$"),
        (Answer(418, b"<html>"), "418"),
        (Answer(403, b'{"errors": []}'), "403 Forbidden"),
    ],
)
def test_a_refusal_is_one_line(answer: Answer, told: str) -> None:
    with canned(answers(manifests__v1=[answer])) as server, pytest.raises(RegistryError, match=told) as refused:
        repository(server).find("v1")
    assert "\n" not in str(refused.value)


def test_a_missing_repository_points_to_its_phase() -> None:
    with (
        canned({"POST /v2/app/blobs/uploads/": [Answer(404, refusal("NAME_UNKNOWN"))]}) as server,
        pytest.raises(RegistryError, match="apply phase registry first"),
    ):
        repository(server).upload(BLOB, io.BytesIO(b"layer"))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(200, b"lay", promised=5), "lost the connection while reading sha256:.*run it again"),
        (Answer(200, b"lawyer"), "serves sha256:"),
    ],
)
def test_a_blob_that_breaks_off_or_differs_is_refused(answer: Answer, told: str) -> None:
    with (
        canned({f"GET /v2/app/blobs/{BLOB.digest}": [answer]}) as server,
        pytest.raises(RegistryError, match=told),
    ):
        repository(server).read(BLOB)


def test_errors_say_neither_password_nor_signed_address() -> None:
    gone = "http://127.0.0.1:9/v2/app/blobs/x?X-Amz-Signature=5ec2e7"
    with (
        canned({f"GET /v2/app/blobs/{BLOB.digest}": [Answer(307, headers={"Location": gone})]}) as server,
        pytest.raises(RegistryError, match="doesn't respond") as told,
    ):
        repository(server).read(BLOB)
    assert "5ec2e7" not in str(told.value)
    assert "the-password" not in str(told.value)
    assert told.value.__cause__ is None


def test_a_password_goes_over_the_network_only_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RegistryError, match="must begin with https://"):
        Repository("http://registry.example", "app", ("AWS", "the-password"))
    assert Repository("https://registry.example", "app", ("AWS", "the-password")).name == "registry.example/app"
    monkeypatch.setattr(registry, "LOOPBACK", ())
    with pytest.raises(RegistryError):
        Repository("http://127.0.0.1:5000", "app", ("AWS", "the-password"))


def test_attestations_of_a_builder_are_no_images() -> None:
    document = {
        "manifests": [
            {"digest": "sha256:1", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
            {"digest": "sha256:2", "platform": {"os": "unknown", "architecture": "unknown"}},
        ]
    }
    index = Manifest(json.dumps(document).encode(), "application/vnd.oci.image.index.v1+json")
    assert [(each.platform, each.digest) for each in index.images] == [("linux/arm64/v8", "sha256:1")]
    assert index.children == ("sha256:1", "sha256:2")

"""Responses of registries, and how they are read."""

from __future__ import annotations

import io
import json
from typing import Any, cast

import pytest
from requests import PreparedRequest, Response

from ops.conditions import UnknownError
from ops.registry import repository as registry
from ops.registry.copying import copy
from ops.registry.platforms import built_for
from ops.registry.repository import Blob, Manifest, NotTakenError, RegistryError, Repository, digest_of
from tests.cases import every_case
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
        "GET /v2/app/referrers/sha256:1": page(
            "sha256:a", "sha256:b", Link='</v2/app/referrers/sha256:1?next=2>; rel="next"'
        ),
        "GET /v2/app/referrers/sha256:1?next=2": page("sha256:c"),
    }
    with canned(pages) as server:
        assert list(repository(server).referrers("sha256:1")) == ["sha256:a", "sha256:b", "sha256:c"]
        assert list(repository(server).referrers("sha256:2")) == []


@pytest.mark.slow
def test_a_busy_registry_is_asked_again() -> None:
    with canned(answers(manifests__v1=[Answer(503), Answer(429), Answer(200, MANIFEST, IMAGE)])) as server:
        assert repository(server).find("v1")
        assert len(server.calls) == 3


@every_case(
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


INDEX = {"Content-Type": "application/vnd.oci.image.index.v1+json"}
PAGE = {"Content-Type": "text/html; charset=utf-8"}
SHA512 = f"sha512:{'a' * 128}"


def layer(**different: object) -> bytes:
    """A manifest with a layer that is different in one value."""
    given = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": BLOB.digest, "size": 5}
    return json.dumps({"layers": [given | different]}).encode()


def listing(**different: object) -> bytes:
    """An index with a manifest that is different in one value."""
    return json.dumps({"manifests": [{"mediaType": IMAGE["Content-Type"], "digest": DIGEST} | different]}).encode()


@every_case(
    ("answer", "told"),
    [
        (Answer(200, b'{"manifests": null}', INDEX), "something else than a manifest .*: manifests: "),
        (Answer(200, b'{"layers": null}', IMAGE), "something else than a manifest .*: layers: "),
        (Answer(200, b'{"layers": [null]}', IMAGE), "something else than a manifest .*: layers.0: "),
        (Answer(200, b'{"layers": [{"digest": 1, "size": "1"}]}', IMAGE), "layers.0.digest: "),
        (Answer(200, b"[]", IMAGE), "something else than a manifest"),
        (Answer(200, b"null", IMAGE), "something else than a manifest"),
        (Answer(200, b"", IMAGE), "something else than a manifest"),
        (Answer(200, b"\xff\xfe", IMAGE), "something else than a manifest"),
        (Answer(200, b"<html>sign in</html>", PAGE), r"something else than a manifest .*text/html\).*sign-in page"),
        (Answer(200, MANIFEST), "v1 without a Content-Type"),
        (Answer(307), "refuses GET manifests/v1: 307 without a Location"),
        (Answer(200, layer(digest=SHA512), IMAGE), "lists a digest of sha512, and ECR knows sha256 only"),
        (Answer(200, listing(digest=SHA512), INDEX), "lists a digest of sha512, and ECR knows sha256 only"),
        (Answer(200, listing(mediaType=INDEX["Content-Type"]), INDEX), "lists another index; build one index"),
        (
            Answer(200, layer(mediaType="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"), IMAGE),
            "has a foreign layer",
        ),
        (
            Answer(200, layer(mediaType="application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"), IMAGE),
            "has a foreign layer",
        ),
        (Answer(200, listing(digest="latest"), INDEX), "lists 'latest', which isn't a digest"),
        (Answer(200, listing(digest="../../other/manifests/v1"), INDEX), "which isn't a digest"),
        (Answer(200, layer(digest=""), IMAGE), "lists '', which isn't a digest"),
        (Answer(200, layer(digest="sha256:abc"), IMAGE), "lists 'sha256:abc', which isn't a digest"),
        (Answer(200, b'{"message": "sign in"}', {"Content-Type": "application/json"}), "as application/json; a proxy"),
        (
            Answer(200, b'{"fsLayers": []}', {"Content-Type": "application/vnd.docker.distribution.manifest.v1+json"}),
            "build it as an image of OCI, or of Docker's schema 2",
        ),
        (
            Answer(200, b'{"blobs": []}', {"Content-Type": "application/vnd.oci.artifact.manifest.v1+json"}),
            "its content is another one or isn't known here",
        ),
        (Answer(200, listing(), IMAGE), "its content is another one"),
        (Answer(200, MANIFEST, INDEX), "its content is another one"),
    ],
)
def test_an_unusual_manifest_is_one_clear_line(answer: Answer, told: str) -> None:
    with canned(answers(manifests__v1=[answer])) as server, pytest.raises(RegistryError, match=told) as refused:
        repository(server).find("v1")
    assert "\n" not in str(refused.value)


def test_a_digest_of_sha512_is_one_clear_line() -> None:
    with canned({}) as server, pytest.raises(RegistryError, match=r"sha512:.* isn't a digest of sha256"):
        repository(server).manifest(SHA512)


def test_parameters_of_a_content_type_arent_part_of_the_media_type() -> None:
    given = {"Content-Type": f"{IMAGE['Content-Type']}; charset=utf-8"}
    with canned(answers(manifests__v1=[Answer(200, MANIFEST, given)])) as server:
        assert repository(server).find("v1") == Manifest(MANIFEST, IMAGE["Content-Type"])


@every_case(
    ("answer", "told"),
    [
        (
            Answer(200, b"<html>", PAGE),
            r"something else than a list for referrers/sha256:1 \(text/html\): Invalid JSON",
        ),
        (Answer(200, b'{"manifests": null}', INDEX), "manifests: Input should be"),
        (Answer(200, b"{}", INDEX), "manifests: Field required"),
        (Answer(200, b"[]", INDEX), "something else than a list"),
    ],
)
def test_an_unusual_list_of_referrers_is_one_clear_line(answer: Answer, told: str) -> None:
    with (
        canned({"GET /v2/app/referrers/sha256:1": [answer]}) as server,
        pytest.raises(RegistryError, match=told) as refused,
    ):
        list(repository(server).referrers("sha256:1"))
    assert "\n" not in str(refused.value)


def test_an_upload_without_a_location_is_one_clear_line() -> None:
    with (
        canned({"POST /v2/app/blobs/uploads/": [Answer(202)]}) as server,
        pytest.raises(RegistryError, match="responds to POST blobs/uploads/ without a Location"),
    ):
        repository(server).upload(BLOB, io.BytesIO(b"layer"))


@every_case("address", ["http://[", "//[::", "http://a..b/x", f"http://{'a' * 300}/"])
def test_an_address_that_cant_be_read_is_one_clear_line(address: str) -> None:
    there = {"Location": address}
    pages = {
        "POST /v2/app/blobs/uploads/": [Answer(202, headers=there)],
        "GET /v2/app/manifests/v1": [Answer(307, headers=there)],
        "GET /v2/app/referrers/sha256:1": [
            Answer(200, b'{"manifests": []}', INDEX | {"Link": f'<{address}>; rel="next"'})
        ],
    }
    with canned(pages) as server:
        for call in (
            lambda: repository(server).upload(BLOB, io.BytesIO(b"layer")),
            lambda: repository(server).find("v1"),
            lambda: list(repository(server).referrers("sha256:1")),
        ):
            with pytest.raises(RegistryError, match="doesn't respond to"):
                call()


def test_pages_of_referrers_that_lead_to_one_another_end() -> None:
    here = "/v2/app/referrers/sha256:1"
    page = Answer(200, b'{"manifests": []}', INDEX | {"Link": f'<{here}>; rel="next"'})
    with canned({f"GET {here}": [page]}) as server, pytest.raises(RegistryError, match="lead to one another"):
        list(repository(server).referrers("sha256:1"))


def test_a_referrer_that_isnt_a_digest_doesnt_become_a_tag() -> None:
    page = Answer(200, b'{"manifests": [{"digest": "latest"}]}', INDEX)
    with (
        canned({"GET /v2/app/referrers/sha256:1": [page]}) as server,
        pytest.raises(RegistryError, match="lists 'latest' in referrers/sha256:1, which isn't a digest"),
    ):
        list(repository(server).referrers("sha256:1"))


def test_another_host_that_the_registry_names_gets_no_password() -> None:
    """As of a registry that stores uploads elsewhere: https://distribution.github.io/distribution/about/configuration/."""
    sent: list[str | bytes | None] = []
    with canned({}) as other:
        other.answers[f"PUT /there?digest={BLOB.digest.replace(':', '%3A')}"] = [Answer(201)]
        with canned({"POST /v2/app/blobs/uploads/": [Answer(202, headers={"Location": f"{other.url}/there"})]}) as own:
            target = repository(own)
            send = target._session.send

            def record(request: PreparedRequest, **given: Any) -> Response:
                sent.append(request.headers.get("Authorization"))
                return send(request, **given)

            target._session.send = record  # type: ignore[method-assign]
            target.upload(BLOB, io.BytesIO(b"layer"))
    assert [each is not None for each in sent] == [True, False]


@pytest.mark.parametrize("address", ["http://registry.example/v2/app/blobs/uploads/1", "ftp://registry.example/1"])
def test_an_address_without_tls_gets_no_password(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """As of a registry behind a load balancer that ends TLS, which doesn't know its own address."""
    target = Repository("https://registry.example", "app", ("AWS", "the-password"))
    asked: list[str] = []

    def request(_: str, url: str, **__: object) -> Response:
        asked.append(url)
        response = Response()
        response.status_code, response.headers["Location"] = 202, address
        return response

    monkeypatch.setattr(target._session, "request", request)
    with pytest.raises(RegistryError, match="an address that doesn't begin with https://"):
        target.upload(BLOB, io.BytesIO(b"layer"))
    assert asked == ["https://registry.example/v2/app/blobs/uploads/"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("header", "calls", "waits"),
    [("1", 2, True), ("3600", 1, False), ("99999999999", 1, False), ("Fri, 01 Jan 2100 00:00:00 GMT", 1, False)],
)
def test_a_wait_that_the_registry_asks_for_is_limited_and_shown(
    header: str, calls: int, waits: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    busy = Answer(429, headers={"Retry-After": header})
    with canned(answers(manifests__v1=[busy, Answer(200, MANIFEST, IMAGE)])) as server:
        if waits:
            assert repository(server).find("v1")
            assert "the registry asks to wait 1 s (HTTP 429)" in capsys.readouterr().err
        else:
            with pytest.raises(RegistryError, match=rf"429 .*it asks to wait: Retry-After is {header}"):
                repository(server).find("v1")
        assert len(server.calls) == calls


@every_case("header", ["soon", "-5", "9" * 5000, "Wed, 21 Oct 99999 07:28:00 GMT"])
def test_a_wait_that_is_no_time_is_ignored(header: str) -> None:
    answer = Answer(503, headers={"Retry-After": header})
    with canned(answers(manifests__v1=[answer, Answer(200, MANIFEST, IMAGE)])) as server:
        assert repository(server).find("v1")


@every_case(
    ("content", "told"),
    [
        (b"<html>", "can't be read: Invalid JSON"),
        (b"null", "can't be read"),
        (b'{"os": null, "architecture": "amd64"}', "can't be read: os"),
        (b"{}", "names no platform"),
    ],
)
def test_a_configuration_without_a_platform_is_unknown(content: bytes, told: str) -> None:
    digest = digest_of(content)
    manifest = Manifest(json.dumps({"config": {"digest": digest, "size": len(content)}}).encode(), "x")
    with (
        canned({f"GET /v2/app/blobs/{digest}": [Answer(200, content)]}) as server,
        pytest.raises(UnknownError, match=told),
    ):
        built_for(repository(server), manifest)


class Memory:
    """A repository in memory, which may refuse manifests as a registry does."""

    def __init__(self, name: str, *manifests: Manifest, tags: dict[str, str] | None = None) -> None:
        self.name, self.manifests, self.tags = name, {each.digest: each for each in manifests}, dict(tags or {})
        self.listed: dict[str, list[str]] = {}
        self.refused: dict[str, RegistryError] = {}

    def find(self, reference: str) -> Manifest | None:
        return self.manifests.get(self.tags.get(reference, reference))

    def manifest(self, digest: str) -> Manifest:
        return self.manifests[digest]

    def referrers(self, digest: str) -> list[str]:
        return self.listed.get(digest, [])

    def put(self, manifest: Manifest, reference: str) -> None:
        if manifest.digest in self.refused:
            raise self.refused[manifest.digest]
        self.manifests[manifest.digest] = manifest
        if not reference.startswith("sha256:"):
            self.tags[reference] = manifest.digest

    @property
    def as_repository(self) -> Repository:
        return cast("Repository", self)


def manifest(name: str) -> Manifest:
    return Manifest(json.dumps({"layers": [], "name": name}).encode(), IMAGE["Content-Type"])


PICTURE, REFERRER, OLD, NEW = map(manifest, ("image", "referrer", "attestation", "two attestations"))
ATTESTED = f"{PICTURE.digest.replace(':', '-')}.att"


def test_an_attestation_that_has_grown_in_the_source_doesnt_block_the_image() -> None:
    source = Memory("source", PICTURE, NEW, tags={ATTESTED: NEW.digest})
    target = Memory("target", PICTURE, OLD, tags={ATTESTED: OLD.digest})
    copied = copy(source.as_repository, target.as_repository, PICTURE.digest, lambda _: None)
    assert target.tags == {ATTESTED: OLD.digest}, "tags never move"
    assert target.find(NEW.digest) == NEW
    assert copied.kept_tags == [f"{ATTESTED} is {OLD.digest} in target; {NEW.digest} was copied without a tag"]
    again = copy(source.as_repository, target.as_repository, PICTURE.digest, lambda _: None)
    assert (again.manifests, again.left_out) == (0, [])


@pytest.mark.parametrize("tagged", [True, False])
def test_an_attachment_that_the_target_doesnt_take_can_be_left_out(tagged: bool) -> None:
    source, target = Memory("source", PICTURE, REFERRER), Memory("target")
    if tagged:
        source.tags[ATTESTED] = REFERRER.digest
    else:
        source.listed[PICTURE.digest] = [REFERRER.digest]
    target.refused[REFERRER.digest] = NotTakenError("target refuses PUT manifests/x: 405 Method Not Allowed")
    arguments = source.as_repository, target.as_repository, PICTURE.digest, lambda _: None
    with pytest.raises(RegistryError, match=r"405 .*to copy the image without it, pass --leave-out-refused"):
        copy(*arguments)
    copied = copy(*arguments, leave_out=True)
    (left_out,) = copied.left_out
    assert left_out.startswith(ATTESTED if tagged else REFERRER.digest)
    assert target.manifests == {PICTURE.digest: PICTURE}


def test_an_outage_or_a_refused_image_leaves_nothing_out() -> None:
    source, target = Memory("source", PICTURE, REFERRER, tags={ATTESTED: REFERRER.digest}), Memory("target")
    arguments = source.as_repository, target.as_repository, PICTURE.digest, lambda _: None
    for digest, error in ((REFERRER.digest, RegistryError("403")), (PICTURE.digest, NotTakenError("400"))):
        target.refused = {digest: error}
        target.manifests.clear()
        with pytest.raises(RegistryError, match=r"^40"):
            copy(*arguments, leave_out=True)


@every_case(("status", "final"), [(400, True), (405, True), (415, True), (403, False), (401, False)])
def test_a_status_shows_whether_a_registry_ever_takes_a_manifest(status: int, final: bool) -> None:
    with (
        canned({f"PUT /v2/app/manifests/{DIGEST}": [Answer(status)]}) as server,
        pytest.raises(RegistryError) as refused,
    ):
        repository(server).put(Manifest(MANIFEST, IMAGE["Content-Type"]), DIGEST)
    assert isinstance(refused.value, NotTakenError) is final


def test_an_index_in_an_index_that_doesnt_say_so_isnt_copied() -> None:
    inner = Manifest(json.dumps({"manifests": []}).encode(), INDEX["Content-Type"])
    outer = Manifest(json.dumps({"manifests": [{"digest": inner.digest}]}).encode(), INDEX["Content-Type"])
    source, target = Memory("source", inner, outer), Memory("target")
    with pytest.raises(RegistryError, match="lists another index"):
        copy(source.as_repository, target.as_repository, outer.digest, lambda _: None)
    assert not target.manifests

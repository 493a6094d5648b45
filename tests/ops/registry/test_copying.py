"""Copying between two real registries."""

from __future__ import annotations

import json
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ops.registry.copying import copy, put_tag
from ops.registry.repository import Blob, RegistryError, Repository
from tests.ops.registry.images import IN_TOTO, SPDX, Descriptor, Pusher
from tests.ops.registry.server import Server

pytestmark = pytest.mark.slow  # a registry writes through to the disk: a second for each copy


@pytest.fixture
def pushers(servers: tuple[Server, Server], request: pytest.FixtureRequest) -> tuple[Pusher, Pusher]:
    """An empty repository in each registry."""
    name = re.sub(r"[^a-z0-9]+", "-", f"copying/{request.node.name}").strip("-")
    return Pusher(servers[0], name), Pusher(servers[1], name)


@pytest.fixture
def ways(pushers: tuple[Pusher, Pusher]) -> tuple[Repository, Repository]:
    source, target = (Repository(each.server.url, each.name, each.server.credentials) for each in pushers)
    return source, target


@pytest.fixture
def image(pushers: tuple[Pusher, Pusher]) -> Descriptor:
    """An index of two platforms, attested by its builder, signed, and with a bill of materials that is attested too."""
    source, _ = pushers
    index = source.index("backend", tag="build-1")
    tag = index["digest"].replace(":", "-")
    source.signed(index, ec.generate_private_key(ec.SECP256R1()))
    source.attached(index, b"an attestation", IN_TOTO, tag=f"{tag}.att")
    materials = source.attached(index, b"what is in it", SPDX)
    source.listed(index, materials)
    source.listed(materials, source.attached(materials, b"who says so", IN_TOTO))
    return index


def quietly(_: Blob) -> None:
    pass


def reachable(pusher: Pusher, digest: str) -> dict[str, bytes]:
    """Every manifest that is listed or attached from here on, each with its bytes, by digest or tag."""
    found: dict[str, bytes] = {}
    pending = [digest]
    while pending:
        reference = pending.pop()
        content = pusher.content(reference)
        if content is None or reference in found:
            continue
        found[reference] = content
        pending += [each["digest"] for each in json.loads(content).get("manifests", ())]
        if reference.startswith("sha256:"):
            tag = reference.replace(":", "-")
            pending += [tag, f"{tag}.sig", f"{tag}.att"]
    return found


@pytest.mark.requirement("R3.3")
def test_all_platforms_and_all_that_is_attached_arrive_byte_for_byte(
    pushers: tuple[Pusher, Pusher], ways: tuple[Repository, Repository], image: Descriptor
) -> None:
    source, target = pushers
    told: list[Blob] = []
    copied = copy(*ways, image["digest"], told.append)
    wanted = reachable(source, image["digest"])
    assert len(wanted) == 11, "index, 2 images, 2 attestations, 4 tags, bill of materials, its attestation"
    assert reachable(target, image["digest"]) == wanted
    assert copied.blobs == len(told) == len({blob.digest for blob in told})
    assert copied.size == sum(blob.size for blob in told)
    assert "build-1" not in target.tags(), "a build's tag says nothing in production"


def test_copying_again_copies_nothing(ways: tuple[Repository, Repository], image: Descriptor) -> None:
    copy(*ways, image["digest"], quietly)
    again = copy(*ways, image["digest"], quietly)
    assert (again.manifests, again.blobs, again.size) == (0, 0, 0)


def test_what_was_attached_later_follows(pushers: tuple[Pusher, Pusher], ways: tuple[Repository, Repository]) -> None:
    source, target = pushers
    image = source.image("backend")
    copy(*ways, image["digest"], quietly)
    tag = f"{image['digest'].replace(':', '-')}.sig"
    source.attached(image, b"a signature", SPDX, tag=tag)
    assert copy(*ways, image["digest"], quietly).manifests == 1
    assert target.content(tag) == source.content(tag)


@pytest.mark.parametrize("until", [0, 5])
def test_an_interrupted_copy_leaves_no_image_and_is_gone_on_with(
    until: int, pushers: tuple[Pusher, Pusher], ways: tuple[Repository, Repository], image: Descriptor
) -> None:
    blobs: list[Blob] = []

    def interrupt(blob: Blob) -> None:
        if len(blobs) == until:
            raise KeyboardInterrupt
        blobs.append(blob)

    with pytest.raises(KeyboardInterrupt):
        copy(*ways, image["digest"], interrupt)
    assert pushers[1].content(image["digest"]) is None
    rest: list[Blob] = []
    copy(*ways, image["digest"], rest.append)
    assert not {blob.digest for blob in rest} & {blob.digest for blob in blobs}
    assert pushers[1].content(image["digest"]) == pushers[0].content(image["digest"])


def test_a_layer_that_rotted_is_not_copied(pushers: tuple[Pusher, Pusher], ways: tuple[Repository, Repository]) -> None:
    source, target = pushers
    image = source.image("backend")
    content = source.content(image["digest"])
    assert content
    layer = json.loads(content)["layers"][1]["digest"].removeprefix("sha256:")
    data = source.server.storage / f"docker/registry/v2/blobs/sha256/{layer[:2]}/{layer}/data"
    data.write_bytes(data.read_bytes()[::-1])
    with pytest.raises(RegistryError, match=f"serves sha256:.* for sha256:{layer}"):
        copy(*ways, image["digest"], quietly)
    assert target.content(image["digest"]) is None


def test_a_tag_is_put_once_and_never_moves(pushers: tuple[Pusher, Pusher], ways: tuple[Repository, Repository]) -> None:
    source, _ = ways
    first, second = (source.manifest(pushers[0].image(text)["digest"]) for text in ("one", "two"))
    assert put_tag(source, first, "release-prod-1")
    assert not put_tag(source, first, "release-prod-1")
    with pytest.raises(RegistryError, match="tags never move"):
        put_tag(source, second, "release-prod-1")
    assert pushers[0].content("release-prod-1") == first.content


def test_an_image_that_is_not_there_is_named(ways: tuple[Repository, Repository]) -> None:
    with pytest.raises(RegistryError, match=f"has no sha256:{'0' * 64}"):
        copy(*ways, f"sha256:{'0' * 64}", quietly)


def test_a_wrong_password_is_told_without_it(servers: tuple[Server, Server]) -> None:
    with pytest.raises(RegistryError, match="UNAUTHORIZED") as told:
        Repository(servers[0].url, "any", ("AWS", "wrong-password")).find("latest")
    assert "wrong-password" not in str(told.value)

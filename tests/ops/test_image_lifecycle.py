"""The lifecycle policies of our repositories, as emulated ECR evaluates them: images stay with their signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from environments.schema import Environment
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from tests.conftest import Stack
from tests.emulator.aws import Aws
from tests.emulator.registry import Images

KEY = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
KINDS = ("", ".sig", ".att", ".sbom")
"""https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery and OCI's referrers tag."""
KEEP = 5


@pytest.fixture(scope="session")
def emulated(emulator: Emulator) -> Emulator:
    """Emulated AWS as a process: these tests are slow anyway, by their syntheses."""
    return emulator


@pytest.fixture
def images(emulator: Emulator, control: Control, prod: Environment) -> Images:
    return Images.of(Aws(prod.account_id, emulator.endpoint), control, "aep-backend")


@pytest.fixture(scope="module")
def policy_of(synthesized: Callable[[Environment], dict[str, Stack]]) -> Callable[..., str]:
    """The policy that the values of a registry make."""

    def made(prod: Environment, **values: object) -> str:
        registry = replace(prod.registry, keep_images=KEEP, **values)  # type: ignore[arg-type]
        resources = synthesized(replace(prod, registry=registry))["registry"].resources("aws_ecr_lifecycle_policy")
        return str(next(iter(resources.values()))["policy"])

    return made


def push(images: Images, tag: str, kinds: Iterable[str] = KINDS) -> set[str]:
    """An image a day older than the next one, and what is attached to it; answers all of it, the image first."""
    images.age(1)
    image = images.push(tag)
    attached = {images.push(f"{image.replace(':', '-')}{kind}") for kind in kinds}
    return {image, images.push(subject=image), *attached}


@pytest.mark.requirement("R3.2", "R3.3")
def test_what_stays_keeps_its_signatures_and_attestations(
    images: Images, prod: Environment, policy_of: Callable[..., str]
) -> None:
    released = [push(images, f"{prod.registry.release_prefix}prod-{number}") for number in range(8)]
    builds = [push(images, f"build-{number}") for number in range(8)]
    untagged = images.push()
    images.age(prod.registry.untagged_days + 1)
    newest = push(images, "newest")
    gone = set(images.expiring(policy_of(prod, manifests_per_image=len(newest))))
    assert untagged in gone
    for kept in (*released, newest):
        assert not kept & gone
    # Rules can't follow a signature to its image: an image goes alone, and with it only what refers to it.
    # The untagged image counts until it is gone: one build fewer stays beside the newest.
    assert [len(build & gone) for build in builds] == [1] * 5 + [0] * 3


@pytest.mark.requirement("R3.2")
@pytest.mark.parametrize(
    ("values", "kinds"),
    [({}, ()), ({"signing_key": KEY}, (".sig",)), ({"manifests_per_image": 4}, (".sig", ".att", ".sbom"))],
    ids=["unsigned", "signed", "signed, attested and with an SBOM"],
)
def test_as_many_images_stay_as_the_values_say(
    images: Images, prod: Environment, policy_of: Callable[..., str], values: dict[str, object], kinds: tuple[str, ...]
) -> None:
    builds = []
    for number in range(3 * KEEP):
        builds.append(images.push(f"build-{number}"))
        for kind in kinds:
            images.push(f"{builds[-1].replace(':', '-')}{kind}")
    assert [*images.expiring(policy_of(prod, **values))] == builds[:-KEEP]


@pytest.mark.requirement("R3.2")
def test_an_index_keeps_its_platforms_images(images: Images, prod: Environment, policy_of: Callable[..., str]) -> None:
    platforms = [images.push() for _ in range(2)]
    index = images.push(f"{prod.registry.release_prefix}prod-1", lists=platforms)
    images.age(365)
    assert not {index, *platforms} & images.expiring(policy_of(prod)).keys()

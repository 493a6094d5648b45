"""What goes wrong on the way leaves the release file as it was."""

from __future__ import annotations

import json

import pytest

from ops.registry import repository as registry
from ops.registry.repository import Manifest
from rehearsal.emulator.client import Control
from tests.ops.registry.images import SPDX
from tests.ops.registry.registries import Registries, promote

pytestmark = pytest.mark.slow  # a registry writes through to the disk: a second for each copy


def test_ctrl_c_says_what_was_left_how(scanned: Registries, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(registry.Repository, "upload", interrupted)
        code, _, told = promote("--yes")
    assert code == 130
    assert "The release file is unchanged." in told
    assert scanned.untouched()
    assert promote("--yes")[0] == 0


@pytest.mark.parametrize("operation", ["GetAuthorizationToken", "DescribeImageScanFindings"])
def test_what_aws_refuses_is_one_line_and_changes_nothing(
    scanned: Registries, control: Control, operation: str
) -> None:
    control.fail("ecr", operation, "ExpiredTokenException", 1)
    code, _, told = promote("--yes")
    assert (code, told.count("\n")) == (2, 1)
    assert "the credentials have expired; sign in again" in told
    assert scanned.untouched()


def test_a_registry_that_fails_half_way_leaves_the_release_file(
    scanned: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = registry.Repository.put

    def fail(self: registry.Repository, manifest: Manifest, reference: str) -> None:
        if reference == scanned.digest:
            raise registry.RegistryError("the registry refuses it")
        put(self, manifest, reference)

    monkeypatch.setattr(registry.Repository, "put", fail)
    code, _, told = promote("--yes")
    assert code == 2
    assert "error: the registry refuses it" in told
    assert scanned.untouched()


def test_an_attachment_that_the_registry_doesnt_take_can_be_left_out(
    registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = registries.staging.image("with a bill of materials")
    registries.runs_in_staging(image["digest"])
    tag = f"{image['digest'].replace(':', '-')}.sbom"
    materials = registries.staging.attached(image, b"what is in it", SPDX, tag=tag)
    put = registry.Repository.put

    def refuse(self: registry.Repository, manifest: Manifest, reference: str) -> None:
        if manifest.digest == materials["digest"]:
            raise registry.NotTakenError(f"{self.name} refuses PUT manifests/{reference}: 405 Method Not Allowed")
        put(self, manifest, reference)

    monkeypatch.setattr(registry.Repository, "put", refuse)
    code, _, told = promote("--yes")
    assert code == 2
    assert "Copied 1 manifest and " in told
    assert "The release file is unchanged. To continue the copy, promote again." in told
    assert "405 Method Not Allowed; it is attached to" in told.splitlines()[-1]
    assert "pass --leave-out-refused" in told.splitlines()[-1]
    code, shown, told = promote("--yes", "--leave-out-refused", "--json")
    assert code == 3
    assert f"left out: {tag}: " in told
    assert tag in json.loads(shown)["copied"]["left_out"][0]
    assert registries.release("prod") == image["digest"]
    assert registries.prod.content(tag) is None

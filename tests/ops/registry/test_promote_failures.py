"""What goes wrong on the way leaves the release file as it was."""

from __future__ import annotations

import pytest

from ops.registry import repository as registry
from ops.registry.repository import Manifest
from rehearsal.emulator.client import Control
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

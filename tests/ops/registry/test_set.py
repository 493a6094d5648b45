"""`release set`: an image of the environment's own repository, where no environment runs images first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from ops.registry.repository import digest_of
from tests.ops.registry.registries import BACKEND, OTHER, Registries, run

pytestmark = pytest.mark.slow  # a registry writes through to the disk


@pytest.fixture
def first(registries: Registries, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registries]:
    """Production without a staging before it; its scans are of its own repository."""
    monkeypatch.setattr("ops.release.direct.origins", lambda _: {})
    ecr, own = registries.scans.ecr, "111122223333"
    # Emulated repositories have their names once, whatever their registry.
    ecr.delete_repository(registryId=registries.scans.account_id, repositoryName=BACKEND, force=True)
    yield replace(registries, scans=replace(registries.scans, account_id=own))
    with suppress(ecr.exceptions.RepositoryNotFoundException):
        ecr.delete_repository(registryId=own, repositoryName=BACKEND, force=True)


def pushed(first: Registries, text: str, tag: str = "", **findings: int) -> str:
    """Push an image to production's repository, and scan it."""
    digest: str = first.prod.image(text, tag=tag)["digest"]
    first.scans.pushed(digest)
    first.scans.found(digest, "COMPLETE", **findings)
    return digest


def set_image(*arguments: str) -> tuple[int, str, str]:
    return run("release", "set", "prod", "backend", *arguments)


def test_an_image_is_checked_tagged_and_written(first: Registries) -> None:
    digest = pushed(first, "first", tag="build-7", LOW=1)
    code, shown, told = set_image("build-7", "--yes")
    assert code == 0, told
    assert "pass     built for linux/amd64: it is for linux/amd64" in shown
    assert "pass     no finding of HIGH or over: image: 1 LOW" in shown
    assert first.release("prod") == digest
    assert digest_of(first.prod.content(f"release-prod-{digest[7:19]}") or b"") == digest
    assert f"Next: commit {first.releases}/aep-prod.json, then make plan ENV=prod PHASE=services" in told


def test_a_dry_run_writes_nothing(first: Registries) -> None:
    digest = pushed(first, "tried")
    code, shown, _ = set_image(digest, "--dry-run", "--json")
    assert (code, json.loads(shown)["written"]) == (0, False)
    assert first.release("prod") == OTHER


def test_findings_are_refused(first: Registries) -> None:
    code, shown, told = set_image(pushed(first, "bad", CRITICAL=1), "--yes")
    assert code == 1
    assert "fail     no finding of HIGH or over: image: 1 CRITICAL" in shown
    assert "not set: no finding of HIGH or over" in told
    assert first.release("prod") == OTHER


def test_an_image_that_names_no_platform_is_unknown(first: Registries) -> None:
    layer = first.prod.blob(b"layer", "application/vnd.oci.image.layer.v1.tar+gzip")
    config = first.prod.blob(b"{}", "application/vnd.oci.image.config.v1+json")
    kind = "application/vnd.oci.image.manifest.v1+json"
    digest = first.prod.manifest({"config": config, "layers": [layer]}, kind)["digest"]
    first.scans.pushed(digest)
    first.scans.found(digest)
    code, _, told = set_image(digest, "--yes")
    assert code == 2
    assert f"the configuration of {digest} names no platform (os, architecture)" in told


def test_an_image_that_is_not_in_the_repository_is_an_error(first: Registries) -> None:
    code, _, told = set_image(f"sha256:{'0' * 64}", "--yes")
    assert code == 2
    assert f"has no sha256:{'0' * 64}; push the image there first" in told


def test_where_images_are_promoted_they_are_not_set(registries: Registries) -> None:
    code, _, told = set_image(registries.digest, "--yes")
    assert code == 1
    assert "images of prod come from staging, where they run first: bin/ops promote prod backend" in told

"""An image goes to production."""

from __future__ import annotations

import json

import pytest

from tests.ops.registry.registries import BACKEND, OTHER, Registries, promote

pytestmark = pytest.mark.slow  # a registry writes through to the disk: a second for each copy


@pytest.mark.requirement("R3.3", "R0.5")
def test_the_image_that_staging_runs_goes_to_production(scanned: Registries) -> None:
    code, shown, told = promote("--yes")
    assert code == 0, told
    assert scanned.prod.content(scanned.digest) == scanned.staging.content(scanned.digest)
    assert scanned.prod.tags() == {scanned.tag}
    assert scanned.prod.content(scanned.tag) == scanned.staging.content(scanned.digest)
    assert scanned.release("prod") == scanned.digest
    assert "pass     runs in staging: according to its release file (not ECS: the credentials aren't" in shown
    assert "pass     no finding of HIGH or over: linux/amd64: 3 MEDIUM; linux/arm64: 3 MEDIUM" in shown
    assert f'"{BACKEND}": "{scanned.digest}"' in shown
    assert "Copied 5 manifests and 9 blobs" in told
    assert f"commit {scanned.releases}/aep-prod.json, then make plan ENV=prod PHASE=services" in told


def test_promoting_again_says_that_it_is_there(scanned: Registries) -> None:
    promote("--yes")
    code, shown, told = promote("--yes")
    assert code == 0
    assert f"{scanned.releases}/aep-prod.json already has this digest." in shown
    assert "The target already has the image" in told
    assert "Next:" not in told


def test_a_program_is_told_everything(scanned: Registries) -> None:
    code, shown, _ = promote("--yes", "--json")
    result = json.loads(shown)
    assert code == 0
    assert (result["from"], result["digest"], result["previous_digest"]) == ("staging", scanned.digest, OTHER)
    assert [each["passed"] for each in result["checks"]] == [True, True, True, True]
    assert result["copied"]["manifests"] == 5


def test_a_dry_run_changes_nothing(scanned: Registries) -> None:
    code, shown, _ = promote("--dry-run")
    assert code == 0
    assert scanned.digest in shown
    assert scanned.untouched()


def test_without_a_terminal_to_ask_on_the_answer_is_no(scanned: Registries) -> None:
    code, _, told = promote()
    assert code == 1
    assert "--yes" in told
    assert scanned.untouched()

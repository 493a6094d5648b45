"""Going back to an image that ran before."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.ops.registry.git import commit, git
from tests.ops.registry.registries import BACKEND, Registries, promote, run

pytestmark = pytest.mark.slow  # a registry writes through to the disk: a second for each copy


@pytest.fixture
def released(scanned: Registries) -> tuple[Registries, str]:
    """The image in production, and a later one after it; git knows of both."""
    promote("--yes")
    git(scanned.releases, "init", "--quiet")
    commit(scanned.releases, "2026-01-01T00:00:00Z")
    later: str = scanned.prod.image("later")["digest"]
    path = scanned.releases / "aep-prod.json"
    path.write_text(path.read_text(encoding="utf-8").replace(scanned.digest, later), encoding="utf-8")
    commit(scanned.releases, "2026-01-02T00:00:00Z")
    return scanned, later


@pytest.mark.requirement("R3.4")
def test_going_back_puts_the_digest_before_into_the_file(released: tuple[Registries, str]) -> None:
    registries, later = released
    code, shown, told = run("release", "rollback", "prod", "backend")
    assert code == 0, told
    assert registries.release("prod") == registries.digest
    assert f'-  "{BACKEND}": "{later}",\n+  "{BACKEND}": "{registries.digest}",' in shown
    assert "make plan ENV=prod PHASE=services" in told


def test_a_dry_run_of_going_back_changes_nothing(released: tuple[Registries, str]) -> None:
    registries, later = released
    code, shown, _ = run("release", "rollback", "prod", "backend", "--dry-run", "--json")
    assert (code, json.loads(shown)["digest"], json.loads(shown)["written"]) == (0, registries.digest, False)
    assert registries.release("prod") == later


@pytest.mark.requirement("R3.4")
def test_an_image_that_is_gone_is_not_gone_back_to(released: tuple[Registries, str]) -> None:
    registries, later = released
    registries.prod.server.empty()
    code, _, told = run("release", "rollback", "prod", "backend")
    assert (code, registries.release("prod")) == (1, later)
    assert f"has no {registries.digest} any more; choose another digest: --digest" in told


@pytest.mark.requirement("R3.4", "R0.5")
def test_only_what_was_released_comes_back(released: tuple[Registries, str]) -> None:
    registries, later = released
    pushed: str = registries.prod.image("never promoted")["digest"]
    code, _, told = run("release", "rollback", "prod", "backend", "--digest", pushed)
    assert (code, registries.release("prod")) == (1, later)
    assert f"{pushed} was never released to prod; images get there by promotion only" in told


def test_the_release_tag_tells_where_git_can_not(released: tuple[Registries, str]) -> None:
    registries, _ = released
    shutil.rmtree(registries.releases / ".git")
    code, _, _ = run("release", "rollback", "prod", "backend", "--digest", registries.digest)
    assert (code, registries.release("prod")) == (0, registries.digest)

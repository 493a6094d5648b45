"""Going back to an image that ran before."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.ops.registry.git import commit, git
from tests.ops.registry.world import BACKEND, World, promote, run

pytestmark = pytest.mark.slow  # a registry writes through to the disk: a second for each copy


@pytest.fixture
def released(scanned: World) -> tuple[World, str]:
    """The image in production, and a later one after it; git knows of both."""
    promote("--yes")
    git(scanned.releases, "init", "--quiet")
    commit(scanned.releases, "2026-01-01T00:00:00Z")
    later: str = scanned.prod.image("later")["digest"]
    path = scanned.releases / "prod.json"
    path.write_text(path.read_text(encoding="utf-8").replace(scanned.digest, later), encoding="utf-8")
    commit(scanned.releases, "2026-01-02T00:00:00Z")
    return scanned, later


@pytest.mark.requirement("R3.4")
def test_going_back_puts_the_digest_before_into_the_file(released: tuple[World, str]) -> None:
    world, later = released
    code, shown, told = run("release", "rollback", "prod", "backend")
    assert code == 0, told
    assert world.release("prod") == world.digest
    assert f'-  "{BACKEND}": "{later}",\n+  "{BACKEND}": "{world.digest}",' in shown
    assert "make plan ENV=prod PHASE=services" in told


def test_a_dry_run_of_going_back_changes_nothing(released: tuple[World, str]) -> None:
    world, later = released
    code, shown, _ = run("release", "rollback", "prod", "backend", "--dry-run", "--json")
    assert (code, json.loads(shown)["digest"], json.loads(shown)["written"]) == (0, world.digest, False)
    assert world.release("prod") == later


@pytest.mark.requirement("R3.4")
def test_an_image_that_is_gone_is_not_gone_back_to(released: tuple[World, str]) -> None:
    world, later = released
    world.prod.server.empty()
    code, _, told = run("release", "rollback", "prod", "backend")
    assert (code, world.release("prod")) == (1, later)
    assert f"has no {world.digest} any more; choose another one: --digest" in told


@pytest.mark.requirement("R3.4", "R0.5")
def test_only_what_was_released_comes_back(released: tuple[World, str]) -> None:
    world, later = released
    pushed: str = world.prod.image("never promoted")["digest"]
    code, _, told = run("release", "rollback", "prod", "backend", "--digest", pushed)
    assert (code, world.release("prod")) == (1, later)
    assert f"{pushed} was never released to prod; images get there by promotion only" in told


def test_the_release_tag_tells_where_git_can_not(released: tuple[World, str]) -> None:
    world, _ = released
    shutil.rmtree(world.releases / ".git")
    code, _, _ = run("release", "rollback", "prod", "backend", "--digest", world.digest)
    assert (code, world.release("prod")) == (0, world.digest)

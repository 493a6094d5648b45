"""With credentials of both accounts: staging's ECS is asked, and its repository can be written to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from environments.schema import Environment
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import credentials
from tests.ops.registry.registries import BACKEND, OTHER, Registries, promote

pytestmark = pytest.mark.slow  # a registry writes through to the disk: a second for each copy


@pytest.fixture
def signed_in(
    registries: Registries, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Registries:
    """An operator with the CLI profiles of both accounts, instead of a pipeline with production's credentials."""
    lines = []
    for profile, account_id in (("navra-staging", "444455556666"), ("navra-prod", "111122223333")):
        lines.append(f"[profile {profile}]")
        for name, value in credentials(account_id).items():
            lines.append(f"{name.lower()} = {value}")
            monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for digest in registries.images:
        registries.scans.found(digest)
    return registries


def deploy(digest: str) -> None:
    """Let staging's ECS run an image."""
    ecs = boto3.Session(profile_name="navra-staging", region_name="us-east-1").client("ecs")
    ecs.create_cluster(clusterName="aep-staging")
    image = f"444455556666.dkr.ecr.us-east-1.amazonaws.com/{BACKEND}@{digest}"
    container: Any = {"name": "backend", "image": image, "memory": 512}
    ecs.register_task_definition(family="aep-backend-staging", containerDefinitions=[container])
    ecs.create_service(
        cluster="aep-staging", serviceName="aep-backend-staging", taskDefinition="aep-backend-staging", desiredCount=1
    )
    ecs.close()


@pytest.mark.requirement("R3.3")
def test_where_ecs_can_be_asked_its_word_counts(signed_in: Registries) -> None:
    deploy(signed_in.digest)
    code, shown, _ = promote("--yes")
    assert code == 0
    assert "pass     runs in staging: according to ECS" in shown


@pytest.mark.requirement("R3.3")
def test_a_release_file_that_was_not_applied_is_not_enough(signed_in: Registries) -> None:
    deploy(OTHER)
    code, shown, _ = promote("--yes")
    assert code == 1
    assert f"fail     runs in staging: staging runs {OTHER}, according to ECS" in shown
    assert signed_in.untouched()


@pytest.fixture
def shared(prod: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Production runs images from staging's repositories."""
    sharing = replace(prod, registry=replace(prod.registry, source_account="444455556666"))
    monkeypatch.setattr("ops.promote.command.load", lambda _: sharing)


@pytest.mark.requirement("R3.3")
@pytest.mark.usefixtures("shared")
def test_in_the_same_repository_the_image_gets_its_release_tag(signed_in: Registries) -> None:
    deploy(signed_in.digest)
    code, _, told = promote("--yes")
    assert code == 0, told
    assert signed_in.tag in signed_in.staging.tags()
    assert signed_in.staging.content(signed_in.tag) == signed_in.staging.content(signed_in.digest)
    assert not signed_in.prod.tags()
    assert signed_in.release("prod") == signed_in.digest


@pytest.mark.usefixtures("shared")
def test_in_the_same_repository_stagings_credentials_are_needed(scanned: Registries) -> None:
    code, _, told = promote("--yes")
    assert code == 2
    assert "the credentials aren't staging's; sign in to the AWS CLI profile navra-staging" in told
    assert scanned.untouched()

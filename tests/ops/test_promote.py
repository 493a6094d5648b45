"""`promote` and `release rollback`, against two real registries and emulated AWS."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import boto3
import pytest
from typer.testing import CliRunner

import environments
from environments.schema import Environment
from ops.__main__ import app
from ops.aws import Aws
from ops.emulator.client import Control
from ops.emulator.process import Emulator
from ops.emulator.settings import credentials
from ops.promote import registry
from ops.promote.manifest import Manifest
from tests.ops.registry.images import Descriptor, Pusher
from tests.ops.registry.planted import Scans, address
from tests.ops.registry.server import Server, serve
from tests.ops.test_promote_signature import KEY, pem

pytestmark = pytest.mark.slow  # a registry writes through to the disk: a second for each copy

BACKEND = "navralabs/aep-backend"
OTHER = f"sha256:{'e' * 64}"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    folder = tmp_path_factory.mktemp("registries")
    with serve("444455556666", folder / "staging") as staging, serve("111122223333", folder / "prod") as prod:
        yield staging, prod


@dataclass(frozen=True)
class World:
    """Staging with an image that runs there and was scanned, and production without it."""

    staging: Pusher
    prod: Pusher
    index: Descriptor
    images: tuple[str, ...]
    """Digests of the platforms' images."""
    scans: Scans
    releases: Path

    @property
    def digest(self) -> str:
        digest: str = self.index["digest"]
        return digest

    @property
    def tag(self) -> str:
        return f"release-prod-{self.digest[7:19]}"

    def release(self, stage: str) -> str:
        """The digest that a release file names."""
        digest: str = json.loads((self.releases / f"{stage}.json").read_text(encoding="utf-8"))[BACKEND]
        return digest

    def untouched(self) -> bool:
        return self.release("prod") == OTHER and not self.prod.tags() and self.prod.content(self.digest) is None


@pytest.fixture
def world(
    servers: tuple[Server, Server],
    *,
    account: Aws,
    emulator: Emulator,
    prod: Environment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    for server in servers:
        server.empty()
    staging, production = (Pusher(server, BACKEND) for server in servers)
    index = staging.index("backend", tag="build-1")
    content = staging.content(index["digest"])
    assert content
    listed = json.loads(content)["manifests"]
    images = tuple(each["digest"] for each in listed if each["platform"]["os"] == "linux")
    scans = Scans(account.client("ecr"), emulator.endpoint, prod.account_id, "444455556666", BACKEND)
    for digest in images:
        scans.pushed(digest)
    address(servers, monkeypatch)
    releases = tmp_path / "releases"
    shutil.copytree(environments.RELEASES, releases)
    monkeypatch.setattr(environments, "RELEASES", releases)
    for stage, digest in (("staging", index["digest"]), ("prod", OTHER)):
        path = releases / f"{stage}.json"
        path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {BACKEND: digest}), encoding="utf-8")
    return World(staging, production, index, images, scans, releases)


@pytest.fixture
def scanned(world: World) -> World:
    for digest in world.images:
        world.scans.found(digest, MEDIUM=3)
    return world


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stdout, result.stderr


def promote(*arguments: str) -> tuple[int, str, str]:
    return run("promote", "prod", "backend", "--wait", "0", *arguments)


@pytest.mark.requirement("R3.3", "R0.5")
def test_the_image_that_staging_runs_goes_to_production(scanned: World) -> None:
    code, shown, told = promote("--yes")
    assert code == 0, told
    assert scanned.prod.content(scanned.digest) == scanned.staging.content(scanned.digest)
    assert scanned.prod.tags() == {scanned.tag}
    assert scanned.prod.content(scanned.tag) == scanned.staging.content(scanned.digest)
    assert scanned.release("prod") == scanned.digest
    assert "yes  runs in staging: says its release file; ECS was not asked: these credentials are not" in shown
    assert "yes  no finding of HIGH or over: linux/amd64: 3 MEDIUM; linux/arm64: 3 MEDIUM" in shown
    assert f'"{BACKEND}": "{scanned.digest}"' in shown
    assert "Copied 5 manifests and 9 blobs" in told
    assert "commit environments/releases/prod.json, then make plan ENV=prod PHASE=services" in told


def test_promoting_again_says_that_it_is_there(scanned: World) -> None:
    promote("--yes")
    code, shown, told = promote("--yes")
    assert code == 0
    assert "environments/releases/prod.json names it already." in shown
    assert "The image was there already" in told


def test_a_program_is_told_everything(scanned: World) -> None:
    code, shown, _ = promote("--yes", "--json")
    result = json.loads(shown)
    assert code == 0
    assert (result["from"], result["digest"], result["previous_digest"]) == ("staging", scanned.digest, OTHER)
    assert [each["passed"] for each in result["checks"]] == [True, True, True]
    assert result["copied"]["manifests"] == 5


def test_a_dry_run_changes_nothing(scanned: World) -> None:
    code, shown, _ = promote("--dry-run")
    assert code == 0
    assert scanned.digest in shown
    assert scanned.untouched()


def test_nobody_there_to_answer_is_no(scanned: World) -> None:
    code, _, told = promote()
    assert code == 1
    assert "--yes" in told
    assert scanned.untouched()


@pytest.mark.requirement("R3.3")
def test_what_staging_does_not_run_is_refused(scanned: World) -> None:
    another: str = scanned.staging.image("another")["digest"]
    scanned.scans.pushed(another)
    scanned.scans.found(another)
    code, shown, told = promote("--yes", "--digest", another)
    assert code == 1
    assert f"NO   runs in staging: staging runs {scanned.digest}, says its release file" in shown
    assert "not promoted: runs in staging\n" in told
    assert scanned.untouched()


@pytest.mark.requirement("R3.3")
@pytest.mark.parametrize(
    ("status", "counts", "evidence"),
    [
        ("COMPLETE", {"HIGH": 1, "LOW": 4}, "linux/arm64: 1 HIGH, 4 LOW"),
        ("COMPLETE", {"CRITICAL": 2}, "linux/arm64: 2 CRITICAL"),
        ("FAILED", {}, "linux/arm64: FAILED, so nothing is known; scan it: aws ecr start-image-scan --profile"),
        ("IN_PROGRESS", {}, "linux/arm64: IN_PROGRESS, so nothing is known"),
    ],
)
def test_findings_and_unfinished_scans_of_any_platform_are_refused(
    world: World, status: str, counts: dict[str, int], evidence: str
) -> None:
    world.scans.found(world.images[0])
    world.scans.found(world.images[1], status, **counts)
    code, shown, told = promote("--yes")
    assert code == 1
    assert f"NO   no finding of HIGH or over: linux/amd64: no findings; {evidence}" in shown
    assert "not promoted: no finding of HIGH or over" in told
    assert world.untouched()


def test_an_image_that_was_never_scanned_is_refused(world: World) -> None:
    code, shown, _ = promote("--yes")
    assert code == 1
    assert "ScanNotFoundException, so nothing is known" in shown
    assert world.untouched()


@pytest.mark.requirement("R3.3")
def test_an_unsigned_image_is_refused_where_signing_is_asked_for(
    scanned: World, prod: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing = replace(prod, registry=replace(prod.registry, signing_key=pem(KEY)))
    monkeypatch.setattr("ops.promote.command.load", lambda _: signing)
    code, shown, told = promote("--yes")
    assert code == 1
    assert "NO   signed: no signature by registry.signing_key" in shown
    assert "not promoted: signed" in told
    assert scanned.untouched()


def test_all_refusals_are_listed_at_once(world: World) -> None:
    another: str = world.staging.image("another")["digest"]
    world.scans.pushed(another)
    code, _, told = promote("--dry-run", "--digest", another)
    assert code == 1
    assert "not promoted: runs in staging; no finding of HIGH or over" in told


@pytest.fixture
def signed_in(world: World, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An operator with the CLI profiles of both accounts, instead of a pipeline with production's credentials."""
    lines = []
    for profile, account_id in (("navra-staging", "444455556666"), ("navra-prod", "111122223333")):
        lines.append(f"[profile {profile}]")
        for name, value in credentials(account_id).items():
            lines.append(f"{name.lower()} = {value}")
            monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for digest in world.images:
        world.scans.found(digest)
    return world


def deploy(digest: str) -> None:
    """Let staging's ECS run an image."""
    ecs = boto3.Session(profile_name="navra-staging", region_name="us-east-1").client("ecs")
    ecs.create_cluster(clusterName="aep-staging")
    image = f"444455556666.dkr.ecr.us-east-1.amazonaws.com/{BACKEND}@{digest}"
    container = {"name": "backend", "image": image, "memory": 512}
    ecs.register_task_definition(family="aep-backend-staging", containerDefinitions=[container])
    ecs.create_service(
        cluster="aep-staging", serviceName="aep-backend-staging", taskDefinition="aep-backend-staging", desiredCount=1
    )
    ecs.close()


@pytest.mark.requirement("R3.3")
def test_where_ecs_can_be_asked_its_word_counts(signed_in: World) -> None:
    deploy(signed_in.digest)
    code, shown, _ = promote("--yes")
    assert code == 0
    assert "yes  runs in staging: says ECS" in shown


@pytest.mark.requirement("R3.3")
def test_a_release_file_that_was_not_applied_is_not_enough(signed_in: World) -> None:
    deploy(OTHER)
    code, shown, _ = promote("--yes")
    assert code == 1
    assert f"NO   runs in staging: staging runs {OTHER}, says ECS" in shown
    assert signed_in.untouched()


@pytest.fixture
def shared(prod: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Production runs images from staging's repositories."""
    sharing = replace(prod, registry=replace(prod.registry, source_account="444455556666"))
    monkeypatch.setattr("ops.promote.command.load", lambda _: sharing)


@pytest.mark.requirement("R3.3")
@pytest.mark.usefixtures("shared")
def test_in_the_same_repository_the_image_gets_its_release_tag(signed_in: World) -> None:
    deploy(signed_in.digest)
    code, _, told = promote("--yes")
    assert code == 0, told
    assert signed_in.staging.tags() == {"build-1", signed_in.tag}
    assert signed_in.staging.content(signed_in.tag) == signed_in.staging.content(signed_in.digest)
    assert not signed_in.prod.tags()
    assert signed_in.release("prod") == signed_in.digest


@pytest.mark.usefixtures("shared")
def test_in_the_same_repository_stagings_credentials_are_needed(scanned: World) -> None:
    code, _, told = promote("--yes")
    assert code == 2
    assert "these credentials are not staging's; sign in to the AWS CLI profile navra-staging" in told
    assert scanned.untouched()


def test_ctrl_c_says_what_was_left_how(scanned: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(registry.Repository, "upload", interrupted)
        code, _, told = promote("--yes")
    assert code == 130
    assert "The release file is as it was." in told
    assert scanned.untouched()
    assert promote("--yes")[0] == 0


@pytest.mark.parametrize("operation", ["GetAuthorizationToken", "DescribeImageScanFindings"])
def test_what_aws_refuses_is_one_line_and_changes_nothing(scanned: World, control: Control, operation: str) -> None:
    control.fail("ecr", operation, "ExpiredTokenException", 1)
    code, _, told = promote("--yes")
    assert (code, told.count("\n")) == (2, 1)
    assert "the credentials have expired; sign in again" in told
    assert scanned.untouched()


def test_a_registry_that_fails_half_way_leaves_the_release_file(
    scanned: World, monkeypatch: pytest.MonkeyPatch
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


@pytest.mark.requirement("R3.4")
def test_going_back_puts_the_earlier_digest_into_the_file(scanned: World) -> None:
    promote("--yes")
    later: str = scanned.prod.image("later")["digest"]
    path = scanned.releases / "prod.json"
    path.write_text(path.read_text(encoding="utf-8").replace(scanned.digest, later), encoding="utf-8")
    code, shown, told = run("release", "rollback", "prod", "backend", "--digest", scanned.digest)
    assert code == 0, told
    assert scanned.release("prod") == scanned.digest
    assert f'-{{"{BACKEND}": "{later}"' in shown
    assert "make plan ENV=prod PHASE=services" in told


@pytest.mark.requirement("R3.4")
def test_only_what_was_released_comes_back(scanned: World) -> None:
    promote("--yes")
    pushed: str = scanned.prod.image("never promoted")["digest"]
    code, _, told = run("release", "rollback", "prod", "backend", "--digest", pushed)
    assert (code, scanned.release("prod")) == (2, scanned.digest)
    assert "git has no history of prod.json" in told
    code, _, told = run("release", "rollback", "prod", "backend", "--digest", OTHER)
    assert (code, scanned.release("prod")) == (1, scanned.digest)
    assert f"has no {OTHER} any more" in told

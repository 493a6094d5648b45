"""Options, exit codes and output of `promote` and of `release set`, `rollback` and `deploy`; registries in memory."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, cast

import pytest

import environments
from ops.aws.session import Aws
from ops.promote.route import Route
from ops.registry.repository import Blob, Manifest, NotTakenError, RegistryError, digest_of
from ops.release.deploy import Deploy
from ops.release.file import Release
from tests.ops.cli import run
from tests.ops.test_promote_registry import Memory

BACKEND = "navralabs/aep-backend"
INDEX, IMAGE = (f"application/vnd.oci.image.{kind}.v1+json" for kind in ("index", "manifest"))
OTHER = f"sha256:{'c' * 64}"
PROMOTE = ("promote", "prod", "backend")


class Registry(Memory):
    """A repository with blobs."""

    def __init__(self, name: str, *manifests: Manifest, tags: dict[str, str] | None = None) -> None:
        super().__init__(name, *manifests, tags=tags)
        self.blobs: dict[str, bytes] = {}

    def has(self, blob: Blob) -> bool:
        return blob.digest in self.blobs

    def read(self, blob: Blob) -> bytes:
        return self.blobs[blob.digest]

    def download(self, blob: Blob, into: IO[bytes]) -> None:
        into.write(self.blobs[blob.digest])

    def upload(self, blob: Blob, content: IO[bytes]) -> None:
        self.blobs[blob.digest] = content.read()

    def push(self, architecture: str = "amd64", tag: str = "") -> str:
        """Push an image of one platform with a layer, and return its digest."""
        layer, config = b"layer" * 100_000, json.dumps({"os": "linux", "architecture": architecture}).encode()
        parts = [{"digest": digest_of(each), "size": len(each), "mediaType": ""} for each in (config, layer)]
        manifest = Manifest(json.dumps({"config": parts[0], "layers": parts[1:]}).encode(), IMAGE)
        self.manifests[manifest.digest] = manifest
        self.blobs |= {digest_of(each): each for each in (config, layer)}
        if tag:
            self.tags[tag] = manifest.digest
        return manifest.digest


class Scans:
    """ECR's scans, all with the same findings."""

    exceptions = SimpleNamespace(ScanNotFoundException=KeyError)

    def __init__(self) -> None:
        self.status, self.counts = "COMPLETE", dict[str, int]()
        self.asked: list[tuple[str, str]] = []

    def describe_image_scan_findings(self, *, registryId: str, repositoryName: str, **_: Any) -> Any:  # noqa: N803
        self.asked.append((registryId, repositoryName))
        counts = {"findingSeverityCounts": self.counts}
        return {"imageScanStatus": {"status": self.status}, "imageScanFindings": counts}


@dataclass
class Registries:
    """Staging's repository and production's, their scans, and the folder of release files."""

    releases: Path
    staging: Registry = field(default_factory=lambda: Registry("staging"))
    prod: Registry = field(default_factory=lambda: Registry("prod"))
    scans: Scans = field(default_factory=Scans)
    regions: list[str] = field(default_factory=list)

    def client(self, service: str, region_name: str = "") -> Any:
        assert service == "ecr"
        self.regions.append(region_name)
        return self.scans

    def release(self, stage: str) -> str:
        return str(json.loads((self.releases / f"aep-{stage}.json").read_text(encoding="utf-8"))[BACKEND])

    def write(self, stage: str, digest: str) -> None:
        path = self.releases / f"aep-{stage}.json"
        text = re.sub(f'(?<="{BACKEND}": ")[^"]*', digest, path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def registries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registries:
    found = Registries(tmp_path / "releases")
    shutil.copytree(environments.RELEASES, found.releases)
    monkeypatch.setattr(environments, "RELEASES", found.releases)
    found.write("staging", found.staging.push(tag="build-1"))
    found.write("prod", OTHER)
    aws = cast("Aws", SimpleNamespace(client=found.client))
    monkeypatch.setattr(Route, "repositories", lambda *_: (found.staging, found.prod))
    monkeypatch.setattr(
        "ops.promote.candidate.route",
        lambda target, _: Route(target, environments.load("staging"), aws, "there are no credentials for staging"),
    )

    def opened(given: Aws, *repository: str) -> Registry:
        assert (given, repository) == (aws, ("111122223333", "us-east-1", BACKEND))
        return found.prod

    for module in ("direct", "rollback"):
        monkeypatch.setattr(f"ops.release.{module}.connect", lambda _: aws)
        monkeypatch.setattr(f"ops.release.{module}.open_repository", opened)
    return found


def released(registries: Registries) -> str:
    """The digest of staging's image."""
    return registries.release("staging")


@pytest.mark.requirement("R3.3")
def test_stagings_image_is_copied_tagged_and_written(registries: Registries) -> None:
    digest = released(registries)
    done = run(*PROMOTE, "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert (registries.release("prod"), registries.release("staging")) == (digest, digest)
    tag = f"release-prod-{digest[7:19]}"
    assert registries.prod.tags == {tag: digest}
    assert registries.prod.blobs == registries.staging.blobs
    shown = json.loads(done.stdout)
    assert [(each["name"], each["status"]) for each in shown.pop("checks")] == [
        ("runs in staging", "pass"),
        ("built for linux/amd64", "pass"),
        ("no finding of HIGH or over", "pass"),
        ("signed where asked for", "pass"),
    ]
    assert shown.pop("copied") == {"manifests": 1, "blobs": 2, "size": 500_040, "left_out": [], "kept_tags": []}
    assert shown == {
        **{"environment": "prod", "from": "staging", "repository": BACKEND, "digest": digest, "passed": True},
        **{"previous_digest": OTHER, "tag": tag, "release_file": str(registries.releases / "aep-prod.json")},
    }
    assert f"{BACKEND}@{digest}\nfrom staging, as {tag}\n" in done.stderr
    assert "according to its release file (not ECS: there are no credentials for staging)" in done.stderr
    assert f'-  "{BACKEND}": "{OTHER}"' in done.stderr.replace(",", "")
    assert "0.5 MB\nCopied 1 manifest and 2 blobs, 0.5 MB; the digests match.\nNext: commit " in done.stderr
    assert registries.scans.asked == [("444455556666", BACKEND)]
    assert registries.regions == ["us-east-1"]


def test_promoting_again_copies_nothing_and_leaves_the_file(registries: Registries) -> None:
    assert run(*PROMOTE, "--yes").exit_code == 0
    again = run(*PROMOTE, "--yes")
    assert again.exit_code == 0
    assert "aep-prod.json already has this digest.\n" in again.stdout
    assert again.stderr == "The target already has the image and its attachments; the digests match.\n"


@pytest.mark.parametrize(("options", "code"), [(["--dry-run", "--json"], 0), (["--dry-run", "--yes"], 0), ([], 1)])
def test_a_dry_run_and_an_unconfirmed_promotion_change_nothing(
    registries: Registries, options: list[str], code: int
) -> None:
    done = run(*PROMOTE, *options)
    assert done.exit_code == code
    assert "--json" not in options or json.loads(done.stdout)["copied"] is None
    assert (registries.prod.manifests, registries.release("prod")) == ({}, OTHER)


@pytest.mark.parametrize(
    ("counts", "status", "code", "said"),
    [
        ({"HIGH": 1}, "COMPLETE", 1, "not promoted: no finding of HIGH or over\n"),
        ({"CRITICAL": 1}, "ACTIVE", 1, "not promoted: no finding of HIGH or over\n"),
        ({"MEDIUM": 9}, "COMPLETE", 0, "Next: commit "),
        ({}, "PENDING", 1, "not promoted: no finding of HIGH or over\n"),
    ],
)
def test_findings_decide(registries: Registries, counts: dict[str, int], status: str, code: int, said: str) -> None:
    registries.scans.counts, registries.scans.status = counts, status
    done = run(*PROMOTE, "--yes", "--wait=0")
    assert (done.exit_code, said in done.stderr) == (code, True), done.output
    assert (registries.release("prod") == OTHER, not registries.prod.manifests) == (bool(code), bool(code))


def test_what_staging_does_not_run_is_refused_and_all_reasons_are_listed(registries: Registries) -> None:
    arm = registries.staging.push("arm64")
    registries.scans.counts = {"HIGH": 1}
    done = run(*PROMOTE, "--digest", arm, "--yes")
    assert done.exit_code == 1
    assert "not promoted: runs in staging; built for linux/amd64; no finding of HIGH or over\n" in done.stderr
    assert f"fail     runs in staging: staging runs {released(registries)}" in done.stdout
    assert "it is for linux/arm64; build it for linux/amd64 too" in done.stdout
    typed = run(*PROMOTE, "--digest", "latest", "--yes")
    assert (typed.exit_code, "'latest' isn't a digest" in typed.stderr) == (2, True)


def test_what_is_unknown_is_no_refusal(registries: Registries) -> None:
    del registries.staging.blobs[next(iter(registries.staging.blobs))]

    def broken(_: Blob) -> bytes:
        raise RegistryError("staging doesn't respond to GET blobs")

    registries.staging.read = broken  # type: ignore[assignment,method-assign]
    done = run(*PROMOTE, "--yes")
    assert done.exit_code == 2
    assert "not promoted; unknown: built for linux/amd64: staging doesn't respond to GET blobs\n" in done.stderr
    assert registries.release("prod") == OTHER


def test_an_error_half_way_says_what_was_copied_and_leaves_the_file(registries: Registries) -> None:
    registries.prod.refused[released(registries)] = RegistryError("prod refuses it")
    done = run(*PROMOTE, "--yes")
    assert done.exit_code == 2
    assert "Copied 0 manifests and 2 blobs, 0.5 MB. The release file is unchanged. To continue the copy," in done.stderr
    assert registries.release("prod") == OTHER
    registries.prod.blobs |= registries.staging.blobs
    assert "Copied nothing. The release file is unchanged." in run(*PROMOTE, "--yes").stderr


@pytest.mark.parametrize("leave_out", [False, True])
def test_an_attachment_that_is_left_out_has_an_exit_code_of_its_own(registries: Registries, leave_out: bool) -> None:
    digest = released(registries)
    referrer = Manifest(b'{"layers": [], "name": "sbom"}', IMAGE)
    registries.staging.manifests[referrer.digest] = referrer
    registries.staging.listed[digest] = [referrer.digest]
    registries.prod.refused[referrer.digest] = NotTakenError("prod refuses it: no")
    done = run(*PROMOTE, "--yes", *(["--leave-out-refused"] if leave_out else []))
    assert done.exit_code == (3 if leave_out else 2), done.output
    assert (f"left out: {referrer.digest}: prod refuses it: no\n" in done.stderr) == leave_out
    assert (registries.release("prod") == digest) == leave_out


@pytest.fixture
def first(registries: Registries, monkeypatch: pytest.MonkeyPatch) -> Registries:
    """Production without an environment before it."""
    monkeypatch.setattr("ops.release.direct.origins", lambda _: {})
    return registries


def test_an_own_image_is_set_by_its_tag(first: Registries) -> None:
    digest = first.prod.push(tag="build-7")
    done = run("release", "set", "prod", "backend", "build-7", "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert first.release("prod") == digest
    tag = f"release-prod-{digest[7:19]}"
    assert first.prod.tags == {"build-7": digest, tag: digest}
    shown = json.loads(done.stdout)
    assert [each["passed"] for each in shown.pop("checks")] == [True] * 3
    assert shown == {**{"environment": "prod", "digest": digest, "previous_digest": OTHER, "tag": tag, "written": True}}
    assert f"{BACKEND}@{digest}\nas {tag}\n" in done.stderr
    assert "Next: commit " in done.stderr
    assert first.scans.asked == [("111122223333", BACKEND)]


@pytest.mark.parametrize(
    ("options", "findings", "code", "said"),
    [
        (["--dry-run", "--yes"], {}, 0, ""),
        ([], {}, 1, "No terminal to ask on"),
        (["--yes"], {"HIGH": 1}, 1, "not set: no finding of HIGH or over\n"),
    ],
)
def test_an_own_image_that_is_not_set_leaves_all_as_it_was(
    first: Registries, options: list[str], findings: dict[str, int], code: int, said: str
) -> None:
    digest, first.scans.counts = first.prod.push(), findings
    done = run("release", "set", "prod", "backend", digest, *options)
    assert (done.exit_code, said in done.stderr, "Next: " in done.stderr) == (code, True, False), done.output
    assert (first.prod.tags, first.release("prod")) == ({}, OTHER)


def test_an_image_is_set_only_where_none_runs_first_and_only_if_it_exists(registries: Registries) -> None:
    refused = run("release", "set", "prod", "backend", "build-1", "--yes")
    assert (
        refused.exit_code,
        "come from staging, where they run first: bin/ops promote prod backend" in refused.stderr,
    ) == (
        1,
        True,
    )


def test_an_image_that_was_never_pushed_is_an_error(first: Registries) -> None:
    missing = run("release", "set", "prod", "backend", "build-9", "--yes")
    assert (missing.exit_code, "prod has no build-9; push the image there first" in missing.stderr) == (2, True)


@pytest.fixture
def released_before(registries: Registries, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what the release file had, newest first."""

    def listed(*digests: str) -> None:
        releases = [Release(each, "abc") for each in digests]
        monkeypatch.setattr("ops.release.rollback.history", lambda *_: releases)

    return listed


def test_the_previous_image_comes_back_with_its_tag(
    registries: Registries, released_before: Callable[..., None]
) -> None:
    previous = registries.prod.push()
    released_before(OTHER, previous, f"sha256:{'d' * 64}")
    shown = run("release", "rollback", "prod", "backend", "--dry-run", "--json")
    assert json.loads(shown.stdout)["written"] is False
    assert (registries.release("prod"), registries.prod.tags) == (OTHER, {})
    done = run("release", "rollback", "prod", "backend", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        **{"environment": "prod", "digest": previous, "previous_digest": OTHER, "written": True},
        "release_file": str(registries.releases / "aep-prod.json"),
    }
    assert registries.release("prod") == previous
    assert registries.prod.tags == {f"release-prod-{previous[7:19]}": previous}
    assert "Next: commit " in done.stderr
    again = run("release", "rollback", "prod", "backend", "--digest", previous)
    assert (again.exit_code, "already has this digest" in again.stdout, "Next: " in again.stderr) == (0, True, False)


def test_only_what_was_released_here_and_still_exists_comes_back(
    registries: Registries, released_before: Callable[..., None]
) -> None:
    released_before(OTHER)
    none = run("release", "rollback", "prod", "backend")
    assert (none.exit_code, f"git has no release of {BACKEND} before {OTHER}" in none.stderr) == (2, True)
    gone = run("release", "rollback", "prod", "backend", "--digest", OTHER)
    assert (gone.exit_code, f"prod has no {OTHER} any more; choose another digest" in gone.stderr) == (1, True)
    pushed = registries.prod.push()
    never = run("release", "rollback", "prod", "backend", "--digest", pushed)
    assert (never.exit_code, "was never released to prod; images get there by promotion only" in never.stderr) == (
        1,
        True,
    )
    assert registries.release("prod") == OTHER
    registries.prod.tags[f"release-prod-{pushed[7:19]}"] = pushed
    assert run("release", "rollback", "prod", "backend", "--digest", pushed).exit_code == 0, "its tag is enough"
    assert registries.release("prod") == pushed


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A blue/green service whose deployments are noted."""
    went: list[str] = []
    arn = "arn:aws:ecs:us-east-1:111122223333:task-definition/aep-backend-prod"
    found = Deploy("aep-backend-prod", f"{arn}:1", f"{arn}:2", "backend", 8000, cast("Any", None))
    monkeypatch.setattr("ops.aws.session.connect", lambda _: None)
    monkeypatch.setattr("ops.release.deploy.check", lambda *_: None)
    monkeypatch.setattr("ops.release.deploy.deploy_of", lambda *_: found)
    monkeypatch.setattr(Deploy, "go", lambda self: went.append(self.applied))
    return went


@pytest.mark.parametrize(
    ("options", "code", "goes"), [(["--yes"], 0, True), (["--dry-run", "--yes"], 0, False), ([], 1, False)]
)
def test_a_revision_is_deployed_if_you_say_yes(deployed: list[str], options: list[str], code: int, goes: bool) -> None:
    done = run("release", "deploy", "prod", "backend", *options)
    assert (done.exit_code, bool(deployed)) == (code, goes), done.output
    assert "backend: aep-backend-prod:1 → aep-backend-prod:2\n" in done.stderr


def test_a_revision_that_runs_is_not_deployed_again(deployed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shown = json.loads(run("release", "deploy", "prod", "backend", "--yes", "--json").stdout)
    assert (shown["before"][-2:], shown["after"][-2:], shown["deployed"]) == (":1", ":2", True)
    monkeypatch.setattr(Deploy, "needed", False)
    done = run("release", "deploy", "prod", "backend", "--yes", "--json")
    assert "backend: aep-backend-prod:2 runs already\n" in done.stderr
    assert (json.loads(done.stdout)["deployed"], len(deployed)) == (False, 1)


def test_a_service_that_an_apply_deploys_is_refused() -> None:
    refused = run("release", "deploy", "prod", "backend", "--yes")
    assert (refused.exit_code, "ECS deploys backend when phase services is applied" in refused.stderr) == (1, True)
    unknown = run("release", "deploy", "prod", "bakend", "--yes")
    assert (unknown.exit_code, "no service named 'bakend' in prod; did you mean backend?" in unknown.stderr) == (
        2,
        True,
    )

"""Two real registries, and staging with an image that production doesn't have yet."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import environments
from environments.schema import Environment
from ops.aws.session import Aws
from rehearsal.emulator.process import Emulator
from tests.ops.registry.images import Descriptor, Pusher
from tests.ops.registry.planted import Scans, address
from tests.ops.registry.registries import BACKEND, OTHER, Registries
from tests.ops.registry.server import Server, serve


@pytest.fixture(scope="session")
def emulated(emulator: Emulator) -> Emulator:
    """Emulated AWS as a process: these tests are slow anyway, by the registries."""
    return emulator


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    folder = tmp_path_factory.mktemp("registries")
    with serve("444455556666", folder / "staging") as staging, serve("111122223333", folder / "prod") as prod:
        yield staging, prod


@pytest.fixture(scope="session")
def index(servers: tuple[Server, Server]) -> Descriptor:
    """An image of two platforms, as staging's builds push it."""
    return Pusher(servers[0], BACKEND).index("backend", tag="build-1")


@pytest.fixture
def registries(
    servers: tuple[Server, Server],
    index: Descriptor,
    *,
    account: Aws,
    emulator: Emulator,
    prod: Environment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Registries:
    servers[1].empty()
    staging, production = (Pusher(server, BACKEND) for server in servers)
    listed = json.loads(staging.content(index["digest"]) or "")["manifests"]
    images = tuple(each["digest"] for each in listed if each["platform"]["os"] == "linux")
    scans = Scans(account.client("ecr"), emulator.endpoint, prod.account_id, "444455556666", BACKEND)
    for digest in images:
        scans.pushed(digest)
    address(servers, monkeypatch)
    releases = tmp_path / "releases"
    shutil.copytree(environments.RELEASES, releases)
    monkeypatch.setattr(environments, "RELEASES", releases)
    for stage, digest in (("staging", index["digest"]), ("prod", OTHER)):
        path = releases / f"aep-{stage}.json"
        text = re.sub(f'(?<="{BACKEND}": ")[^"]*', digest, path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
    return Registries(staging, production, index, images, scans, releases)


@pytest.fixture
def scanned(registries: Registries) -> Registries:
    for digest in registries.images:
        registries.scans.found(digest, MEDIUM=3)
    return registries

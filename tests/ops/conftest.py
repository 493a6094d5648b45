"""What the tests of the operators' commands share: one emulated AWS for all, emptied for each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from environments import load
from environments.names import Names
from environments.schema import Environment
from ops.aws.session import Aws, connect
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import environment
from tests.ops.emulated import Emulated, inside


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Emulated AWS, as production's account."""
    with Emulator.start(load("prod").account_id, tmp_path_factory.mktemp("emulator") / "log") as running:
        yield running


@pytest.fixture(scope="session")
def emulated() -> Iterator[Emulated]:
    """Emulated AWS inside of this process, for tests that start no other."""
    with inside(load("prod").account_id) as answering:
        yield answering


@pytest.fixture
def control(emulated: Emulated, prod: Environment) -> Control:
    """The empty emulator of this process, and its controls."""
    control = Control(emulated.endpoint, prod.account_id, prod.region)
    control.reset()
    return control


@pytest.fixture
def prod() -> Environment:
    """Production."""
    return load("prod")


@pytest.fixture
def account(emulated: Emulated, control: Control, prod: Environment, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An empty account, as administrators reach it; commands that the test runs reach it too."""
    _reach(emulated.endpoint, prod, monkeypatch)
    return connect(prod)


@pytest.fixture
def served(emulator: Emulator, prod: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account of a server, for commands that don't only use boto3."""
    _reach(emulator.endpoint, prod, monkeypatch)


def _reach(endpoint: str, prod: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = environment(endpoint, prod.account_id, role=Names(prod).role("break-glass"))
    for name in set(os.environ) - set(wanted):
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run commands in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path

"""What all tests share. Every environment is synthesized once a session."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

import environments
from environments.schema import Environment
from modules.phases import PHASES
from modules.synthesis import synthesize

# The same examples every time and on every machine, however busy it is; property tests say how many.
hypothesis.settings.register_profile(
    "project", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("project")
ENVIRONMENTS = environments.known()
Body = dict[str, Any]


@dataclass(frozen=True)
class Stack:
    """One synthesized stack."""

    name: str
    document: Body

    def resources(self, kind: str) -> dict[str, Body]:
        return dict(self.document.get("resource", {}).get(kind, {}))

    def data(self, kind: str) -> dict[str, Body]:
        return dict(self.document.get("data", {}).get(kind, {}))

    def policy(self, id_: str) -> list[Body]:
        statements: list[Body] = self.data("aws_iam_policy_document")[f"{id_}_document"]["statement"]
        return statements

    def all_resources(self) -> Iterator[tuple[str, str, Body]]:
        for kind, named in self.document.get("resource", {}).items():
            for id_, body in named.items():
                yield kind, id_, body

    @property
    def outputs(self) -> Body:
        return {name: output["value"] for name, output in self.document.get("output", {}).items()}


def read_stacks(folder: Path) -> dict[str, Stack]:
    files = sorted(folder.glob("stacks/*/cdk.tf.json"))
    return {file.parent.name: Stack(file.parent.name, json.loads(file.read_text(encoding="utf-8"))) for file in files}


@pytest.fixture(scope="session")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All environments, synthesized."""
    folder = tmp_path_factory.mktemp("cdktf.out")
    synthesize(environments.load_all(), folder, organization=True)
    return folder


@pytest.fixture(scope="session")
def stacks(output: Path) -> dict[str, Stack]:
    """All synthesized stacks by name."""
    return read_stacks(output)


@pytest.fixture(params=ENVIRONMENTS)
def env(request: pytest.FixtureRequest) -> Environment:
    """Each environment in turn."""
    return environments.load(request.param)


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Environment], dict[str, Stack]]:
    """Synthesizes one environment, as it is given, into phases."""

    def run(environment: Environment) -> dict[str, Stack]:
        folder = tmp_path_factory.mktemp("variant")
        synthesize([environment], folder, organization=False)
        made = read_stacks(folder)
        return {phase.name: made[f"{environment.name}-{phase.name}"] for phase in PHASES}

    return run


def pytest_configure() -> None:
    """A machine's own AWS settings must not reach a test."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs against emulated AWS is slow: the emulator alone takes seconds to start."""
    for item in items:
        # pytest-xdist wants the same names in every process.
        assert " at 0x" not in item.nodeid, f"{item.nodeid} has an address in memory: give its parameters ids"
        if "emulator" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)

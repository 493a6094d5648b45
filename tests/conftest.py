"""What all tests share. Every environment is synthesized once a session.

A test of `env` runs on every environment: AEP's, those of the other products in tests/products, and those that you have
in environments/; its `stacks` are those of the same folder of values. `of_aep` keeps a test to AEP's environments.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import hypothesis
import pytest
from botocore.loaders import Loader, create_loader

import environments
from environments.schema import Environment
from modules import engines
from modules.interrupts import SIGNALS, heard
from modules.phases import PHASES
from tests.kept_views import kept_views  # noqa: F401
from tests.products import AEP, OF_AEP, SUBJECTS, Subject, cases, values

if TYPE_CHECKING:
    from tests.terraform.warm import Warm

# The same examples every time and on every machine, however busy it is; property tests say how many.
hypothesis.settings.register_profile(
    "project", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("project")
# A shell ignores Ctrl-C and Ctrl-\ for its background jobs, and `nohup` ignores SIGHUP; programs inherit that, and a
# command then ignores the signal too. Tests send these signals as a terminal does. So a handler replaces SIG_IGN: it
# does nothing, so that a run of the tests outlives a closed terminal, and programs don't inherit it.
for number in set(SIGNALS) - set(heard()):
    signal.signal(number, lambda *_: None)
# Imports and collected tests leave no garbage, and looking for it takes a tenth of the time of collecting.
gc.disable()
# Stacks that tests read stay too; most of what a test creates goes without a search.
gc.set_threshold(20_000, 20, 50)
_models: dict[str | None, dict[Any, Any]] = {}
"""What botocore has read of its models of AWS's services, by the folder that a setting names for more of them."""


def _loader(data_path: str | None = None) -> Loader:
    """What a new session of botocore reads models with: it keeps what the previous ones read, instead of 0.1 s each."""
    loader = create_loader(data_path)
    vars(loader)["_cache"] = _models.setdefault(data_path, {})
    return loader


vars(botocore.session)["create_loader"] = _loader
ENVIRONMENTS = environments.known()
of_aep = pytest.mark.parametrize("subject", OF_AEP, indirect=True, ids=str)
"""Keeps a test of `env` to AEP's environments: it asserts what the plan says about them."""


def subjects_with(has: Callable[[Environment], object]) -> pytest.MarkDecorator:
    """Keeps a test of `env` to environments that have what it is about."""
    return pytest.mark.parametrize(
        "subject", cases(each for each in SUBJECTS if has(each.environment)), indirect=True, ids=str
    )


with_database = subjects_with(lambda environment: environment.database)
with_cache = subjects_with(lambda environment: environment.cache)
Body = dict[str, Any]
_SLOW = re.compile(r"^pytestmark = \[?pytest\.mark\.(slow|long)\b", re.MULTILINE)
"""The line of a file whose tests are all slow."""


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
def outputs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Path], Path]]:
    """Synthesizes the environments of a folder of values, once for all processes of the run; each gets a copy.

    Tests of several files read the copy, so none writes into it: a test that writes has a copy of its own.
    """
    base = tmp_path_factory.getbasetemp()
    # A process of pytest-xdist has a folder of its own in the run's.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    given = request.config.getoption("--synthesized")

    @cache
    def run(folder: Path) -> Path:
        if given and folder == AEP:
            return Path(given)
        made, target = shared / f"synthesized-{folder.name}", tmp_path_factory.mktemp("cdktf.out")
        chosen = [subject.environment for subject in SUBJECTS if subject.folder == folder]
        with made.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (made / "stacks").is_dir():
                # Loading cdktf takes two seconds, also in the process that only hands out tests to others.
                from modules.synthesis import synthesize  # noqa: PLC0415

                with values(folder):
                    synthesize(chosen, made, organization=environments.has_organization())
        shutil.copytree(made, target, dirs_exist_ok=True)
        copies[target] = made
        return target

    copies: dict[Path, Path] = {}
    yield run
    written = sorted(name for copy, made in copies.items() for name, _ in files(copy).items() ^ files(made).items())
    assert not written, "a test has written into stacks that others read; own_outputs copies them"


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Sizes and times of the files in a folder."""
    found = {str(path.relative_to(folder)): path.stat() for path in folder.rglob("*") if path.is_file()}
    return {name: (status.st_size, status.st_mtime_ns) for name, status in found.items()}


@pytest.fixture(scope="session")
def output(outputs: Callable[[Path], Path]) -> Path:
    """AEP's environments, synthesized."""
    return outputs(AEP)


@pytest.fixture(scope="module")
def own_outputs(outputs: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """What `outputs` returns, copied for the tests of one file to write into."""

    @cache
    def run(folder: Path) -> Path:
        return Path(shutil.copytree(outputs(folder), tmp_path_factory.mktemp("own"), dirs_exist_ok=True))

    return run


@pytest.fixture(scope="module")
def own_output(own_outputs: Callable[[Path], Path]) -> Path:
    """AEP's environments, synthesized, for the tests of one file to write into."""
    return own_outputs(AEP)


@pytest.fixture(scope="session")
def provider(output: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """A running provider for `terraform validate`. In a session of several processes, each has its own."""
    from tests.terraform.warm import warm  # noqa: PLC0415  (few tests need gRPC)

    with warm(tmp_path_factory.mktemp("provider"), output / "stacks" / "staging-state" / "cdk.tf.json") as started:
        yield started


@pytest.fixture(scope="session")
def stacks_of(outputs: Callable[[Path], Path]) -> Iterator[Callable[[Path], dict[str, Stack]]]:
    """The synthesized stacks of a folder of values by name. Tests share them, so none changes one."""
    read: dict[Path, dict[str, Stack]] = {}

    def run(folder: Path) -> dict[str, Stack]:
        if folder not in read:
            read[folder] = read_stacks(outputs(folder))
        return read[folder]

    yield run
    for folder, stacks in read.items():
        assert stacks == read_stacks(outputs(folder)), f"a test has changed a stack of {folder.name} in memory"


@pytest.fixture
def stacks(request: pytest.FixtureRequest, stacks_of: Callable[[Path], dict[str, Stack]]) -> dict[str, Stack]:
    """Synthesized stacks by name: of the folder of the test's environment, if it has one, or AEP's."""
    return stacks_of(request.getfixturevalue("subject").folder if "subject" in request.fixturenames else AEP)


@pytest.fixture(params=cases(SUBJECTS), ids=str)
def subject(request: pytest.FixtureRequest) -> Subject:
    """Each environment in turn, with its folder of values."""
    found: Subject = request.param
    return found


@pytest.fixture
def env(subject: Subject) -> Environment:
    """Each environment in turn."""
    return subject.environment


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Environment], dict[str, Stack]]:
    """Synthesizes one environment, as it is given, into phases."""
    from modules.synthesis import synthesize  # noqa: PLC0415  (as in `outputs`)

    def run(environment: Environment) -> dict[str, Stack]:
        folder = tmp_path_factory.mktemp("variant")
        synthesize([environment], folder, organization=False)
        made = read_stacks(folder)
        return {phase.name: made[f"{environment.name}-{phase.name}"] for phase in PHASES}

    return run


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make test-copy` and `make mutants` pass them."""
    parser.addoption("--whole", action="store_true", help="run all tests in a copy without AEP")
    parser.addoption("--synthesized", metavar="FOLDER", help="test these stacks of AEP instead of synthesizing them")


def pytest_configure() -> None:
    """A machine's own AWS settings must not reach a test."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name == engines.SETTING]:
        del os.environ[name]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The fast tests need no import of a file whose tests are all slow; some load what takes a second."""
    if config.option.markexpr != "not slow and not long" or not collection_path.match("test_*.py"):
        return None
    return bool(_SLOW.search(collection_path.read_text(encoding="utf-8"))) or None


def pytest_collection_finish() -> None:
    """What exists now stays until the end: no garbage collection has to look at it again."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs against emulated AWS is slow: the emulator alone takes seconds to start. The longest tests go first."""
    for item in items:
        # pytest-xdist wants the same names in every process.
        assert " at 0x" not in item.nodeid, f"{item.nodeid} has an address in memory: give its parameters ids"
        if "emulator" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
    items.sort(key=_limit, reverse=True)


def _limit(item: pytest.Item) -> float:
    """The time limit of a test that has one of its own, in seconds; files that take minutes have one, to go first."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0

"""Every exported stack says the same as its JSON, and looks as Terraform formats it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import environments
from modules.output import LOCK_FILE
from modules.phases import ORGANIZATION
from ops.export.constructs import Constructs
from ops.export.folder import MAIN, export, stack_name, write
from tests.conftest import read_stacks
from tests.export.round_trip import differences
from tests.products import AEP, SHAPES, SUBJECTS, values
from tests.terraform.run import terraform
from tests.terraform.warm import Warm, types_of

pytestmark = pytest.mark.slow
FOLDERS = [AEP, *SHAPES]


@pytest.fixture(scope="module")
def exported(outputs: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """A folder with the exports of all environments of a folder of values."""
    done: dict[Path, Path] = {}

    def run(folder: Path) -> Path:
        if folder not in done:
            done[folder] = tmp_path_factory.mktemp("exported")
            with values(folder):
                names = [*environments.known(), *([ORGANIZATION] if environments.has_organization() else [])]
            for name in names:
                write(export(name, outputs(folder), Constructs()), done[folder] / name)
        return done[folder]

    return run


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_stack_is_read_back(
    folder: Path, exported: Callable[[Path], Path], outputs: Callable[[Path], Path]
) -> None:
    stacks, seen = read_stacks(outputs(folder)), 0
    for path in exported(folder).glob(f"*/*/{MAIN}"):
        stack = stacks[stack_name(path.parts[-3], path.parts[-2])]
        assert differences(path.read_text(encoding="utf-8"), stack.document) == [], stack.name
        seen += 1
    assert seen == len(stacks)


def test_terraform_formats_nothing(exported: Callable[[Path], Path], tmp_path: Path) -> None:
    for folder in FOLDERS:
        shutil.copytree(exported(folder), tmp_path / folder.name)
    done = terraform(tmp_path, "fmt", "-check", "-recursive", "-diff", environment=dict(os.environ))
    assert (done.returncode, done.stdout) == (0, ""), done.stdout[:2000]
    file = next(tmp_path.glob(f"aep/*/*/{MAIN}"))
    file.write_text(file.read_text(encoding="utf-8").replace(" = ", "  =  ", 1), encoding="utf-8")
    assert terraform(tmp_path, "fmt", "-check", "-recursive", environment=dict(os.environ)).returncode != 0


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_stack_is_valid(
    folder: Path, exported: Callable[[Path], Path], provider: Warm, outputs: Callable[[Path], Path]
) -> None:
    stacks = read_stacks(outputs(folder))
    paths = sorted(path.parent for path in exported(folder).glob(f"*/*/{MAIN}"))
    assert len({(path / LOCK_FILE).read_bytes() for path in paths}) == 1
    for path in paths:
        done = provider.validate(path, types_of(stacks[stack_name(path.parts[-2], path.parts[-1])]))
        assert done.returncode == 0, f"{path}: {done.stdout}{done.stderr}"


def test_every_environment_of_the_tests_is_there(exported: Callable[[Path], Path]) -> None:
    found = {path.name for folder in FOLDERS for path in exported(folder).iterdir()}
    assert found >= {subject.environment.name for subject in SUBJECTS if subject.folder in FOLDERS}

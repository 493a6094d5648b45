"""The folders of values in the tests, which don't depend on what you have in environments/."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import environments
from tests.products import AEP, HERE, OF_AEP, OF_SHAPES, SHAPES, users, values

ROOT = Path(__file__).parents[2]
IMPORTED = """
import json, sys, environments
environments.load_all()
found = [module for name, module in sys.modules.items() if name.startswith("environments.")]
print(json.dumps([module.__file__ for module in found]))
"""


def test_tests_run_on_aeps_values_here() -> None:
    assert environments.FOLDER == AEP
    assert [subject.environment.name for subject in OF_AEP] == ["prod", "prod-starter", "staging"]
    code = "import environments; print(environments.FOLDER)"
    done = subprocess.run((sys.executable, "-c", code), cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(AEP)


def test_the_other_products_cover_the_shapes() -> None:
    assert len(SHAPES) >= 5
    products = [subject.environment.product for subject in OF_SHAPES]
    assert len({len(product.services) for product in products}) >= 3
    assert {service.deployment for product in products for service in product.services} == {"rolling", "blue_green"}
    assert {service.architecture for product in products for service in product.services} == {"X86_64", "ARM64"}
    assert {subject.environment.edge.zone.kind for subject in OF_SHAPES} == {"created", "existing", "other_account"}
    assert {subject.environment.creates_account_resources for subject in OF_SHAPES} == {True, False}
    assert len({subject.environment.region for subject in OF_SHAPES}) >= 5
    found = [subject.environment for subject in OF_SHAPES]
    assert {each.stores for each in found} == {(), ("database",), ("cache",), ("database", "cache")}
    assert {each.profile.nat for each in found} == {"none", "single", "per_zone"}
    assert {each.profile.endpoints and each.profile.endpoint_zones for each in found} == {None, (), 1}
    assert any(each.edge.service_hosts for each in found) and any(each.edge.redirects for each in found)


@pytest.mark.parametrize(
    "folder",
    [AEP, *(pytest.param(folder, marks=pytest.mark.slow) for folder in SHAPES)],
    ids=lambda folder: folder.name,
)
def test_a_folder_needs_no_values_of_yours(folder: Path) -> None:
    """It imports its own modules and the package's library, but no product, profile or environment of environments/."""
    done = subprocess.run(
        (sys.executable, "-c", IMPORTED),
        cwd=ROOT,
        env={**os.environ, "ENVIRONMENTS": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    for file in map(Path, json.loads(done.stdout)):
        if file.parent == environments.PACKAGE:
            assert file.stem in environments.LIBRARY, file


def test_another_folders_values_leave_no_trace() -> None:
    before = environments.load("prod")
    with values(SHAPES[0]):
        assert environments.known() == tuple(
            subject.environment.name for subject in OF_SHAPES if subject.folder == SHAPES[0]
        )
        assert environments.load_all()
    assert environments.FOLDER == AEP == Path(os.environ["ENVIRONMENTS"])
    assert environments.load("prod") == before


def copied(target: Path, *folders: Path) -> Path:
    """A folder of values like environments/, with those of several products."""
    for folder in folders:
        shutil.copytree(folder, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return target


DEMO = """
from dataclasses import replace
from environments.staging import ENVIRONMENT as STAGING
ENVIRONMENT = replace(STAGING, name="demo")
"""


def names_of_users(folder: Path) -> list[str]:
    return [subject.environment.name for subject in users(folder)]


def test_your_environments_are_tested_beside_those_here(tmp_path: Path) -> None:
    folder = copied(tmp_path / "values", AEP)
    assert names_of_users(folder) == []
    (folder / "organization.py").unlink()
    assert names_of_users(folder) == []
    (folder / "demo.py").write_text(DEMO, encoding="utf-8")
    assert names_of_users(folder) == ["demo"]
    edited = copied(tmp_path / "two", AEP, HERE / "shop")
    values_of_shop = edited / "shop_prod.py"
    values_of_shop.write_text(values_of_shop.read_text(encoding="utf-8").replace("10.40.0.0", "10.41.0.0"), "utf-8")
    assert names_of_users(edited) == ["shop-prod"]


def test_your_folder_may_be_empty_or_without_aep(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert names_of_users(tmp_path / "empty") == []
    assert names_of_users(copied(tmp_path / "shop", HERE / "shop")) == []

"""Real Terraform with the real provider accepts every synthesized stack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modules.phases import PHASES
from ops.terraform.session import COLLECTOR
from tests.conftest import Stack
from tests.products import SHAPES
from tests.references import references

pytestmark = pytest.mark.slow
JOBS = 2


def terraform(folder: Path, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    binary = shutil.which("terraform")
    assert binary, "no terraform on this machine: install the version in .tool-versions, or leave out `-m slow`"
    return subprocess.run(
        [binary, *arguments, "-no-color"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="session")
def initialized(output: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, str]]]:
    """Every stack's folder after `terraform init`; one plugin cache serves all."""
    cache = tmp_path_factory.mktemp("plugins")
    environment = {**COLLECTOR, **os.environ, "TF_PLUGIN_CACHE_DIR": str(cache), "TF_IN_AUTOMATION": "1"}
    folders = sorted(path.parent for path in output.glob("stacks/*/cdk.tf.json"))

    def init(folder: Path) -> None:
        done = terraform(folder, "init", "-backend=false", "-input=false", environment=environment)
        assert done.returncode == 0, f"{folder.name}: {done.stderr}"

    # One after another: Terraform's cache isn't made for several writers. One lock file serves all.
    for folder in folders:
        if folder != folders[0]:
            shutil.copy(folders[0] / ".terraform.lock.hcl", folder)
        init(folder)
    return {folder.name: (folder, environment) for folder in folders}


def test_every_stack_is_valid(initialized: dict[str, tuple[Path, dict[str, str]]]) -> None:
    def validate(name: str) -> str:
        folder, environment = initialized[name]
        done = terraform(folder, "validate", environment=environment)
        return "" if done.returncode == 0 else f"{name}: {done.stdout}{done.stderr}"

    assert len(initialized) >= 34
    with ThreadPoolExecutor(JOBS) as pool:
        problems = [problem for problem in pool.map(validate, initialized) if problem]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("folder", SHAPES, ids=lambda folder: folder.name)
def test_stacks_of_other_products_are_valid(
    folder: Path, initialized: dict[str, tuple[Path, dict[str, str]]], outputs: Callable[[Path], Path]
) -> None:
    source, environment = initialized["prod-data"]
    for stack in (stacks := sorted(path.parent for path in outputs(folder).glob("stacks/*/cdk.tf.json"))):
        # The same provider: what init would write.
        (stack / ".terraform").symlink_to(source / ".terraform")
        shutil.copy(source / ".terraform.lock.hcl", stack)

    def validate(stack: Path) -> str:
        done = terraform(stack, "validate", environment=environment)
        return "" if done.returncode == 0 else f"{stack.name}: {done.stdout}{done.stderr}"

    assert len(stacks) >= len(PHASES)
    with ThreadPoolExecutor(JOBS) as pool:
        problems = [problem for problem in pool.map(validate, stacks) if problem]
    assert not problems, "\n".join(problems)


def test_every_reference_is_in_the_providers_schema(
    initialized: dict[str, tuple[Path, dict[str, str]]], stacks: dict[str, Stack], tmp_path: Path
) -> None:
    folder, environment = initialized["prod-data"]
    # Without the stack's backend, which Terraform would ask for first.
    provider = json.loads((folder / "cdk.tf.json").read_text(encoding="utf-8"))["terraform"]["required_providers"]
    (tmp_path / "main.tf.json").write_text(
        json.dumps({"terraform": {"required_providers": provider}}), encoding="utf-8"
    )
    assert terraform(tmp_path, "init", "-input=false", environment=environment).returncode == 0
    done = terraform(tmp_path, "providers", "schema", "-json", environment=environment)
    assert done.returncode == 0, done.stderr
    (schema,) = json.loads(done.stdout)["provider_schemas"].values()
    kinds = {"resource": "resource_schemas", "data": "data_source_schemas", "ephemeral": "ephemeral_resource_schemas"}
    found = {reference for stack in stacks.values() for reference in references(stack.document)}
    assert {reference.declared_in[0] for reference in found} == set(kinds)
    for reference in sorted(found):
        block, kind = reference.declared_in
        assert reference.attribute in schema[kinds[block]][kind]["block"]["attributes"], reference


def test_an_invalid_stack_is_found(initialized: dict[str, tuple[Path, dict[str, str]]], tmp_path: Path) -> None:
    """The check can fail: a stack with an argument that the provider doesn't have is refused."""
    folder, environment = initialized["staging-state"]
    broken = tmp_path / "stack"
    shutil.copytree(folder, broken, symlinks=True)
    file = broken / "cdk.tf.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"bucket": ', '"bukket": ', 1), encoding="utf-8")
    assert terraform(broken, "validate", environment=environment).returncode != 0

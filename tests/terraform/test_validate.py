"""Real Terraform with the real provider accepts every synthesized stack."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Stack, read_stacks
from tests.products import AEP, SHAPES
from tests.references import references
from tests.terraform.run import terraform
from tests.terraform.warm import Warm, types_of

pytestmark = pytest.mark.slow
FOLDERS = [AEP, *SHAPES]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_stack_is_valid(folder: Path, provider: Warm, outputs: Callable[[Path], Path]) -> None:
    output = outputs(folder)
    for stack in read_stacks(output).values():
        done = provider.validate(output / "stacks" / stack.name, types_of(stack))
        assert done.returncode == 0, f"{stack.name}: {done.stdout}{done.stderr}"


def broken(stack: Path, folder: Path, change: Callable[[str], str]) -> Path:
    """A copy of a stack with a change."""
    folder.mkdir()
    changed = change(text := (stack / "cdk.tf.json").read_text(encoding="utf-8"))
    assert changed != text
    (folder / "cdk.tf.json").write_text(changed, encoding="utf-8")
    return folder


FAULTS: dict[str, Callable[[str], str]] = {
    "no such argument": lambda text: text.replace('"bucket": ', '"bukket": ', 1),
    "no such attribute": lambda text: text.replace("aws_kms_key.state_key.arn", "aws_kms_key.state_key.arm"),
    "no such resource": lambda text: text.replace("${aws_kms_key.state_key.", "${aws_kms_key.other_key."),
    "a value that the provider refuses": lambda text: text.replace(
        '"deletion_window_in_days": 30', '"deletion_window_in_days": 3'
    ),
    "a type that the provider refuses": lambda text: text.replace(
        '"enable_key_rotation": true', '"enable_key_rotation": "often"'
    ),
}


@pytest.mark.requirement("R13.10")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_reported_as_by_a_provider_of_its_own(
    fault: str, provider: Warm, output: Path, stacks_of: Callable[[Path], dict[str, Stack]], tmp_path: Path
) -> None:
    stack = stacks_of(AEP)["staging-state"]
    folder = broken(output / "stacks" / stack.name, tmp_path / "stack", FAULTS[fault])
    warm = provider.validate(folder, types_of(stack))
    cold = provider.cold(folder)
    assert warm.returncode == cold.returncode == 1
    assert (warm.stdout, warm.stderr) == (cold.stdout, cold.stderr)


@pytest.mark.long
@pytest.mark.requirement("R13.10")
def test_a_provider_of_its_own_says_the_same(
    provider: Warm, own_output: Path, stacks_of: Callable[[Path], dict[str, Stack]]
) -> None:
    for stack in stacks_of(AEP).values():
        folder = own_output / "stacks" / stack.name
        warm, cold = provider.validate(folder, types_of(stack)), provider.cold(folder)
        assert (warm.returncode, warm.stdout, warm.stderr) == (cold.returncode, cold.stdout, cold.stderr)


def test_every_reference_is_in_the_providers_schema(provider: Warm, stacks: dict[str, Stack], tmp_path: Path) -> None:
    # Without the stack's backend, which Terraform would ask for first.
    required = json.loads((provider.folder / "cdk.tf.json").read_text(encoding="utf-8"))["terraform"][
        "required_providers"
    ]
    (tmp_path / "main.tf.json").write_text(
        json.dumps({"terraform": {"required_providers": required}}), encoding="utf-8"
    )
    environment = dict(os.environ)
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

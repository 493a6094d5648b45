"""The values `existing`: where they are read, what is refused, and the import blocks that synth writes for them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import environments
from environments.effective import origin
from environments.names import Names
from environments.schema import Environment
from environments.schema.validation import InvalidEnvironmentError, validate
from modules.imports import addresses, with_imports
from modules.phases import PHASES
from ops.errors import RefusedError
from rehearsal.context import emulated_environment
from tests.cases import every_case
from tests.conftest import Stack
from tests.products import HERE, values

STACKS: dict[str, Any] = {
    "network": {"resource": {"aws_vpc": {"vpc": {}}, "aws_subnet": {"private_a": {}, "private_b": {}}}, "output": {}},
    "registry": {"resource": {"aws_ecr_repository": {"shop": {}}}},
}


def with_existing(**existing: str) -> Environment:
    environment = environments.load("prod")
    return replace(environment, existing={key.replace("__", "."): id_ for key, id_ in existing.items()})


def test_each_stack_gets_the_blocks_of_its_addresses() -> None:
    changed = with_imports(with_existing(aws_vpc__vpc="vpc-1", aws_subnet__private_a="subnet-1"), STACKS)
    assert changed == {
        "network": {
            **STACKS["network"],
            "import": [{"id": "subnet-1", "to": "aws_subnet.private_a"}, {"id": "vpc-1", "to": "aws_vpc.vpc"}],
        }
    }


def test_without_values_no_stack_changes() -> None:
    assert with_imports(with_existing(), STACKS) == {}


def test_an_unknown_address_is_one_error_that_names_the_nearest() -> None:
    with pytest.raises(InvalidEnvironmentError) as raised:
        with_imports(with_existing(aws_subnet__private_c="subnet-1", aws_vpc__vpc="vpc-1"), STACKS)
    (problem,) = raised.value.problems
    assert problem.given == "aws_subnet.private_c"
    assert "did you mean aws_subnet.private_b? known: aws_subnet.private_a, aws_subnet.private_b" in problem.allowed
    assert "existing/prod.json" in problem.allowed


def test_an_id_of_two_addresses_of_a_type_is_refused() -> None:
    with pytest.raises(InvalidEnvironmentError, match=r"private_b.*must have another id than aws_subnet\.private_a"):
        with_imports(with_existing(aws_subnet__private_a="subnet-1", aws_subnet__private_b="subnet-1"), STACKS)
    assert with_imports(with_existing(aws_subnet__private_a="a", aws_ecr_repository__shop="a"), STACKS)


@every_case(
    ("address", "id_", "allowed"),
    [
        ("aws_vpc.vpc", "", "must be the id that Terraform imports it by"),
        ("aws_vpc.vpc", "  ", "must be the id that Terraform imports it by"),
        ("aws_vpc.vpc", "${aws_vpc.other.id}", "must be the id that Terraform imports it by"),
        ("aws_vpc.vpc", "%{if true}x%{endif}", "must be the id that Terraform imports it by"),
        ("module.a.aws_vpc.vpc", "vpc-1", "must be an address as synth writes it"),
        ("vpc", "vpc-1", "must be an address as synth writes it"),
    ],
)
def test_what_is_no_address_or_no_id_is_refused(address: str, id_: str, allowed: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match=allowed):
        validate(replace(environments.load("prod"), existing={address: id_}))


@pytest.fixture
def mini(tmp_path: Path) -> Path:
    """Mini's values in a folder of their own."""
    return Path(shutil.copytree(HERE / "mini", tmp_path / "mini"))


def write(folder: Path, text: str) -> Path:
    path = folder / "existing" / "mini-demo.json"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return path


def test_the_values_are_those_of_the_environments_file(mini: Path) -> None:
    with values(mini):
        assert environments.load("mini-demo").existing == {}
        path = write(mini, json.dumps({"aws_vpc.vpc": "vpc-1"}, indent=2))
        environment = environments.load("mini-demo")
        assert environment.existing == {"aws_vpc.vpc": "vpc-1"}
        assert origin(environment, "existing.aws_vpc.vpc").place == f"{path}:2"
        path.unlink()
        assert environments.load("mini-demo").existing == {}


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("[]", "must map addresses to ids"),
        ("{", "must be JSON"),
        ('{"aws_vpc.vpc": "vpc-1", "aws_vpc.vpc": "vpc-2"}', r"must be JSON \('aws_vpc\.vpc' is there twice\)"),
    ],
)
def test_a_file_of_another_form_is_an_error_that_names_it(mini: Path, text: str, allowed: str) -> None:
    write(mini, text)
    with values(mini), pytest.raises(InvalidEnvironmentError, match=rf"existing/mini-demo\.json.*{allowed}"):
        environments.load("mini-demo")


def test_an_address_is_in_one_stack_only(env: Environment, stacks: dict[str, Stack]) -> None:
    names = Names(env)
    every = [each for phase in PHASES for each in addresses(stacks[names.stack(phase.name)].document)]
    assert len(every) == len({*every})


def test_synth_writes_the_blocks(synthesized: Callable[[Environment], dict[str, Stack]]) -> None:
    made = synthesized(with_existing(aws_vpc__vpc="vpc-1", aws_lb__load_balancer="arn:aws:elasticloadbalancing:1"))
    blocks = {phase: each.document["import"] for phase, each in made.items() if "import" in each.document}
    assert blocks == {
        "network": [{"id": "vpc-1", "to": "aws_vpc.vpc"}],
        "edge": [{"id": "arn:aws:elasticloadbalancing:1", "to": "aws_lb.load_balancer"}],
    }


def test_a_rehearsal_has_nothing_to_take_over(tmp_path: Path) -> None:
    with (
        pytest.raises(RefusedError, match=r"existing/prod\.json can be imported; rehearse without it"),
        emulated_environment(with_existing(aws_vpc__vpc="vpc-1"), tmp_path, "prod"),
    ):
        pass
    assert not [*tmp_path.iterdir()]

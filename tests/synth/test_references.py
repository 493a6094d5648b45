"""Every reference names a resource of its stack, and an attribute that the provider's type has.

The bindings are made from the schema of the pinned provider, so their classes have its attributes; importing them takes
20 seconds. Another slow test asks the provider itself (tests/terraform/test_validate.py).
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path

import pytest
from cdktf import TerraformDataSource, TerraformResource

from environments.schema import Environment
from modules.phases import PHASES
from tests.conftest import Stack
from tests.references import Reference, missing, references
from tests.synth.alarms import Phases

pytestmark = pytest.mark.slow
MODULES = Path(__file__).parents[2] / "modules"


@cache
def attributes(kind: str) -> set[str]:
    """Attributes of a type of resource or data source."""
    module = importlib.import_module(f"cdktf_cdktf_provider_aws.{kind.replace('.', '_').removeprefix('aws_')}")
    (made,) = (
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, TerraformResource | TerraformDataSource)
        and each.__module__ == module.__name__
    )
    return {name for name, member in vars(made).items() if isinstance(member, property)}


def unknown(found: set[Reference]) -> list[Reference]:
    """References to attributes that their types don't have. The bindings have no ephemeral resources."""
    return sorted(
        each for each in found if each.declared_in[0] != "ephemeral" and each.attribute not in attributes(each.kind)
    )


def test_references_of_every_environment(stacks: dict[str, Stack], env: Environment) -> None:
    found = set()
    for phase in PHASES:
        document = stacks[f"{env.name}-{phase.name}"].document
        found |= references(document)
        assert not missing(document), phase.name
    assert len({each.kind for each in found}) > 25
    assert not unknown(found)


def test_references_of_the_organization(stacks: dict[str, Stack]) -> None:
    document = stacks["organization"].document
    assert not missing(document) and not unknown(references(document))


@pytest.mark.parametrize("variant", ["watched_otherwise", "elsewhere"])
def test_references_of_variants(variant: str, request: pytest.FixtureRequest) -> None:
    """Blue/green with a worker; another region than that of global events, without audit."""
    made: tuple[Environment, Phases] = request.getfixturevalue(variant)
    for phase, stack in made[1].items():
        assert not missing(stack.document), phase
        assert not unknown(references(stack.document)), phase


def test_a_wrong_reference_is_found() -> None:
    text = 'x ${one([for option in aws_acm_certificate.c.optionz : option if option == "a"]).name} y'
    waits = {
        "a": {"name": text, "depends_on": ["aws_kms_key.k"], "lifecycle": {"replace_triggered_by": ["aws_lb.l.x"]}}
    }
    document = {"resource": {"aws_sns_topic": waits, "aws_lb": {"l": {}}}}
    wrong = {Reference("aws_acm_certificate", "c", "optionz"), Reference("aws_lb", "l", "x")}
    assert references(document) == set(unknown(wrong)) == wrong
    assert missing(document) == ["resource.aws_acm_certificate.c", "resource.aws_kms_key.k"]


def test_references_go_through_one_helper() -> None:
    """And so do addresses: `depends_on` is written in one place, from addresses that constructs give."""
    for file in MODULES.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if file.name != "ids.py" and "bindings" not in file.parts:
            assert not re.search(r"\$\{(\w+\.)?aws_|\"depends_on\"|[\"'](\w+\.)?aws_\w+\.[\w{]", text), file

"""Stacks as configurations: what is where, and what can't be exported."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from environments.schema import Environment
from modules.forgotten import removed
from ops.errors import OpsError
from ops.export.blocks import of_type
from ops.export.constructs import Constructs
from ops.export.folder import export
from tests.cases import every_case
from tests.conftest import Stack
from tests.export.sample import STACK, exported
from tests.products import Subject

Change = Callable[[dict[str, Any]], None]


def test_parts_are_in_the_order_of_a_file_by_hand() -> None:
    heads = re.findall(r"^(\w+)(?: .*)? \{$", exported(), re.MULTILINE)
    assert [*dict.fromkeys(heads)] == [
        "terraform",
        "provider",
        "variable",
        "locals",
        "resource",
        "data",
        "output",
        "import",
    ]
    assert exported().startswith("# sample: a stack.\n\nterraform {\n")
    assert "\n# All: everything.\n" in exported()


def test_a_reason_is_before_its_wildcard_only() -> None:
    text = exported()
    assert '    # it has no resource\n    resources = ["*"]\n' in text
    assert text.count("# it has no resource") == 1


def test_a_reason_without_a_wildcard_is_before_the_statement() -> None:
    content = copy.deepcopy(STACK)
    content["data"]["aws_iam_policy_document"]["wide"]["statement"][0]["resources"] = ["arn:*"]
    assert '  statement {\n    # it has no resource\n    sid       = "All"\n' in exported(content)


def test_a_table_knows_blocks_of_types_in_use_and_of_others() -> None:
    for name in ("aws_vpc_endpoint", "aws_quicksight_dashboard", "data.aws_ami", "ephemeral.aws_kms_secrets"):
        assert of_type(name)
    group = of_type("aws_security_group")
    assert group
    assert "ingress" in group.as_blocks
    assert "timeouts" in group.blocks
    assert of_type("aws_nothing") is None


def test_blocks_of_a_type_that_no_stack_has() -> None:
    content = copy.deepcopy(STACK)
    content["resource"]["aws_lex_bot"] = {"bot": {"intent": [{"intent_name": "i"}]}}
    assert 'resource "aws_lex_bot" "bot" {\n  intent {\n    intent_name = "i"\n  }\n}' in exported(content)


@every_case(
    ("change", "message"),
    [
        (lambda it: it["resource"].update(aws_nothing={"x": {}}), "aws_nothing.x is of the type aws_nothing, which"),
        (lambda it: it["data"].update(http={"x": {}}), "data.http.x is of the type http, which"),
        (lambda it: it["import"][0].update(provider="aws.other"), "import has 'provider'"),
        (lambda it: it["import"][0].update(to="a b"), "import has the address 'a b'"),
        (lambda it: it.update({"import": ["x"]}), "import has a nested block that isn't an object"),
        (lambda it: it["import"][0].pop("id"), "import doesn't have the form"),
        (lambda it: it.update({"moved": []}), "moved is a block that isn't exported"),
        (lambda it: it["provider"].update(random=[{}]), "provider.random is of another provider than AWS's"),
        (lambda it: it["resource"]["aws_vpc"]["vpc"].update(count=2), "aws_vpc.vpc has 'count'"),
        (lambda it: it["resource"]["aws_vpc"]["vpc"].update(nothing=2), "aws_vpc.vpc has 'nothing'"),
        (lambda it: it["resource"]["aws_vpc"]["vpc"].update(timeouts=2), "aws_vpc.vpc has 'timeouts'"),
        (lambda it: it["resource"]["aws_vpc"]["vpc"].update(cidr_block="${x"), "aws_vpc.vpc has a ${ that isn't"),
        (lambda it: it["resource"]["aws_vpc"]["vpc"].update(depends_on="x"), "aws_vpc.vpc has a list of addresses"),
        (lambda it: it["resource"]["aws_vpc"].update({"a b": {}}), "aws_vpc.a b has the name 'a b'"),
        (lambda it: it["resource"].update(aws_vpc=[]), "resource aws_vpc doesn't have the form"),
        (lambda it: it.update(data=[]), "data doesn't have the form"),
        (lambda it: it["data"]["aws_iam_policy_document"]["wide"].update(statement=["x"]), "a nested block that isn't"),
        (lambda it: it["terraform"].update(cloud={}), "terraform has 'cloud'"),
        (lambda it: it["variable"]["role"].update(validation={}), "var.role has 'validation'"),
        (lambda it: it["output"]["id"].update(precondition={}), "output.id has 'precondition'"),
        (lambda it: it["locals"].update(image="%{ if x }y%{ endif }"), "locals has a template directive"),
    ],
)
def test_what_cannot_be_exported_is_one_error_with_its_address(change: Change, message: str) -> None:
    content = copy.deepcopy(STACK)
    change(content)
    with pytest.raises(OpsError, match=r"^sample: ") as raised:
        exported(content)
    assert message in str(raised.value)
    assert "nothing was exported" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.slow
def test_every_environment_is_exported_without_needless_templates(
    subject: Subject, env: Environment, stacks: dict[str, Stack], outputs: Callable[..., Any]
) -> None:
    for stack in export(env.name, outputs(subject.folder), Constructs()):
        text = stack.files["main.tf"]
        assert re.findall(r'"\$\{[^"{}]*\}"', text) == []
        for value in because(stacks[f"{env.name}-{stack.phase}"]):
            assert value in re.sub(r"\s*\n\s*# ", " ", text)


def because(stack: Stack) -> list[str]:
    """The reasons of a stack's wildcards."""
    found = (body.get("//", {}).get("because", {}) for body in stack.data("aws_iam_policy_document").values())
    return [reason for reasons in found for reason in reasons.values()]


def test_the_same_stack_is_the_same_text() -> None:
    assert exported(json.loads(json.dumps(STACK))) == exported()


def test_what_terraform_forgets_is_forgotten_there_too() -> None:
    content = {**copy.deepcopy(STACK), "removed": [removed("aws_db_instance.database")]}
    assert "removed {\n  from = aws_db_instance.database\n\n  lifecycle {\n    destroy = false\n  }\n}\n" in exported(
        content
    )

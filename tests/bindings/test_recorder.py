"""The engine in Python writes what node has written, and refuses what isn't certain."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest

from modules import bindings
from modules.bindings.engine import App
from modules.bindings.recorder import json_text
from modules.bindings.table import table
from modules.engines import UnknownToEngineError
from tests.bindings import sample

# Without their types: mypy would refuse most of what the engine refuses.
aws: Any = vars(bindings)["aws"]
engine: Any = vars(bindings)["engine"]
S3Backend, TerraformLocal, TerraformOutput = engine.S3Backend, engine.TerraformLocal, engine.TerraformOutput
TerraformStack = engine.TerraformStack
GOLDEN = Path(__file__).with_name("golden")
ROOT = Path(__file__).parents[2]


def test_a_stack_with_everything_is_what_node_has_written(tmp_path: Path) -> None:
    sample.write(str(tmp_path))
    written = (tmp_path / "stacks" / "small-stack" / "cdk.tf.json").read_bytes()
    assert written == (GOLDEN / "small-stack.tf.json").read_bytes()
    assert (tmp_path / "manifest.json").read_bytes() == (GOLDEN / "manifest.json").read_bytes()


def test_a_document_can_be_read_twice() -> None:
    stack: Any = sample.small(App())
    assert json_text(stack.document()) == json_text(stack.document())


def test_the_table_is_of_the_pinned_packages() -> None:
    pinned = dict(re.findall(r'"([\w-]+)==([\w.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8")))
    assert table().packages.items() <= pinned.items()


def test_the_table_has_every_class_that_constructs_use() -> None:
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "modules").rglob("*.py")]
    used = {name for source in sources for name in re.findall(r"\baws\.([A-Z]\w+)", source)}
    assert len(used) > 100
    assert used <= {*table()}


@pytest.fixture
def stack() -> Any:
    stack = TerraformStack(App(), "stack")
    S3Backend(stack, bucket="b", key="k")
    return stack


def test_an_id_is_unique_in_a_stack(stack: Any) -> None:
    aws.AwsProvider(stack, "same")
    with pytest.raises(ValueError, match=r"^stack 'stack' has 'same' already; ids must be unique across all kinds"):
        aws.SnsTopic(stack, "same")


def test_a_stack_is_unique_in_an_app() -> None:
    app = App()
    TerraformStack(app, "same")
    with pytest.raises(ValueError, match=r"^the app has 'same' already"):
        TerraformStack(app, "same")


def test_a_cycle_of_stacks_is_refused() -> None:
    one, two, three = (TerraformStack(App(), name) for name in ("one", "two", "three"))
    one.add_dependency(two)
    two.add_dependency(three)
    with pytest.raises(ValueError, match=r"^stack 'three' can't depend on 'one', which depends on it$"):
        three.add_dependency(one)


def test_a_resource_needs_a_provider(stack: Any) -> None:
    aws.SnsTopic(stack, "topic")
    with pytest.raises(ValueError, match=r"^stack 'stack' has resources, but no provider"):
        stack.document()


class Number(IntEnum):
    """A number with a name."""

    ONE = 1


UNKNOWN: dict[str, Callable[[Any], object]] = {
    "the argument typo of SnsTopic": lambda stack: aws.SnsTopic(stack, "x", typo=1),
    "list ['a'] as the argument for_each of SnsTopic": lambda stack: aws.SnsTopic(stack, "x", for_each=["a"]),
    "int 1 as the argument name of SnsTopic": lambda stack: aws.SnsTopic(stack, "x", name=1),
    "str 'yes' as the argument fifo_topic of SnsTopic": lambda stack: aws.SnsTopic(stack, "x", fifo_topic="yes"),
    "bool True as the argument max_retries of S3Backend": lambda stack: S3Backend(
        stack, bucket="b", key="k", max_retries=True
    ),
    "float nan as the argument max_retries of S3Backend": lambda stack: S3Backend(
        stack, bucket="b", key="k", max_retries=float("nan")
    ),
    "tuple ('a',) as the argument allowed_account_ids of AwsProvider": lambda stack: aws.AwsProvider(
        stack, "x", allowed_account_ids=("a",)
    ),
    "NoneType None as the argument tags of SnsTopic": lambda stack: aws.SnsTopic(stack, "x", tags={"a": None}),
    "dict {} as the argument timeouts of KmsKey": lambda stack: aws.KmsKey(stack, "x", timeouts={}),
    "str 'a' as the argument depends_on of SnsTopic": lambda stack: aws.SnsTopic(stack, "x", depends_on=["a"]),
    "SnsTopicSubscription without the argument endpoint": lambda stack: aws.SnsTopicSubscription(
        stack, "x", protocol="https", topic_arn="a"
    ),
    "the class NoSuchThing": lambda stack: aws.NoSuchThing(stack, "x"),
    "SnsTopic.arn": lambda stack: aws.SnsTopic(stack, "x").arn,
    "the id 'a/b'": lambda stack: aws.SnsTopic(stack, "a/b"),
    "the id '1'": lambda stack: aws.SnsTopic(stack, "1"),
    "the id 'Default'": lambda stack: aws.SnsTopic(stack, "Default"),
    "the id ''": lambda stack: TerraformStack(stack, ""),
    "a call of SnsTopic with 1 arguments without a name": aws.SnsTopic,
    "a reference to a TerraformOutput": lambda stack: aws.SnsTopic(
        stack, "x", depends_on=[TerraformOutput(stack, "o", value=1)]
    ),
    "Argument": lambda stack: TerraformOutput(stack, "o", value=aws.KmsKeyTimeouts()),
    "an override of [] by a map": lambda stack: (
        aws.AwsProvider(stack, "x", allowed_account_ids=[]).add_override("allowed_account_ids.x", 1),
        stack.document(),
    ),
    "set {1} as the override a of stack": lambda stack: stack.add_override("a", {1}),
    "set {1} as the local value x": lambda stack: TerraformLocal(stack, "x", {1}),
    "a stack without a backend, 'empty'": lambda _: TerraformStack(App(), "empty").document(),
    "the token TfToken[": lambda _: json_text(["${TfToken[TOKEN.1]}"]),
    "half of a character": lambda _: json_text(["\ud800"]),
    "half of a character in UTF-16": lambda _: json_text({"\ud800": 1, "b": 2}),
    "the id 'constructor'": lambda stack: aws.SnsTopic(stack, "constructor"),
    "the id 'toString'": lambda _: TerraformStack(App(), "toString"),
    "the override __proto__.x of stack": lambda stack: stack.add_override("__proto__.x", 1),
    "the override 1.x of stack": lambda stack: stack.add_override("1.x", 1),
    "str '__proto__' as the argument tags of SnsTopic": lambda stack: aws.SnsTopic(stack, "x", tags={"__proto__": "a"}),
    "str '$jsii.struct' as the argument value of TerraformOutput": lambda stack: TerraformOutput(
        stack, "o", value=[{"$jsii.struct": {}}]
    ),
    "Number <Number.ONE: 1> as the argument signature_version of SnsTopic": lambda stack: aws.SnsTopic(
        stack, "x", signature_version=Number.ONE
    ),
    "the override // of x": lambda stack: (
        aws.AwsProvider(stack, "aws"),
        aws.SnsTopic(stack, "x").add_override("//", "a"),
        stack.document(),
    ),
    "the override alias of x": lambda stack: (
        aws.AwsProvider(stack, "x", alias="a").add_override("alias", "b"),
        stack.document(),
    ),
    "a reference to x, whose alias is empty": lambda stack: aws.SnsTopic(
        stack, "y", provider=aws.AwsProvider(stack, "x", alias="")
    ),
    "aws_sns_topic.y as a provider": lambda stack: aws.SnsTopic(stack, "x", provider=aws.SnsTopic(stack, "y")),
    "a dependency of stack stack on aws_sns_topic.y of stack other": lambda stack: aws.SnsTopic(
        stack, "x", depends_on=[aws.SnsTopic(TerraformStack(App(), "other"), "y")]
    ),
    "the number 1e-07": lambda _: json_text([1e-07]),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_is_not_certain_is_left_to_node(what: str, stack: Any) -> None:
    with pytest.raises(UnknownToEngineError, match=rf"^{re.escape(what)}"):
        UNKNOWN[what](stack)


def test_a_large_number_is_left_to_node(stack: Any) -> None:
    with pytest.raises(UnknownToEngineError, match=r"^int 9007199254740992 as"):
        TerraformOutput(stack, "o", value=2**53)

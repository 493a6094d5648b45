"""Builds the stacks of an environment without cdktf: the same resources and arguments, in about 50 ms.

Constructs use few parts of cdktf: classes with keyword arguments, overrides and outputs. Here these parts only record
what they are given, so no node starts. A test compares the result with cdktf's JSON for every product.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from types import ModuleType
from typing import Any

from environments.schema import Environment
from ops.errors import OpsError

Document = dict[str, Any]
"""A stack as Terraform JSON, without cdktf's metadata and the required providers."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class _Stack:
    """Stands for cdktf's TerraformStack."""

    def __init__(self, scope: object, id_: str) -> None:
        del scope, id_
        self.document: Document = {}

    @staticmethod
    def of(scope: _Stack) -> _Stack:
        return scope

    def add_override(self, path: str, value: object) -> None:
        _override(self.document, path, value)

    def add_dependency(self, _: _Stack) -> None:
        """The order of stacks isn't in their JSON."""


class _Block:
    """Stands for a class of cdktf that is a block of the stack."""

    def __init__(self, address: str, settings: Document) -> None:
        self.address, self.settings = address, _plain(settings)

    def add_override(self, path: str, value: object) -> None:
        _override(self.settings, path, value)


def _add(stack: _Stack, section: Sequence[str], id_: str, settings: Document) -> _Block:
    """Add a block to a stack."""
    place = stack.document
    for key in section:
        place = place.setdefault(key, {})
    block = _Block(".".join((*section, id_)).removeprefix("resource."), settings)
    place[id_] = block.settings
    return block


def _override(settings: Document, path: str, value: object) -> None:
    *parents, last = path.split(".")
    for key in parents:
        settings = settings.setdefault(key, {})
    settings[last] = _plain(value)


def _plain(value: Any) -> Any:  # noqa: ANN401  (any value of an argument)
    """The value as cdktf writes it."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.address if isinstance(value, _Block) else value


def _block_or_argument(class_: str, /, *scope_and_id: Any, **arguments: object) -> _Block | Document:  # noqa: ANN401
    """Call a class of the AWS provider: with a scope and an id it is a block, without it is an argument of one."""
    if not scope_and_id:
        return arguments
    scope, id_ = scope_and_id
    return _add(scope, _section(class_), id_, arguments)


@cache
def _section(class_: str) -> tuple[str, str]:
    """Where the blocks of a class are; cdktf adds an A to a name that is also that of an argument."""
    words = _HUMP.sub("_", re.sub("(?<=[a-z])A$", "", class_)).lower()
    return ("data", words.removeprefix("data_")) if words.startswith("data_") else ("resource", f"aws_{words}")


def _provider(scope: _Stack, id_: str, **arguments: object) -> _Block:
    del id_
    alias = arguments.get("alias")
    block = _Block(f"aws.{alias}" if alias else "aws", arguments)
    scope.document.setdefault("provider", {}).setdefault("aws", []).append(block.settings)
    return block


def _local(scope: _Stack, id_: str, expression: object) -> None:
    scope.document.setdefault("locals", {})[id_] = _plain(expression)


def _output(scope: _Stack, id_: str, **arguments: object) -> _Block:
    return _add(scope, ("output",), id_, arguments)


def _variable(scope: _Stack, id_: str, **arguments: object) -> _Block:
    return _add(scope, ("variable",), id_, arguments)


def _backend(scope: _Stack, **arguments: object) -> _Block:
    return _add(scope, ("terraform", "backend"), "s3", arguments)


def _remote_state(scope: _Stack, id_: str, **arguments: object) -> _Block:
    return _add(scope, ("data", "terraform_remote_state"), id_, {"backend": "s3", "config": arguments})


class _Aws(ModuleType):
    """Stands for modules.bindings.aws."""

    AwsProvider = staticmethod(_provider)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (what stands for a class)
        if not name[:1].isupper():
            raise AttributeError(name)
        return partial(_block_or_argument, name)


class _Engine(ModuleType):
    """Stands for modules.bindings.engine."""

    App = Construct = object
    TerraformStack = _Stack
    TerraformResource = _Block
    DataTerraformRemoteStateS3 = staticmethod(_remote_state)
    S3Backend = staticmethod(_backend)
    TerraformLocal = staticmethod(_local)
    TerraformOutput = staticmethod(_output)
    TerraformVariable = staticmethod(_variable)
    Postcondition = TerraformResourceLifecycle = dict


def build(environment: Environment) -> dict[str, Document]:
    """The stacks of an environment by phase.

    Raises:
        OpsError: A construct uses a part of cdktf that this module doesn't have.
    """
    built: dict[str, Any] = {}
    with _private_modules():
        for phase in importlib.import_module("modules.phases").PHASES:
            module, _, name = phase.stack.partition(":")
            try:
                stack_class = getattr(importlib.import_module(f"modules.stacks.{module}"), name)
                built[phase.name] = stack_class(None, environment, phase, built)
            except (ImportError, AttributeError) as error:
                what = f"phase {phase.name} of {environment.name} can't be built without cdktf"
                raise OpsError(f"{what}: {error}; add what it uses to ops/parity/plain.py") from error
    return {phase: stack.document for phase, stack in built.items()}


@cache
def _bindings() -> dict[str, ModuleType]:
    """The modules that constructs import from, in place of those that load cdktf."""
    bindings = ModuleType("modules.bindings")
    engine, aws = _Engine("modules.bindings.engine"), _Aws("modules.bindings.aws")
    vars(bindings).update(engine=engine, aws=aws)
    return {each.__name__: each for each in (bindings, engine, aws)}


_private: dict[str, ModuleType] = {}


@contextmanager
def _private_modules() -> Iterator[None]:
    """Within it, `modules` is a copy that has what stands for cdktf; the process keeps what it has imported."""
    kept = _take()
    sys.modules.update(_private or _bindings())
    try:
        yield
    finally:
        _private.update(_take())
        sys.modules.update(kept)


def _take() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] == "modules"]
    return {name: sys.modules.pop(name) for name in names}

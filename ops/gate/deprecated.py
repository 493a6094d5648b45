"""Checks that stacks use nothing that the AWS provider calls deprecated: its next major version may lack it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.templates import spans
from ops.gate.understood import schema

DEPRECATED = "ROLLOUT_DEPRECATED"
CHECKS = {
    DEPRECATED: Check(
        DEPRECATED,
        "No type, attribute or block is deprecated in the AWS provider's schema",
        "https://developer.hashicorp.com/terraform/plugin/framework/deprecations",
        own=True,
    )
}
_ATTRIBUTE = re.compile(r"(?<![\w.-])((?:data\.|ephemeral\.)?aws_\w+)\.[\w-]+(?:\[[^]]*\])?\.(\w+)")
"""Type and first attribute of a reference."""


def deprecated(view: Sequence[ScannedBlock]) -> list[Record]:
    """Find what is deprecated, both where a stack sets it and where it refers to it.

    Args:
        view: A merged view.
    """
    ledger = Ledger()
    for block in view:
        ledger.judge(DEPRECATED, block.block, {*_set(block), *_read(block.settings)})
    return ledger.records()


def _set(block: ScannedBlock) -> Iterator[str]:
    kind = f"{schema.SECTIONS.get(block.section, '')}{block.kind}"
    for path in schema.deprecated().get(kind, ()):
        if not path:
            yield f"the type {kind} is deprecated in {_provider()}"
        elif any(_values(block.settings, path.split("."))):
            yield f"{path} is deprecated in {_provider()}; docs of {kind} name what replaces it"


def _values(value: Any, path: Sequence[str]) -> Iterator[bool]:  # noqa: ANN401 - any JSON value
    """True for each place at which a path is set."""
    if isinstance(value, list) and path:
        for each in value:
            yield from _values(each, path)
    elif not path:
        yield value is not None and value != []
    elif isinstance(value, dict) and path[0] in value:
        yield from _values(value[path[0]], path[1:])


def _read(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """What the expressions in a value refer to."""
    if isinstance(value, str):
        for start, end in spans(value):
            for kind, attribute in _ATTRIBUTE.findall(value[start:end]):
                if attribute in schema.deprecated().get(kind, ()):
                    yield f"refers to {kind}.{attribute}, which is deprecated in {_provider()}"
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _read(each)


def _provider() -> str:
    return f"the AWS provider {schema.version()}"

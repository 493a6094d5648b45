"""References of synthesized stacks to attributes of their resources, and the addresses that they depend on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.conftest import Body

_IN_BRACES = re.compile(r"(?<!\$)\$\{([^{}]*)\}")
_REFERENCE = re.compile(r"(?<![\w.])((?:data\.|ephemeral\.)?aws_\w+)\.([\w-]+)\.(\w+)")


class Reference(NamedTuple):
    """An attribute of a resource, a data source or an ephemeral resource."""

    kind: str
    """Its type, after `data.` or `ephemeral.`, where it is one."""
    id: str
    attribute: str

    @property
    def declared_in(self) -> tuple[str, str]:
        """Block of the stack that declares it, and its type there."""
        block, _, kind = self.kind.rpartition(".")
        return block or "resource", kind


def _texts(value: object) -> Iterator[tuple[str, str]]:
    """Each text with the argument that it stands in."""
    if isinstance(value, dict):
        for name, each in value.items():
            for argument, text in _texts(each):
                yield argument or name, text
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield "", value


def references(document: Body) -> set[Reference]:
    """All references of a stack."""
    return {
        Reference(*found)
        for argument, text in _texts(document)
        for expression in ([text] if argument == "replace_triggered_by" else _IN_BRACES.findall(text))
        for found in _REFERENCE.findall(expression)
    }


def missing(document: Body) -> list[str]:
    """Addresses that a stack refers to or waits for, and doesn't declare."""
    named = {(*each.declared_in, each.id) for each in references(document)}
    waits = (body.get("depends_on", ()) for kind in document.get("resource", {}).values() for body in kind.values())
    named |= {("resource", *address.split(".")) for addresses in waits for address in addresses}
    return [".".join(each) for each in sorted(named) if each[2] not in document.get(each[0], {}).get(each[1], {})]

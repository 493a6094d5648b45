"""What differs in the JSON of stacks, as operations of a JSON Patch: https://datatracker.ietf.org/doc/html/rfc6902."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ops.gate.folder import STACK_FILE
from ops.versions import synthesized

_SIGNS = {"add": "+", "remove": "-", "replace": "~"}
_DEEPEST_RESOURCE = 3
"""Parts of a path that name a resource: `/resource/TYPE/NAME`."""


class Operation(NamedTuple):
    """One difference. Values are JSON texts, so that operations can be compared and counted."""

    op: str
    """`add`, `remove` or `replace`."""
    path: str
    """A JSON Pointer: https://datatracker.ietf.org/doc/html/rfc6901."""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        """One line of text."""
        given = " → ".join(filter(None, (self.before, self.after)))
        return f"{_SIGNS[self.op]} {self.path}: {given}"

    @property
    def resource(self) -> str:
        """The address of the resource that is concerned; empty for other parts of a stack."""
        parts = self.path.split("/")[1:]
        return ".".join(parts[1:3]) if parts[0] == "resource" and len(parts) >= _DEEPEST_RESOURCE else ""

    def as_data(self) -> dict[str, Any]:
        """The operation in a JSON Patch, with the value of before."""
        values = {name: json.loads(text) for name, text in (("before", self.before), ("value", self.after)) if text}
        return {"op": self.op, "path": self.path, **values}


@dataclass(frozen=True)
class StackChange:
    """What differs in a stack."""

    environment: str
    phase: str
    stack: str
    operations: tuple[Operation, ...]

    @property
    def resources(self) -> tuple[str, ...]:
        """Addresses of the resources that differ; a path of `/resource` alone or of a type has many."""
        return tuple(dict.fromkeys(filter(None, (each.resource for each in self.operations))))


def operations(before: object, after: object, path: str = "") -> Iterator[Operation]:
    """The operations that turn one document into the other, in an order in which they can be applied.

    Lists of different lengths are replaced whole: which of their values is which isn't known.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            place = f"{path}/{_escaped(key)}"
            if key not in after:
                yield Operation("remove", place, before=_text(before[key]))
            elif key not in before:
                yield Operation("add", place, after=_text(after[key]))
            else:
                yield from operations(before[key], after[key], place)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from operations(*pair, f"{path}/{index}")
    elif _text(before) != _text(after):
        yield Operation("replace", path, _text(before), _text(after))


def compared(before: Path, after: Path) -> tuple[StackChange, ...]:
    """What differs in each stack of two folders that synth wrote; stacks that are equal are left out.

    Args:
        before: The folder of the present versions.
        after: The folder of the new ones.

    Raises:
        ValueError: A stack isn't JSON.
    """
    found = {**synthesized(before), **synthesized(after)}
    changes = (
        StackChange(environment, phase, stack, tuple(operations(_stack(before, stack), _stack(after, stack))))
        for stack, (environment, phase) in sorted(found.items())
    )
    return tuple(each for each in changes if each.operations)


def grouped(changes: tuple[StackChange, ...]) -> dict[tuple[str, ...], list[Operation]]:
    """The operations by the stacks that have them: an upgrade often changes the same line of all stacks."""
    stacks: dict[Operation, list[str]] = {}
    for change in changes:
        for operation in change.operations:
            stacks.setdefault(operation, []).append(change.stack)
    found: dict[tuple[str, ...], list[Operation]] = {}
    for operation, names in stacks.items():
        found.setdefault(tuple(names), []).append(operation)
    return found


def as_text(changes: tuple[StackChange, ...], count: int) -> str:
    """The differences by environment and phase, then each once, with the stacks that have it.

    Args:
        changes: The stacks that differ.
        count: How many stacks there are.
    """
    if not changes:
        return f"The JSON of all {count} stacks stays the same, byte for byte."
    lines = [f"The JSON of {len(changes)} of {count} stacks changes:"]
    environments: dict[str, list[StackChange]] = {}
    for change in changes:
        environments.setdefault(change.environment, []).append(change)
    for environment, stacks in environments.items():
        shown = (f"{each.phase} {len(each.operations)}{_resources(each.resources)}" for each in stacks)
        lines.append(f"  {environment}: {', '.join(shown)}")
    for names, each in grouped(changes).items():
        where = f"in all {count} stacks" if len(names) == count else f"in {', '.join(names)}"
        lines += ["", f"{where}:", *(f"  {operation}" for operation in each)]
    return "\n".join(lines)


def as_data(changes: tuple[StackChange, ...]) -> dict[str, list[dict[str, Any]]]:
    """The operations of each stack, by its name: a JSON Patch, whose operations have the value of before too."""
    return {change.stack: [each.as_data() for each in change.operations] for change in changes}


def _resources(addresses: tuple[str, ...]) -> str:
    return f" ({len(addresses)} resource{'' if len(addresses) == 1 else 's'})" if addresses else ""


def _stack(out: Path, name: str) -> Mapping[str, Any]:
    path = out / "stacks" / name / STACK_FILE
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")

"""Put one violation into a copy of the stacks, and leave all others as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ops.gate.folder import STACK_FILE
from ops.gate.templates import parse_json, rewrite
from tests.gate.planted.row import GONE, REGISTERS, Row
from tests.gate.project import POLICIES


def plant(row: Row, output: Path, folder: Path) -> None:
    """Write the environment's stacks and the policies with the violation in them.

    Args:
        row: The violation.
        output: Folder that synth wrote; it isn't changed.
        folder: Where the copy goes: `stacks` and `policies`.
    """
    stacks = folder / "stacks"
    stacks.mkdir(parents=True)
    for file in REGISTERS:
        register = (POLICIES.parent / file).read_text(encoding="utf-8")
        (folder / file).parent.mkdir(parents=True)
        (folder / file).write_text(_risks(row, register) if Path(row.stack) == file else register, encoding="utf-8")
    (folder / "policies" / "checks").symlink_to(POLICIES / "checks")
    for stack in (output / "stacks").iterdir():
        if stack.name != row.stack:
            (stacks / stack.name).symlink_to(stack)
        elif row.path:
            document = json.loads((stack / STACK_FILE).read_text(encoding="utf-8"))
            (stacks / stack.name).mkdir()
            (stacks / stack.name / STACK_FILE).write_text(
                json.dumps(planted(row, document), indent=2), encoding="utf-8"
            )


def planted(row: Row, document: Any) -> Any:
    """The document with the violation.

    Raises:
        LookupError: There is nothing at the place where something has to be changed or removed.
    """
    return _changed(document, [key.replace("~1", "/") for key in row.path.split("/")], row.value)


def _changed(value: Any, path: list[str], new: Any) -> Any:
    if isinstance(value, str):
        text = json.dumps(_changed(parse_json(value), path, new))
        return rewrite(text, lambda expression: expression.replace('\\"', '"'))
    key: Any = int(path[0]) if isinstance(value, list) and path[0] != "-" else path[0]
    if isinstance(value, list):
        before, here, after = (value, [], []) if key == "-" else (value[:key], [value[key]], value[key + 1 :])
        if len(path) > 1:
            return [*before, _changed(here[0], path[1:], new), *after]
        return [*before, *([] if new is GONE else [new]), *after]
    if len(path) > 1:
        return {**value, key: _changed(value.get(key, {}), path[1:], new)}
    if new is GONE:
        if key not in value:
            raise LookupError(f"there is no {key} to remove")
        return {name: each for name, each in value.items() if name != key}
    return {**value, key: new}


def _risks(row: Row, register: str) -> str:
    """The register without an entry, or with another value in one of its fields."""
    id_, _, field = row.path.partition("/")
    before, entry, after = re.split(
        rf'(\[\[risk\]\]\nid = "{id_}"\n.*?)(?=\n\[\[risk\]\]|\Z)', register, flags=re.DOTALL
    )
    if row.value is GONE:
        return before + after
    changed, count = re.subn(rf"^{field} = .*$", f"{field} = {row.value}", entry, flags=re.MULTILINE)
    if count != 1:
        raise LookupError(f"the entry {id_} has no {field}")
    return before + changed + after

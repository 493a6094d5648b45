"""Rejects types, attributes, nested blocks and values that the tables of types don't have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import ErrorKind, ScanError, ScannedBlock
from ops.gate.templates import plain, spans
from ops.gate.understood import outputs, present, schema, table
from ops.gate.understood.settings import Settings
from ops.iam.policy import listed
from policies.secret_texts import CREDENTIAL, SECRET_SOURCE, is_secret_name

RESERVED = frozenset({"optional", "unset", present.PRESENT, *schema.OF_META})
"""Keys of a type's table that aren't attributes."""
_NOTHING = "nothing: "
_REFERS = "refers to "
_VALUE = "value "
_AT_LEAST = "at least "
_KEYS = "keys "
_INDEX = re.compile(r"\[\d+\]")


def scan_errors(view: Sequence[ScannedBlock], environment: Environment | None = None) -> Iterator[ScanError]:
    """A scan error for each type, attribute and value of a merged view that isn't understood.

    Args:
        view: The merged view.
        environment: Whose stacks these are; none for a stack outside any environment, which may have no such values.
    """
    index = Index(view)
    settings = Settings(environment, index) if environment else None
    for block in view:
        yield from block_errors(block, index, settings)
    if environment is not None:
        yield from present.scan_errors(view, environment)
        yield from outputs.scan_errors(view, environment)


def block_errors(block: ScannedBlock, index: Index, settings: Settings | None) -> Iterator[ScanError]:
    """The scan errors of one block.

    Args:
        block: A block of the merged view.
        index: The index of that view.
        settings: The environment's values; none outside any environment.
    """
    if block.section == "locals" or block.kind == "terraform_output":
        yield from _named_values(block)
    elif block.section in schema.SECTIONS and not block.synthetic:
        kind = f"{schema.SECTIONS[block.section]}{block.kind}"
        known = table.types().get(kind)
        if known is None:
            yield _error(block, f"is of the type {kind}, which the gate doesn't know", f"[{kind}]", kind)
        elif kind not in schema.types():
            what = f"is of the type {kind}, whose attributes ops/gate/understood/schema.json doesn't have"
            yield _scan_error(block, what, "run make schema, which asks Terraform for them")
        else:
            types = schema.types()[kind]
            yield from _half_written(block, kind, known, types)
            yield from _Block(block, kind, index, settings).errors(block.settings, known, types, (kind,))


def _half_written(block: ScannedBlock, kind: str, known: Mapping[str, Any], types: object) -> Iterator[ScanError]:
    """Scan errors for a type whose table lacks attributes, or names no check or proof that exists."""
    fix = "finish its table, whose file's first lines explain the words: .venv/bin/pytest tests/gate/test_understood.py"
    missing = sorted({*(types if isinstance(types, dict) else ())} - known.keys() - {*known.get("unset", ())})
    if missing:
        yield _scan_error(block, f"is of the type {kind}, whose table lacks {', '.join(missing)}", fix)
    if present.PRESENT not in known:
        yield _scan_error(block, f"is of the type {kind}, whose table lacks the line {present.PRESENT}", fix)
    for name, line in known.items():
        if isinstance(line, str) and line.endswith("…"):
            yield _scan_error(block, f"is of the type {kind}, whose table has {name} = {line!r}", fix)


class _Block:
    """One block."""

    def __init__(self, block: ScannedBlock, kind: str, index: Index, settings: Settings | None) -> None:
        self._block = block
        self._kind = kind
        self._index = index
        self._settings = settings

    def errors(
        self, settings: Mapping[str, Any], known: Mapping[str, Any], types: object, path: tuple[str, ...]
    ) -> Iterator[ScanError]:
        """Scan errors for one block, and for the blocks in it.

        Args:
            settings: Its settings.
            known: Its table.
            types: Terraform's types of its attributes.
            path: Its type, and where it is in that.
        """
        meta = schema.META if len(path) == 1 else frozenset()
        for name, value in settings.items():
            entry, type_ = known.get(name), types.get(name) if isinstance(types, dict) else None
            if name in meta:
                continue
            if entry is None or name in RESERVED:
                what, line = "isn't known to the gate", f'[{".".join(path)}] {name} = "check …"'
                if name in known.get("unset", ()):
                    what, line = "must be unset", f"{line}` and take it out of its `unset"
                yield self._error(path, name, what, line)
            elif isinstance(entry, dict):
                blocks = listed(value)
                if any(each in blocks[:place] for place, each in enumerate(blocks)):
                    yield self._error(path, name, "has the same block twice, which AWS rejects or takes as one")
                for each in blocks:
                    if isinstance(each, Mapping):
                        yield from self.errors(each, entry, type_, (*path, name))
                    else:
                        yield self._error(path, name, "isn't a block, or can't be read")
            else:
                yield from self._value(value, entry, type_, path, name)
        given = {name for name, value in settings.items() if value != [] or not isinstance(known.get(name), dict)}
        optional = {*known.get("optional", ()), *given}  # Without a block in it, a list of blocks sets nothing.
        for name in sorted(name for name in known if name not in optional and name not in RESERVED):
            if not str(known[name]).startswith(_NOTHING):
                yield self._error(path, name, "must be set")

    def _value(
        self, value: object, entry: str | list[Any], type_: object, path: tuple[str, ...], name: str
    ) -> Iterator[ScanError]:
        if not _can_be_read(value, type_):
            yield self._error(path, name, f"has a value that only Terraform can evaluate, or that isn't a {type_}")
        elif isinstance(entry, list):
            if not any(type(value) is type(each) and value == each for each in entry):
                yield self._error(path, name, f"must be {' or '.join(map(repr, entry))}")
        elif entry.startswith(_AT_LEAST):
            least = float(entry.removeprefix(_AT_LEAST))
            if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
                yield self._error(path, name, f"must be a number of {least:g} or more")
        elif entry.startswith(_KEYS):
            allowed = entry.removeprefix(_KEYS).split(" or ")
            if not isinstance(value, Mapping) or not value.keys() <= {*allowed}:
                yield self._error(path, name, f"may have the keys {' and '.join(allowed)} only")
        elif entry.startswith((_REFERS, _VALUE)):
            allowed = entry.partition(";")[0].split(" or ")
            targets = [each.removeprefix(_REFERS) for each in allowed if not each.startswith(_VALUE)]
            values = [each.removeprefix(_VALUE) for each in allowed if each.startswith(_VALUE)]
            refers = bool(targets and listed(value)) and all(self._target(each) in targets for each in listed(value))
            if not refers and not any(self._is_setting(value, each) for each in values):
                reference = [f"a reference to {' or '.join(targets)} of this environment"] if targets else []
                setting = [f"{self._known(each)}the environment's {each}" for each in values]
                given = f"is {json.dumps(value)}, " if isinstance(value, bool | int | float) else ""
                yield self._error(path, name, f"{given}must be {' or '.join([*reference, *setting])}")

    def _is_setting(self, value: object, path: str) -> bool:
        """Whether a value is the environment's, in any order."""
        known = self._settings.of(path, self._block) if self._settings else []
        return any(_comparable(value) == _comparable(each) for each in known)

    def _known(self, path: str) -> str:
        """The environment's value for a message, if it has one."""
        known = self._settings.of(path, self._block) if self._settings else []
        return f"{json.dumps(known[0])}, " if len(known) == 1 and isinstance(known[0], bool | int | float | str) else ""

    def _target(self, value: object) -> str:
        """The type and attribute that a value refers to, as in `aws_kms_key.arn`; empty if it isn't a reference."""
        found, block = plain(value), self._index.follow(value)
        if found is None or block is None:
            return ""
        return f"{schema.SECTIONS[block.section]}{block.kind}{_INDEX.sub('', found['attribute'])}"

    def _error(self, path: tuple[str, ...], name: str, what: str, line: str = "") -> ScanError:
        what = f"{'.'.join([*path[1:], name])} {what}"
        if line:
            return _error(self._block, what, line, self._kind)
        return _scan_error(self._block, what, f"{table.AS_SYNTHESIZED}; or change its line in {table.file(self._kind)}")


def _comparable(value: object) -> object:
    """A value in a form in which Terraform's and Python's are equal: `1` and `"1"`, but not `1` and true."""
    if isinstance(value, list):
        return sorted(str(_comparable(each)) for each in value)
    if isinstance(value, Mapping):
        return sorted((key, str(_comparable(each))) for key, each in value.items())
    return value if isinstance(value, bool) else str(value)


def _can_be_read(value: object, type_: object) -> bool:
    """Whether a value can be compared: literals, and references in texts, but not for numbers and true or false."""
    if isinstance(value, str):
        return type_ not in ("bool", "number") and all(_is_known(value[start:end]) for start, end in spans(value))
    if isinstance(value, Mapping):
        return all(_can_be_read(each, None) for each in value.values())
    if isinstance(value, list):
        return all(_can_be_read(each, None) for each in value)
    return type_ != "bool" or isinstance(value, bool)


def _named_values(block: ScannedBlock) -> Iterator[ScanError]:
    """Scan errors for locals and outputs, whose values other blocks use and outputs keep in the state."""
    output = block.kind == "terraform_output"
    for key, value in block.settings.items():
        its = (block.name if output else key).partition("__")[2]  # Without the stack's name.
        if not _can_be_read(value, None):
            line = '[expressions] … = "nothing: …"'
            yield _error(block, f"{its} has a value that only Terraform can evaluate", line)
        if is_secret_name(its) or any(CREDENTIAL.search(each) or SECRET_SOURCE.search(each) for each in _texts(value)):
            what = f"{its} holds a secret, or has a secret's name: the stack's file or its state would hold its value"
            yield _error(block, what, '[blocks] locals = "check …"')


def _texts(value: object) -> Iterator[str]:
    """The texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def _is_known(expression: str) -> bool:
    """Whether an expression is a reference, or of a form that `stack.toml` has."""
    inside = expression.removeprefix("${").removesuffix("}")
    return bool(plain(expression)) or any(re.fullmatch(form, inside) for form in table.stack()["expressions"])


def _error(block: ScannedBlock, what: str, line: str, kind: str = "") -> ScanError:
    return _scan_error(block, what, table.adding(line, kind))


def _scan_error(block: ScannedBlock, what: str, fix: str) -> ScanError:
    where = f"{block.block.file}:{block.block.line} {block.block.address}"
    return ScanError(ErrorKind.NOT_UNDERSTOOD, where, what, fix)

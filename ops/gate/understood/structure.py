"""Rejects what a stack has beside its resources' own attributes, unless `stack.toml` and the frame have it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modules.forgotten import BLOCK as REMOVED
from modules.forgotten import removed
from modules.imports import BLOCK
from ops.gate.documents import StackFile
from ops.gate.model import ErrorKind, ScanError
from ops.gate.stacks import EnvironmentStacks
from ops.gate.templates import references
from ops.gate.understood import schema, table
from ops.gate.understood.frame import Frame

REMOTE_STATE = "terraform_remote_state"
_TYPED = ("resource", "data", "ephemeral")


def scan_errors(stacks: EnvironmentStacks, frames: Mapping[str, Frame]) -> Iterator[ScanError]:
    """A scan error for each part of the stacks that isn't understood.

    Args:
        stacks: The stacks of one environment.
        frames: The frame of each stack, from the environment's values.
    """
    for document in stacks.documents.values():
        frame = frames.get(document.stack)
        if frame is None:
            what = "has no frame: the values of its environment are unknown"
            yield ScanError(ErrorKind.NOT_UNDERSTOOD, document.file, what, "see ops/gate/understood/frame.py")
        else:
            yield from _Structure(document, frame).errors()


class _Structure:
    """One stack."""

    def __init__(self, document: StackFile, frame: Frame) -> None:
        self._document = document
        self._frame = frame
        self._content = document.content

    def errors(self) -> Iterator[ScanError]:
        yield from self._unknown("blocks", self._content)
        yield from self._terraform(_dict(self._content.get("terraform")))
        yield from self._providers(self._content.get("provider"))
        yield from self._variables(_dict(self._content.get("variable")))
        yield from self._imports(self._content.get(BLOCK, []))
        yield from self._removed(self._content.get(REMOVED, []))
        yield from self._locals(_dict(self._content.get("locals")))
        for name, output in _dict(self._content.get("output")).items():
            yield from self._unknown("output", output, "output", name)
        for section in _TYPED:
            for kind, named in _dict(self._content.get(section)).items():
                for name, settings in _dict(named).items():
                    if (section, kind) == ("data", REMOTE_STATE):
                        yield from self._remote_state(name, settings)
                    else:
                        yield from self._meta(_dict(settings), section, kind, name)

    def _error(self, what: str, fix: str, *path: str) -> ScanError:
        where = f"{self._document.file}:{self._document.line(*path)}"
        return ScanError(ErrorKind.NOT_UNDERSTOOD, where, what, fix)

    def _unknown(self, known: str, value: object, *path: str) -> Iterator[ScanError]:
        """Scan errors for the keys of an object that a table of `stack.toml` doesn't have."""
        for key in [key for key, each in _dict(value).items() if each is not None and key not in table.stack()[known]]:
            what = f"has {'.'.join([*path, key])!r}, which the gate doesn't understand"
            yield self._error(what, table.adding(f'[{known}] {key} = "check …"'), *path, key)

    def _terraform(self, settings: Mapping[str, Any]) -> Iterator[ScanError]:
        yield from self._unknown("terraform", settings, "terraform")
        expected = {"backend": {"s3": self._frame.backend}, "required_providers": {"aws": schema.required()}}
        for name, value in expected.items():
            yield from self._differences(settings.get(name), value, "terraform", name)

    def _providers(self, configurations: object) -> Iterator[ScanError]:
        found = _dict(configurations)
        for name in found.keys() - {"aws"}:
            what = f"uses the provider {name!r}; the project uses AWS's only"
            yield self._error(what, "remove it", "provider", name)
        listed = found.get("aws", [])
        aliases = []
        for each in listed if isinstance(listed, list) else [listed]:
            alias = str(_dict(each).get("alias", ""))
            aliases.append(alias)
            if alias not in self._frame.providers:
                what = f"has a provider with the alias {alias!r}, which the environment's values don't lead to"
                yield self._error(what, table.AS_SYNTHESIZED, "provider", "aws")
            else:
                yield from self._differences(each, self._frame.providers[alias], "provider", "aws")
        if "" not in aliases or len(aliases) > len({*aliases}):
            yield self._error(
                "needs one provider without an alias, and one for each alias", table.AS_SYNTHESIZED, "provider"
            )

    def _variables(self, found: Mapping[str, Any]) -> Iterator[ScanError]:
        for name in found.keys() | self._frame.variables.keys():
            if name not in self._frame.variables:
                what = f"has the variable {name!r}, which the environment's values don't lead to"
                yield self._error(what, table.AS_SYNTHESIZED, "variable", name)
            else:
                yield from self._differences(found.get(name), self._frame.variables[name], "variable", name)

    def _imports(self, blocks: object) -> Iterator[ScanError]:
        """Scan errors for blocks that import what `existing` doesn't say, or to an address that isn't in the stack."""
        resources, existing = _dict(self._content.get("resource")), self._frame.existing
        for block in blocks if isinstance(blocks, list) else [blocks]:
            to = str(_dict(block).get("to"))
            kind, _, name = to.partition(".")
            if name not in _dict(resources.get(kind)) or block != {"id": existing.get(to), "to": to}:
                yield self._error(
                    f"imports {to!r}, which the environment's `existing` doesn't lead to", table.AS_SYNTHESIZED, BLOCK
                )

    def _removed(self, blocks: object) -> Iterator[ScanError]:
        """Scan errors for blocks that forget what the environment's restores didn't leave, or that destroy it."""
        expected = [removed(each) for each in self._frame.forgotten]
        for block in blocks if isinstance(blocks, list) else [blocks]:
            if block not in expected:
                what = (
                    f"lets Terraform forget {_dict(block).get('from')!r}, which the environment's `restored` don't say"
                )
                yield self._error(what, table.AS_SYNTHESIZED, REMOVED)

    def _remote_state(self, name: str, settings: object) -> Iterator[ScanError]:
        path = ("data", REMOTE_STATE, name)
        expected = self._frame.remote_states.get(name)
        if expected is None:
            allowed = ", ".join(self._frame.remote_states) or "none"
            what = f"reads the state of {name!r}; its row in modules/phases.py allows: {allowed}"
            yield self._broken(what, "add the phase to the row, or don't read it", *path)
        else:
            plain = {key: value for key, value in _dict(settings).items() if key != "//"}
            for error in self._differences(plain, expected, *path):
                yield self._broken(error.what, "read it with PhaseStack.read()", *path)

    def _broken(self, what: str, fix: str, *path: str) -> ScanError:
        return ScanError(ErrorKind.BROKEN_CONTRACT, f"{self._document.file}:{self._document.line(*path)}", what, fix)

    def _differences(self, found: object, expected: object, *path: str) -> Iterator[ScanError]:
        """Scan errors where a value isn't exactly the expected one."""
        if isinstance(expected, Mapping) and isinstance(found, dict):
            for key in sorted(expected.keys() | {key for key, value in found.items() if value is not None}):
                yield from self._differences(found.get(key), expected.get(key), *path, key)
        elif not _same(found, expected):
            wanted = "must be unset" if expected is None else f"must be {expected!r}, from the environment's values"
            yield self._error(f"{'.'.join(path)} {wanted}", table.AS_SYNTHESIZED, *path)

    def _locals(self, settings: Mapping[str, Any]) -> Iterator[ScanError]:
        used = {name for kind, name in references(self._content) if kind == "local"} if settings else set()
        for name in settings.keys() - used:
            what = f"has the local {name!r}, which nothing uses"
            yield self._error(what, "remove it; a value is checked where it is used", "locals", name)

    def _meta(self, settings: Mapping[str, Any], section: str, kind: str, name: str) -> Iterator[ScanError]:
        path, address = (section, kind, name), f"{kind}.{name}"
        for key in schema.META & settings.keys() - table.stack()["meta"].keys():
            what = f"{address} has {key!r}, which the gate doesn't understand: what it creates or runs depends on it"
            yield self._error(what, "write every resource as a block of its own, without programs", *path)
        known = table.types().get(kind if section == "resource" else f"{section}.{kind}", {})
        alias, used = settings.get("provider"), known.get("provider", [])
        if alias is not None and (alias not in used or alias.removeprefix("aws.") not in self._declared()):
            what = f"{address} uses the provider {alias!r}; the stack and the table allow for {kind}: " + (
                ", ".join(used) or "none but the stack's own"
            )
            yield self._error(what, "use the stack's provider or one of its aliases", *path)
        waits = settings.get("depends_on", [])
        if not isinstance(waits, list) or not all(isinstance(each, str) for each in waits):
            yield self._error(f"{address} has a depends_on that isn't a list of addresses", "write addresses", *path)
        yield from self._lifecycle(settings.get("lifecycle", {}), known, *path)
        timeouts = _dict(settings.get("timeouts"))
        for step in sorted(timeouts.keys() | known.get("timeouts", {}).keys()):
            least = known.get("timeouts", {}).get(step)
            if least is None or _seconds(timeouts.get(step)) < least:
                wanted = "must be unset" if least is None else f"must be {least} seconds or more"
                yield self._error(f"{address} timeouts.{step} {wanted}", table.AS_SYNTHESIZED, *path)

    def _declared(self) -> list[str]:
        listed = _dict(self._content.get("provider")).get("aws", [])
        return [str(_dict(each).get("alias", "")) for each in (listed if isinstance(listed, list) else [listed])]

    def _lifecycle(self, lifecycle: object, known: Mapping[str, Any], *path: str) -> Iterator[ScanError]:
        address, kind = ".".join(path[1:]), path[1]
        if not isinstance(lifecycle, dict):
            yield self._error(f"{address} has a lifecycle that isn't an object", "write it as one object", *path)
            return
        yield from self._unknown("lifecycle", lifecycle, *path)
        if not isinstance(lifecycle.get("prevent_destroy", False), bool):
            yield self._error(f"{address} has a prevent_destroy that isn't true or false", "write true or false", *path)
        triggers = lifecycle.get("replace_triggered_by", [])
        found: dict[str, object] = {
            "create_before_destroy": lifecycle.get("create_before_destroy", False),
            "replace_triggered_by": [_NAME.sub(".", str(each), count=1) for each in triggers]
            if isinstance(triggers, list)
            else triggers,
        }
        for key, value in found.items():
            wanted = known.get(key, [] if key == "replace_triggered_by" else False)
            if value != wanted:
                what = f"{address} has the {key} {value!r}; the table says for {kind}: {wanted!r}"
                yield self._error(what, table.AS_SYNTHESIZED, *path)
        if lifecycle.get("postcondition") and "postcondition" not in known:
            what = f"{address} has a postcondition, which the table doesn't allow for {kind}: no apply may succeed"
            yield self._error(what, "remove it", *path)
        ignored, allowed = lifecycle.get("ignore_changes", []), known.get("ignore_changes", [])
        if not isinstance(ignored, list) or any(each not in allowed for each in ignored):
            names = ", ".join(allowed) or "nothing"
            what = f"{address} ignores changes of {ignored!r}; the table allows for {kind}: {names}"
            yield self._error(what, "remove it; what Terraform ignores isn't as the code says", *path)


_NAME = re.compile(r"\.[\w-]+\.")
"""The name in an address such as `aws_db_instance.main.id`."""
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def _seconds(text: object) -> int:
    """The seconds of a duration such as `1h20m`; 0 if it can't be read."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    hours, minutes, seconds = (int(each or 0) for each in found.groups()) if found else (0, 0, 0)
    return (hours * 60 + minutes) * 60 + seconds


def _same(found: object, expected: object) -> bool:
    """Whether two JSON values are equal; true isn't 1."""
    if isinstance(found, Sequence) and isinstance(expected, Sequence) and not isinstance(found, str):
        return len(found) == len(expected) and all(map(_same, found, expected))
    if isinstance(found, dict) and isinstance(expected, Mapping):
        return found.keys() == expected.keys() and all(_same(found[key], expected[key]) for key in found)
    return type(found) is type(expected) and found == expected


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

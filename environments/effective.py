"""The effective values of an environment: defaults filled in, each with the file and line that it comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

import environments
from environments.endpoints import endpoint_zones, interface_endpoints
from environments.places import Source, source
from environments.schema import Environment

FILES = {"releases": environments.release_file, "existing": environments.existing_file}
"""The settings that have a file of their own."""


class Setting(NamedTuple):
    """A setting with its effective value."""

    name: str
    """Its path in the environment, as in `product.services.0.port`."""
    value: object
    source: Source
    why: str = ""
    """How the value follows from others, where the setting itself is None or has placeholders."""

    def as_data(self) -> dict[str, object]:
        """The setting for a program."""
        return {
            "setting": self.name,
            "value": self.value,
            "source": self.source.place,
            "default": self.source.default,
            "why": self.why,
        }


class _Derived(NamedTuple):
    """What a setting means that is None."""

    setting: str
    """A pattern of its path."""
    value: Callable[[Environment, re.Match[str]], object]
    why: str
    of: str = ""
    """The setting that it is, whose source counts."""


_DERIVED = (
    _Derived(r"account_resources_from", lambda each, _: each.prefix, "none: its own stage creates them"),
    _Derived(
        r"profile\.endpoints", lambda each, _: interface_endpoints(each), "none: those of all APIs that tasks call"
    ),
    _Derived(r"profile\.endpoint_zones", lambda each, _: len(endpoint_zones(each)), "none: all zones"),
    _Derived(r"registry\.source_account", lambda each, _: each.account_id, "none: its own account"),
    _Derived(
        r"product\.services\.(\d+)\.scaling",
        lambda each, found: each.scaling(each.product.services[int(found[1])]),
        "none: the profile's tasks",
        of="profile.tasks",
    ),
)


def settings(environment: Environment) -> Iterator[Setting]:
    """All settings in the schema's order. A part that can have settings of its own is listed by these."""
    for name, value in flat(environment):
        yield from _effective(environment, Setting(name, value, origin(environment, name)))


def origin(environment: Environment, name: str) -> Source:
    """Where the value of a setting comes from."""
    setting, _, key = name.partition(".")
    if key and setting in FILES and FILES[setting](environment).is_file():
        return _of_file(FILES[setting](environment), key)
    return source(f"environments.{environments.file_of(environment.name).stem}", name, environment)


def flat(value: object, path: str = "") -> Iterator[tuple[str, Any]]:
    """The settings of a value, each with its path: those of its parts in place of the part."""
    if is_dataclass(value):
        for field in fields(value):
            yield from flat(getattr(value, field.name), f"{path}.{field.name}" if path else field.name)
    elif isinstance(value, tuple) and any(is_dataclass(item) for item in value):
        for number, item in enumerate(value):
            yield from flat(item, f"{path}.{number}")
    elif isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from flat(item, f"{path}.{key}")
    else:
        yield path, value


def _of_file(path: Path, key: str) -> Source:
    """Where the value of a key comes from: the file of JSON, with its line."""
    quoted = json.dumps(key, ensure_ascii=False)
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next((number for number, text in enumerate(lines, start=1) if quoted in text), None)
    return Source(f"{environments.shown(path)}:{line}" if line else environments.shown(path))


def _effective(environment: Environment, setting: Setting) -> Iterator[Setting]:
    if setting.value is None:
        for each in _DERIVED:
            if found := re.fullmatch(each.setting, setting.name):
                for name, value in flat(each.value(environment, found), setting.name):
                    of = origin(environment, each.of + name.removeprefix(setting.name)) if each.of else setting.source
                    yield Setting(name, value, of, each.why)
                return
    elif found := re.fullmatch(r"product\.services\.(\d+)\.environment\.(.+)", setting.name):
        filled = environment.variables(environment.product.services[int(found[1])])[found[2]]
        if filled != setting.value:
            yield setting._replace(value=filled, why=f"filled in: {setting.value}")
            return
    yield setting

"""Each setting has another value than its default in an environment that is rehearsed in full."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from environments.schema import Environment
from tests.cases import every_case
from tests.products import HERE, SUBJECTS

MAKEFILE = (Path(__file__).parents[2] / "Makefile").read_text(encoding="utf-8")
REHEARSED = re.compile(
    r"rehearse ENV=(?P<name>\S+)(?: TO=(?P<larger>\S+))? ENVIRONMENTS=tests/products/(?P<folder>\w+)"
)
BY_TESTS = {("aep", "prod-starter"), ("mini", "mini-demo")}
"""What test_rehearsal.py rehearses, with its growth into `prod`, and test_shape.py; `make rehearse-all` runs both."""
_ROTATION = "Secrets Manager calls the product's own Lambda function as soon as rotation is set; the emulator runs none"
_RESTORED = "a rehearsal begins with an empty account; go-live day restores, and sets it in its copy of the values"
_CHECK = "no stack has it; `ops restore` and `golive` read it, with tests in tests/ops"
NOT_REHEARSED: Mapping[str, str] = {
    "Secret.rotation_lambda": _ROTATION,
    "Secret.rotation_days": _ROTATION,
    "Secret.rotation_role": _ROTATION,
    "Environment.existing": "a rehearsal begins with an empty account; tests/adopt begins with accounts that were used",
    "Database.restored": _RESTORED,
    "Cache.restored": _RESTORED,
    "Database.check": _RESTORED,
    **{f"DatabaseCheck.{name}": _CHECK for name in ("tables", "missing_rows", "level", "command", "days")},
    "Registry.unscanned": "no stack has it; `ops promote` reads it, with tests for each result of ECR's scan",
}
"""Settings that can't be rehearsed, with the reason."""


def settings(kind: type = Environment) -> Iterator[tuple[type, Field[Any]]]:
    """Every setting with a default, of an environment and all that it contains; from the schema's types."""
    hints = get_type_hints(kind)
    for each in fields(kind):
        if default(each) is not MISSING:
            yield kind, each
        for part in parts(hints[each.name]):
            yield from settings(part)


def parts(hint: Any) -> Iterator[type]:
    """The schema's classes in a type, such as Service in tuple[Service, ...]."""
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for each in get_args(hint):
        yield from parts(each)


def default(setting: Field[Any]) -> Any:
    return setting.default if setting.default_factory is MISSING else setting.default_factory()


def chosen(value: Any) -> Iterator[tuple[str, str]]:
    """Classes and names of the settings in a value that have another value than their default."""
    if is_dataclass(value):
        for each in fields(value):
            given = getattr(value, each.name)
            if given != default(each):
                yield type(value).__name__, each.name
            yield from chosen(given)
    elif isinstance(value, tuple):
        for part in value:
            yield from chosen(part)
    elif isinstance(value, Mapping):
        yield from chosen(tuple(value.values()))


def rehearsed() -> dict[str, Environment]:
    """The environments that `make rehearse-all` rehearses."""
    names = set(BY_TESTS)
    for line in REHEARSED.finditer(MAKEFILE):
        names |= {(line["folder"], name) for name in (line["name"], line["larger"]) if name}
    return {
        each.environment.name: each.environment
        for each in SUBJECTS
        if (each.folder.name, each.environment.name) in names
    }


@cache
def values_by_setting() -> dict[tuple[str, str], list[str]]:
    """Which rehearsed environments give a setting another value than its default."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, environment in rehearsed().items():
        for setting in set(chosen(environment)):
            found.setdefault(setting, []).append(name)
    return found


def test_three_other_shapes_are_rehearsed_in_full() -> None:
    folders = {found["folder"] for found in REHEARSED.finditer(MAKEFILE)}
    assert "aep" in folders
    assert len(folders - {"aep"}) >= 3
    assert all((HERE / folder).is_dir() for folder in folders)


@pytest.mark.requirement("R11.2")
@every_case(
    ("kind", "setting"), sorted({(kind.__name__, each.name) for kind, each in settings()}), ids=lambda part: part
)
def test_a_setting_has_another_value_than_its_default_in_a_rehearsal(kind: str, setting: str) -> None:
    reason = NOT_REHEARSED.get(f"{kind}.{setting}")
    by = values_by_setting().get((kind, setting), [])
    assert bool(by) != bool(reason), (
        f"{kind}.{setting} has its default in all of {', '.join(rehearsed())}; give it another value in tests/products"
        if not reason
        else f"{kind}.{setting} is rehearsed by {', '.join(by)}; remove it from NOT_REHEARSED"
    )

"""Values that a table compares with the environment's: each is compared, and each path of a table leads to a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from environments.names import PLAN_DAYS
from ops.gate.index import NAMED_BY, Index
from ops.gate.model import Block, ScannedBlock
from ops.gate.stacks import Expected, expected_stacks, select
from ops.gate.understood import attributes, table
from ops.gate.understood.settings import Settings, subjects
from ops.gate.view import merged_view
from ops.iam.policy import listed
from tests.products import AEP, SHAPES
from tests.products import subjects as environments_of

VALUE = "value "


def resource(kind: str, settings: dict[str, Any]) -> ScannedBlock:
    """A resource with these settings."""
    return ScannedBlock(Block("s", f"{kind}.a", "f", 1), "resource", kind, "a", settings)


def paths(entry: object) -> list[str]:
    """The paths of an entry of a table."""
    alternatives = str(entry).partition(";")[0].split(" or ") if isinstance(entry, str) else []
    return [each.removeprefix(VALUE) for each in alternatives if each.startswith(VALUE)]


def all_paths(known: Mapping[str, Any]) -> Iterator[str]:
    """Each path of a type's table."""
    for entry in known.values():
        yield from all_paths(entry) if isinstance(entry, Mapping) else paths(entry)


def compared(settings: Mapping[str, Any], known: Mapping[str, Any], at: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Where a block has a value that its table compares with the environment's, with what its table says."""
    for name, entry in known.items():
        value = settings.get(name)
        if isinstance(entry, Mapping):
            for index, each in enumerate(listed(value)):
                place = (*at, name, index) if isinstance(value, list) else (*at, name)
                yield from compared(each, entry, place)
        elif name in settings and paths(entry):
            yield (*at, name), paths(entry)


def changed(value: Any, place: tuple[Any, ...], new: Callable[[Any], Any]) -> Any:
    """A value with another one at a place in it."""
    if not place:
        return new(value)
    key, rest = place[0], place[1:]
    if isinstance(value, list):
        return [changed(each, rest, new) if index == key else each for index, each in enumerate(value)]
    return {name: changed(each, rest, new) if name == key else each for name, each in value.items()}


def another(value: Any) -> Any:
    """Another value of the same type, which no environment has."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1_000_003
    return [*value, "other"] if isinstance(value, list) else f"{value}other"


def test_every_path_of_a_table_leads_to_a_value() -> None:
    known, found = {path for types in table.types().values() for path in all_paths(types)}, set()
    for folder in (AEP, *SHAPES):
        for subject in environments_of(folder):
            settings = Settings(subject.environment, Index([]))
            of_any_name = ((kind, "") for kind in ("aws_acm_certificate", "aws_cloudwatch_log_group"))
            for kind, name in (*dict(subjects(subject.environment)), *of_any_name):
                block = resource(kind, {NAMED_BY.get(kind, "name"): name})
                found |= {path for path in known if settings.of(path, block)}
    assert known - found == set()
    assert len(known) > 40


@pytest.fixture(scope="module")
def expected() -> Expected:
    return expected_stacks()


def test_each_value_of_production_is_compared(output: Path, expected: Expected) -> None:
    (stacks,) = select(output, ["prod"], expected).environment_stacks
    view, count = merged_view(stacks), 0
    index = Index(view)
    settings = Settings(expected.values["prod"], index)
    for block in view:
        known = table.types().get(block.kind, {}) if block.section == "resource" and not block.synthetic else {}
        for place, _ in compared(block.settings, known, ()):
            planted = replace(block, settings=changed(dict(block.settings), place, another))
            found = [error.what for error in attributes.block_errors(planted, index, settings)]
            assert ["the environment's" in what for what in found] == [True], (block.block.address, place)
            count += 1
    assert count > 100


def test_a_value_of_another_service_bucket_or_budget_is_another_value(output: Path, expected: Expected) -> None:
    (stacks,) = select(output, ["prod"], expected).environment_stacks
    view = merged_view(stacks)
    settings = Settings(expected.values["prod"], Index(view))
    found = {
        (block.kind, block.block.address.partition(".")[2]): settings.of(path, block)
        for block in view
        for kind, path in (
            ("aws_lb_target_group", "service.port"),
            ("aws_s3_bucket_lifecycle_configuration", "kept.rules"),
            ("aws_cloudwatch_log_group", "kept.days"),
            ("aws_budgets_budget", "budget"),
        )
        if block.kind == kind
    }
    assert found["aws_lb_target_group", "backend_targets"] == [8787]
    assert found["aws_lb_target_group", "frontend_targets"] == [80]
    _, *rules = found["aws_s3_bucket_lifecycle_configuration", "state_lifecycle"]
    assert [rule.get("expiration") for rule in rules] == [None, *[[{"days": PLAN_DAYS}]] * 3]
    _, rule = found["aws_s3_bucket_lifecycle_configuration", "trail_bucket_lifecycle"]
    assert rule["expiration"] == [{"days": 400}]
    assert found["aws_cloudwatch_log_group", "trail_log_group"] == [400]
    assert found["aws_cloudwatch_log_group", "backend_logs"] == [365]
    assert len({str(limit) for (kind, _), limit in found.items() if kind == "aws_budgets_budget"}) > 1


def test_a_stack_outside_any_environment_has_no_values() -> None:
    block = resource("aws_db_instance", {"multi_az": True})
    assert "multi_az is true, must be the environment's profile.database_multi_az" in {
        error.what for error in attributes.scan_errors([block])
    }

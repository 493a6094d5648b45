"""Which construct created a resource, from the sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from environments.schema import Environment
from modules.phases import PHASES
from ops.export.constructs import OWN, Constructs, Element, Group
from tests.conftest import Stack

CONSTRUCTS = Constructs()
CLASSES = {phase.name: phase.stack for phase in PHASES}
DIRECT = {"aws_ecr_registry_scanning_configuration.scanning"}
"""Resources that a stack creates without a construct."""


def groups(stack: Stack, phase: str) -> list[Group]:
    sections = ("resource", "data", "ephemeral")
    elements = [
        Element(section, kind, name)
        for section in sections
        for kind, named in stack.document.get(section, {}).items()
        for name in named
    ]
    return CONSTRUCTS.arrange(CLASSES[phase], elements)


def test_every_resource_is_in_the_group_of_a_construct(env: Environment, stacks: dict[str, Stack]) -> None:
    for phase in CLASSES:
        stack = stacks[f"{env.name}-{phase}"]
        found = groups(stack, phase)
        own = {each.address for group in found if group.title == OWN for part in group.parts for each in part.elements}
        assert own <= DIRECT
        placed = [each for group in found for part in group.parts for each in part.elements]
        assert len(placed) == len({*placed})
        assert {each.address for each in placed if each.section == "resource"} == {
            f"{kind}.{name}" for kind, name, _ in stack.all_resources()
        }


def test_titles_are_the_purposes_of_constructs_in_their_order(stacks: dict[str, Stack]) -> None:
    found = groups(stacks["prod-data"], "data")
    assert [group.title.partition(":")[0] for group in found] == [
        "Data of other phases.",
        "EncryptionKey",
        "Database",
        "Cache",
    ]
    assert found[2].title.startswith("Database: An encrypted instance in isolated subnets")
    parts = {part.title.partition(":")[0]: [each.name for each in part.elements] for part in found[2].parts}
    assert parts["LogGroup"] == ["database_postgresql_log", "database_upgrade_log"]
    assert "database_monitoring_role" in parts["Role"]
    assert parts[""][:2] == ["database", "database"]  # the password and the instance


def test_two_constructs_that_may_have_created_it_are_both_named(stacks: dict[str, Stack]) -> None:
    (found,) = [group for group in groups(stacks["prod-network"], "network") if "Endpoint" in group.title]
    assert [line.partition(":")[0] for line in found.title.splitlines()] == ["GatewayEndpoint", "InterfaceEndpoints"]


@pytest.mark.parametrize("stack_class", ["data:DataStack", "nothing:Nothing"])
def test_without_sources_all_are_the_phases_own(stack_class: str, tmp_path: Path) -> None:
    vpc = Element("resource", "aws_vpc", "vpc")
    (group,) = Constructs(tmp_path).arrange(stack_class, [vpc])
    assert (group.title, group.parts[0].elements) == (OWN, (vpc,))

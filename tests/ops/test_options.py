"""What a command does when you leave an option out: it asks, prints text for you, and does what it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.cases import every_case
from tests.ops.cli import COMMAND

ON = {"secrets rotate": {"--wait"}}
"""Switches that are on until you set them off."""
SET: dict[str, dict[str, object]] = {
    "promote": {"--wait": 300},
    "release set": {"--wait": 300},
    "cutover run": {"--to": 100},
    "migrate": {"--timeout": 30},
    "logs": {"--since": "10m"},
    "db": {"--port": 15432},
}
"""Other defaults that change what a command does."""


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))
    if not hasattr(command, "commands"):
        yield " ".join(path), command


COMMANDS = dict(commands(COMMAND))


def defaults(name: str) -> dict[str, Any]:
    """The default of each option."""
    command = COMMANDS[name]
    context = command.make_context(name, [], resilient_parsing=True)
    return {each.opts[0]: each.get_default(context) for each in command.params if each.param_type_name == "option"}


@every_case("name", COMMANDS)
def test_a_switch_is_off_until_you_set_it(name: str) -> None:
    assert {option for option, value in defaults(name).items() if value is True} == ON.get(name, set())


@every_case("name", SET)
def test_defaults_that_change_what_a_command_does(name: str) -> None:
    assert {option: defaults(name)[option] for option in SET[name]} == SET[name]

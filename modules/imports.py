"""Adds an `import` block to the stack of each resource that Terraform takes over: the environment's `existing`.

The blocks are written into the synthesized JSON, because a stack's addresses are known only then.
https://developer.hashicorp.com/terraform/language/import
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import environments
from environments.schema import Environment
from environments.schema.rules import Problem
from environments.schema.validation import InvalidEnvironmentError
from environments.suggestions import choices

BLOCK = "import"


def with_imports(environment: Environment, stacks: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The stacks that get import blocks, with them; a block has no effect once the state has the resource.

    Args:
        environment: The environment.
        stacks: Its synthesized stacks by phase.

    Raises:
        InvalidEnvironmentError: Addresses of `existing` are in no stack, or several of a type have one id: Terraform
            would manage the resource twice, and accepts that.
    """
    if not environment.existing:
        return {}
    phases = {address: phase for phase, stack in stacks.items() for address in addresses(stack)}
    where = environments.shown(environments.existing_file(environment))
    if unknown := [address for address in environment.existing if address not in phases]:
        problems = [
            Problem("existing", each, f"must be an address of a stack; {_near(each, phases)} ({where})")
            for each in unknown
        ]
        raise InvalidEnvironmentError(environment.name, problems)
    taken: dict[tuple[str, str], str] = {}
    for address, id_ in environment.existing.items():
        kind = address.partition(".")[0]
        if (first := taken.setdefault((kind, id_), address)) != address:
            problem = Problem("existing", address, f"must have another id than {first}, which has {id_!r} ({where})")
            raise InvalidEnvironmentError(environment.name, [problem])
    found: dict[str, list[dict[str, str]]] = {}
    for address, id_ in sorted(environment.existing.items()):
        found.setdefault(phases[address], []).append({"id": id_, "to": address})
    return {phase: {**stacks[phase], BLOCK: blocks} for phase, blocks in found.items()}


def addresses(stack: Mapping[str, Any]) -> list[str]:
    """The addresses of a stack's resources."""
    return [f"{kind}.{name}" for kind, named in stack.get("resource", {}).items() for name in named]


def _near(address: str, phases: Mapping[str, str]) -> str:
    """The nearest address, or those of the type: a few of some hundred."""
    kind = address.partition(".")[0]
    return choices(address, sorted(each for each in phases if each.startswith(f"{kind}.")) or sorted(phases))

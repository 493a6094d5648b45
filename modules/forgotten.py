"""Resources that Terraform no longer manages, and that stay in AWS: `removed` blocks.

https://developer.hashicorp.com/terraform/language/resources/syntax#removing-resources
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modules.bindings.engine import Construct, TerraformStack

BLOCK = "removed"


def forget(scope: Construct, addresses: Sequence[str]) -> None:
    """Let Terraform forget resources, without destroying them; a block has no effect where the state has none."""
    if not addresses:
        return
    stack = TerraformStack.of(scope)
    # cdktf 0.21 has no `removed` blocks, and an override replaces the previous one.
    found: list[dict[str, Any]] = vars(stack).setdefault(f"_{BLOCK}", [])
    found.extend(removed(each) for each in addresses)
    stack.add_override(BLOCK, found)


def removed(address: str) -> dict[str, Any]:
    """The block of one address."""
    return {"from": address, "lifecycle": {"destroy": False}}

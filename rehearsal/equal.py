"""Compares the JSON of plans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

CLOCK = "timestamp"
"""The key that holds when a plan was created."""
UNORDERED = "relevant_attributes"
"""The list that Terraform writes in another order each time."""


def settled(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan without its time, and with that list in order."""
    found = {key: value for key, value in plan.items() if key != CLOCK}
    if UNORDERED in found:
        found[UNORDERED] = sorted(found[UNORDERED], key=json.dumps)
    return found


def comparable(shown: str) -> str:
    """A plan's JSON, byte for byte but for its time and the order of one list."""
    return json.dumps(settled(json.loads(shown)))

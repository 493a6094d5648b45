"""Compares the JSON of plans."""

from __future__ import annotations

import json
from typing import Any

CLOCK = "timestamp"
"""The key that holds when a plan was created."""
UNORDERED = "relevant_attributes"
"""The list that Terraform writes in another order each time."""


def comparable(shown: str) -> str:
    """A plan's JSON, byte for byte but for its time and the order of one list."""
    document: dict[str, Any] = json.loads(shown)
    del document[CLOCK]
    if UNORDERED in document:
        document[UNORDERED].sort(key=json.dumps)
    return json.dumps(document)

"""What was synthesized, in a few lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from modules.phases import ORGANIZATION, PHASES


def summary(target: Path, environments: Sequence[str], *, organization: bool) -> str:
    """Per environment its phases with their number of resources, as lines of text."""
    lines = []
    for environment in environments:
        counts = {phase.name: resources(target, f"{environment}-{phase.name}") for phase in PHASES}
        lines.append(f"{environment}  {sum(counts.values())} resources")
        lines.append("  " + "  ".join(f"{phase} {count}" for phase, count in counts.items()))
    if organization:
        lines.append(f"{ORGANIZATION}  {resources(target, ORGANIZATION)} resources (optional)")
    return "\n".join(lines)


def resources(target: Path, stack: str) -> int:
    """Number of resources in a synthesized stack."""
    document = json.loads((target / "stacks" / stack / "cdk.tf.json").read_text(encoding="utf-8"))
    return sum(len(named) for named in document.get("resource", {}).values())

"""CloudTrail: a trail that goes when it is deleted."""

from __future__ import annotations

from collections.abc import Callable

from moto.cloudtrail.models import CloudTrailBackend

from ops.emulator.additions.registry import mends


@mends(
    CloudTrailBackend,
    "delete_trail",
    "cloudtrail",
    "DeleteTrail",
    why="moto deletes a trail by its name only; the provider gives its ARN",
)
def delete_trail(original: Callable[..., None], backend: CloudTrailBackend, name: str) -> None:
    """Find the name."""
    original(backend, backend.get_trail(name).trail_name)

"""GuardDuty: one detector in an account and region, and its features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.guardduty.models import Detector, GuardDutyBackend

from ops.emulator.additions.registry import AwsError, mends


@mends(
    GuardDutyBackend,
    "create_detector",
    "guardduty",
    "CreateDetector",
    why="moto makes any number of detectors; AWS one in an account and region",
    source="https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_limits.html",
)
def create_detector(original: Callable[..., str], backend: GuardDutyBackend, *given: object, **named: object) -> str:
    """Make the detector, unless there is one."""
    if backend.detectors:
        raise AwsError("BadRequestException", "A detector already exists for the current account.")
    return original(backend, *given, **named)


@mends(
    Detector,
    "update",
    "guardduty",
    "UpdateDetector",
    why="moto replaces all features by the ones of the call; AWS changes those, and leaves the others",
)
def update(  # noqa: PLR0917  (moto's own parameters)
    original: Callable[..., None],
    detector: Detector,
    enable: bool | None,
    finding_publishing_frequency: str | None,
    data_sources: dict[str, Any] | None,
    features: list[dict[str, Any]] | None,
) -> None:
    """Put the features of the call among the others."""
    merged = {each["name"]: each for each in [*detector.features, *(features or [])]}
    original(detector, enable, finding_publishing_frequency, data_sources, [*merged.values()])

"""AWS Config: how a recorder records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.config.models import ConfigBackend

from rehearsal.emulator.additions.registry import corrects


@corrects(
    ConfigBackend,
    "describe_configuration_recorders",
    "config",
    "DescribeConfigurationRecorders",
    why="moto doesn't return a recorder's recording frequency, which is continuous by default",
    source="https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingMode.html",
)
def describe_configuration_recorders(
    original: Callable[..., list[dict[str, Any]]], backend: ConfigBackend, *asked: object
) -> list[dict[str, Any]]:
    """Return the recording frequency."""
    mode = {"recordingFrequency": "CONTINUOUS", "recordingModeOverrides": []}
    return [{"recordingMode": mode, "recordingScope": "PAID", **recorder} for recorder in original(backend, *asked)]

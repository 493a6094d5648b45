"""Builds the stacks of an environment with the engine in Python, whatever engine writes them: about 20 ms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from environments.schema import Environment
from modules.engines import UnknownToEngineError
from ops.errors import OpsError

Document = dict[str, Any]
"""A stack as Terraform JSON."""


def build(environment: Environment) -> dict[str, Document]:
    """The stacks of an environment by phase.

    Raises:
        OpsError: The engine doesn't know what a construct uses.
    """
    # These read which engine to use; `ops` has said it.
    from modules.bindings.engine import App  # noqa: PLC0415
    from modules.synthesis import build as built  # noqa: PLC0415

    try:
        stacks: Mapping[str, Any] = built(App(), environment)
        return {phase: stack.document() for phase, stack in stacks.items()}
    except UnknownToEngineError as error:
        raise OpsError(
            f"the stacks of {environment.name} can't be built: the engine in Python doesn't know {error}; add it to "
            "modules/bindings/aws.py, and run make bindings-table"
        ) from error

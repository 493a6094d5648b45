"""Environments whose diagram and page are tested: those of all products, and shapes that none of them has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from environments.schema import Environment, HealthCheck
from modules.phases import PHASES
from ops.gate.documents import read
from ops.gate.model import ScannedBlock
from ops.gate.stacks import EnvironmentStacks
from ops.gate.view import merged_view
from tests.shapes import PROD, sized, without_internet


def six_services() -> Environment:
    """Six services, two of them workers, in three zones."""
    backend, frontend = PROD.product.services
    more = [
        replace(
            backend, name=name, paths=(f"/{name}/*",), priority=200 + number, health_check=HealthCheck(path="/live")
        )
        for number, name in enumerate(("search", "reports-of-the-day"))
    ]
    workers = [
        replace(
            backend, name=name, port=None, paths=(), priority=None, health_check=None, liveness=None, readiness=None
        )
        for name in ("mailer", "importer")
    ]
    product = replace(PROD.product, services=(backend, frontend, *more, *workers))
    return replace(PROD, product=product)


SHAPES: dict[str, Callable[[], Environment]] = {
    "six-services": six_services,
    "no-nat": lambda: sized(without_internet(PROD), nat="none"),
}
"""Shapes that no product in tests/products has, of AEP's production."""


def view_of(output: Path, environment: Environment) -> list[ScannedBlock]:
    """The merged view of an environment's synthesized stacks, which is read once."""
    return [*_view_of(output, environment.name)]


@cache
def _view_of(output: Path, name: str) -> list[ScannedBlock]:
    stacks = {phase.name: f"{name}-{phase.name}" for phase in PHASES}
    documents = {phase: read(output / "stacks" / stack / "cdk.tf.json", stack) for phase, stack in stacks.items()}
    return merged_view(EnvironmentStacks(name, documents))

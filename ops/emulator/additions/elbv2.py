"""Elastic Load Balancing: where a load balancer faces."""

from __future__ import annotations

from collections.abc import Callable

from moto.elbv2.models import FakeLoadBalancer

from ops.emulator.additions.registry import mends


@mends(
    FakeLoadBalancer,
    "__init__",
    "elbv2",
    "CreateLoadBalancer",
    why="moto doesn't say that a load balancer faces the internet, which is the default",
)
def make_load_balancer(original: Callable[..., None], balancer: FakeLoadBalancer, **given: object) -> None:
    """Say so."""
    original(balancer, **given | {"scheme": given["scheme"] or "internet-facing"})

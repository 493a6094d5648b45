"""The register of accepted risks."""

from __future__ import annotations

from tests.gate.planted.row import COMMON_REGISTER, PRODUCT_REGISTER, Row

_COMMON, _OWN = COMMON_REGISTER.as_posix(), PRODUCT_REGISTER.as_posix()

ROWS = (
    Row(
        "risk-not-listed",
        "R11.2",
        "The starter profile has no firewall, and the register doesn't accept it",
        _OWN,
        "no-waf",
    ),
    Row(
        "risk-expired",
        "R11.2",
        "The acceptance of one NAT gateway has expired",
        _OWN,
        "single-nat-gateway/expires",
        "2026-11-23",
    ),
    Row("risk-without-reason", "R11.2", "An accepted risk gives no reason", _OWN, "single-task/why", '""'),
    Row(
        "risk-too-broad",
        "R11.2",
        "An accepted risk also covers resources that pass",
        _COMMON,
        "load-balancer-logs-by-sse-s3/resources",
        '["*"]',
    ),
)

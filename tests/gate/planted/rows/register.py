"""The register of accepted risks."""

from __future__ import annotations

from tests.gate.planted.row import REGISTER, Row

ROWS = (
    Row(
        "risk-not-listed",
        "R11.2",
        "The starter profile has no firewall, and the register doesn't accept it",
        REGISTER,
        "no-waf",
    ),
    Row(
        "risk-expired",
        "R11.2",
        "The acceptance of one NAT gateway has expired",
        REGISTER,
        "single-nat-gateway/expires",
        "2026-11-23",
    ),
    Row("risk-without-reason", "R11.2", "An accepted risk gives no reason", REGISTER, "single-task/why", '""'),
    Row(
        "risk-too-broad",
        "R11.2",
        "An accepted risk also covers resources that pass",
        REGISTER,
        "staging-can-be-destroyed/stacks",
        '["*"]',
    ),
)

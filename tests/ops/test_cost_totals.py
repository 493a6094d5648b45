"""The totals of AEP's environments are those that the plan's table gives by hand, in US dollars a month."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from environments.schema import SMALL_USAGE
from ops.cost.estimate import Estimate, estimate_view
from tests.cases import every_case
from tests.ops.cost import PRICES, views
from tests.products import AEP

SHARED = {
    # 7 keys: state, audit, alerts, logs, registry, secrets, data
    "keys": "7.00",
    # 5 secrets x 0.40
    "secrets": "2.00",
    # 730 h x 0.0225
    "load balancer": "16.425",
    # 3 x 0.50
    "composite alarms": "1.50",
    "dashboard": "3.00",
    # 2 vCPU x 1.00
    "GuardDuty, database": "2.00",
}
STARTER = {
    **SHARED,
    # 1 NAT gateway x 730 h x 0.045
    "NAT gateway": "32.85",
    # (1 NAT gateway + 2 zones of the load balancer) x 730 h x 0.005
    "addresses": "10.95",
    # 4 endpoints x 1 zone x 730 h x 0.01
    "endpoints": "29.20",
    # 730 h x 0.032
    "database": "23.36",
    # 1 node x 730 h x 0.032
    "cache": "23.36",
    # 1 task of 0.5 vCPU and 1 GB, 1 task of 0.25 vCPU and 0.5 GB:
    # 730 h x (0.75 x 0.04048 + 1.5 x 0.004445) = 730 x 0.0370275
    "tasks": "27.030075",
    # 4 in services; in observability 12 of one metric and 3 of two: 4 + 12 + 6 = 22 metrics x 0.10
    "alarms": "2.20",
}
FIXED = {
    # 20 GB x 0.115; a hosted zone
    "staging": {**STARTER, "storage": "2.30", "zone": "0.50"},
    # 50 GB x 0.115
    "prod-starter": {**STARTER, "storage": "5.75"},
    "prod": {
        **SHARED,
        # 3 NAT gateways x 730 h x 0.045
        "NAT gateways": "98.55",
        # (3 NAT gateways + 3 zones of the load balancer) x 730 h x 0.005
        "addresses": "21.90",
        # 8 endpoints x 3 zones x 730 h x 0.01
        "endpoints": "175.20",
        # 730 h x 0.336
        "database": "245.28",
        # 50 GB x 0.23
        "storage": "11.50",
        # 2 nodes x 730 h x 0.158
        "cache": "230.68",
        # 2 tasks of each service: 2 x 27.030075
        "tasks": "54.06015",
        # 2 tasks x 0.75 vCPU x 1.50
        "GuardDuty, tasks": "2.25",
        # the starter's 22 metrics, 2 of the second cache node, 1 of the firewall: 25 x 0.10
        "alarms": "2.50",
        # 5.00 + 5 rules x 1.00
        "firewall": "10.00",
    },
}
ASSUMED_BY_ALL = {
    # 50 GB x 0.045; 50 GB x 0.01; 50 GB x 0.09
    "NAT, endpoints, users": "7.25",
    # 0.5 x 730 h x 0.008
    "capacity units": "2.92",
    # 10 x 0.30
    "metrics": "3.00",
    # 7 keys x 5 x 0.03
    "requests to keys": "1.05",
    # 5 secrets x 0.2 x 0.05
    "calls to read secrets": "0.05",
    # 4 buckets x 5 GB x 0.023
    "buckets": "0.46",
    # 2 repositories x 5 GB x 0.10
    "images": "1.00",
    # 5 GB x 0.095 + 5 GB x 0.085
    "backups": "0.90",
    # (5 of services + 1 + 1 of stores + 2 of flows + 1 of the trail) GB x 0.50
    "logs": "5.00",
    # 0.1 x 0.10
    "data events": "0.01",
    # 2,000 x 0.003
    "configuration items": "6.00",
    # 1 x 4.00 + 10 GB x 1.00 + 0.1 x 0.80
    "GuardDuty": "14.08",
}
ASSUMED = {
    # 11 log groups x 1 GB x 0.03; 1 x 0.40
    "staging": {**ASSUMED_BY_ALL, "stored logs": "0.33", "DNS queries": "0.40"},
    # 12 log groups, with one of the chat
    "prod-starter": {**ASSUMED_BY_ALL, "stored logs": "0.36"},
    # 13 log groups, with the firewall's; 1 GB x 0.50; 5 x 0.60
    "prod": {**ASSUMED_BY_ALL, "stored logs": "0.39", "firewall's logs": "0.50", "firewall's requests": "3.00"},
}


@pytest.fixture(scope="module")
def estimates(output: Path) -> dict[str, Estimate]:
    found = views(AEP, output)
    return {name: estimate_view(view, name, SMALL_USAGE, PRICES) for name, view in found.items()}


def added(parts: dict[str, str]) -> Decimal:
    return sum((Decimal(usd) for usd in parts.values()), Decimal())


@pytest.mark.requirement("R11.3")
@every_case("name", FIXED)
def test_the_totals_are_those_computed_by_hand(estimates: dict[str, Estimate], name: str) -> None:
    found = estimates[name]
    assert found.fixed == added(FIXED[name])
    assert found.assumed == added(ASSUMED[name])
    assert found.total == added(FIXED[name]) + added(ASSUMED[name])


@pytest.mark.requirement("R11.3")
def test_the_difference_between_the_profiles_is_that_of_their_fixed_parts(estimates: dict[str, Estimate]) -> None:
    # 883.84515 - 186.625075, and the firewall's 3.50 and its log group's 0.03
    assert estimates["prod"].total - estimates["prod-starter"].total == Decimal("697.220075") + Decimal("3.53")

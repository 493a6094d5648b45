"""NAT gateways and endpoints as the profile says, and no task without a way to an API that it calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from environments.endpoints import APIS, interface_endpoints, unreachable
from environments.flows import ENDPOINTS, INTERNET, flows, parties
from environments.schema import Environment
from environments.schema.validation import InvalidEnvironmentError, validate
from ops.errors import OpsError
from ops.tasks.sessions import _check_sessions
from tests.cases import every_case
from tests.conftest import Stack
from tests.products import AEP, HERE
from tests.shapes import PROD, STARTER, sized, without_internet

GUARDDUTY = "guardduty-data"


Stacks = Callable[[Path], dict[str, Stack]]


def endpoints(stack: Stack) -> dict[str, int]:
    """Number of subnets of each interface endpoint."""
    return {
        body["service_name"].split(".", 3)[3]: len(body["subnet_ids"])
        for body in stack.resources("aws_vpc_endpoint").values()
        if body["vpc_endpoint_type"] == "Interface"
    }


@pytest.mark.requirement("R2.3")
def test_without_nat_private_subnets_lead_nowhere(stacks_of: Stacks) -> None:
    stack = stacks_of(HERE / "mini")["mini-demo-network"]
    assert not stack.resources("aws_nat_gateway")
    assert not stack.resources("aws_eip")
    assert list(stack.resources("aws_route")) == ["route_public_internet"]
    # The load balancer is public, and S3's gateway endpoint needs the route tables.
    assert stack.resources("aws_internet_gateway")
    assert len(stack.resources("aws_vpc_endpoint")["endpoint_s3"]["route_table_ids"]) == 2


def test_endpoints_are_those_of_the_profile(stacks_of: Stacks) -> None:
    few, none, default = (
        endpoints(stacks_of(folder)[f"{name}-network"])
        for folder, name in ((HERE / "mini", "mini-demo"), (HERE / "relay", "relay-prod"), (AEP, "prod"))
    )
    assert few == dict.fromkeys(["ecr.api", "ecr.dkr", "logs", GUARDDUTY], 1)
    assert none == {GUARDDUTY: 2}
    assert default == dict.fromkeys([GUARDDUTY, *(api.endpoint for api in APIS)], 3)


@pytest.mark.requirement("R2.4", "R11.1")
@every_case(
    ("name", "zones", "more"),
    [
        ("prod-starter", 1, ()),
        ("staging", 1, ()),
        ("prod", 3, ("kms", "monitoring", "ssmmessages", "sts")),
    ],
)
def test_aeps_profiles_have_the_plans_endpoints_and_the_starter_only_these_in_one_zone(
    stacks_of: Stacks, name: str, zones: int, more: tuple[str, ...]
) -> None:
    network = stacks_of(AEP)[f"{name}-network"]
    of_the_plan = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
    assert endpoints(network) == dict.fromkeys([*of_the_plan, *more, GUARDDUTY], zones)
    gateways = [
        each for each in network.resources("aws_vpc_endpoint").values() if each["vpc_endpoint_type"] != "Interface"
    ]
    assert [each["service_name"].rpartition(".")[2] for each in gateways] == ["s3"]


def test_an_api_without_callers_has_no_endpoint_by_default() -> None:
    services = tuple(replace(each, secrets=(), metrics_namespace=None) for each in PROD.product.services)
    quiet = replace(PROD, product=replace(PROD.product, services=services))
    assert {"secretsmanager", "monitoring"}.isdisjoint(interface_endpoints(quiet))


def test_a_region_without_guarddutys_agent_may_have_no_endpoint_at_all() -> None:
    none = sized(replace(PROD, region="us-gov-west-1"), endpoints=())
    assert interface_endpoints(none) == ()
    assert ENDPOINTS not in parties(none)
    assert ENDPOINTS not in {flow.target for flow in flows(none)}


@every_case(
    ("wrong", "says"),
    [
        (without_internet(PROD), r"profile\.nat: 'per_zone': \"none\": only services with internet=True use NAT"),
        (sized(PROD, nat="none"), r'product\.services\.0\.internet: True: False: .* nat="none"'),
        (
            sized(without_internet(PROD), nat="none", endpoints=("ecr.dkr", "logs", "secretsmanager", "monitoring")),
            r"profile\.endpoints: .* must have 'ecr\.api', with which tasks of backend pull their images",
        ),
        (sized(PROD, endpoints=("ecr.api", "ecr.dkr")), r"must have 'logs', with which tasks of frontend"),
        (sized(PROD, endpoint_zones=3, zone_count=2), r"profile\.endpoint_zones: 3: up to zone_count, 2"),
        (sized(PROD, endpoints=("logs", "logs")), r"profile\.endpoints: 'logs': each value once"),
        (
            replace(sized(PROD, endpoint_zones=1), accepts=()),
            r"accepts: 'single_zone_endpoints': taken but not accepted",
        ),
    ],
    ids=["unused", "internet", "image", "logs", "zones", "twice", "risk"],
)
def test_a_task_without_a_way_is_refused(wrong: Environment, says: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match=says):
        validate(wrong)


def test_metrics_need_a_namespace() -> None:
    services = tuple(replace(each, metrics_namespace=None) for each in PROD.product.services)
    wrong = sized(replace(PROD, product=replace(PROD.product, services=services)), endpoints=("monitoring",))
    with pytest.raises(InvalidEnvironmentError, match="'monitoring': not without a service with metrics_namespace"):
        validate(wrong)


def test_nat_is_a_way_for_services_with_internet_only() -> None:
    backend, frontend = PROD.product.services
    none = sized(PROD, endpoints=())
    assert list(unreachable(none, backend)) == []
    assert {api.endpoint for api in unreachable(none, frontend)} >= {"ecr.api", "ecr.dkr", "logs"}
    assert INTERNET not in {flow.target for flow in flows(none) if flow.source == "frontend"}


def test_sessions_without_a_way_are_refused_with_the_reason() -> None:
    for service in ("backend", "frontend"):
        _check_sessions(PROD, service)
    _check_sessions(STARTER, "backend")
    says = "tasks of frontend have no way to kms and ssmmessages; add them to endpoints of the profile starter"
    with pytest.raises(OpsError, match=says):
        _check_sessions(STARTER, "frontend")

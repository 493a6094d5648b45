"""What the tests of what is observed share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

import environments
from environments.schema import Audit, Environment, IamUser, PermissionSet, Service
from tests.conftest import ENVIRONMENTS, Stack
from tests.synth import access, stores
from tests.synth.alarms import Phases, phases_of

BOTH_KINDS = (
    IamUser(arn="arn:aws:iam::777788889999:user/lead"),
    IamUser(arn="arn:aws:iam::777788889999:user/team/second"),
    PermissionSet(account_id="444455556666", name="lead"),
    PermissionSet(account_id="777788889999", name="engineer"),
)
WORKER = Service(name="mail-worker", repository="navralabs/aep-backend", cpu=256, memory=512)


@pytest.fixture(scope="session")
def watched_otherwise(synthesized: Callable[[Environment], Phases]) -> tuple[Environment, Phases]:
    """Blue/green, a worker, no rejection metric, thresholds of its own."""
    prod = environments.load("prod")
    services = [
        replace(each, deployment="blue_green") if each.name == "backend" else each for each in prod.product.services
    ]
    limits = replace(prod.observability, error_count=77, latency=0.5, cpu=61, memory=62, database_connections=63)
    environment = replace(
        prod,
        product=replace(prod.product, services=(*services, WORKER), rejections=None),
        observability=replace(limits, database_free_storage=64, cache_evictions=65),
    )
    return environment, synthesized(environment)


@pytest.fixture(scope="session")
def many_services(synthesized: Callable[[Environment], Phases]) -> tuple[Environment, Phases]:
    """So many services that one composite alarm can't take all alarms that stop a cutover."""
    prod = environments.load("prod")
    backend, *others = prod.product.services
    more = [
        replace(backend, name=f"part-{number:02}", paths=(f"/part-{number:02}/*",), priority=100 + number)
        for number in range(38)
    ]
    environment = replace(prod, product=replace(prod.product, services=(backend, *others, *more)))
    return environment, synthesized(environment)


@pytest.fixture(params=[*ENVIRONMENTS, "otherwise"])
def observed(request: pytest.FixtureRequest, stacks: dict[str, Stack]) -> tuple[Environment, Phases]:
    """Each environment and the variant, with its stacks by phase."""
    if request.param == "otherwise":
        otherwise: tuple[Environment, Phases] = request.getfixturevalue("watched_otherwise")
        return otherwise
    environment = environments.load(request.param)
    return environment, phases_of(stacks, request.param)


@pytest.fixture(scope="session")
def other_stores(synthesized: Callable[[Environment], Phases]) -> Stack:
    """The data phase with other values."""
    return synthesized(stores.other_values())["data"]


@pytest.fixture(scope="session")
def other_secrets(synthesized: Callable[[Environment], Phases]) -> Stack:
    """The secrets phase with other values."""
    return synthesized(access.other_values())["secrets"]


@pytest.fixture(scope="session")
def elsewhere(synthesized: Callable[[Environment], Phases]) -> tuple[Environment, Phases]:
    """Another region than that of global events, no audit, a repository with immutable ids, both kinds of people."""
    staging = environments.load("staging")
    switches: dict[str, Any] = {field.name: False for field in fields(Audit) if field.default is True}
    environment = replace(
        staging,
        region="eu-central-1",
        audit=Audit(**switches),
        access=replace(
            staging.access,
            github_repository="navralabs@1234/aep-infrastructure@5678",
            deployers=BOTH_KINDS,
            planners=BOTH_KINDS,
            administrators=BOTH_KINDS,
        ),
        accepts=(*staging.accepts, *(f"no_{switch}" for switch in switches)),
    )
    return environment, synthesized(environment)

"""Environments of all kinds, for property tests: whatever comes out of here is valid."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import get_args

from hypothesis import strategies as st

import environments
from environments.schema import (
    Audit,
    Cutover,
    Environment,
    HealthCheck,
    IamUser,
    Network,
    Observability,
    PermissionSet,
    Product,
    Profile,
    Scaling,
    Service,
    Zone,
    risks,
)
from environments.schema.rules import FARGATE_SIZES
from environments.schema.types import LogRetention
from environments.schema.workload import Reachable
from environments.subnets import ZONE_LETTERS
from tests.shapes import without, without_internet

SIZES = [(cpu, memory) for cpu, memories in FARGATE_SIZES.items() for memory in memories]
TAKEN = {"cache", "data", "exec", "internet", "s3"}
SECRETS = [secret.name for secret in environments.load("prod").product.secrets]


def slugs(longest: int) -> st.SearchStrategy[str]:
    """Short names."""
    return st.from_regex(rf"[a-z][a-z0-9]{{0,{longest - 3}}}(-[a-z0-9])?", fullmatch=True).filter(
        lambda name: name not in TAKEN
    )


retentions = st.sampled_from(get_args(LogRetention))
scalings = st.builds(
    lambda minimum, more: Scaling(minimum=minimum, maximum=minimum + more), st.integers(1, 4), st.integers(0, 9)
)
networks = st.builds(
    lambda block, bits, zones, days: Network(
        cidr=f"10.{block}.0.0/{bits}", zones=tuple(zones), flow_log_retention=days
    ),
    st.integers(0, 255),
    st.integers(16, 19),
    st.permutations(ZONE_LETTERS).flatmap(lambda letters: st.integers(3, 6).map(lambda count: letters[:count])),
    retentions,
)
profiles = st.builds(
    lambda zones, nat, endpoint_zones, tasks, standby, nodes, waf, agent: Profile(
        name="drawn",
        zone_count=zones,
        nat=nat,
        endpoint_zones=endpoint_zones,
        tasks=tasks,
        database_class="db.t4g.small",
        database_multi_az=standby,
        cache_node_type="cache.t4g.small",
        cache_nodes=nodes,
        waf=waf,
        guardduty_agent=agent,
    ),
    st.sampled_from([2, 3]),
    st.sampled_from(["per_zone", "single", "none"]),
    st.none() | st.integers(1, 2),
    scalings,
    st.booleans(),
    st.integers(1, 6),
    st.booleans(),
    st.booleans(),
)
zones = st.sampled_from(
    [
        Zone(name="navralabs.com", kind="created"),
        Zone(name="navralabs.com", kind="existing", id="Z0EXAMPLE00EXISTING"),
        Zone(
            name="navralabs.com", kind="other_account", id="Z0EXAMPLE00OTHER", role="arn:aws:iam::444455556666:role/dns"
        ),
    ]
)
limits = st.builds(
    Observability,
    log_retention=retentions,
    error_count=st.integers(1, 1000),
    latency=st.floats(0.1, 60),
    cpu=st.integers(1, 99),
    memory=st.integers(1, 99),
)
PEOPLE: tuple[IamUser | PermissionSet, ...] = (
    IamUser(arn="arn:aws:iam::777788889999:user/lead"),
    IamUser(arn="arn:aws:iam::777788889999:user/team/second"),
    PermissionSet(account_id="777788889999", name="engineer"),
    PermissionSet(account_id="444455556666", name="lead"),
)


def people(fewest: int) -> st.SearchStrategy[tuple[IamUser | PermissionSet, ...]]:
    """Principals of both kinds."""
    return st.lists(st.sampled_from(PEOPLE), min_size=fewest, unique=True).map(tuple)


audits = st.builds(Audit, **{field.name: st.booleans() for field in fields(Audit) if field.default is True})


@st.composite
def services(draw: st.DrawFn, name: str, number: int) -> Service:
    """A service of any kind; only the first one takes the requests that no other does."""
    cpu, memory = draw(st.sampled_from(SIZES))
    service = Service(
        name=name,
        repository=f"navralabs/{name}",
        cpu=cpu,
        memory=memory,
        secrets=tuple(draw(st.lists(st.sampled_from(SECRETS), unique=True))),
        reaches=tuple(draw(st.lists(st.sampled_from(["database", "cache"]), unique=True))),
        internet=draw(st.booleans()),
        scaling=draw(st.none() | scalings),
        architecture=draw(st.sampled_from(["X86_64", "ARM64"])),
    )
    if number and draw(st.booleans()):
        return service
    return replace(
        service,
        port=draw(st.integers(1, 65535)),
        paths=(f"/{name}/*",) if number else ("/*",),
        priority=number or None,
        health_check=HealthCheck(path=f"/{name}"),
        deployment=draw(st.sampled_from(["rolling", "blue_green"])),
    )


@st.composite
def products(draw: st.DrawFn) -> Product:
    """One to four services, of the secrets that AEP has."""
    names = draw(st.lists(slugs(9), min_size=1, max_size=4, unique=True))
    return replace(
        environments.load("prod").product,
        name=draw(slugs(6)),
        services=tuple(draw(services(name, number)) for number, name in enumerate(names)),
        migration=None,
    )


@st.composite
def any_environment(draw: st.DrawFn) -> Environment:
    """An environment that accepts exactly the risks that its values amount to."""
    prod = environments.load("prod")
    previous = prod.cutover.previous
    dual_stack = replace(previous, dual_stack=True) if previous else None
    product, stage = draw(products()), draw(slugs(8))
    environment = replace(
        prod,
        name=stage,
        stage=stage,
        product=product,
        profile=draw(profiles),
        account_id=draw(st.from_regex(r"[0-9]{12}", fullmatch=True)),
        network=draw(networks),
        edge=replace(prod.edge, zone=draw(zones)),
        access=replace(
            prod.access, administrators=draw(people(1)), deployers=draw(people(0)), planners=draw(people(0))
        ),
        observability=draw(limits),
        audit=draw(audits),
        cutover=draw(
            st.sampled_from(
                [
                    prod.cutover,
                    replace(prod.cutover, weight=30),
                    replace(prod.cutover, previous=dual_stack),
                    Cutover(weight=100),
                ]
            )
        ),
        protected=draw(st.booleans()),
        releases={service.repository: "sha256:" + "a" * 64 for service in product.services},
    )
    absent: list[Reachable] = draw(st.lists(st.sampled_from(["database", "cache"]), unique=True))
    environment = without(environment, *absent)
    if not environment.nat_zones:
        environment = without_internet(environment)
    elif not any(service.internet for service in environment.product.services):
        first, *others = environment.product.services
        whole = replace(environment.product, services=(replace(first, internet=True), *others))
        environment = replace(environment, product=whole)
    return replace(environment, accepts=tuple(sorted(risks.taken(environment))))

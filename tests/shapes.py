"""Changes to an environment that a test makes; whole products of other shapes are in tests/products."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import environments
from environments.schema import Environment, HealthCheck, risks
from environments.schema.workload import Reachable

PROD = environments.load("prod")
STARTER = environments.load("prod-starter")


def without(environment: Environment, *stores: Reachable) -> Environment:
    """The environment without data stores, and without what uses them."""
    product = environment.product
    secrets = tuple(
        secret
        for secret in product.secrets
        if not ("database" in stores and secret.written_by == "terraform")
        and not ("cache" in stores and secret.generated == "cache_url")
    )
    names = {secret.name for secret in secrets}
    services = tuple(
        replace(
            service,
            secrets=tuple(name for name in service.secrets if name in names),
            reaches=tuple(store for store in service.reaches if store not in stores),
            readiness=service.readiness
            and replace(
                service.readiness, checks=tuple(store for store in service.readiness.checks if store not in stores)
            ),
        )
        for service in product.services
    )
    migration = None if "database" in stores else product.migration
    return replace(
        environment,
        product=replace(product, services=services, secrets=secrets, migration=migration),
        database=None if "database" in stores else environment.database,
        cache=None if "cache" in stores else environment.cache,
    )


def without_internet(environment: Environment) -> Environment:
    """The environment without services that reach the internet."""
    services = tuple(replace(service, internet=False) for service in environment.product.services)
    return replace(environment, product=replace(environment.product, services=services))


def sized(environment: Environment, **sizes: Any) -> Environment:
    """The environment with a profile of other sizes, which accepts the risks that these are."""
    changed = replace(environment, profile=replace(environment.profile, accepts=(), **sizes), accepts=())
    return replace(changed, accepts=tuple(sorted(risks.taken(changed))))


def on_arm(environment: Environment) -> Environment:
    """The environment with all services on ARM."""
    services = tuple(replace(service, architecture="ARM64") for service in environment.product.services)
    return replace(environment, product=replace(environment.product, services=services))


def with_hosts(environment: Environment) -> Environment:
    """The environment with a third service on its own host, and a name that redirects."""
    backend, frontend = environment.product.services
    api = replace(
        backend,
        name="public-api",
        paths=("/*",),
        priority=50,
        health_check=HealthCheck(path="/live"),
    )
    previous = environment.cutover.previous
    names = (*environment.edge.certificate_names, "api.navralabs.com", "www.navralabs.com")
    return replace(
        environment,
        product=replace(environment.product, services=(backend, frontend, api)),
        edge=replace(
            environment.edge,
            certificate_names=names,
            service_hosts={"public-api": "api.navralabs.com"},
            redirects=("www.navralabs.com",),
        ),
        cutover=replace(
            environment.cutover, previous=replace(previous, hosts=("www.navralabs.com",)) if previous else None
        ),
    )

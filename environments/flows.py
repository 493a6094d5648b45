"""Allowed connections: the one table that security groups are created from and that the gate compares with."""

from __future__ import annotations

from typing import NamedTuple

from environments.endpoints import interface_endpoints
from environments.guardduty import DATA
from environments.schema import Environment

INTERNET = "internet"
LOAD_BALANCER = "load_balancer"
DATABASE = "database"
CACHE = "cache"
ENDPOINTS = "endpoints"
S3 = "s3"
"""S3 through its gateway endpoint: image layers come from there."""

POSTGRESQL_PORT = 5432
REDIS_PORT = 6379
HTTP_PORT = 80
HTTPS_PORT = 443

_STORE_PORTS = {DATABASE: POSTGRESQL_PORT, CACHE: REDIS_PORT}


class Flow(NamedTuple):
    """TCP connections that `source` may open to `target`; a service's name means its tasks."""

    source: str
    target: str
    port: int
    why: str

    @property
    def id(self) -> str:
        """Identifier of the flow's security group rules."""
        return f"{self.source}_to_{self.target}_{self.port}".replace("-", "_")


def flows(environment: Environment) -> tuple[Flow, ...]:
    """All connections that an environment allows; all others are blocked."""
    endpoints = interface_endpoints(environment)
    table = [
        Flow(INTERNET, LOAD_BALANCER, HTTP_PORT, "Browsers that are redirected to HTTPS"),
        Flow(INTERNET, LOAD_BALANCER, HTTPS_PORT, "The public"),
    ]
    for service in environment.product.services:
        if service.paths and service.port:
            table.append(Flow(LOAD_BALANCER, service.name, service.port, "Requests and health checks"))
        table += [Flow(service.name, store, _STORE_PORTS[store], "Application data") for store in service.reaches]
        if endpoints:
            table.append(Flow(service.name, ENDPOINTS, HTTPS_PORT, "AWS APIs: registry, logs, secrets"))
        table.append(Flow(service.name, S3, HTTPS_PORT, "Image layers"))
        if service.internet:
            table.append(Flow(service.name, INTERNET, HTTPS_PORT, "Third-party APIs, through NAT"))
    return tuple(table)


def needed_endpoints(environment: Environment) -> tuple[str, ...]:
    """The services that `endpoints` must have for tasks, as AWS names endpoints.

    GuardDuty's is for its agent only. The agent is a container of the task, so it connects from the task's own address
    under the task's security group.
    https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-agent-connectivity.html
    """
    found = interface_endpoints(environment)
    return tuple(each for each in found if each != DATA or environment.profile.guardduty_agent)


def parties(environment: Environment) -> tuple[str, ...]:
    """Everything that has a security group of its own."""
    services = (service.name for service in environment.product.services)
    return (LOAD_BALANCER, *services, *environment.stores, *([ENDPOINTS] if interface_endpoints(environment) else []))

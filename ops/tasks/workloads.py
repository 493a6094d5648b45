"""What can run as a task, and where it logs."""

from __future__ import annotations

from dataclasses import dataclass

from environments.names import Names
from environments.schema import Environment, Migration, Service
from ops.errors import OpsError

MIGRATION = Migration.name


@dataclass(frozen=True)
class Workload:
    """A service, a scheduled task, or the migration."""

    name: str
    """Also its container's, and the first part of its log streams' names."""
    family: str
    """Of its task definitions; a service's own name too."""
    log_group: str
    service: Service
    """Itself, or the service whose image, network and log group it uses."""


def workloads(environment: Environment) -> dict[str, Workload]:
    """All of an environment, by name."""
    names, product = Names(environment), environment.product
    runs = {service.name: service for service in product.services}
    runs |= {task.name: product.service(task.service) for task in product.scheduled_tasks}
    if product.migration:
        runs[MIGRATION] = product.service(product.migration.service)
    return {
        name: Workload(name, names.service(name), names.log_group(service.name), service)
        for name, service in runs.items()
    }


def workload(environment: Environment, name: str) -> Workload:
    """The one of that name.

    Raises:
        OpsError: There is none.
    """
    known = workloads(environment)
    if name not in known:
        raise OpsError(f"{name!r} is nothing that runs in {environment.name}; known: {', '.join(known)}")
    return known[name]

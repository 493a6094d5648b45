"""Everything that the command shows about an environment, or about one service of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import environments
from environments.arns import partition
from environments.effective import Setting, settings
from environments.schema import Environment, Service
from modules.phases import PHASES
from ops.show.published import Published
from ops.show.resources import Address, Resource, Resources
from ops.tasks.running import aligned


@dataclass(frozen=True)
class Contents:
    """What is shown."""

    environment: Environment
    service: Service | None
    """None: all of the environment."""
    settings: Sequence[Setting]
    resources: Sequence[Resource]
    addresses: Sequence[Address]
    published: Published

    @property
    def file(self) -> str:
        """The environment's file of values."""
        return environments.shown(environments.file_of(self.environment.name))

    def as_data(self) -> dict[str, object]:
        """The contents for a program."""
        return {
            "environment": self.environment.name,
            "service": self.service.name if self.service else None,
            "file": self.file,
            "account": self.environment.account_id,
            "region": self.environment.region,
            "partition": partition(self.environment.region).name,
            "settings": [each.as_data() for each in self.settings],
            "resources": [each.as_data() for each in self.resources],
            "addresses": [asdict(each) for each in self.addresses],
            "published": self.published.as_data(),
        }

    def __str__(self) -> str:
        where, region = partition(self.environment.region), self.environment.region
        about = f"{self.service.name} in {self.environment.name}" if self.service else self.environment.name
        head = (
            f"{about}: {self.file}, account {self.environment.account_id}, {region} ({where.regions[region]}), "
            f"partition {where.name}"
        )
        tables = (
            aligned(("SETTING", "VALUE", "SOURCE"), *map(_row, self.settings)),
            aligned(
                ("RESOURCE", "PHASE", "NAME", "ARN"),
                *((each.what, each.phase, each.name, each.arn or "-") for each in self.resources),
            ),
            aligned(("ADDRESS", "OF"), *((each.address, each.what) for each in self.addresses)),
            aligned(("CONSOLE", "OF"), *((each.console or "-", f"{each.what} {each.name}") for each in self.resources)),
            aligned(("OUTPUT", "VALUE"), *_outputs(self.published)),
        )
        return "\n\n".join((head, *tables))


def contents(environment: Environment, name: str | None, published: Published) -> Contents:
    """What is shown about an environment, or about one service.

    Args:
        environment: The environment.
        name: The service's name, which exists; none means everything.
        published: The outputs of phases.
    """
    resources, values = Resources(environment), settings(environment)
    if name is None:
        return Contents(environment, None, [*values], [*resources.all()], [*resources.addresses()], published)
    service = environment.product.service(name)
    parts = tuple(_parts(environment, service))
    own = [each for each in values if f"{each.name}.".startswith(parts)]
    about = [*resources.of(service)], [*resources.addresses_of(service)]
    return Contents(environment, service, own, *about, _of(published, service))


def _parts(environment: Environment, service: Service) -> Iterator[str]:
    """Beginnings of the settings that are about one service: its own, and those of what runs with its role."""
    product = environment.product
    yield f"product.services.{product.services.index(service)}."
    for number, task in enumerate(product.scheduled_tasks):
        if task.service == service.name:
            yield f"product.scheduled_tasks.{number}."
    if product.migration and product.migration.service == service.name:
        yield "product.migration."
    for number, secret in enumerate(product.secrets):
        if secret.name in service.secrets:
            yield f"product.secrets.{number}."
    yield f"edge.service_hosts.{service.name}."
    yield f"releases.{service.repository}."


def _of(published: Published, service: Service) -> Published:
    """Outputs about one service: items of maps by service, by its repository, or by its secrets."""
    about = {service.name, service.repository, f"{service.name}_errors", f"{service.name}_unhealthy", *service.secrets}

    def kept(outputs: Mapping[str, Any]) -> dict[str, Any]:
        maps = {name: value for name, value in outputs.items() if isinstance(value, Mapping)}
        own = {name: {key: each for key, each in value.items() if key in about} for name, value in maps.items()}
        return {name: value for name, value in own.items() if value}

    phases: dict[str, Mapping[str, Any] | None] = {
        phase: None if outputs is None else kept(outputs) for phase, outputs in published.phases.items()
    }
    return Published(phases, published.why)


def _row(setting: Setting) -> tuple[str, str, str]:
    why = f" ({setting.why})" if setting.why else ""
    return setting.name, _text(setting.value), f"{setting.source}{why}"


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None or value in ("", {}) else str(value)


def _outputs(published: Published) -> Iterator[tuple[str, str]]:
    for phase, outputs in published.phases.items():
        if outputs is None:
            yield phase, "not applied"
            continue
        for name, value in outputs.items():
            yield f"{phase}.{name}", value if isinstance(value, str) else json.dumps(value)
        if not outputs:
            yield phase, "applied"
    if unknown := [phase.name for phase in PHASES if phase.name not in published.phases]:
        yield "all" if len(unknown) == len(PHASES) else ", ".join(unknown), f"unknown: {published.why}"

"""The phases of a rollout, in order. No other module defines an order."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class AccountRole(StrEnum):
    """Roles of the account that people and jobs assume, by their purpose (docs/adr/0004-who-applies-what.md).

    Values import no module of this package, so `environments/permissions.py` names them too; a test compares both.
    """

    DEPLOYER = "deployer"
    PLANNER = "planner"
    BREAK_GLASS = "break-glass"
    """The administrators' role."""


@dataclass(frozen=True)
class Phase:
    """One step of the rollout, with its own stack and its own state."""

    name: str
    stack: str
    """Class of the stack, as module:class. It is a string so that reading this table doesn't load cdktf."""
    reads: tuple[str, ...]
    """Earlier phases whose contracts this one reads."""
    applied_by: Literal["administrator", "deployer"]
    """Who applies it. The deployer's phases have no identities, keys, budgets or audit settings (R0.3)."""
    summary: str
    """What it creates, in a few words."""

    @property
    def role(self) -> AccountRole:
        """The role that applies it."""
        return AccountRole.BREAK_GLASS if self.applied_by == "administrator" else AccountRole.DEPLOYER


PHASES: tuple[Phase, ...] = (
    Phase("state", "state:StateStack", (), "administrator", "bucket and key for remote state"),
    Phase("account", "account:AccountStack", ("state",), "administrator", "roles, budgets, alerts, audit baseline"),
    Phase("network", "network:NetworkStack", ("account",), "administrator", "VPC, endpoints, security groups"),
    Phase("registry", "registry:RegistryStack", (), "administrator", "image repositories"),
    Phase(
        "secrets",
        "secrets:SecretsStack",
        ("account", "registry"),
        "administrator",
        "secret containers, and the roles of tasks that read them",
    ),
    Phase("data", "data:DataStack", ("account", "network", "secrets"), "administrator", "PostgreSQL and Redis"),
    Phase("edge", "edge:EdgeStack", ("account", "network"), "deployer", "load balancer, certificate, zone"),
    Phase(
        "services",
        "services:ServicesStack",
        ("account", "network", "registry", "secrets", "data", "edge"),
        "deployer",
        "ECS cluster, services, tasks",
    ),
    Phase(
        "observability",
        "observability:ObservabilityStack",
        ("account", "data", "edge", "services"),
        "administrator",
        "alarms and dashboard",
    ),
    Phase("hardening", "hardening:HardeningStack", ("account", "edge"), "administrator", "web application firewall"),
    Phase("cutover", "cutover:CutoverStack", ("edge",), "deployer", "public DNS records by weight"),
)

DEPLOYED = tuple(phase.name for phase in PHASES if phase.applied_by == "deployer")
"""The phases that the deployer applies; it stores plans of these only."""

BEFORE_ROLES = ("state", "account")
"""Phases whose first apply uses other credentials, because the roles don't exist yet: docs/account.md."""

ORGANIZATION = "organization"
"""Id of the optional stack of the organization's management account, outside any environment."""


def phase(name: str) -> Phase:
    """The phase of that name.

    Raises:
        LookupError: No phase has that name; the message lists all.
    """
    for candidate in PHASES:
        if candidate.name == name:
            return candidate
    from environments.suggestions import choices  # noqa: PLC0415  (the package loads slowly, and this is an error)

    raise LookupError(f"unknown phase {name!r}; {choices(name, [known.name for known in PHASES])}")


if __name__ == "__main__":  # The Makefile checks names before anything else starts.
    try:
        for given in sys.argv[1:]:
            phase(given)
    except LookupError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)

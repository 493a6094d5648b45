"""The choices that are risks: an environment accepts each by name, and environments/risks/ gives the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, get_type_hints

from environments.schema.account import Audit
from environments.schema.environment import Environment
from environments.schema.principals import PermissionSet


class Choice(NamedTuple):
    """A value that makes an environment cheaper and less safe."""

    risk: str
    meaning: str
    taken: Callable[[Environment], bool]
    safer: Mapping[str, object] = {}
    """Values with which the risk isn't taken, by path; empty if they cost nothing."""


_AUDIT_PARTS = [name for name, kind in get_type_hints(Audit).items() if kind is bool]
OF_EACH_STAGE = "cloudtrail"
"""The only part of the audit that each stage of an account creates for itself."""


def _audit_off(part: str) -> Callable[[Environment], bool]:
    def off(environment: Environment) -> bool:
        own = environment.creates_account_resources or part == OF_EACH_STAGE
        return own and not getattr(environment.audit, part)

    return off


UNSCANNED = "unscanned_images"
CHOICES: tuple[Choice, ...] = (
    Choice(
        "single_nat_gateway",
        "one zone's failure stops all outbound traffic",
        lambda e: e.profile.nat == "single",
        {"profile.nat": "per_zone"},
    ),
    Choice(
        "single_zone_endpoints",
        "one zone's failure stops new tasks, logs and reading secrets",
        lambda e: e.profile.endpoint_zones == 1,
        {"profile.endpoint_zones": None},
    ),
    Choice(
        "single_task",
        "a failing or restarting task causes downtime",
        lambda e: e.profile.tasks.minimum == 1,
        {"profile.tasks.minimum": 2},
    ),
    Choice(
        "single_az_database",
        "one zone's failure stops the database",
        lambda e: bool(e.database) and not e.profile.database_multi_az,
        {"profile.database_multi_az": True},
    ),
    Choice(
        "single_node_cache",
        "a failing node empties the cache and causes downtime",
        lambda e: bool(e.cache) and e.profile.cache_nodes == 1,
        {"profile.cache_nodes": 2},
    ),
    Choice(
        "no_waf",
        "requests reach the application unfiltered",
        lambda e: not e.profile.waf,
        {"profile.waf": True},
    ),
    Choice(
        "no_guardduty_agent",
        "there is no runtime monitoring inside tasks",
        lambda e: not e.profile.guardduty_agent,
        {"profile.guardduty_agent": True},
    ),
    Choice(
        "mfa_by_identity_center",
        "IAM Identity Center asks deployers or administrators for MFA, but trust policies can't check it",
        lambda e: any(isinstance(each, PermissionSet) for each in (*e.access.deployers, *e.access.administrators)),
    ),
    Choice(
        UNSCANNED, "images that ECR can't scan run with unknown vulnerabilities", lambda e: bool(e.registry.unscanned)
    ),
    Choice("unprotected", "stateful resources can be destroyed", lambda e: not e.protected),
    *(
        Choice(f"no_{part}", f"the account baseline lacks {part}", _audit_off(part), {f"audit.{part}": True})
        for part in _AUDIT_PARTS
    ),
)


EXTENDED_SUPPORT = "extended_support"
DATED = {EXTENDED_SUPPORT: "AWS charges for an engine's version that is past its standard support"}
"""Risks that depend on the date, with their meaning. Synthesis reads no clock, so the gate reports them."""


def taken(environment: Environment) -> frozenset[str]:
    """Ids of the risks that the environment's values imply."""
    return frozenset(choice.risk for choice in CHOICES if choice.taken(environment))


def without(environment: Environment, risk: str) -> Environment:
    """The environment with the safer values of one choice, without accepting its risk.

    Raises:
        LookupError: No choice has that risk, or it has no safer values.
    """
    choice = next((choice for choice in CHOICES if choice.risk == risk and choice.safer), None)
    if choice is None:
        raise LookupError(f"no safer values for {risk!r}")
    for path, value in choice.safer.items():
        environment = _with(environment, path, value)
    for place in ("accepts", "profile.accepts"):
        accepts = environment.profile.accepts if place.startswith("profile") else environment.accepts
        environment = _with(environment, place, tuple(each for each in accepts if each != risk))
    return environment


def _with(part: Any, path: str, value: object) -> Any:  # noqa: ANN401  (any class of the schema)
    name, _, rest = path.partition(".")
    return replace(part, **{name: _with(getattr(part, name), rest, value) if rest else value})

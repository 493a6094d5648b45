"""Steps of a rollout that people must do: who may apply a phase, and what must exist before it is applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from environments.names import Names
from modules.phases import BEFORE_ROLES, AccountRole
from ops.aws.errors import explained
from ops.conditions import FailedError
from ops.release.present import unreleased
from ops.secrets.status import missing
from ops.terraform.plan import has_role
from ops.terraform.session import Session
from ops.terraform.stack import Stack
from ops.verify.checks.account import alerts_have_subscribers
from ops.verify.context import Context

ADMINISTRATOR, DEPLOYER, PLANNER = AccountRole.BREAK_GLASS, AccountRole.DEPLOYER, AccountRole.PLANNER


class Step(NamedTuple):
    """Something that you must do before a phase can be applied."""

    waits_for: str
    """What the phase is waiting for, in a few words."""
    how: str
    """What to do, with the command."""


def other_role(session: Session, stack: Stack) -> Step | None:
    """The role that must apply a stack, if the caller may not; None if it may.

    The break-glass role may apply every phase, the deployer its own ones, the planner none. Other credentials may
    apply the phases that create the roles, for the first time (docs/adr/0004-who-applies-what.md, docs/account.md).
    """
    caller, names, phase = session.aws.caller, Names(stack.environment), stack.phase
    if has_role(caller, names.role(ADMINISTRATOR)):
        return None
    if has_role(caller, names.role(DEPLOYER)) and phase.role is DEPLOYER:
        return None
    first = not any(has_role(caller, names.role(role)) for role in (DEPLOYER, PLANNER))
    if first and phase.name in BEFORE_ROLES and session.states.record(BEFORE_ROLES[-1]) is None:
        return None
    role = names.role(phase.role)
    return Step(
        f"the role {role}",
        f"{caller.arn} may not apply it; assume {role} (docs/account.md, section 2), then {again(stack)}",
    )


def first_step(session: Session, stack: Stack) -> Step | None:
    """The first thing that people must do before a planned stack is applied; None if nothing is left.

    Raises:
        OpsError: AWS's or the registry's response is an error.
    """
    return next((step for find in _STEPS if (step := find(session, stack))), None)


def again(stack: Stack) -> str:
    """The command that continues."""
    return f"make rollout ENV={stack.environment.name}"


def note(stack: Stack) -> str:
    """What to do while a stack is applied; empty if nothing."""
    zone = stack.environment.edge.zone
    if zone.kind != "created" or _ZONE not in _kinds(stack):
        return ""
    return (
        f"while {stack.phase.name} is applied, the parent zone of {zone.name} must get its name servers, or the "
        "certificate isn't issued and the apply fails: docs/account.md, section 7"
    )


_SERVICE, _ZONE, _CERTIFICATE, _ALARM = (
    "aws_ecs_service",
    "aws_route53_zone",
    "aws_acm_certificate",
    "aws_cloudwatch_metric_alarm",
)


def _kinds(stack: Stack) -> dict[str, object]:
    resources: dict[str, object] = stack.content.get("resource", {})
    return resources


def _secrets(session: Session, stack: Stack) -> Step | None:
    """Tasks don't start without the values of their secrets."""
    names = missing(session.aws, stack.environment) if _SERVICE in _kinds(stack) else ()
    if not names:
        return None
    set_it = f"bin/ops secrets set {stack.environment.name} NAME (docs/runbooks/secrets.md)"
    return Step("values of secrets", f"no value yet: {', '.join(names)}; {set_it}, then {again(stack)}")


def _images(session: Session, stack: Stack) -> Step | None:
    """Tasks don't start without their image."""
    services = unreleased(session.aws, stack.environment) if _SERVICE in _kinds(stack) else ()
    if not services:
        return None
    commands = ", ".join(f"bin/ops promote {stack.environment.name} {service}" for service in services)
    how = f"{commands}; or bin/ops release set where no environment runs it first (docs/runbooks/promote.md)"
    return Step("images of the release file", f"not in the registry yet: {', '.join(services)}; {how}, {_then(stack)}")


def _subscriptions(session: Session, stack: Stack) -> Step | None:
    """Alarms reach only addresses that confirmed."""
    if _ALARM not in _kinds(stack):
        return None
    try:
        with explained("list who gets alerts"):
            alerts_have_subscribers(Context(session.aws, stack.environment))
    except FailedError as failed:
        how = f"open the link in AWS's e-mail (docs/account.md, section 5), {_then(stack)}"
        return Step("confirmed e-mail addresses", f"{failed}; {how}")
    return None


def _delegation(session: Session, stack: Stack) -> Step | None:
    """A certificate that a previous apply requested is issued once the parent zone delegates the zone.

    https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
    """
    zone = stack.environment.edge.zone
    if zone.kind != "created" or _CERTIFICATE not in _kinds(stack):
        return None
    client = session.aws.client("acm")
    for arn in session.states.arns(stack.phase.name, _CERTIFICATE):
        with explained(f"read the certificate {arn}"):
            status = client.describe_certificate(CertificateArn=arn)["Certificate"]["Status"]
        if status == "PENDING_VALIDATION":
            how = f"give its name servers to the parent zone (docs/account.md, section 7), {_then(stack)}"
            return Step(f"delegation of {zone.name}", f"{arn} is {status}, since {zone.name} isn't resolved; {how}")
    return None


def _then(stack: Stack) -> str:
    return f"then {again(stack)}"


_STEPS: tuple[Callable[[Session, Stack], Step | None], ...] = (_secrets, _images, _subscriptions, _delegation)

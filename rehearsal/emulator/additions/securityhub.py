"""Security Hub: its configuration and its standards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.config.models import config_backends
from moto.core.responses import ActionResult, EmptyResult
from moto.securityhub.responses import SecurityHubResponse

from rehearsal.emulator.additions.registry import AwsError, adds, corrects, kept, parameters, serves

serves("securityhub")(SecurityHubResponse)


def _settings(self: SecurityHubResponse) -> dict[str, Any]:
    defaults = {"AutoEnableControls": True, "ControlFindingGenerator": "SECURITY_CONTROL"}
    return kept(self.securityhub_backend, "settings", defaults.copy)


def _standards(self: SecurityHubResponse) -> dict[str, dict[str, Any]]:
    return kept(self.securityhub_backend, "standards", dict[str, dict[str, Any]])


@corrects(
    SecurityHubResponse,
    "enable_security_hub",
    "securityhub",
    "EnableSecurityHub",
    why="moto ignores the control finding generator, and enables a hub that is already enabled",
)
def enable_security_hub(original: Callable[..., str], self: SecurityHubResponse) -> str:
    """Remember what is set as well; an account has one hub in a region.

    https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_EnableSecurityHub.html
    """
    if self.securityhub_backend.enabled:
        raise AwsError("ResourceConflictException", "Account is already subscribed to Security Hub")
    answer = original(self)
    settings, given = _settings(self), parameters(self)
    settings.update({name: given[name] for name in settings if name in given})
    return answer


@adds(SecurityHubResponse, "securityhub", "UpdateSecurityHubConfiguration", why="moto can't change a hub")
def update_security_hub_configuration(self: SecurityHubResponse) -> ActionResult:
    """Remember what is set."""
    _settings(self).update(parameters(self))
    return EmptyResult()


@corrects(
    SecurityHubResponse,
    "describe_hub",
    "securityhub",
    "DescribeHub",
    why="moto returns fixed settings",
)
def describe_hub(original: Callable[..., Any], self: SecurityHubResponse) -> ActionResult:
    """Return what was set."""
    hub = self.securityhub_backend.describe_hub(hub_arn=None)
    return ActionResult(hub | _settings(self))


@adds(
    SecurityHubResponse,
    "securityhub",
    "BatchEnableStandards",
    why="moto has no standards",
    source="https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_StandardsSubscription.html",
)
def batch_enable_standards(self: SecurityHubResponse) -> ActionResult:
    """Subscribe to standards; each is pending at first."""
    made = []
    for request in parameters(self)["StandardsSubscriptionRequests"]:
        standard = request["StandardsArn"]
        name = standard.partition(":standards/")[2]
        arn = f"arn:{self.partition}:securityhub:{self.region}:{self.current_account}:subscription/{name}"
        _standards(self)[arn] = {
            "StandardsSubscriptionArn": arn,
            "StandardsArn": standard,
            "StandardsInput": {},
            "StandardsStatus": "PENDING",
        }
        made.append(_standards(self)[arn].copy())
    return ActionResult({"StandardsSubscriptions": made})


@adds(SecurityHubResponse, "securityhub", "GetEnabledStandards", why="moto has no standards")
def get_enabled_standards(self: SecurityHubResponse) -> ActionResult:
    """Return the standards asked for, or all; a pending one is ready at the next call, if AWS Config records."""
    asked = parameters(self).get("StandardsSubscriptionArns") or [*_standards(self)]
    found = [_standards(self)[arn] for arn in asked if arn in _standards(self)]
    answer = [each.copy() for each in found]
    for standard in found:
        if standard["StandardsStatus"] == "PENDING":
            standard.update(_outcome(self))
    return ActionResult({"StandardsSubscriptions": answer})


def _outcome(self: SecurityHubResponse) -> dict[str, Any]:
    """https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_StandardsStatusReason.html."""
    recorders = config_backends[self.current_account][self.region].recorders.values()
    if any(recorder.status.recording for recorder in recorders):
        return {"StandardsStatus": "READY"}
    reason = {"StatusReasonCode": "NO_AVAILABLE_CONFIGURATION_RECORDER"}
    return {"StandardsStatus": "INCOMPLETE", "StandardsStatusReason": reason}


@adds(SecurityHubResponse, "securityhub", "BatchDisableStandards", why="moto has no standards")
def batch_disable_standards(self: SecurityHubResponse) -> ActionResult:
    """End subscriptions."""
    standards = _standards(self)
    gone = [standards.pop(arn) for arn in parameters(self)["StandardsSubscriptionArns"] if arn in standards]
    return ActionResult({"StandardsSubscriptions": [each | {"StandardsStatus": "DELETING"} for each in gone]})

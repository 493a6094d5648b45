"""GuardDuty: one detector in an account and region; its features, all of them and in AWS's order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import unix_time
from moto.guardduty.models import GuardDutyBackend
from moto.guardduty.responses import GuardDutyResponse

from rehearsal.emulator import monitoring
from rehearsal.emulator.additions.registry import AwsError, adds, corrects, parameters, serves

serves("guardduty")(GuardDutyResponse)

Feature = dict[str, Any]

# Which there are: https://docs.aws.amazon.com/guardduty/latest/APIReference/API_DetectorFeatureConfigurationResult.html
# Which a new detector has on, "with an exception to RUNTIME_MONITORING, all":
# https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateDetector.html
# That all additional configurations come back, in this order, whatever was sent, is in the plans of
# https://github.com/hashicorp/terraform-provider-aws/issues/36400 and .../36695; AWS's pages show no order.
_FEATURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "CLOUD_TRAIL": ("ENABLED", ()),
    "DNS_LOGS": ("ENABLED", ()),
    "FLOW_LOGS": ("ENABLED", ()),
    "S3_DATA_EVENTS": ("ENABLED", ()),
    "EKS_AUDIT_LOGS": ("ENABLED", ()),
    "EBS_MALWARE_PROTECTION": ("ENABLED", ()),
    "RDS_LOGIN_EVENTS": ("ENABLED", ()),
    "EKS_RUNTIME_MONITORING": ("DISABLED", ("EKS_ADDON_MANAGEMENT",)),
    "LAMBDA_NETWORK_LOGS": ("ENABLED", ()),
    "RUNTIME_MONITORING": (
        "DISABLED",
        ("EKS_ADDON_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT"),
    ),
}
"""Status in a new detector, and names of the additional configurations, by feature, in AWS's order."""
_TAGS = "moto gives tags to new detectors only"
_FOUNDATIONAL = ("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS")
_RUNTIME = ("EKS_RUNTIME_MONITORING", "RUNTIME_MONITORING")


def _new_features() -> list[Feature]:
    return [
        {
            "name": name,
            "status": status,
            "updatedAt": unix_time(),
            "additionalConfiguration": [
                {"name": additional, "status": "DISABLED", "updatedAt": unix_time()} for additional in names
            ],
        }
        for name, (status, names) in _FEATURES.items()
    ]


def _changed(features: list[Feature], given: Iterable[Feature]) -> list[Feature]:
    """Features with what is named changed; the rest and the order stay.

    Raises:
        AwsError: A feature or configuration that doesn't exist or can't be changed, or two that exclude each other.
    """
    known = {feature["name"]: feature for feature in deepcopy(features)}
    for change in given:
        name = change["name"]
        if name not in known or name in _FOUNDATIONAL:
            raise AwsError("BadRequestException", f"The request is rejected because feature {name} is invalid.")
        feature = known[name]
        additional = {each["name"]: each for each in feature["additionalConfiguration"]}
        for each in [change, *(change.get("additionalConfiguration") or [])]:
            target = feature if each is change else additional.get(each["name"])
            if target is None:
                raise AwsError("BadRequestException", f"The request is rejected because {name} has no {each['name']}.")
            target.update(status=each["status"], updatedAt=unix_time())
    if all(known[name]["status"] == "ENABLED" for name in _RUNTIME):
        raise AwsError("BadRequestException", f"The request is rejected because of both {' and '.join(_RUNTIME)}.")
    return [*known.values()]


@corrects(
    GuardDutyBackend,
    "create_detector",
    "guardduty",
    "CreateDetector",
    why="moto creates any number of detectors, without features; AWS creates one per region, with most on",
    source="https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_limits.html",
)
def create_detector(  # noqa: PLR0917  (moto's own parameters)
    original: Callable[..., str],
    backend: GuardDutyBackend,
    enable: bool,
    finding_publishing_frequency: str,
    data_sources: dict[str, Any],
    tags: dict[str, str],
    features: list[Feature] | None,
) -> str:
    """Make the detector with all features, unless there is one."""
    if backend.detectors:
        raise AwsError("BadRequestException", "A detector already exists for the current account.")
    all_features = _changed(_new_features(), features or [])
    detector_id = original(backend, enable, finding_publishing_frequency, data_sources, tags, all_features)
    monitoring.look_at_tasks(backend.account_id, backend.region_name)
    return detector_id


@corrects(
    GuardDutyBackend,
    "update_detector",
    "guardduty",
    "UpdateDetector",
    why="moto replaces all features by those of the call; AWS changes those, and keeps the others and the order",
)
def update_detector(  # noqa: PLR0917  (moto's own parameters)
    original: Callable[..., None],
    backend: GuardDutyBackend,
    detector_id: str,
    enable: bool | None,
    finding_publishing_frequency: str | None,
    data_sources: dict[str, Any] | None,
    features: list[Feature] | None,
) -> None:
    """Change the features of the call."""
    changed = _changed(backend.get_detector(detector_id).features, features or [])
    original(backend, detector_id, enable, finding_publishing_frequency, data_sources, changed)
    monitoring.look_at_tasks(backend.account_id, backend.region_name)


@adds(GuardDutyResponse, "guardduty", "TagResource", why=_TAGS)
def tag_resource(self: GuardDutyResponse) -> ActionResult:
    """Add tags to a detector."""
    given = parameters(self)
    _tags(self, given).update(given["Tags"])
    return EmptyResult()


@adds(GuardDutyResponse, "guardduty", "UntagResource", why=_TAGS)
def untag_resource(self: GuardDutyResponse) -> ActionResult:
    """Remove tags from a detector."""
    given = parameters(self)
    for key in given["TagKeys"]:
        _tags(self, given).pop(key, None)
    return EmptyResult()


def _tags(self: GuardDutyResponse, given: dict[str, Any]) -> dict[str, str]:
    tags: dict[str, str] = self.guardduty_backend.get_detector(given["ResourceArn"].rpartition("/")[2]).tags
    return tags

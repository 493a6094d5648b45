"""Resolves references to attributes of Terraform's resources, as far as the resources' own settings allow.

Policies name resources by references, `${aws_kms_key.state_key.arn}`. The gate reads them as ARNs, and synthesis
measures them: what AWS chooses itself counts with the length that AWS gives it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from environments.arns import Partition


class Place(NamedTuple):
    """An account in a region."""

    partition: Partition
    region: str
    account_id: str


class _Form(NamedTuple):
    """How AWS creates a resource's ARN."""

    service: str
    resource: str
    """`{name}` is a setting, `{3}` is three characters that AWS chooses."""
    source: str
    regional: bool = True
    """Whether the ARN has a region."""
    owned: bool = True
    """Whether the ARN has an account."""


_DOCS = "https://docs.aws.amazon.com/"
_REFERENCE = _DOCS + "service-authorization/latest/reference/"
_IAM = _DOCS + "IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns"
_FORMS = {
    "aws_cloudwatch_log_group": _Form(
        "logs", "log-group:{name}", _DOCS + "AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html"
    ),
    "aws_cloudwatch_metric_alarm": _Form("cloudwatch", "alarm:{alarm_name}", _REFERENCE + "list_amazoncloudwatch.html"),
    "aws_db_instance": _Form("rds", "db:{identifier}", _REFERENCE + "list_amazonrds.html"),
    "aws_ecr_repository": _Form("ecr", "repository/{name}", _REFERENCE + "list_amazonelasticcontainerregistry.html"),
    "aws_ecs_cluster": _Form("ecs", "cluster/{name}", _REFERENCE + "list_amazonelasticcontainerservice.html"),
    "aws_iam_openid_connect_provider": _Form("iam", "oidc-provider/{host}", _IAM, regional=False),
    "aws_iam_policy": _Form("iam", "policy{path}{name}", _IAM, regional=False),
    "aws_iam_role": _Form("iam", "role{path}{name}", _IAM, regional=False),
    "aws_iam_user": _Form("iam", "user{path}{name}", _IAM, regional=False),
    # A UUID, or mrk- and 32 digits.
    "aws_kms_key": _Form("kms", "key/{36}", _DOCS + "kms/latest/developerguide/concepts-key-id.html"),
    "aws_s3_bucket": _Form("s3", "{bucket}", _REFERENCE + "list_amazons3.html", regional=False, owned=False),
    "aws_secretsmanager_secret": _Form(
        "secretsmanager",
        "secret:{name}-{6}",
        _DOCS + "secretsmanager/latest/userguide/whats-in-a-secret.html",
    ),
    "aws_sns_topic": _Form("sns", "{name}", _REFERENCE + "list_amazonsns.html"),
    "aws_sqs_queue": _Form("sqs", "{name}", _REFERENCE + "list_amazonsqs.html"),
}
_IDS = {
    "aws_iam_role": "{name}",
    "aws_iam_user": "{name}",
    "aws_kms_key": "{36}",
    "aws_s3_bucket": "{bucket}",
}
"""What a resource's `id` is, where it isn't its ARN."""
_PART = re.compile(r"{(\w+)}")


def worth(
    kind: str, attribute: str, settings: Mapping[str, Any], place: Place, unknown: Callable[[int], str]
) -> str | None:
    """The value of a resource's attribute; None if it doesn't follow from the settings.

    Args:
        kind: Type of the resource.
        attribute: The attribute.
        settings: The resource's settings.
        place: Where it is.
        unknown: Returns that many placeholder characters for those that AWS chooses.
    """
    if isinstance(settings.get(attribute), str):
        return str(settings[attribute])
    if attribute in {"id", "key_id"} and kind in _IDS:
        return _fill(_IDS[kind], settings, unknown)
    form = _FORMS.get(kind)
    if form is None or attribute not in {"arn", "id"}:
        return None
    return place.partition.arn(
        form.service,
        _fill(form.resource, settings, unknown),
        region=place.region if form.regional else "",
        account_id=place.account_id if form.owned else "",
    )


def _fill(form: str, settings: Mapping[str, Any], unknown: Callable[[int], str]) -> str:
    def part(found: re.Match[str]) -> str:
        name = found[1]
        if name.isdigit():
            return unknown(int(name))
        if name == "path":
            return str(settings.get("path") or "/")
        if name == "host":
            return str(settings.get("url", "")).removeprefix("https://")
        return str(settings.get(name) or settings.get(f"{name}_prefix") or "")

    return _PART.sub(part, form)

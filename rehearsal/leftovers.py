"""Lists what AWS still has of an environment after it was destroyed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rehearsal.context import Rehearsal

STAYS = {
    "s3": "the state bucket, with the history of every state",
    "kms": "keys, until their waiting period ends: what they encrypted can be restored until then",
    "secretsmanager": "secrets, until their recovery window ends",
}
"""What is kept on purpose, by service."""
Ask = Callable[[Any, str], list[str]]


def leftovers(rehearsal: Rehearsal) -> Iterator[str]:
    """Everything of the environment that should be deleted and isn't."""
    prefix = rehearsal.names.prefix
    service: Any
    for service, ask in _QUESTIONS.items():
        for found in ask(rehearsal.owner.client(service), prefix):
            yield f"{service}: {found}"


def _buckets(client: Any, prefix: str) -> list[str]:  # noqa: ANN401
    names = [each["Name"] for each in client.list_buckets()["Buckets"]]
    return [name for name in names if name.startswith(prefix) and not name.startswith(f"{prefix}-tfstate-")]


def _keys(client: Any, prefix: str) -> list[str]:  # noqa: ANN401
    """Keys that are neither AWS's own, nor waiting for their deletion, nor the state's."""
    pages = client.get_paginator("list_aliases").paginate()
    aliases = {each["AliasName"]: each.get("TargetKeyId") for page in pages for each in page["Aliases"]}
    kept = {key for alias, key in aliases.items() if alias == f"alias/{prefix}-state" or alias.startswith("alias/aws/")}
    metadata = [client.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in client.list_keys()["Keys"]]
    own = [each for each in metadata if each["KeyManager"] == "CUSTOMER" and each["KeyState"] != "PendingDeletion"]
    return [each["KeyId"] for each in own if each["KeyId"] not in kept]


def _secrets(client: Any, prefix: str) -> list[str]:  # noqa: ANN401
    path = prefix.replace("-", "/", 1)
    found = client.list_secrets()["SecretList"]  # without those that wait for their deletion
    return [each["Name"] for each in found if each["Name"].startswith(f"{path}/")]


def _roles(client: Any, prefix: str) -> list[str]:  # noqa: ANN401
    pages = client.get_paginator("list_roles").paginate()
    return [each["RoleName"] for page in pages for each in page["Roles"] if each["RoleName"].startswith(prefix)]


def _clusters(client: Any, _: str) -> list[str]:  # noqa: ANN401
    """A deleted cluster is listed for a while, as inactive."""
    found = client.describe_clusters(clusters=client.list_clusters()["clusterArns"])["clusters"]
    return [each["clusterName"] for each in found if each["status"] != "INACTIVE"]


def _networks(client: Any, _: str) -> list[str]:  # noqa: ANN401
    own = [{"Name": "is-default", "Values": ["false"]}]
    networks = [each["VpcId"] for each in client.describe_vpcs(Filters=own)["Vpcs"]]
    return [*networks, *(each["AllocationId"] for each in client.describe_addresses()["Addresses"])]


def _of(method: str, key: str, name: str) -> Ask:
    """A call that lists resources, and how to get their names."""

    def ask(client: Any, _: str) -> list[str]:  # noqa: ANN401
        return [each if isinstance(each, str) else each[name] for each in getattr(client, method)()[key]]

    return ask


_QUESTIONS: dict[str, Ask] = {
    "s3": _buckets,
    "kms": _keys,
    "secretsmanager": _secrets,
    "iam": _roles,
    "ec2": _networks,
    "ecr": _of("describe_repositories", "repositories", "repositoryName"),
    "rds": _of("describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    "elasticache": _of("describe_replication_groups", "ReplicationGroups", "ReplicationGroupId"),
    "elbv2": _of("describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
    "ecs": _clusters,
    "sns": _of("list_topics", "Topics", "TopicArn"),
    "logs": _of("describe_log_groups", "logGroups", "logGroupName"),
    "cloudwatch": _of("describe_alarms", "MetricAlarms", "AlarmName"),
    "cloudtrail": _of("describe_trails", "trailList", "Name"),
    "guardduty": _of("list_detectors", "DetectorIds", ""),
    "events": _of("list_rules", "Rules", "Name"),
    "acm": _of("list_certificates", "CertificateSummaryList", "DomainName"),
    "route53": _of("list_hosted_zones", "HostedZones", "Name"),
}

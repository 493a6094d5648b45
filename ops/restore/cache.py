"""Restores a snapshot of the cache into a new replication group beside it, as the environment's values say.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-restoring.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from environments.flows import CACHE, REDIS_PORT
from environments.names import Names
from environments.schema.versions import cache as release
from environments.suggestions import choices
from ops.aws.errors import explained, only
from ops.aws.session import connect
from ops.command import confirm, say
from ops.errors import OpsError
from ops.restore.store import TAG, check_ending, check_own, choose, data_key, next_steps, security_group, wait

if TYPE_CHECKING:
    from environments.schema import Environment
    from ops.aws.session import Aws

SECONDS = 2 * 60 * 60
_LISTED = 8
_EVENTS = "aws elasticache describe-events"
_NODE = re.compile(r"-\d{3}$")
"""End of a node's name."""


def restore_cache(environment: Environment, snapshot: str, wanted: str, *, yes: bool, dry_run: bool) -> None:
    """Restore a snapshot into a new replication group and wait until it is available.

    Args:
        environment: The environment.
        snapshot: Name of the snapshot.
        wanted: What the new group's name ends with; empty for the next free one.
        yes: Whether to skip the question.
        dry_run: Whether to change nothing.

    Raises:
        OpsError: There is no cache or snapshot, or ElastiCache refuses.
    """
    if environment.cache is None:
        raise OpsError(f"{environment.name} has no cache: its values have cache=None")
    check_ending(wanted)
    aws, names = connect(environment), Names(environment)
    present = _present(aws, names)
    _check(aws, environment, snapshot, present)
    source = f"snapshot {snapshot}"
    ending, exists = choose(environment, "cache", source, present, wanted=wanted)
    copy = names.store(ending)
    say(f"{copy} exists, restored from {source}: continuing" if exists else f"{source} into a new cache, {copy}")
    say(f"{names.cache} stays as it is; account {aws.caller.account}")
    if dry_run:
        return
    confirm(f"Restore the cache of {environment.name} into {copy}?", yes=yes)
    try:
        if not exists:
            _start(aws, environment, snapshot, copy)
        wait(copy, lambda: _status(aws, copy), seconds=SECONDS, failed={"create-failed"}, events=_EVENTS)
    except (OpsError, KeyboardInterrupt):
        again = f"bin/ops restore {environment.name} cache --snapshot {snapshot} --as {ending}"
        say(f"nothing is lost: {names.cache} is unchanged; to continue: {again}")
        raise
    say(f"pass: {copy} is available, with the keys of {source}")
    for line in next_steps(environment, "cache", ending):
        say(line)


def _check(aws: Aws, environment: Environment, snapshot: str, present: Mapping[str, str]) -> None:
    """Refuse a snapshot that doesn't exist, isn't complete, or is of another cache or engine.

    Raises:
        OpsError: It can't be restored.
    """
    assert environment.cache  # noqa: S101  (the caller's condition)
    client, group = aws.client("elasticache"), Names(environment).cache
    with explained(f"list the snapshots of {group}"):
        pages = client.get_paginator("describe_snapshots").paginate()
        found = {each["SnapshotName"]: each for page in pages for each in page["Snapshots"]}
    own = sorted((name for name, each in found.items() if _source(each) == group), reverse=True)[:_LISTED]
    if snapshot not in found:
        what = f"no snapshot {snapshot!r}" if snapshot else "pass the snapshot: --snapshot ID"
        raise OpsError(f"{what}; {choices(snapshot, own)}")
    about = found[snapshot]
    check_own(environment, "cache", snapshot, _source(about), present=present, own=own)
    if about["SnapshotStatus"] != "available":
        raise OpsError(f"the snapshot {snapshot} is {about['SnapshotStatus']}; wait until it is available")
    # Redis OSS may be restored into Valkey, but not the other way round.
    # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VersionManagement.HowTo.html
    if about["Engine"] != environment.cache.engine and (about["Engine"], environment.cache.engine) != (
        "redis",
        "valkey",
    ):
        raise OpsError(
            f"the snapshot {snapshot} is of {about['Engine']}, but cache.engine in environments/ says "
            f"{environment.cache.engine}; restore another snapshot"
        )


def _source(snapshot: Mapping[str, Any]) -> str:
    """The replication group of a snapshot: it names the group, or the node that it was taken of.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_Snapshot.html; nodes are named after their
    group: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
    """
    return snapshot.get("ReplicationGroupId") or _NODE.sub("", snapshot.get("CacheClusterId", ""))


def _present(aws: Aws, names: Names) -> dict[str, str]:
    """Replication groups whose names begin as the environment's, each with the tag of what it was restored from."""
    client, found = aws.client("elasticache"), {}
    with explained("list the caches of the account"):
        for page in client.get_paginator("describe_replication_groups").paginate():
            for group in page["ReplicationGroups"]:
                if group["ReplicationGroupId"].startswith(f"{names.prefix}-"):
                    tags = client.list_tags_for_resource(ResourceName=group["ARN"])["TagList"]
                    tagged = {tag["Key"]: tag["Value"] for tag in tags}
                    found[group["ReplicationGroupId"]] = tagged.get(TAG, "")
    return found


def _start(aws: Aws, environment: Environment, snapshot: str, copy: str) -> None:
    """Create the group. A snapshot holds the keys only: users, encryption and sizes are those of the call.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
    """
    values, names, profile = environment.cache, Names(environment), environment.profile
    assert values  # noqa: S101  (the caller's condition)
    tags = {**names.tags("data"), TAG: f"snapshot {snapshot}"}
    settings: dict[str, Any] = {
        "Engine": values.engine,
        "EngineVersion": values.version,
        "CacheNodeType": profile.cache_node_type,
        "NumCacheClusters": profile.cache_nodes,
        "AutomaticFailoverEnabled": profile.cache_nodes > 1,
        "MultiAZEnabled": profile.cache_nodes > 1,
        "Port": REDIS_PORT,
        "CacheParameterGroupName": f"{names.prefix}-{release(values.engine, values.version).family}",
        "CacheSubnetGroupName": names.prefix,
        "SecurityGroupIds": [security_group(aws, environment, CACHE)],
        "TransitEncryptionEnabled": True,
        "TransitEncryptionMode": "required",
        "AtRestEncryptionEnabled": True,
        "KmsKeyId": data_key(aws, environment),
        "UserGroupIds": [names.prefix],
        "SnapshotRetentionLimit": values.snapshot_days,
        "SnapshotWindow": values.snapshot_window,
        "PreferredMaintenanceWindow": values.maintenance_window,
        "AutoMinorVersionUpgrade": True,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    with explained(f"restore the snapshot {snapshot} into {copy} (administrators only: docs/adr/0004)"):
        aws.client("elasticache").create_replication_group(
            ReplicationGroupId=copy,
            ReplicationGroupDescription=f"Cache of {names.prefix}",
            SnapshotName=snapshot,
            **settings,
        )


def _status(aws: Aws, copy: str) -> tuple[str, Mapping[str, Any]]:
    with explained(f"read the cache {copy}"):
        found = aws.client("elasticache").describe_replication_groups(ReplicationGroupId=copy)["ReplicationGroups"]
    group = only(found, f"caches {copy}")
    return group["Status"], group

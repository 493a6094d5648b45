"""ElastiCache: user groups, parameter groups, replication groups: refused values, members, changes, deletion."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup, Snapshot, User
from moto.elasticache.responses import ElastiCacheResponse

from environments.schema.versions import CACHES
from rehearsal.emulator.additions.registry import AwsError, adds, corrects, kept
from rehearsal.emulator.windows import check_windows

Body = dict[str, Any]


def _arn(self: ElastiCacheResponse, kind: str, name: str) -> str:
    return f"arn:{self.partition}:elasticache:{self.region}:{self.current_account}:{kind}:{name}"


def _groups(self: ElastiCacheResponse, kind: str) -> dict[str, Body]:
    return kept(self.elasticache_backend, kind, dict[str, Body])


def _one_of(groups: dict[str, Body], name: str, error: str) -> Body:
    if name not in groups:
        raise AwsError(error, f"{name} not found.")
    return groups[name]


def _tag(self: ElastiCacheResponse, arn: str) -> None:
    self.elasticache_backend.tagging_service.tag_resource(arn, self.params.get("Tags") or [])


@corrects(
    ElastiCacheBackend,
    "list_tags_for_resource",
    "elasticache",
    "ListTagsForResource",
    why="moto refuses the ARNs of user groups and parameter groups",
)
def list_tags_for_resource(original: Callable[..., Any], backend: ElastiCacheBackend, arn: str) -> object:
    """Return the tags of whatever has any."""
    return backend.tagging_service.list_tags_for_resource(arn)


# Users and their groups


def normal_access_string(given: str) -> str:
    """An access string as ElastiCache returns it: off unless on, then keys and channels, then from nothing on.

    AWS's examples: `~objects:*` becomes `off ~objects:* -@all`, and `off +get ~keys*` becomes `off ~keys* -@all +get`.
    """
    words = given.split()
    state = "on" if "on" in words else "off"
    patterns = [word for word in words if word[0] in "~%&" or word in {"allkeys", "allchannels", "resetchannels"}]
    commands = [word for word in words if word[0] in "+-" and word != "-@all"]
    everything = ["+@all"] if commands[:1] == ["+@all"] else ["-@all"]
    return " ".join([state, *patterns, *everything, *commands[commands[:1] == ["+@all"] :]])


@corrects(
    User,
    "__init__",
    "elasticache",
    "CreateUser",
    why="moto returns an access string as it was sent; ElastiCache normalizes it",
    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html",
)
def make_user(original: Callable[..., None], user: User, **given: Any) -> None:  # noqa: ANN401
    """Put it in that form."""
    original(user, **given | {"access_string": normal_access_string(given["access_string"])})


@adds(ElastiCacheResponse, "elasticache", "ModifyUser", why="moto can't change a user")
def modify_user(self: ElastiCacheResponse) -> ActionResult:
    """Change what is given."""
    (user,) = self.elasticache_backend.describe_users(self.params["UserId"])
    user.access_string = normal_access_string(self.params.get("AccessString") or user.access_string)
    if mode := self.params.get("AuthenticationMode"):
        user.authentication_type, user.passwords = mode["Type"], list(mode.get("Passwords") or [])
        user.no_password_required = mode["Type"] == "no-password-required"
    return ActionResult(user)


_USER_GROUPS = "moto has users, but no groups of them"


@adds(ElastiCacheResponse, "elasticache", "CreateUserGroup", why=_USER_GROUPS)
def create_user_group(self: ElastiCacheResponse) -> ActionResult:
    """Make a group that is active at once."""
    name = self.params["UserGroupId"]
    group = {
        "UserGroupId": name,
        "Status": "active",
        "Engine": self.params["Engine"].lower(),
        "UserIds": list(self.params.get("UserIds") or []),
        "ReplicationGroups": [],
        "ARN": _arn(self, "usergroup", name),
    }
    _groups(self, "user_groups")[name] = group
    _tag(self, group["ARN"])
    return ActionResult(group)


@adds(ElastiCacheResponse, "elasticache", "DescribeUserGroups", why=_USER_GROUPS)
def describe_user_groups(self: ElastiCacheResponse) -> ActionResult:
    """Return one group, or all."""
    groups, name = _groups(self, "user_groups"), self.params.get("UserGroupId")
    return ActionResult({"UserGroups": [_one_of(groups, name, "UserGroupNotFound")] if name else [*groups.values()]})


@adds(ElastiCacheResponse, "elasticache", "ModifyUserGroup", why=_USER_GROUPS)
def modify_user_group(self: ElastiCacheResponse) -> ActionResult:
    """Add and remove users."""
    group = _one_of(_groups(self, "user_groups"), self.params["UserGroupId"], "UserGroupNotFound")
    removed, added = self.params.get("UserIdsToRemove") or [], self.params.get("UserIdsToAdd") or []
    group["UserIds"] = [user for user in group["UserIds"] if user not in removed] + list(added)
    return ActionResult(group)


@adds(ElastiCacheResponse, "elasticache", "DeleteUserGroup", why=_USER_GROUPS)
def delete_user_group(self: ElastiCacheResponse) -> ActionResult:
    """Delete a group."""
    groups, name = _groups(self, "user_groups"), self.params["UserGroupId"]
    group = _one_of(groups, name, "UserGroupNotFound")
    del groups[name]
    return ActionResult(group | {"Status": "deleting"})


# Parameter groups

_PARAMETER_GROUPS = "moto has no parameter groups of caches"


@adds(ElastiCacheResponse, "elasticache", "CreateCacheParameterGroup", why=_PARAMETER_GROUPS)
def create_cache_parameter_group(self: ElastiCacheResponse) -> ActionResult:
    """Make a group with no parameters of its own."""
    name = self.params["CacheParameterGroupName"]
    group = {
        "CacheParameterGroupName": name,
        "CacheParameterGroupFamily": self.params["CacheParameterGroupFamily"],
        "Description": self.params["Description"],
        "IsGlobal": False,
        "ARN": _arn(self, "parametergroup", name),
        "values": {},
    }
    _groups(self, "parameter_groups")[name] = group
    _tag(self, group["ARN"])
    return ActionResult({"CacheParameterGroup": group})


@adds(ElastiCacheResponse, "elasticache", "DescribeCacheParameterGroups", why=_PARAMETER_GROUPS)
def describe_cache_parameter_groups(self: ElastiCacheResponse) -> ActionResult:
    """Return one group, or all."""
    groups, name = _groups(self, "parameter_groups"), self.params.get("CacheParameterGroupName")
    found = [_one_of(groups, name, "CacheParameterGroupNotFound")] if name else [*groups.values()]
    return ActionResult({"CacheParameterGroups": found})


def _parameter_group(self: ElastiCacheResponse) -> Body:
    return _one_of(
        _groups(self, "parameter_groups"), self.params["CacheParameterGroupName"], "CacheParameterGroupNotFound"
    )


# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html
_DEFAULTS = {
    "activedefrag": "no",
    "appendonly": "no",
    "cluster-enabled": "no",
    "databases": "16",
    "maxmemory-policy": "volatile-lru",
    "maxmemory-samples": "3",
    "notify-keyspace-events": "",
    "reserved-memory-percent": "25",
    "slowlog-log-slower-than": "10000",
    "tcp-keepalive": "300",
    "timeout": "0",
}
"""Some of the parameters that the families of Redis 6 and 7 and of Valkey share, with the service's values."""


@adds(ElastiCacheResponse, "elasticache", "DescribeCacheParameters", why=_PARAMETER_GROUPS)
def describe_cache_parameters(self: ElastiCacheResponse) -> ActionResult:
    """List the family's parameters, each with its source."""
    values, wanted = _parameter_group(self)["values"], self.params.get("Source")
    found = [
        {"ParameterName": name, "ParameterValue": value, "Source": "user" if name in values else "system"}
        for name, value in {**_DEFAULTS, **values}.items()
    ]
    return ActionResult({"Parameters": [each for each in found if wanted in {None, each["Source"]}]})


@adds(ElastiCacheResponse, "elasticache", "ModifyCacheParameterGroup", why=_PARAMETER_GROUPS)
def modify_cache_parameter_group(self: ElastiCacheResponse) -> ActionResult:
    """Set the parameters whose value differs from what the group has.

    That a default which is sent stays the service's is what RDS does (additions/rds_parameters.py). AWS doesn't say
    whether ElastiCache does so too; this is the stricter case for a plan.
    """
    values = _parameter_group(self)["values"]
    for each in self.params["ParameterNameValues"]:
        name, value = each["ParameterName"], each["ParameterValue"]
        if value != values.get(name, _DEFAULTS.get(name)):
            values[name] = value
    return ActionResult({"CacheParameterGroupName": self.params["CacheParameterGroupName"]})


@adds(ElastiCacheResponse, "elasticache", "ResetCacheParameterGroup", why=_PARAMETER_GROUPS)
def reset_cache_parameter_group(self: ElastiCacheResponse) -> ActionResult:
    """Reset parameters to their defaults."""
    for each in self.params.get("ParameterNameValues") or []:
        _parameter_group(self)["values"].pop(each["ParameterName"], None)
    return ActionResult({"CacheParameterGroupName": self.params["CacheParameterGroupName"]})


@adds(ElastiCacheResponse, "elasticache", "DeleteCacheParameterGroup", why=_PARAMETER_GROUPS)
def delete_cache_parameter_group(self: ElastiCacheResponse) -> ActionResult:
    """Delete a group."""
    del _groups(self, "parameter_groups")[_parameter_group(self)["CacheParameterGroupName"]]
    return EmptyResult()


# Replication groups

# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html; families:
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html
_FAMILIES: dict[tuple[str, str], str] = {
    **{
        (engine, f"{major}.{minor}"): release.family
        for engine, releases in CACHES.items()
        for major, release in releases.items()
        for minor in release.minors
    },
    # What no environment may start with, so that the table leaves it out, but AWS has.
    **{("redis", version): "redis6.x" for version in ("6.x", "6.0", "6.2")},
    **{("redis", version): "redis5.0" for version in ("5.0.0", "5.0.3", "5.0.4", "5.0.5", "5.0.6")},
    ("redis", "4.0.10"): "redis4.0",
}
"""Of parameter groups, by engine and version."""
_DEFAULT_GROUP = re.compile(r"default\.(?P<family>(?:redis|valkey)[0-9.x]+?)(\.cluster\.on)?")
_SHORTEST_WINDOW = 60
"""Minutes: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html and, for
snapshots, https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-automatic.html"""


def _check(self: ElastiCacheResponse, former: ReplicationGroup | None = None) -> None:
    """Refuse versions, parameter groups and windows that ElastiCache refuses, of what the group is then.

    Its errors: https://github.com/hashicorp/terraform-provider-aws/issues/27748 and .../32252.
    """

    def then(parameter: str, attribute: str) -> Any:  # noqa: ANN401  (moto's)
        return self.params.get(parameter) or getattr(former, attribute, None)

    engine, version = (then("Engine", "engine") or "redis").lower(), then("EngineVersion", "engine_version")
    if version and (engine, version) not in _FAMILIES:
        raise AwsError("InvalidParameterCombination", f"Cannot find version {version} for {engine}")
    name = then("CacheParameterGroupName", "cache_parameter_group_name")
    if version and name:
        expected, found = _FAMILIES[engine, version], _family(self, name)
        if found != expected:
            raise AwsError(
                "InvalidParameterCombination",
                f"Expected a parameter group of family {expected} but found one of family {found}",
            )
    check_windows(
        then("SnapshotWindow", "snapshot_window"),
        then("PreferredMaintenanceWindow", "preferred_maintenance_window"),
        shortest=_SHORTEST_WINDOW,
        name="snapshot",
    )


def _family(self: ElastiCacheResponse, name: str) -> str:
    if default := _DEFAULT_GROUP.fullmatch(name):
        return default["family"]
    group = _one_of(_groups(self, "parameter_groups"), name, "CacheParameterGroupNotFound")
    return str(group["CacheParameterGroupFamily"])


@corrects(
    ElastiCacheResponse,
    "create_replication_group",
    "elasticache",
    "CreateReplicationGroup",
    why="moto creates one member for any number, keeps capitals, and accepts any version, family and window",
)
def create_replication_group(original: Callable[..., ActionResult], self: ElastiCacheResponse) -> ActionResult:
    """Ask moto for replicas, which it does make; names and windows are kept in lower case.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
    """
    for name in ("ReplicationGroupId", "PreferredMaintenanceWindow"):
        if name in self.params:
            self.params[name] = self.params[name].lower()
    _check(self)
    _check_snapshot(self)
    self.params.setdefault("SnapshotWindow", "05:00-06:00")  # moto's own is malformed
    self.params.setdefault("ReplicasPerNodeGroup", self.params.get("NumCacheClusters", 1) - 1)
    return original(self)


def _check_snapshot(self: ElastiCacheResponse) -> None:
    """Refuse a snapshot that doesn't exist, and a restore into another engine than Valkey from Redis OSS.

    A snapshot has the keys only: all settings of the new group are those of the call, or defaults.
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-restoring.html
    """
    name = self.params.get("SnapshotName")
    if not name:
        return
    snapshot = self.elasticache_backend.snapshots.get(name)
    if snapshot is None:
        raise AwsError("SnapshotNotFoundFault", f"{name} not found")
    engines = (str(snapshot.engine).lower(), str(self.params.get("Engine") or "redis").lower())
    if engines[0] != engines[1] and engines != ("redis", "valkey"):
        raise AwsError(
            "InvalidParameterCombination", f"The snapshot's engine {engines[0]} can't be restored to {engines[1]}"
        )


@corrects(
    ElastiCacheBackend,
    "create_snapshot",
    "elasticache",
    "CreateSnapshot",
    why="moto doesn't know the nodes of replication groups, of which a snapshot is taken while cluster mode is off",
    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-manual.html",
)
def create_snapshot(
    original: Callable[..., Snapshot],
    backend: ElastiCacheBackend,
    *,
    replication_group_id: str | None,
    cache_cluster_id: str | None,
    **given: object,
) -> Snapshot:
    """Take a snapshot of a node: it names the node as its source.

    AWS doesn't say whether it names the node's group too; that it doesn't is the stricter case for a reader.
    """
    groups = backend.replication_groups.values()
    group = next((each for each in groups if cache_cluster_id in each.member_clusters), None)
    if group is None:
        return original(backend, replication_group_id=replication_group_id, cache_cluster_id=cache_cluster_id, **given)
    snapshot = original(backend, replication_group_id=group.replication_group_id, cache_cluster_id=None, **given)
    snapshot.cache_cluster_id, snapshot.replication_group_id = cache_cluster_id, None
    return snapshot


_CHANGEABLE = {
    "Engine": "engine",
    "CacheParameterGroupName": "cache_parameter_group_name",
    "EngineVersion": "engine_version",
    "SecurityGroupIds": "security_group_ids",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "SnapshotWindow": "snapshot_window",
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
    "TransitEncryptionEnabled": "transit_encryption_enabled",
    "TransitEncryptionMode": "transit_encryption_mode",
}
"""Parameter of a change, and moto's name for what it changes."""


@corrects(
    ElastiCacheResponse,
    "modify_replication_group",
    "elasticache",
    "ModifyReplicationGroup",
    why="moto ignores most changes, and accepts any version, family and window",
)
def modify_replication_group(original: Callable[..., ActionResult], self: ElastiCacheResponse) -> ActionResult:
    """Change what moto doesn't, too."""
    group = self.elasticache_backend.describe_replication_groups(self.params["ReplicationGroupId"])[0]
    _check(self, group)
    answer = original(self)
    for parameter, attribute in _CHANGEABLE.items():
        if self.params.get(parameter) is not None:
            setattr(group, attribute, self.params[parameter])
    removed, added = self.params.get("UserGroupIdsToRemove") or [], self.params.get("UserGroupIdsToAdd") or []
    group.user_group_ids = [each for each in group.user_group_ids if each not in removed] + list(added)
    if "LogDeliveryConfigurations" in self.params:
        group.log_delivery_configurations = _logs(group, self.params["LogDeliveryConfigurations"])
    return answer


def _logs(group: ReplicationGroup, given: list[Body]) -> list[Body]:
    """Where a group's logs go then: a type of log that is given changes or ends, and the others stay.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_LogDeliveryConfigurationRequest.html
    """
    changed = {each["LogType"] for each in given}
    kept_ones = [each for each in group.log_delivery_configurations if each["LogType"] not in changed]
    enabled = [
        {key: value for key, value in each.items() if key != "Enabled"} for each in given if each.get("Enabled", True)
    ]
    return [*kept_ones, *group._get_log_delivery_configurations(enabled)]


def _resize(self: ElastiCacheResponse) -> ActionResult:
    """Give the group a primary and as many replicas as asked for."""
    group = self.elasticache_backend.describe_replication_groups(self.params["ReplicationGroupId"])[0]
    members = group.node_groups[0]["node_group_members"]
    domain = group.node_groups[0]["primary_endpoint_address"].removeprefix("master.")
    group.member_clusters.clear()
    members.clear()
    group._set_node_members_clusters_disabled(
        member_clusters=group.member_clusters,
        replication_group_id=group.replication_group_id,
        replication_group_domain=domain,
        node_group=group.node_groups[0],
        preferred_cache_cluster_azs=[],
        num_cache_clusters=1,
        replicas_per_node_group=self.params["NewReplicaCount"],
    )
    return ActionResult({"ReplicationGroup": group})


for _operation in ("IncreaseReplicaCount", "DecreaseReplicaCount"):
    adds(ElastiCacheResponse, "elasticache", _operation, why="moto can't change the number of replicas")(_resize)


@corrects(
    ElastiCacheBackend,
    "delete_replication_group",
    "elasticache",
    "DeleteReplicationGroup",
    why="in moto a deleted group stays 'deleting' forever",
)
def delete_replication_group(
    original: Callable[..., ReplicationGroup], backend: ElastiCacheBackend, replication_group_id: str, **given: object
) -> ReplicationGroup:
    """Delete the group."""
    group = original(backend, replication_group_id, **given)
    del backend.replication_groups[replication_group_id]
    return group


@adds(ElastiCacheResponse, "elasticache", "ModifyCacheSubnetGroup", why="moto can't change a subnet group")
def modify_cache_subnet_group(self: ElastiCacheResponse) -> ActionResult:
    """Create the group again: moto computes a group's zones when it creates one."""
    backend, name = self.elasticache_backend, self.params["CacheSubnetGroupName"]
    (former,) = backend.describe_cache_subnet_groups(name)
    del backend.cache_subnet_groups[name]
    group = backend.create_cache_subnet_group(
        cache_subnet_group_name=name,
        cache_subnet_group_description=self.params.get(
            "CacheSubnetGroupDescription", former.cache_subnet_group_description
        ),
        subnet_ids=self.params.get("SubnetIds", former.subnet_ids),
        tags=former.tags,
    )
    return ActionResult({"CacheSubnetGroup": group})


@adds(ElastiCacheResponse, "elasticache", "DeleteCacheSubnetGroup", why="moto can't delete a subnet group")
def delete_cache_subnet_group(self: ElastiCacheResponse) -> ActionResult:
    """Delete a subnet group."""
    name = self.params["CacheSubnetGroupName"]
    self.elasticache_backend.describe_cache_subnet_groups(name)
    del self.elasticache_backend.cache_subnet_groups[name]
    return EmptyResult()


@corrects(
    ElastiCacheResponse,
    "describe_cache_clusters",
    "elasticache",
    "DescribeCacheClusters",
    why="moto doesn't list the members of replication groups",
)
def describe_cache_clusters(original: Callable[..., ActionResult], self: ElastiCacheResponse) -> ActionResult:
    """Return the members too, unless they aren't asked for."""
    asked = self.params.get("CacheClusterId")
    members = [
        _member(self, group, name)
        for group in self.elasticache_backend.replication_groups.values()
        for name in group.member_clusters
        if asked in {None, name} and not self.params.get("ShowCacheClustersNotInReplicationGroups")
    ]
    if asked and members:
        return ActionResult({"CacheClusters": members})
    answer: Any = original(self)
    return ActionResult({"CacheClusters": [*answer.result["CacheClusters"], *members]})


def _member(self: ElastiCacheResponse, group: ReplicationGroup, name: str) -> Body:
    return {
        "CacheClusterId": name,
        "ReplicationGroupId": group.replication_group_id,
        "CacheClusterStatus": "available",
        "CacheNodeType": group.cache_node_type,
        "Engine": group.engine,
        # AWS adds the patch level: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/supported-engine-versions.html
        "EngineVersion": f"{group.engine_version}.0",
        "NumCacheNodes": 1,
        "CacheParameterGroup": {
            "CacheParameterGroupName": group.cache_parameter_group_name,
            "ParameterApplyStatus": "in-sync",
        },
        "CacheSubnetGroupName": group.cache_subnet_group_name,
        "SecurityGroups": [{"SecurityGroupId": each, "Status": "active"} for each in group.security_group_ids or []],
        "PreferredMaintenanceWindow": group.preferred_maintenance_window,
        "SnapshotWindow": group.snapshot_window,
        "SnapshotRetentionLimit": group.snapshot_retention_limit,
        "AutoMinorVersionUpgrade": group.auto_minor_version_upgrade,
        "AtRestEncryptionEnabled": group.at_rest_encryption_enabled,
        "TransitEncryptionEnabled": group.transit_encryption_enabled,
        "TransitEncryptionMode": group.transit_encryption_mode,
        "AuthTokenEnabled": group.auth_token_enabled,
        "NetworkType": group.network_type,
        "IpDiscovery": group.ip_discovery,
        "ARN": _arn(self, "cluster", name),
    }

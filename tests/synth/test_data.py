"""Data: database and cache are private, encrypted, watched, and hard to lose."""

from __future__ import annotations

import pytest

import environments
from environments.flows import POSTGRESQL_PORT, REDIS_PORT
from environments.schema import Environment
from tests.conftest import Stack, of_aep, with_cache, with_database
from tests.synth.stores import follow, one

STANDARD, STARTER = (environments.load(name).profile for name in ("prod", "prod-starter"))


@pytest.fixture
def data(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-data"]


@with_database
@pytest.mark.requirement("R5.1")
def test_the_database_is_private_encrypted_and_available_by_value(data: Stack, env: Environment) -> None:
    database = one(data, "aws_db_instance")
    assert database["publicly_accessible"] is False
    subnets = follow(data, database["db_subnet_group_name"])["subnet_ids"]
    wanted = '${{data.terraform_remote_state.network.outputs.isolated_subnets["{}"]}}'
    assert subnets == [wanted.format(zone) for zone in env.zones]
    (key,) = data.resources("aws_kms_key")
    assert database["storage_encrypted"] is True
    assert database["kms_key_id"] == database["performance_insights_kms_key_id"] == f"${{aws_kms_key.{key}.arn}}"
    assert database["multi_az"] is env.profile.database_multi_az
    assert (STARTER.database_multi_az, STANDARD.database_multi_az) == (False, True)
    assert database["max_allocated_storage"] > database["allocated_storage"]
    assert database["storage_type"] == "gp3"


@with_database
@pytest.mark.requirement("R5.1")
def test_the_database_takes_tls_only(data: Stack, other_stores: Stack) -> None:
    for stack in (data, other_stores):
        group = follow(stack, one(stack, "aws_db_instance")["parameter_group_name"])
        parameters = {each["name"]: each["value"] for each in group["parameter"]}
        assert parameters["rds.force_ssl"] == "1"
        assert parameters["log_connections"] == parameters["log_disconnections"] == "1"
        at_reboot = {each["name"] for each in group["parameter"] if each["apply_method"] == "pending-reboot"}
        assert at_reboot == {"rds.force_ssl", "ssl_min_protocol_version"}, "RDS keeps it so for a family's default"
        assert group["family"] == f"postgres{one(stack, 'aws_db_instance')['engine_version']}"
        assert group["lifecycle"]["create_before_destroy"] is True


@with_database
@pytest.mark.requirement("R5.1")
def test_the_database_is_backed_up_and_leaves_a_snapshot(data: Stack, env: Environment) -> None:
    database = one(data, "aws_db_instance")
    assert env.database
    assert database["backup_retention_period"] == env.database.backup_days >= 7
    assert database["copy_tags_to_snapshot"] is True
    assert database["deletion_protection"] is env.protected
    assert database["skip_final_snapshot"] is not env.protected
    assert bool(database.get("final_snapshot_identifier")) is env.protected
    assert database["delete_automated_backups"] is not env.protected


@pytest.mark.requirement("R5.1", "R8.5")
def test_logs_go_to_groups_that_are_created_first(data: Stack, env: Environment) -> None:
    groups = {body["name"]: id_ for id_, body in data.resources("aws_cloudwatch_log_group").items()}
    for database in data.resources("aws_db_instance").values():
        assert set(database["enabled_cloudwatch_logs_exports"]) == {"postgresql", "upgrade"}
        for log in database["enabled_cloudwatch_logs_exports"]:
            first = groups[f"/aws/rds/instance/{database['identifier']}/{log}"]
            assert f"aws_cloudwatch_log_group.{first}" in database["depends_on"]
    for cache in data.resources("aws_elasticache_replication_group").values():
        delivered = {each["log_type"] for each in cache["log_delivery_configuration"]}
        assert delivered == {"slow-log", "engine-log"}
    assert len(groups) == 2 * len(env.stores)
    for group in data.resources("aws_cloudwatch_log_group").values():
        assert group["retention_in_days"] == env.observability.log_retention
        assert group["kms_key_id"].endswith(".outputs.log_key_arn}")


@with_database
@pytest.mark.requirement("R5.1")
def test_the_database_is_monitored(data: Stack, env: Environment) -> None:
    database = one(data, "aws_db_instance")
    assert database["monitoring_interval"] == 60
    assert database["performance_insights_enabled"] is True
    (trust,) = data.policy(f"{database['monitoring_role_arn'].split('.')[1]}_trust")
    assert trust["principals"][0]["identifiers"] == ["monitoring.rds.amazonaws.com"]
    assert trust["condition"][0]["values"] == [env.account_id]
    told = {each["source_type"]: each for each in data.resources("aws_db_event_subscription").values()}
    assert {"failure", "failover", "low storage", "maintenance"} <= set(told["db-instance"]["event_categories"])
    assert "db-parameter-group" in told
    assert all(each["sns_topic"].endswith("alerts_topic_arn}") for each in told.values())


@with_cache
@pytest.mark.requirement("R5.2")
def test_the_cache_is_encrypted_and_available_by_value(data: Stack, env: Environment) -> None:
    cache = one(data, "aws_elasticache_replication_group")
    (key,) = data.resources("aws_kms_key")
    assert (cache["transit_encryption_enabled"], cache["transit_encryption_mode"]) == (True, "required")
    assert (cache["at_rest_encryption_enabled"], cache["kms_key_id"]) == ("true", f"${{aws_kms_key.{key}.arn}}")
    several = env.profile.cache_nodes > 1
    assert cache["num_cache_clusters"] == env.profile.cache_nodes
    assert cache["automatic_failover_enabled"] is cache["multi_az_enabled"] is several
    assert (STARTER.cache_nodes, STANDARD.cache_nodes) == (1, 2)
    assert env.cache
    assert cache["snapshot_retention_limit"] == env.cache.snapshot_days >= 1
    assert all("isolated_subnets" in each for each in follow(data, cache["subnet_group_name"])["subnet_ids"])


@of_aep
@pytest.mark.requirement("R5.2")
def test_valkey_is_a_value(data: Stack, other_stores: Stack) -> None:
    caches = [one(stack, "aws_elasticache_replication_group") for stack in (data, other_stores)]
    assert [(cache["engine"], cache["engine_version"]) for cache in caches] == [("redis", "7.1"), ("valkey", "8.0")]
    families = [
        follow(s, c["parameter_group_name"])["family"] for s, c in zip((data, other_stores), caches, strict=True)
    ]
    assert families == ["redis7", "valkey8"]


@pytest.mark.requirement("R5.3")
def test_only_what_reaches_a_store_by_value_may_connect(
    stacks: dict[str, Stack], data: Stack, env: Environment
) -> None:
    """Each store has the network's group for it; nothing here, and no rule there, lets anyone else in."""
    assert not [kind for kind, _, _ in data.all_resources() if "security_group" in kind]
    network = stacks[f"{env.name}-network"]
    rules = network.resources("aws_vpc_security_group_ingress_rule").values()
    places: dict[str, tuple[str, str, int]] = {
        "database": ("aws_db_instance", "vpc_security_group_ids", POSTGRESQL_PORT),
        "cache": ("aws_elasticache_replication_group", "security_group_ids", REDIS_PORT),
    }
    for store in env.stores:
        kind, groups, port = places[store]
        body = one(data, kind)
        assert body["port"] == port
        assert body[groups] == [f'${{data.terraform_remote_state.network.outputs.security_groups["{store}"]}}']
        ids = network.outputs["security_groups"]
        into = [rule for rule in rules if rule["security_group_id"] == ids[store]]
        allowed = {ids[service.name] for service in env.product.services if store in service.reaches}
        assert env.product.name != "aep" or allowed == {ids["backend"]}
        assert {rule.get("referenced_security_group_id") for rule in into} == allowed
        assert {(rule["from_port"], rule["to_port"]) for rule in into} == {(port, port)}


@pytest.mark.requirement("R5.5")
def test_what_holds_data_is_not_destroyed_by_accident(data: Stack, env: Environment) -> None:
    guarded = {"aws_db_instance", "aws_elasticache_replication_group", "aws_kms_key"}
    user = "aws_elasticache_user.cache_users_application"
    bodies = [body for kind, id_, body in data.all_resources() if kind in guarded or f"{kind}.{id_}" == user]
    # A database; a cache and its user; the key of both.
    assert len(bodies) == bool(env.database) + 2 * bool(env.cache) + bool(env.stores)
    assert all(body["lifecycle"]["prevent_destroy"] is env.protected for body in bodies)


@pytest.mark.requirement("R5.5", "R11.4")
def test_growing_from_starter_to_prod_changes_stores_in_place(stacks: dict[str, Stack]) -> None:
    """None of the differing arguments is one that the provider replaces an instance or replication group for."""
    in_place = {
        "aws_db_instance": {"instance_class", "multi_az"},
        "aws_elasticache_replication_group": {
            "automatic_failover_enabled",
            "multi_az_enabled",
            "node_type",
            "num_cache_clusters",
        },
    }
    for kind, arguments in in_place.items():
        small, large = (one(stacks[f"{name}-data"], kind) for name in ("prod-starter", "prod"))
        assert set(small) == set(large)
        assert {name for name in small if small[name] != large[name]} - {"//"} == arguments

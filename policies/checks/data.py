"""Databases, caches, buckets and secrets: backups, encryption, and protection against accidental destruction."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rule import Resource, is_true, rule

_RDS = "https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html"
_DATABASES = ("aws_db_instance", "aws_rds_cluster")
_WEEK = 7


@rule("CKV_ROLLOUT_20", source=_RDS, on=_DATABASES)
def keeps_backups(database: Resource) -> Iterator[str]:
    """A database keeps backups for a week or longer."""
    days = database.number("backup_retention_period")
    if days < _WEEK:
        yield f"backup_retention_period is {days} days, must be {_WEEK} to 35"


@rule("CKV_ROLLOUT_21", source=_RDS, on=_DATABASES)
def final_snapshot(database: Resource) -> Iterator[str]:
    """A database leaves a final snapshot when it is deleted."""
    if is_true(database.get("skip_final_snapshot")):
        yield "skip_final_snapshot is true; set it to false and name final_snapshot_identifier"


@rule("CKV_ROLLOUT_22", source=_RDS, on=_DATABASES)
def administrator_name(database: Resource) -> Iterator[str]:
    """A database's administrator has a name that isn't the default."""
    name = database.text("username") or database.text("master_username")
    if name.lower() in {"admin", "postgres", "root"}:
        yield f"username is the default {name!r}; choose another"


@rule(
    "CKV_ROLLOUT_23",
    source="https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle",
    on=(
        *_DATABASES,
        "aws_ecr_repository",
        "aws_elasticache_replication_group",
        "aws_kms_key",
        "aws_organizations_account",
        "aws_s3_bucket",
        "aws_secretsmanager_secret",
    ),
)
def destruction_is_prevented(resource: Resource) -> Iterator[str]:
    """A plan that destroys a resource with data fails."""
    protected = any(is_true(each.get("prevent_destroy")) for each in resource.blocks("lifecycle"))
    if not protected:
        yield "has no lifecycle.prevent_destroy; set it to true"


_REDIS = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/"


@rule(
    "CKV_ROLLOUT_67",
    source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html",
    on="aws_secretsmanager_secret",
)
def secret_can_be_restored(secret: Resource) -> Iterator[str]:
    """A deleted secret can be restored for a week or longer."""
    days = secret.number("recovery_window_in_days", 30)
    if days < _WEEK:
        yield f"recovery_window_in_days is {days}, must be {_WEEK} to 30"


@rule("CKV_ROLLOUT_68", source=_REDIS + "Clusters.RBAC.html", on="aws_elasticache_user")
def cache_user_logs_in(user: Resource) -> Iterator[str]:
    """A cache user without a password is off."""
    modes = {each.get("type") for each in user.blocks("authentication_mode")}
    free = user.true("no_password_required") or "no-password-required" in modes
    if free and not user.text("access_string").startswith("off"):
        yield "needs no password and is on; begin access_string with off, or ask for a password or IAM"


@rule("CKV_ROLLOUT_69", source=_REDIS + "in-transit-encryption-enable.html", on="aws_elasticache_replication_group")
def cache_takes_tls_only(cache: Resource) -> Iterator[str]:
    """A cache accepts connections with TLS only."""
    if cache.text("transit_encryption_mode") == "preferred":
        yield "transit_encryption_mode is 'preferred', which accepts connections without TLS; must be 'required'"


@rule("CKV_ROLLOUT_70", source=_REDIS + "backups-automatic.html", on="aws_elasticache_replication_group")
def cache_keeps_snapshots(cache: Resource) -> Iterator[str]:
    """A cache keeps snapshots."""
    if cache.number("snapshot_retention_limit") < 1:
        yield "snapshot_retention_limit is 0, must be 1 to 35 days"


@rule(
    "CKV_ROLLOUT_71",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html",
    on="aws_s3_bucket",
)
def bucket_names_encryption(bucket: Resource) -> Iterator[str]:
    """A bucket has an encryption configuration."""
    if not any(bucket.users("aws_s3_bucket_server_side_encryption_configuration")):
        yield "has no aws_s3_bucket_server_side_encryption_configuration"

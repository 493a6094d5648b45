"""Secrets and caches."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rule import Resource, rule

_REDIS = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/"
_WEEK = 7


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

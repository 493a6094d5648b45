"""Backups, and protection of data against accidental destruction."""

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

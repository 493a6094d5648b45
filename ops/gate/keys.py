"""Checks that each resource is encrypted with the key of its purpose, not with another key of the environment.

Keys are separated by who may decrypt: with the key of alerts, every service that publishes could read the database.
https://docs.aws.amazon.com/prescriptive-guidance/latest/encryption-best-practices/kms.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from environments.names import Names
from environments.schema import Environment
from ops.gate.index import Index, values_at
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.permissions.statements import Arns

OTHER_KEY = "ROLLOUT_KEY"
CHECKS = {
    OTHER_KEY: Check(
        OTHER_KEY,
        "Each resource is encrypted with the key of its purpose",
        "https://docs.aws.amazon.com/prescriptive-guidance/latest/encryption-best-practices/kms.html",
        own=True,
    )
}
_BUCKET = "aws_s3_bucket_server_side_encryption_configuration"
KEYS: Mapping[tuple[str, str], str] = {
    ("aws_cloudtrail", "kms_key_id"): "audit",
    ("aws_cloudwatch_log_group", "kms_key_id"): "logs",
    ("aws_config_delivery_channel", "s3_kms_key_arn"): "audit",
    ("aws_db_instance", "kms_key_id"): "data",
    ("aws_db_instance", "performance_insights_kms_key_id"): "data",
    ("aws_ecr_repository", "encryption_configuration.kms_key"): "registry",
    ("aws_ecs_cluster", "configuration.execute_command_configuration.kms_key_id"): "secrets",
    ("aws_elasticache_replication_group", "kms_key_id"): "data",
    ("aws_secretsmanager_secret", "kms_key_id"): "secrets",
    ("aws_sns_topic", "kms_master_key_id"): "alerts",
    (_BUCKET, "rule.apply_server_side_encryption_by_default.kms_master_key_id"): "audit",
}
"""The purpose of a resource's key, which its alias has, by type and attribute."""


def other_keys(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Find the resources that use another key of the environment.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.
    """
    ledger, index, names = Ledger(), Index(view), Names(environment)
    aliases = dict(_aliases(index))
    arns = Arns(index, names.place)
    for (kind, attribute), purpose in KEYS.items():
        for block in index.all(kind):
            of_state = kind == _BUCKET and arns.render(block.settings.get("bucket"), allows=False) == names.state_bucket
            wanted = names.alias("state" if of_state else purpose)
            found = [_alias(value, index, aliases) for value in values_at(block.settings, attribute)]
            ledger.judge(OTHER_KEY, block.block, [f"uses {each}, not {wanted}" for each in found if each != wanted])
    return ledger.records()


def _aliases(index: Index) -> Iterator[tuple[str, str]]:
    """The alias of each key; a key with two of them has none."""
    blocks = list(index.all("aws_kms_alias"))
    keys = [index.key(block.settings.get("target_key_id"), block) for block in blocks]
    for key, block in zip(keys, blocks, strict=True):
        yield key, str(block.settings.get("name")) if keys.count(key) == 1 else "a key with several aliases"


def _alias(value: object, index: Index, aliases: Mapping[str, str]) -> str:
    key = index.follow(value)
    return aliases.get(key.name, "a key without an alias") if key is not None else "another key"

"""The plan gate's data: what gives access, which attribute says who may do what to whom, and what is stateful."""

from __future__ import annotations

from typing import NamedTuple

from environments.documents import ENDPOINT, HOLDERS, INLINE, KEY, Holder

POLICIES = {**HOLDERS, ("aws_iam_role", "inline_policy.policy"): Holder(INLINE, "name")}
"""Policies of one subject are judged together. A policy in any other attribute is recognized by its form, and judged as
the policy of that resource only."""
OPEN_WITHOUT = frozenset({ENDPOINT.label, KEY.label})
"""Kinds of policy that AWS replaces by a wide default when they are removed."""


ATTACHED_LATER = frozenset({"aws_iam_policy", "aws_organizations_policy"})
"""Types of policy that have no effect until something gets them."""
DENYING = ("arn:aws*:iam::aws:policy/AWSDenyAll", "arn:aws*:iam::aws:policy/AWSCompromisedKeyQuarantine*")
"""Patterns of the ARNs of AWS's own policies that deny.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSDenyAll.html
"""


class Grant(NamedTuple):
    """A pair of attributes that gives access while the resource exists."""

    kind: str
    subject: str
    object: str
    what: str


GRANTS = (
    Grant("aws_iam_role_policy_attachment", "role", "policy_arn", "gets policy"),
    Grant("aws_iam_role", "name", "managed_policy_arns", "gets policy"),
    Grant("aws_iam_user_policy_attachment", "user", "policy_arn", "gets policy"),
    Grant("aws_iam_group_policy_attachment", "group", "policy_arn", "gets policy"),
    Grant("aws_iam_policy_attachment", "roles", "policy_arn", "gets policy"),
    Grant("aws_iam_policy_attachment", "users", "policy_arn", "gets policy"),
    Grant("aws_iam_policy_attachment", "groups", "policy_arn", "gets policy"),
    Grant("aws_iam_user_group_membership", "user", "groups", "joins group"),
    Grant("aws_iam_group_membership", "users", "group", "joins group"),
    Grant("aws_iam_user", "name", "name", "becomes user"),
    Grant("aws_iam_access_key", "user", "id", "gets access key"),
    Grant("aws_iam_instance_profile", "name", "role", "hands out role"),
    Grant("aws_iam_openid_connect_provider", "url", "client_id_list", "is trusted for audience"),
    Grant("aws_iam_openid_connect_provider", "url", "thumbprint_list", "is trusted with certificate"),
    Grant("aws_iam_saml_provider", "name", "saml_metadata_document", "is trusted with other metadata:"),
    Grant("aws_ecs_task_definition", "family", "task_role_arn", "runs as role"),
    Grant("aws_ecs_task_definition", "family", "execution_role_arn", "is started by role"),
    Grant("aws_lambda_permission", "function_name", "principal", "can be called by"),
    Grant("aws_kms_grant", "key_id", "grantee_principal", "can be used by"),
    Grant("aws_kms_grant", "key_id", "operations", "can be used to"),
    Grant("aws_ram_principal_association", "resource_share_arn", "principal", "is shared with"),
    Grant("aws_s3_bucket_acl", "bucket", "acl", "has the ACL"),
    Grant("aws_ecs_service", "name", "network_configuration.security_groups", "joins security group"),
    Grant("aws_lb", "name", "security_groups", "joins security group"),
    Grant("aws_db_instance", "identifier", "vpc_security_group_ids", "joins security group"),
    Grant("aws_elasticache_replication_group", "replication_group_id", "security_group_ids", "joins security group"),
)


class ProtectedSetting(NamedTuple):
    """A setting that prevents access or loss while it has its safe value."""

    kind: str
    subject: str
    """The attribute that names what it protects; empty if that is the resource itself."""
    attribute: str
    safe: str | None
    """None if every change of the value is a loss of protection."""


_BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
PROTECTED_SETTINGS = (
    *(ProtectedSetting("aws_s3_bucket_public_access_block", "bucket", each, "true") for each in _BLOCKS),
    *(ProtectedSetting("aws_s3_account_public_access_block", "account_id", each, "true") for each in _BLOCKS),
    ProtectedSetting("aws_s3_bucket_ownership_controls", "bucket", "rule.object_ownership", "BucketOwnerEnforced"),
    ProtectedSetting("aws_iam_role", "", "permissions_boundary", None),
    ProtectedSetting("aws_iam_user", "", "permissions_boundary", None),
    ProtectedSetting("aws_organizations_policy_attachment", "id", "policy_id", None),
    ProtectedSetting("aws_db_instance", "", "publicly_accessible", "false"),
    ProtectedSetting("aws_db_instance", "", "deletion_protection", "true"),
    ProtectedSetting("aws_subnet", "", "map_public_ip_on_launch", "false"),
    ProtectedSetting("aws_lb", "", "internal", "true"),
)

STATEFUL = {
    "aws_backup_vault": "its recovery points",
    "aws_cloudtrail": "the record of who did what from then on",
    "aws_cloudtrail_event_data_store": "its events",
    "aws_cloudwatch_log_group": "its entries, which are evidence",
    "aws_cognito_user_pool": "its users",
    "aws_config_configuration_recorder": "the record of changes from then on",
    "aws_db_instance": "its data",
    "aws_db_snapshot": "a backup",
    "aws_docdb_cluster": "its data",
    "aws_dynamodb_table": "its items",
    "aws_ebs_snapshot": "a backup",
    "aws_ebs_volume": "its data",
    "aws_ecr_repository": "its images, without which nothing can be rolled back",
    "aws_efs_file_system": "its files",
    "aws_elasticache_cluster": "its data",
    "aws_elasticache_replication_group": "its data",
    "aws_elasticache_serverless_cache": "its data",
    "aws_elasticache_user": "its credentials, which are set by hand",
    "aws_guardduty_detector": "its findings, and detection from then on",
    "aws_instance": "what is on its disks",
    "aws_kinesis_stream": "its records",
    "aws_kms_external_key": "all that it encrypts",
    "aws_kms_key": "all that it encrypts",
    "aws_kms_replica_key": "what it encrypts in its region",
    "aws_memorydb_cluster": "its data",
    "aws_mq_broker": "its messages",
    "aws_msk_cluster": "its records",
    "aws_neptune_cluster": "its data",
    "aws_opensearch_domain": "its documents",
    "aws_organizations_account": "an account with all that is in it",
    "aws_organizations_organization": "the organization",
    "aws_rds_cluster": "its data",
    "aws_rds_global_cluster": "its data",
    "aws_redshift_cluster": "its data",
    "aws_route53_zone": "its name servers, to which the registrar delegates",
    "aws_s3_bucket": "its objects and its name",
    "aws_secretsmanager_secret": "its value, which is set by hand",
    "aws_securityhub_account": "its findings",
    "aws_sqs_queue": "its messages",
    "aws_ssm_parameter": "its value",
}
"""Types, each with what its deletion loses.

Not here, on purpose: `aws_secretsmanager_secret_version` (the provider can't delete a current version, and ours
follows its database), addresses (`aws_eip`) and everything else that an apply re-creates unchanged.
"""

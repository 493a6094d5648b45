"""What holds something that an apply can't bring back, and the changes that would lose it."""

from __future__ import annotations

from collections.abc import Iterator

from ops.plan_gate.model import Change, Finding, Kind

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
follows its database), addresses (`aws_eip`) and everything else that an apply makes anew just as it was.
"""
_REASONS = {
    "replace_because_tainted": "because it is marked as tainted",
    "replace_by_request": "because -replace asks for it",
    "replace_by_triggers": "because of replace_triggered_by",
    "delete_because_no_resource_config": "because it isn't configured any more",
    "delete_because_no_module": "because its module isn't there any more",
    "delete_because_wrong_repetition": "because its count or for_each changed",
    "delete_because_count_index": "because its count changed",
    "delete_because_each_key": "because its for_each changed",
    "delete_because_no_move_target": "because it was moved to where nothing is configured",
}


def losses(changes: tuple[Change, ...]) -> Iterator[Finding]:
    """Deletions, replacements and forgettings of what is stateful."""
    for change in changes:
        lost = STATEFUL.get(change.kind)
        if lost is None or not change.actions & {"delete", "forget"}:
            continue
        if "forget" in change.actions:
            what = f"would be forgotten: Terraform would no longer guard {lost}"
        elif "create" in change.actions:
            what = f"would be replaced{_why(change)}; that loses {lost}"
        elif change.deposed:
            what = f"would lose an earlier object that is still there; that loses {lost}"
        else:
            what = f"would be deleted{_why(change)}; that loses {lost}"
        yield Finding(Kind.STATEFUL, change.address, what)


def _why(change: Change) -> str:
    if change.forced_by:
        return f", forced by {', '.join(change.forced_by)}"
    reason = _REASONS.get(change.reason, "")
    return f" {reason}" if reason else ""

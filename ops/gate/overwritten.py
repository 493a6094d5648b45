"""Checks that no two resources set the same thing at AWS: AWS accepts both, and the last one overwrites the other.

Neither Terraform nor AWS reports an error: of two alarms with one name, one doesn't exist. Where AWS rejects the second
resource, as it does for most types, the apply fails, so those types aren't here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from environments.names import Names
from environments.schema import Environment
from ops.gate.index import Index, shown
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.permissions.statements import Arns

OVERWRITTEN = "ROLLOUT_OVERWRITTEN"
CHECKS = {
    OVERWRITTEN: Check(
        OVERWRITTEN,
        "No two resources set the same thing at AWS, and names are the environment's own",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
        own=True,
    )
}
_ONCE: tuple[str, ...] = ()
_BUCKET, _NAME = ("bucket",), ("name",)
_ALARM = "alarm"
IDENTITIES: Mapping[str, tuple[str, ...]] = {
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html, PutCompositeAlarm,
    # PutDashboard: names of alarms of both types are unique within a region.
    "aws_cloudwatch_composite_alarm": ("alarm_name",),
    "aws_cloudwatch_dashboard": ("dashboard_name",),
    "aws_cloudwatch_metric_alarm": ("alarm_name",),
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    "aws_cloudwatch_event_bus_policy": ("event_bus_name",),
    "aws_cloudwatch_event_rule": ("name", "event_bus_name"),
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html,
    # API_PutSubscriptionFilter.html, API_PutResourcePolicy.html, API_PutAccountPolicy.html
    "aws_cloudwatch_log_account_policy": ("policy_name", "policy_type"),
    "aws_cloudwatch_log_data_protection_policy": ("log_group_name",),
    "aws_cloudwatch_log_metric_filter": ("log_group_name", "name"),
    "aws_cloudwatch_log_resource_policy": ("policy_name",),
    "aws_cloudwatch_log_subscription_filter": ("log_group_name", "name"),
    # https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html,
    # API_RegisterScalableTarget.html, API_PutScheduledAction.html
    "aws_appautoscaling_policy": ("name", "resource_id", "scalable_dimension"),
    "aws_appautoscaling_scheduled_action": ("name", "resource_id", "scalable_dimension"),
    "aws_appautoscaling_target": ("resource_id", "scalable_dimension"),
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html and its siblings; attaching twice is no
    # error, and removing one of the two attachments detaches the policy.
    "aws_iam_account_password_policy": _ONCE,
    "aws_iam_group_policy": ("group", "name"),
    "aws_iam_role_policy": ("role", "name"),
    "aws_iam_role_policy_attachment": ("role", "policy_arn"),
    "aws_iam_user_policy": ("user", "name"),
    "aws_kms_key_policy": ("key_id",),
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html and its siblings
    "aws_s3_account_public_access_block": _ONCE,
    "aws_s3_bucket_acl": _BUCKET,
    "aws_s3_bucket_lifecycle_configuration": _BUCKET,
    "aws_s3_bucket_logging": _BUCKET,
    "aws_s3_bucket_notification": _BUCKET,
    "aws_s3_bucket_ownership_controls": _BUCKET,
    "aws_s3_bucket_policy": _BUCKET,
    "aws_s3_bucket_public_access_block": _BUCKET,
    "aws_s3_bucket_replication_configuration": _BUCKET,
    "aws_s3_bucket_server_side_encryption_configuration": _BUCKET,
    "aws_s3_bucket_versioning": _BUCKET,
    "aws_s3_object": ("bucket", "key"),
    # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html, API_PutSecretValue.html
    "aws_secretsmanager_secret_policy": ("secret_arn",),
    "aws_secretsmanager_secret_rotation": ("secret_id",),
    "aws_secretsmanager_secret_version": ("secret_id",),
    "aws_ssm_parameter": _NAME,
    # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html, API_SetTopicAttributes.html, API_Subscribe.html:
    # a topic or subscription that exists is returned.
    "aws_sns_topic": _NAME,
    "aws_sns_topic_policy": ("arn",),
    "aws_sns_topic_subscription": ("topic_arn", "protocol", "endpoint"),
    "aws_sqs_queue_policy": ("queue_url",),
    # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html and its siblings
    "aws_ecr_lifecycle_policy": ("repository",),
    "aws_ecr_registry_policy": _ONCE,
    "aws_ecr_registry_scanning_configuration": _ONCE,
    "aws_ecr_replication_configuration": _ONCE,
    "aws_ecr_repository_policy": ("repository",),
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html returns one that exists; a task
    # definition is a revision of its family: API_RegisterTaskDefinition.html
    "aws_ecs_account_setting_default": _NAME,
    "aws_ecs_cluster": _NAME,
    "aws_ecs_cluster_capacity_providers": ("cluster_name",),
    "aws_ecs_task_definition": ("family",),
    # https://docs.aws.amazon.com/config/latest/APIReference/API_PutConfigurationRecorder.html,
    # API_PutDeliveryChannel.html
    "aws_config_configuration_recorder": _ONCE,
    "aws_config_configuration_recorder_status": _ONCE,
    "aws_config_delivery_channel": _ONCE,
    # https://docs.aws.amazon.com/guardduty/latest/APIReference/API_UpdateDetector.html
    "aws_guardduty_detector_feature": ("detector_id", "name"),
    "aws_securityhub_account": _ONCE,
    "aws_securityhub_standards_subscription": ("standards_arn",),
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableEbsEncryptionByDefault.html and its siblings
    "aws_ebs_default_kms_key": _ONCE,
    "aws_ebs_encryption_by_default": _ONCE,
    "aws_ec2_instance_metadata_defaults": _ONCE,
    # Terraform adopts what the VPC has: https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/default_security_group
    "aws_default_network_acl": ("default_network_acl_id",),
    "aws_default_route_table": ("default_route_table_id",),
    "aws_default_security_group": ("vpc_id",),
    "aws_vpc_endpoint_policy": ("vpc_endpoint_id",),
    # https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html, API_PutLoggingConfiguration.html
    "aws_wafv2_web_acl_association": ("resource_arn",),
    "aws_wafv2_web_acl_logging_configuration": ("resource_arn",),
    # With `allow_overwrite`: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
    "aws_route53_record": ("zone_id", "name", "type", "set_identifier"),
}
"""The attributes that identify what a type of resource sets; none if an account has one in each region."""
_TOGETHER = {"aws_cloudwatch_composite_alarm": _ALARM, "aws_cloudwatch_metric_alarm": _ALARM}
"""Types whose names are of one kind."""
NAMES: Mapping[str, str] = {
    "aws_cloudwatch_composite_alarm": "alarm_name",
    "aws_cloudwatch_dashboard": "dashboard_name",
    "aws_cloudwatch_event_rule": "name",
    "aws_cloudwatch_log_resource_policy": "policy_name",
    "aws_cloudwatch_metric_alarm": "alarm_name",
    "aws_iam_policy": "name",
    "aws_iam_role": "name",
    "aws_iam_role_policy": "name",
    "aws_kms_alias": "name",
    "aws_sns_topic": "name",
}
"""Names that must be the environment's: another stage or product of the account has resources with its own prefix."""


def overwritten(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Find resources that overwrite others, in the environment or in another one of its account.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.
    """
    ledger, index, names = Ledger(), Index(view), Names(environment)
    arns = Arns(index, names.place)
    same: dict[tuple[str, ...], list[ScannedBlock]] = defaultdict(list)
    for kind, attributes in IDENTITIES.items():
        for block in index.all(kind):
            # The provider of another region sets other resources.
            place = str(block.settings.get("provider", ""))
            same[_TOGETHER.get(kind, kind), place, *_identity(block, attributes, index, arns)].append(block)
    for blocks in same.values():
        for block in blocks:
            others = [shown(each) for each in blocks if each is not block]
            ledger.judge(OVERWRITTEN, block.block, [f"sets the same at AWS as {other}" for other in others])
    for kind, attribute in NAMES.items():
        for block in index.all(kind):
            name = str(block.settings.get(attribute))
            own = name.removeprefix("alias/") == names.prefix or name.removeprefix("alias/").startswith(
                f"{names.prefix}-"
            )
            what = (
                f"its {attribute} {name!r} doesn't start with {names.prefix!r}: another environment may have that name"
            )
            ledger.judge(OVERWRITTEN, block.block, [] if own else [what])
    for block in index.resources():
        phase = block.block.stack.removeprefix(f"{environment.name}-")
        if tags := sorted(set(names.tags(phase)) & set(block.settings.get("tags") or ())):
            what = f"its tags override the provider's default tags: {', '.join(tags)}"
            ledger.judge(OVERWRITTEN, block.block, [what])
    return ledger.records()


def _identity(block: ScannedBlock, attributes: Sequence[str], index: Index, arns: Arns) -> Iterator[str]:
    """What a resource sets: names and ARNs, whether they are literals or references."""
    for attribute in attributes:
        value = block.settings.get(attribute, "")
        yield arns.render(value, allows=False) if index.follow(value) else str(value)

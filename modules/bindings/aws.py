"""The AWS provider's classes that constructs use, one line for each resource type. No other module imports them.

After a change, `make bindings-table` takes the classes over into the table of the engine in Python.
"""

from typing import TYPE_CHECKING

from modules.bindings import IN_PYTHON

if TYPE_CHECKING or not IN_PYTHON:
    from cdktf_cdktf_provider_aws.accessanalyzer_analyzer import *
    from cdktf_cdktf_provider_aws.acm_certificate import *
    from cdktf_cdktf_provider_aws.acm_certificate_validation import *
    from cdktf_cdktf_provider_aws.appautoscaling_policy import *
    from cdktf_cdktf_provider_aws.appautoscaling_target import *
    from cdktf_cdktf_provider_aws.budgets_budget import *
    from cdktf_cdktf_provider_aws.chatbot_slack_channel_configuration import *
    from cdktf_cdktf_provider_aws.cloudtrail import *
    from cdktf_cdktf_provider_aws.cloudwatch_composite_alarm import *
    from cdktf_cdktf_provider_aws.cloudwatch_dashboard import *
    from cdktf_cdktf_provider_aws.cloudwatch_event_rule import *
    from cdktf_cdktf_provider_aws.cloudwatch_event_target import *
    from cdktf_cdktf_provider_aws.cloudwatch_log_group import *
    from cdktf_cdktf_provider_aws.cloudwatch_log_resource_policy import *
    from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import *
    from cdktf_cdktf_provider_aws.codedeploy_app import *
    from cdktf_cdktf_provider_aws.codedeploy_deployment_group import *
    from cdktf_cdktf_provider_aws.config_configuration_recorder import *
    from cdktf_cdktf_provider_aws.config_configuration_recorder_status import *
    from cdktf_cdktf_provider_aws.config_delivery_channel import *
    from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import *
    from cdktf_cdktf_provider_aws.db_event_subscription import *
    from cdktf_cdktf_provider_aws.db_instance import *
    from cdktf_cdktf_provider_aws.db_parameter_group import *
    from cdktf_cdktf_provider_aws.db_subnet_group import *
    from cdktf_cdktf_provider_aws.default_route_table import *
    from cdktf_cdktf_provider_aws.default_security_group import *
    from cdktf_cdktf_provider_aws.ebs_encryption_by_default import *
    from cdktf_cdktf_provider_aws.ec2_instance_metadata_defaults import *
    from cdktf_cdktf_provider_aws.ecr_lifecycle_policy import *
    from cdktf_cdktf_provider_aws.ecr_registry_scanning_configuration import *
    from cdktf_cdktf_provider_aws.ecr_repository import *
    from cdktf_cdktf_provider_aws.ecr_repository_policy import *
    from cdktf_cdktf_provider_aws.ecs_cluster import *
    from cdktf_cdktf_provider_aws.ecs_cluster_capacity_providers import *
    from cdktf_cdktf_provider_aws.ecs_service import *
    from cdktf_cdktf_provider_aws.ecs_task_definition import *
    from cdktf_cdktf_provider_aws.eip import *
    from cdktf_cdktf_provider_aws.elasticache_parameter_group import *
    from cdktf_cdktf_provider_aws.elasticache_replication_group import *
    from cdktf_cdktf_provider_aws.elasticache_subnet_group import *
    from cdktf_cdktf_provider_aws.elasticache_user import *
    from cdktf_cdktf_provider_aws.elasticache_user_group import *
    from cdktf_cdktf_provider_aws.flow_log import *
    from cdktf_cdktf_provider_aws.guardduty_detector import *
    from cdktf_cdktf_provider_aws.guardduty_detector_feature import *
    from cdktf_cdktf_provider_aws.iam_account_password_policy import *
    from cdktf_cdktf_provider_aws.iam_openid_connect_provider import *
    from cdktf_cdktf_provider_aws.iam_policy import *
    from cdktf_cdktf_provider_aws.iam_role import *
    from cdktf_cdktf_provider_aws.iam_role_policy import *
    from cdktf_cdktf_provider_aws.iam_role_policy_attachment import *
    from cdktf_cdktf_provider_aws.iam_service_linked_role import *
    from cdktf_cdktf_provider_aws.internet_gateway import *
    from cdktf_cdktf_provider_aws.kms_alias import *
    from cdktf_cdktf_provider_aws.kms_key import *
    from cdktf_cdktf_provider_aws.lb import *
    from cdktf_cdktf_provider_aws.lb_listener import *
    from cdktf_cdktf_provider_aws.lb_listener_rule import *
    from cdktf_cdktf_provider_aws.lb_target_group import *
    from cdktf_cdktf_provider_aws.nat_gateway import *
    from cdktf_cdktf_provider_aws.organizations_account import *
    from cdktf_cdktf_provider_aws.organizations_organizational_unit import *
    from cdktf_cdktf_provider_aws.organizations_policy import *
    from cdktf_cdktf_provider_aws.organizations_policy_attachment import *
    from cdktf_cdktf_provider_aws.provider import *
    from cdktf_cdktf_provider_aws.route import *
    from cdktf_cdktf_provider_aws.route53_record import *
    from cdktf_cdktf_provider_aws.route53_zone import *
    from cdktf_cdktf_provider_aws.route_table import *
    from cdktf_cdktf_provider_aws.route_table_association import *
    from cdktf_cdktf_provider_aws.s3_account_public_access_block import *
    from cdktf_cdktf_provider_aws.s3_bucket import *
    from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import *
    from cdktf_cdktf_provider_aws.s3_bucket_logging import *
    from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import *
    from cdktf_cdktf_provider_aws.s3_bucket_policy import *
    from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import *
    from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import *
    from cdktf_cdktf_provider_aws.s3_bucket_versioning import *
    from cdktf_cdktf_provider_aws.scheduler_schedule import *
    from cdktf_cdktf_provider_aws.scheduler_schedule_group import *
    from cdktf_cdktf_provider_aws.secretsmanager_secret import *
    from cdktf_cdktf_provider_aws.secretsmanager_secret_policy import *
    from cdktf_cdktf_provider_aws.secretsmanager_secret_rotation import *
    from cdktf_cdktf_provider_aws.secretsmanager_secret_version import *
    from cdktf_cdktf_provider_aws.security_group import *
    from cdktf_cdktf_provider_aws.securityhub_account import *
    from cdktf_cdktf_provider_aws.securityhub_standards_subscription import *
    from cdktf_cdktf_provider_aws.sns_topic import *
    from cdktf_cdktf_provider_aws.sns_topic_policy import *
    from cdktf_cdktf_provider_aws.sns_topic_subscription import *
    from cdktf_cdktf_provider_aws.subnet import *
    from cdktf_cdktf_provider_aws.vpc import *
    from cdktf_cdktf_provider_aws.vpc_endpoint import *
    from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import *
    from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import *
    from cdktf_cdktf_provider_aws.wafv2_web_acl import *
    from cdktf_cdktf_provider_aws.wafv2_web_acl_association import *
    from cdktf_cdktf_provider_aws.wafv2_web_acl_logging_configuration import *


def __getattr__(name: str) -> object:
    """Return what stands for a class, or say what a type needs that no construct has used yet."""
    if IN_PYTHON and not name.startswith("__"):
        from modules.bindings.recorder import named  # noqa: PLC0415  (node doesn't need it)

        return globals().setdefault(name, named(name))
    raise AttributeError(f"{__name__} has no {name}: add its module to modules/bindings/aws.py")

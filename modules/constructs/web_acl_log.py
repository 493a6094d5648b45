"""Logs of a web ACL."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.cloudwatch_log_resource_policy import CloudwatchLogResourcePolicy
from cdktf_cdktf_provider_aws.wafv2_web_acl_logging_configuration import (
    Wafv2WebAclLoggingConfiguration,
    Wafv2WebAclLoggingConfigurationRedactedFields,
    Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader,
)
from constructs import Construct

from environments.names import Names
from modules.constructs.log_group import LogGroup
from modules.policy import Statement, document

SECRET_HEADERS = ("authorization", "cookie")


class WebAclLog:
    """Every request that the web ACL sees, in a log group, without what would let a reader act as the user."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        web_acl_arn: str,
        log_group: str,
        log_group_arn: str,
        policy_name: str,
        retention_days: int,
        kms_key_arn: str,
        names: Names,
    ) -> None:
        """Make the log.

        Args:
            scope: The stack.
            id_: Id of the log group, of the policy that lets WAF write to it, and of the logging configuration.
            web_acl_arn: The web ACL.
            log_group: The log group's name; it has to start with `aws-waf-logs-`.
            log_group_arn: The log group's ARN.
            policy_name: Name of the policy.
            retention_days: Days that the logs are kept.
            kms_key_arn: Key of the log group.
            names: The environment's names.
        """
        LogGroup(scope, id_, name=log_group, retention_days=retention_days, kms_key_arn=kms_key_arn)
        # WAF would write such a policy by itself, once, under a name that all of the account's web ACLs share.
        # https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
        delivery = Statement(
            sid="Deliver",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[f"{log_group_arn}:*"],
            principals={"Service": ["delivery.logs.amazonaws.com"]},
            conditions=[
                ("StringEquals", "aws:SourceAccount", [names.environment.account_id]),
                ("ArnLike", "aws:SourceArn", [names.arn("logs", "*")]),
            ],
        )
        policy = CloudwatchLogResourcePolicy(
            scope, f"{id_}_policy", policy_name=policy_name, policy_document=document(scope, id_, delivery)
        )
        Wafv2WebAclLoggingConfiguration(
            scope,
            f"{id_}_configuration",
            resource_arn=web_acl_arn,
            log_destination_configs=[f"${{aws_cloudwatch_log_group.{id_}.arn}}"],
            redacted_fields=[
                Wafv2WebAclLoggingConfigurationRedactedFields(
                    single_header=Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader(name=header)
                )
                for header in SECRET_HEADERS
            ],
            depends_on=[policy],
        )

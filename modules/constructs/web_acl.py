"""The web application firewall of the load balancer, and its logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments import schema
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.log_group import LogGroup
from modules.ids import reference
from modules.policy import Statement, document

Block = dict[str, Any]
TOO_MANY_REQUESTS = 429
SECRET_HEADERS = ("authorization", "cookie")


class WebAcl:
    """AWS's managed rules and a rate limit. Requests that no rule blocks are allowed.

    Its name is also the prefix of its metrics' names.
    """

    def __init__(
        self, scope: Construct, id_: str, *, spec: schema.Waf, names: Names, load_balancer_arn: str, log_key_arn: str
    ) -> None:
        name = names.prefix
        block = aws.Wafv2WebAclRuleOverrideAction(none=aws.Wafv2WebAclRuleOverrideActionNone())
        count = aws.Wafv2WebAclRuleOverrideAction(count=aws.Wafv2WebAclRuleOverrideActionCount())
        reject = aws.Wafv2WebAclRuleAction(
            block=aws.Wafv2WebAclRuleActionBlock(
                custom_response=aws.Wafv2WebAclRuleActionBlockCustomResponse(response_code=TOO_MANY_REQUESTS)
            )
        )
        # https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
        rules: list[tuple[str, Block, Block]] = [
            ("ip-reputation", _managed("AWSManagedRulesAmazonIpReputationList"), {"override_action": block}),
            # This list includes customers' servers and VPN users, so it only counts.
            ("anonymous-ip", _managed("AWSManagedRulesAnonymousIpList"), {"override_action": count}),
            ("rate-limit", _rate_limit(spec.rate_limit, spec.rate_limited_path), {"action": reject}),
            # Includes Log4j lookups.
            ("known-bad-inputs", _managed("AWSManagedRulesKnownBadInputsRuleSet"), {"override_action": block}),
            ("common", _managed("AWSManagedRulesCommonRuleSet", spec.counted_rules), {"override_action": block}),
        ]
        aws.Wafv2WebAcl(
            scope,
            id_,
            name=name,
            description="Managed rules and a rate limit before the load balancer",
            scope="REGIONAL",
            default_action=aws.Wafv2WebAclDefaultAction(allow=aws.Wafv2WebAclDefaultActionAllow()),
            rule=[
                aws.Wafv2WebAclRule(
                    name=rule,
                    priority=priority,
                    statement=statement,
                    visibility_config=aws.Wafv2WebAclRuleVisibilityConfig(**_visibility(f"{name}-{rule}")),
                    **action,
                )
                for priority, (rule, statement, action) in enumerate(rules)
            ],
            visibility_config=aws.Wafv2WebAclVisibilityConfig(**_visibility(name)),
        )
        self.arn = reference("aws_wafv2_web_acl", id_, "arn")
        association = f"{id_}_association"
        aws.Wafv2WebAclAssociation(scope, association, resource_arn=load_balancer_arn, web_acl_arn=self.arn)
        self._log(scope, f"{id_}_log", spec, names, log_key_arn)

    def _log(self, scope: Construct, id_: str, spec: schema.Waf, names: Names, log_key_arn: str) -> None:
        """Log every request, without the headers that would let a reader act as the user."""
        log_group = LogGroup(scope, id_, spec=spec.log_retention, name=names.waf_log_group, kms_key_arn=log_key_arn)
        # Otherwise WAF creates such a policy, with a name that all web ACLs of the account share.
        # https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
        delivery = Statement(
            sid="Deliver",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[f"{names.arn('logs', f'log-group:{names.waf_log_group}')}:*"],
            principals={"Service": ["delivery.logs.amazonaws.com"]},
            conditions=[
                ("StringEquals", "aws:SourceAccount", [names.environment.account_id]),
                ("ArnLike", "aws:SourceArn", [names.arn("logs", "*")]),
            ],
        )
        policy = aws.CloudwatchLogResourcePolicy(
            scope,
            f"{id_}_policy",
            policy_name=names.resource("web-acl-log"),
            policy_document=document(scope, id_, delivery),
        )
        aws.Wafv2WebAclLoggingConfiguration(
            scope,
            f"{id_}_configuration",
            resource_arn=self.arn,
            log_destination_configs=[log_group.arn],
            redacted_fields=[
                aws.Wafv2WebAclLoggingConfigurationRedactedFields(
                    single_header=aws.Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader(name=header)
                )
                for header in SECRET_HEADERS
            ],
            depends_on=[policy],
        )


def _visibility(metric: str) -> Block:
    # Sampled requests would show cookies and tokens, which the logs redact. The logs have every request anyway.
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": False}


def _managed(group: str, counted_rules: Sequence[str] = ()) -> Block:
    """A managed rule group, in AWS's default version."""
    statement: Block = {"vendor_name": "AWS", "name": group}
    if counted_rules:
        statement["rule_action_override"] = [{"name": rule, "action_to_use": {"count": {}}} for rule in counted_rules]
    return {"managed_rule_group_statement": statement}


def _rate_limit(limit: int, path: str) -> Block:
    """A limit on requests of one IP address whose normalized path starts with `path`."""
    starts_with = {
        "field_to_match": {"uri_path": {}},
        "positional_constraint": "STARTS_WITH",
        "search_string": path,
        "text_transformation": [{"priority": 0, "type": "URL_DECODE"}, {"priority": 1, "type": "NORMALIZE_PATH"}],
    }
    return {
        "rate_based_statement": {
            "aggregate_key_type": "IP",
            "evaluation_window_sec": 300,
            "limit": limit,
            "scope_down_statement": {"byte_match_statement": starts_with},
        }
    }

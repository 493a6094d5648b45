"""A web application firewall before a load balancer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cdktf_cdktf_provider_aws.wafv2_web_acl import (
    Wafv2WebAcl,
    Wafv2WebAclDefaultAction,
    Wafv2WebAclDefaultActionAllow,
    Wafv2WebAclRule,
    Wafv2WebAclRuleAction,
    Wafv2WebAclRuleActionBlock,
    Wafv2WebAclRuleActionBlockCustomResponse,
    Wafv2WebAclRuleOverrideAction,
    Wafv2WebAclRuleOverrideActionCount,
    Wafv2WebAclRuleOverrideActionNone,
    Wafv2WebAclRuleVisibilityConfig,
    Wafv2WebAclVisibilityConfig,
)
from cdktf_cdktf_provider_aws.wafv2_web_acl_association import Wafv2WebAclAssociation
from constructs import Construct

Block = dict[str, Any]
TOO_MANY_REQUESTS = 429


class WebAcl:
    """AWS's managed rules and a rate limit; what no rule blocks passes."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        load_balancer_arn: str,
        rate_limit: int,
        rate_limited_path: str,
        counted_rules: Sequence[str],
    ) -> None:
        """Make the web ACL and put it before the load balancer.

        Args:
            scope: The stack.
            id_: Id of the web ACL; its association is named after it.
            name: The web ACL's name, and the first part of the names of its metrics.
            load_balancer_arn: The load balancer.
            rate_limit: Requests in five minutes that one address may make.
            rate_limited_path: What the paths that are counted start with.
            counted_rules: Rules of the common rule set that count and don't block.
        """
        block = Wafv2WebAclRuleOverrideAction(none=Wafv2WebAclRuleOverrideActionNone())
        count = Wafv2WebAclRuleOverrideAction(count=Wafv2WebAclRuleOverrideActionCount())
        turn_away = Wafv2WebAclRuleAction(
            block=Wafv2WebAclRuleActionBlock(
                custom_response=Wafv2WebAclRuleActionBlockCustomResponse(response_code=TOO_MANY_REQUESTS)
            )
        )
        # https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
        rules: list[tuple[str, Block, Block]] = [
            ("ip-reputation", _managed("AWSManagedRulesAmazonIpReputationList"), {"override_action": block}),
            # Customers' servers and people behind a VPN are on this list too: it only counts.
            ("anonymous-ip", _managed("AWSManagedRulesAnonymousIpList"), {"override_action": count}),
            ("rate-limit", _rate_limit(rate_limit, rate_limited_path), {"action": turn_away}),
            # Log4j's lookups, among others.
            ("known-bad-inputs", _managed("AWSManagedRulesKnownBadInputsRuleSet"), {"override_action": block}),
            ("common", _managed("AWSManagedRulesCommonRuleSet", counted_rules), {"override_action": block}),
        ]
        Wafv2WebAcl(
            scope,
            id_,
            name=name,
            description="Managed rules and a rate limit before the load balancer",
            scope="REGIONAL",
            default_action=Wafv2WebAclDefaultAction(allow=Wafv2WebAclDefaultActionAllow()),
            rule=[
                Wafv2WebAclRule(
                    name=rule,
                    priority=priority,
                    statement=statement,
                    visibility_config=Wafv2WebAclRuleVisibilityConfig(**_visible(f"{name}-{rule}")),
                    **action,
                )
                for priority, (rule, statement, action) in enumerate(rules)
            ],
            visibility_config=Wafv2WebAclVisibilityConfig(**_visible(name)),
        )
        self.arn = f"${{aws_wafv2_web_acl.{id_}.arn}}"
        Wafv2WebAclAssociation(scope, f"{id_}_association", resource_arn=load_balancer_arn, web_acl_arn=self.arn)


def _visible(metric: str) -> Block:
    # Sampled requests keep cookies and tokens readable, which the logs redact; the logs have every request anyway.
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": False}


def _managed(group: str, counted_rules: Sequence[str] = ()) -> Block:
    """A rule group of AWS, in the version that AWS holds to be the default."""
    statement: Block = {"vendor_name": "AWS", "name": group}
    if counted_rules:
        statement["rule_action_override"] = [{"name": rule, "action_to_use": {"count": {}}} for rule in counted_rules]
    return {"managed_rule_group_statement": statement}


def _rate_limit(limit: int, path: str) -> Block:
    """Requests of one address whose path, however it is written, starts so."""
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

"""The web application firewall."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rule import Resource, Settings, blocks, rule

_WAF = "https://docs.aws.amazon.com/waf/latest/developerguide/"
_GROUPS = (
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesAmazonIpReputationList",
)


def _statements(each: Settings, kind: str) -> Iterator[Settings]:
    for statement in blocks(each, "statement"):
        yield from blocks(statement, kind)


@rule("CKV_ROLLOUT_79", source=_WAF + "aws-managed-rule-groups-list.html", on="aws_wafv2_web_acl")
def managed_rules_block(firewall: Resource) -> Iterator[str]:
    """A firewall has AWS's managed rules, and they block."""
    blocking = {
        group.get("name")
        for each in firewall.blocks("rule")
        if any("none" in override for override in blocks(each, "override_action"))
        for group in _statements(each, "managed_rule_group_statement")
    }
    for name in _GROUPS:
        if name not in blocking:
            yield f"has no rule with {name} that blocks; add it with override_action none"


@rule("CKV_ROLLOUT_80", source=_WAF + "waf-rule-statement-type-rate-based.html", on="aws_wafv2_web_acl")
def rate_is_limited(firewall: Resource) -> Iterator[str]:
    """A firewall limits the requests of one address."""
    for each in firewall.blocks("rule"):
        if any("block" in action for action in blocks(each, "action")) and any(
            _statements(each, "rate_based_statement")
        ):
            return
    yield "has no rule with a rate_based_statement that blocks"

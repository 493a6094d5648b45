"""Checks that the firewall blocks what its rules match, and that its logs have no credentials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.iam.policy import nested

UNBLOCKED = "ROLLOUT_FIREWALL"
CHECKS = {
    UNBLOCKED: Check(
        UNBLOCKED,
        "The firewall blocks what its rules match, and its logs have no credentials",
        "https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statements.html",
        own=True,
    ),
}
_COUNTED_GROUP = "AWSManagedRulesAnonymousIpList"
"""The only group that may count: it has customers' servers and VPN users."""
_COMMON = "AWSManagedRulesCommonRuleSet"
_DECODED = ["URL_DECODE", "NORMALIZE_PATH"]
"""Without both, in this order, `/x/../api/` or `%2fapi%2f` has no limit: AWS's text transformations
(https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-transformation.html)."""
REDACTED = frozenset({"authorization", "cookie"})
"""Headers that let a reader of the logs act as the user."""


def unblocked(view: Sequence[ScannedBlock], _: Environment) -> list[Record]:
    """Compare one environment's firewall with what must be blocked, and its log with what must not be in it.

    Raises:
        ScanFailedError: A resource is repeated, so the number of rules is unknown.
    """
    ledger, index = Ledger(), Index(view)
    for kind, judge in (
        ("aws_wafv2_web_acl", _firewall),
        ("aws_wafv2_web_acl_logging_configuration", _firewall_log),
    ):
        for block in index.all(kind):
            ledger.judge(UNBLOCKED, block.block, judge(block))
    return ledger.records()


def _firewall(firewall: ScannedBlock) -> Iterator[str]:
    for rule in nested(firewall.settings, "rule"):
        name = rule.get("name")
        for statement in nested(rule, "statement"):
            for group in nested(statement, "managed_rule_group_statement"):
                yield from _managed(f"rule {name}", rule, group)
            for limit in nested(statement, "rate_based_statement"):
                yield from _limited(f"rule {name}", rule, limit)


def _managed(name: str, rule: Mapping[str, Any], group: Mapping[str, Any]) -> Iterator[str]:
    counts = any("count" in each for each in nested(rule, "override_action"))
    if counts and group.get("name") != _COUNTED_GROUP:
        yield f"{name} only counts"
    if nested(group, "rule_action_override") and group.get("name") != _COMMON:
        yield f"{name} changes what rules of {group.get('name')} do; only rules of {_COMMON} may count"


def _limited(name: str, rule: Mapping[str, Any], limit: Mapping[str, Any]) -> Iterator[str]:
    if not any("block" in each for each in nested(rule, "action")):
        yield f"{name} doesn't block"
    for scope in nested(limit, "scope_down_statement"):
        for match in nested(scope, "byte_match_statement"):
            ordered = sorted(nested(match, "text_transformation"), key=lambda each: str(each.get("priority")))
            if [each.get("type") for each in ordered] != _DECODED:
                yield f"{name} compares paths without the transformations {', '.join(_DECODED)}"


def _firewall_log(log: ScannedBlock) -> Iterator[str]:
    headers = {
        str(header.get("name")).lower()
        for field in nested(log.settings, "redacted_fields")
        for header in nested(field, "single_header")
    }
    if headers != REDACTED:
        yield f"redacts the headers {sorted(headers)}, must redact {sorted(REDACTED)} and no others"

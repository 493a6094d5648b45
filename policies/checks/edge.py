"""Listeners, certificates, public names, targets, response headers and the web application firewall."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ops.iam.policy import listed, nested
from policies.rule import Resource, Settings, rule

_ACM = "https://docs.aws.amazon.com/acm/latest/userguide/"
_ELB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
_HEADER = "routing_http_response_{}_header_value"
_ADDRESSES = frozenset({"A", "AAAA", "CNAME"})
_HALF_A_YEAR = 15_768_000


@rule("CKV_ROLLOUT_72", source=_ACM + "dns-validation.html", on="aws_acm_certificate")
def certificate_by_dns(certificate: Resource) -> Iterator[str]:
    """A certificate is validated by DNS, so that AWS renews it."""
    if certificate.get("validation_method") != "DNS":
        yield f"validation_method is {certificate.get('validation_method')!r}, must be 'DNS'"


@rule("CKV_ROLLOUT_73", source=_ACM + "dns-validation.html", on="aws_acm_certificate_validation")
def listener_waits(validation: Resource) -> Iterator[str]:
    """A listener waits until its certificate is valid."""
    if not any(validation.users("aws_lb_listener")):
        yield "no aws_lb_listener has its certificate_arn, so a listener may be created before its certificate is valid"


@rule("CKV_ROLLOUT_74", source=_ACM + "acm-concepts.html", on="aws_route53_record")
def name_is_in_certificate(record: Resource) -> Iterator[str]:
    """A name of the load balancer is in its certificate."""
    balancer = next((record.follow(alias.get("name")) for alias in record.blocks("alias")), None)
    if balancer is None or balancer.kind != "aws_lb":
        return
    names = {
        name
        for each in record.everywhere("aws_acm_certificate")
        for name in [each.text("domain_name"), *listed(each.get("subject_alternative_names"))]
    }
    mine = record.text("name")
    if not any(fnmatchcase(mine, name) and mine.count(".") == name.count(".") for name in names):
        yield f"{mine} is in no certificate; they have {', '.join(sorted(names)) or 'no names'}"


@rule(
    "CKV_ROLLOUT_75",
    source="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html",
    on="aws_route53_record",
)
def names_move_by_weight(record: Resource) -> Iterator[str]:
    """Public names change in the cutover phase only, by alias and weight."""
    if record.get("type") not in _ADDRESSES:
        return
    if not record.stack.endswith("-cutover"):
        yield "is outside the cutover phase; move it to that phase"
    if not record.blocks("alias"):
        yield "isn't an alias; use an alias to a load balancer"
    if not record.blocks("weighted_routing_policy"):
        yield "has no weighted_routing_policy, so all traffic moves at once"


@rule("CKV_ROLLOUT_76", source=_ELB + "load-balancer-listeners.html", on="aws_lb_target_group")
def targets_get_requests(group: Resource) -> Iterator[str]:
    """A target group gets requests."""
    if not any(group.users("aws_lb_listener", "aws_lb_listener_rule", "aws_codedeploy_deployment_group")):
        yield "no listener and no rule forwards to it"


@rule("CKV_ROLLOUT_77", source=_ELB + "header-modification.html", on="aws_lb_listener")
def one_origin(listener: Resource) -> Iterator[str]:
    """CORS allows one site only."""
    name = _HEADER.format("access_control_allow_origin")
    if listener.get("protocol") == "HTTPS" and not re.fullmatch(r"https://[\w.-]+", listener.text(name)):
        yield f"{name} must be one https origin"


@rule("CKV_ROLLOUT_78", source="https://owasp.org/www-project-secure-headers/", on="aws_lb_listener")
def security_headers(listener: Resource) -> Iterator[str]:
    """Responses have the security headers."""
    if listener.get("protocol") != "HTTPS":
        return
    hsts = _HEADER.format("strict_transport_security")
    age = re.search(r"max-age=(\d+)", listener.text(hsts))
    if age is None or int(age[1]) < _HALF_A_YEAR:
        yield f"{hsts} must have a max-age of {_HALF_A_YEAR} seconds or more"
    for header, must in (
        ("x_content_type_options", "nosniff"),
        ("x_frame_options", "DENY|SAMEORIGIN"),
        ("content_security_policy", ".+"),
    ):
        if not re.fullmatch(must, listener.text(_HEADER.format(header))):
            yield f"{_HEADER.format(header)} is {listener.text(_HEADER.format(header))!r}, must match {must}"


_POLICIES = (
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
)


@rule(
    "CKV_ROLLOUT_33",
    source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html",
    on=("aws_lb_listener", "aws_alb_listener"),
)
def modern_tls(listener: Resource) -> Iterator[str]:
    """A TLS listener accepts TLS 1.2 and 1.3 only."""
    if listener.get("protocol") in {"HTTPS", "TLS"} and listener.get("ssl_policy") not in _POLICIES:
        yield f"ssl_policy is {listener.get('ssl_policy')!r}; allowed: {', '.join(_POLICIES)}"


_WAF = "https://docs.aws.amazon.com/waf/latest/developerguide/"
_GROUPS = (
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesAmazonIpReputationList",
)


def _statements(each: Settings, kind: str) -> Iterator[Settings]:
    for statement in nested(each, "statement"):
        yield from nested(statement, kind)


@rule("CKV_ROLLOUT_79", source=_WAF + "aws-managed-rule-groups-list.html", on="aws_wafv2_web_acl")
def managed_rules_block(firewall: Resource) -> Iterator[str]:
    """A firewall has AWS's managed rules, and they block."""
    blocking = {
        group.get("name")
        for each in firewall.blocks("rule")
        if any("none" in override for override in nested(each, "override_action"))
        for group in _statements(each, "managed_rule_group_statement")
    }
    for name in _GROUPS:
        if name not in blocking:
            yield f"has no rule with {name} that blocks; add it with override_action none"


@rule("CKV_ROLLOUT_80", source=_WAF + "waf-rule-statement-type-rate-based.html", on="aws_wafv2_web_acl")
def rate_is_limited(firewall: Resource) -> Iterator[str]:
    """A firewall limits the requests of one address."""
    for each in firewall.blocks("rule"):
        if any("block" in action for action in nested(each, "action")) and any(
            _statements(each, "rate_based_statement")
        ):
            return
    yield "has no rule with a rate_based_statement that blocks"

"""Elastic Load Balancing: the scheme and what it needs, and what AWS adds to responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.elbv2.models import (
    ELBv2Backend,
    FakeAction,
    FakeListener,
    FakeListenerRule,
    FakeLoadBalancer,
    FakeTargetGroup,
)

from environments.schema.load_balancers import zone_of
from rehearsal.emulator.additions.ec2_dependencies import has_internet_gateway
from rehearsal.emulator.additions.registry import AwsError, corrects

# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
_BALANCER = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
"""Attributes of a new application load balancer."""
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
_TARGET_GROUP = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.enabled": "false",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.type": "lb_cookie",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
"""Attributes of a new target group of an application load balancer."""
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
_RESPONSE = "routing.http.response"
_LISTENER = {
    f"{_RESPONSE}.server.enabled": "true",
    **{
        f"{_RESPONSE}.{header}.header_value": ""
        for header in (
            "access_control_allow_credentials",
            "access_control_allow_headers",
            "access_control_allow_methods",
            "access_control_allow_origin",
            "access_control_expose_headers",
            "access_control_max_age",
            "content_security_policy",
            "strict_transport_security",
            "x_content_type_options",
            "x_frame_options",
        )
    },
}
"""Attributes of a new listener of an application load balancer."""
_TLS_HEADERS = {
    f"routing.http.request.x_amzn_{header.lower().replace('-', '_')}.header_name": f"X-Amzn-{header}"
    for header in (
        "Mtls-Clientcert",
        "Mtls-Clientcert-Issuer",
        "Mtls-Clientcert-Leaf",
        "Mtls-Clientcert-Serial-Number",
        "Mtls-Clientcert-Subject",
        "Mtls-Clientcert-Validity",
        "Tls-Cipher-Suite",
        "Tls-Version",
    )
}
"""The same of an HTTPS listener only."""
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html
_REDIRECT = {"Protocol": "#{protocol}", "Port": "#{port}", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}"}


# The error: https://github.com/openshift/installer/issues/1110
@corrects(
    ELBv2Backend,
    "create_load_balancer",
    "elbv2",
    "CreateLoadBalancer",
    why="moto doesn't return the default scheme internet-facing, creates one in a VPC without an internet "
    "gateway, lacks most attributes, and has one made-up hosted zone for all regions",
    source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html",
)
def create_load_balancer(
    original: Callable[..., FakeLoadBalancer],
    backend: ELBv2Backend,
    **given: Any,  # noqa: ANN401  (moto's own parameters)
) -> FakeLoadBalancer:
    """Return the scheme, refuse it without an internet gateway, and set all attributes and the hosted zone of its name.

    https://docs.aws.amazon.com/general/latest/gr/elb.html
    """
    given["scheme"] = given.get("scheme") or "internet-facing"
    subnets = given.get("subnet_ids") or [each["SubnetId"] for each in given.get("subnet_mappings") or ()]
    for subnet_id in subnets if given["scheme"] == "internet-facing" else ():
        vpc_id = backend.ec2_backend.get_subnet(subnet_id).vpc_id
        if not has_internet_gateway(backend.ec2_backend, vpc_id):
            raise AwsError("InvalidSubnet", f"VPC {vpc_id} has no internet gateway")
    balancer = original(backend, **given)
    if balancer.type == "application":
        balancer.attrs = dict(_BALANCER)
    else:
        balancer.dns_name = balancer.dns_name.replace(f".{backend.region_name}.elb.", f".elb.{backend.region_name}.")
    balancer.canonical_hosted_zone_id = zone_of(balancer.dns_name) or balancer.canonical_hosted_zone_id
    return balancer


@corrects(
    FakeTargetGroup, "__init__", "elbv2", "CreateTargetGroup", why="a target group in moto lacks half of its attributes"
)
def make_target_group(original: Callable[..., None], group: FakeTargetGroup, *given: object, **named: object) -> None:
    """Give it all attributes."""
    original(group, *given, **named)
    if group.protocol in {"HTTP", "HTTPS"}:
        group.attributes = dict(_TARGET_GROUP)


@corrects(
    FakeListener,
    "__init__",
    "elbv2",
    "DescribeListenerAttributes",
    why="in moto every listener has the attributes of a TCP listener, and a TLS policy",
)
def make_listener(original: Callable[..., None], listener: FakeListener, *given: object) -> None:
    """Give it the attributes of its protocol."""
    original(listener, *given)
    if listener.protocol not in {"HTTP", "HTTPS"}:
        return
    listener.attributes = dict(_LISTENER)
    if listener.protocol == "HTTPS":
        listener.attributes |= _TLS_HEADERS
        vars(listener)["mutual_authentication"] = {"Mode": "off"}
    else:
        vars(listener).update(ssl_policy=None, alpn_policy=None)


@corrects(
    FakeAction,
    "__init__",
    "elbv2",
    "CreateListener",
    why="moto returns actions as they were sent; AWS returns their target in two forms, and completes redirects",
    source="https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html",
)
def make_action(original: Callable[..., None], action: FakeAction, data: dict[str, Any]) -> None:
    """Return it in both forms."""
    if data.get("Type") == "forward":
        groups = data.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": data["TargetGroupArn"]}]
        data["ForwardConfig"] = {**data.get("ForwardConfig", {}), "TargetGroups": groups}
        if len(groups) == 1:
            data["TargetGroupArn"] = groups[0]["TargetGroupArn"]
    if data.get("Type") == "redirect":
        data["RedirectConfig"] = _REDIRECT | data["RedirectConfig"]
    original(action, data)


def target_groups_of(action: FakeAction) -> set[str]:
    """ARNs of the target groups that an action forwards to, also those without a share of the requests."""
    forward = action.data.get("ForwardConfig") or {}
    named = (action.data.get("TargetGroupArn"), *(each["TargetGroupArn"] for each in forward.get("TargetGroups", ())))
    return {arn for arn in named if arn}


@corrects(
    ELBv2Backend,
    "describe_target_groups",
    "elbv2",
    "DescribeTargetGroups",
    why="in moto a target group is its first rule's load balancer's; in AWS that of the rules that lead to it now",
    source="https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html",
)
def describe_target_groups(original: Callable[..., Any], backend: ELBv2Backend, *given: object, **named: object) -> Any:  # noqa: ANN401  (moto's)
    """List each with the load balancers that route requests to it."""
    for group in backend.target_groups.values():
        group.load_balancer_arns = [
            arn
            for arn, balancer in backend.load_balancers.items()
            if any(
                group.arn in target_groups_of(action)
                for listener in balancer.listeners.values()
                for rule in listener.rules.values()
                for action in rule.actions
            )
        ]
    return original(backend, *given, **named)


@corrects(
    FakeListenerRule,
    "__init__",
    "elbv2",
    "CreateRule",
    why="moto returns conditions as they were sent; AWS returns the values of paths and hosts in two forms",
    source="https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html",
)
def make_rule(
    original: Callable[..., None],
    rule: FakeListenerRule,
    listener_arn: str,
    arn: str,
    conditions: list[dict[str, Any]],
    *given: object,
) -> None:
    """Return them in both forms."""
    for condition in conditions:
        config = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}.get(condition["Field"])
        if config:
            values = condition.get(config, condition)["Values"]
            condition.update({"Values": values, config: {"Values": values}})
    original(rule, listener_arn, arn, conditions, *given)

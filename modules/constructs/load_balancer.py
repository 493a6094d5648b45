"""The public load balancer: HTTP redirects to HTTPS, and HTTPS forwards to the services' target groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from environments import schema
from environments.flows import HTTP_PORT, HTTPS_PORT
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformResourceLifecycle
from modules.ids import identifier, reference


class LoadBalancer:
    """An internet-facing load balancer in the public subnets, with access logs."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: schema.Edge,
        names: Names,
        subnets: Sequence[str],
        security_group: str,
        access_log_bucket: str,
    ) -> None:
        aws.Lb(
            scope,
            id_,
            name=names.prefix,
            load_balancer_type="application",
            internal=False,
            ip_address_type="ipv4",
            subnets=list(subnets),
            security_groups=[security_group],
            access_logs=aws.LbAccessLogs(bucket=access_log_bucket, enabled=True),
            enable_deletion_protection=names.environment.protected,
            idle_timeout=spec.idle_timeout,
            enable_http2=True,
            enable_cross_zone_load_balancing=True,
            # Targets get the host that the client requested.
            preserve_host_header=True,
            # Against request smuggling.
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#desync-mitigation-mode
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
        )
        self.arn = reference("aws_lb", id_, "arn")
        self.suffix = reference("aws_lb", id_, "arn_suffix")
        self.dns_name = reference("aws_lb", id_, "dns_name")
        self.zone_id = reference("aws_lb", id_, "zone_id")


class TargetGroup:
    """The target group of one service, with IP targets, because each Fargate task has its own address.

    A blue/green service has a second one, with another `colour`.
    """

    def __init__(
        self, scope: Construct, id_: str, *, spec: schema.Service, names: Names, vpc_id: str, colour: str = ""
    ) -> None:
        check = spec.health_check
        # Validation ensures that a service with paths has both.
        assert spec.port is not None and check is not None  # noqa: S101
        aws.LbTargetGroup(
            scope,
            id_,
            name=names.target_group(spec.name, colour),
            vpc_id=vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=spec.port,
            deregistration_delay=str(spec.deregistration_delay),
            # A slow or newly started task gets fewer new requests than the others.
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check=aws.LbTargetGroupHealthCheck(
                enabled=True,
                protocol="HTTP",
                port="traffic-port",
                path=check.path,
                matcher=check.codes,
                interval=check.interval,
                timeout=check.timeout,
                healthy_threshold=check.healthy_threshold,
                unhealthy_threshold=check.unhealthy_threshold,
            ),
        )
        self.arn = reference("aws_lb_target_group", id_, "arn")
        self.name = reference("aws_lb_target_group", id_, "name")
        self.suffix = reference("aws_lb_target_group", id_, "arn_suffix")


class RedirectListener:
    """Redirects every HTTP request to HTTPS."""

    def __init__(self, scope: Construct, id_: str, *, load_balancer_arn: str) -> None:
        redirect = aws.LbListenerDefaultActionRedirect(protocol="HTTPS", port=str(HTTPS_PORT), status_code="HTTP_301")
        aws.LbListener(
            scope,
            id_,
            load_balancer_arn=load_balancer_arn,
            port=HTTP_PORT,
            protocol="HTTP",
            default_action=[aws.LbListenerDefaultAction(type="redirect", redirect=redirect)],
        )


class HttpsListener:
    """Terminates TLS, sets the security headers of every response, and routes by host and path to the target groups.

    `target_group_arns` are by service.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: schema.Edge,
        names: Names,
        load_balancer_arn: str,
        certificate_arn: str,
        target_group_arns: Mapping[str, str],
    ) -> None:
        services, default = names.environment.product.load_balanced, names.environment.default_service
        rest = aws.LbListenerDefaultAction(type="forward", target_group_arn=target_group_arns[default.name])
        aws.LbListener(
            scope,
            id_,
            load_balancer_arn=load_balancer_arn,
            port=HTTPS_PORT,
            protocol="HTTPS",
            ssl_policy=spec.tls_policy,
            certificate_arn=certificate_arn,
            default_action=[rest],
            # These replace the application's headers, so it can't allow more.
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
            routing_http_response_access_control_allow_origin_header_value=spec.origin,
            routing_http_response_strict_transport_security_header_value=spec.strict_transport,
            routing_http_response_content_security_policy_header_value=spec.content_security_policy,
            routing_http_response_x_content_type_options_header_value="nosniff",
            routing_http_response_x_frame_options_header_value="DENY",
            routing_http_response_server_enabled=False,
            lifecycle=_moved_by_codedeploy(default, "default_action"),
        )
        self.arn = reference("aws_lb_listener", id_, "arn")

        for service in services:
            if service is not default:
                target = aws.LbListenerRuleAction(type="forward", target_group_arn=target_group_arns[service.name])
                aws.LbListenerRule(
                    scope,
                    f"{id_}_{identifier(service.name)}",
                    listener_arn=self.arn,
                    priority=service.priority,
                    action=[target],
                    condition=[_condition(spec, service)],
                    lifecycle=_moved_by_codedeploy(service, "action"),
                )

        if spec.redirects:
            redirect = aws.LbListenerRuleActionRedirect(
                protocol="HTTPS", port=str(HTTPS_PORT), host=spec.host, status_code="HTTP_301"
            )
            hosts = aws.LbListenerRuleConditionHostHeader(values=list(spec.redirects))
            aws.LbListenerRule(
                scope,
                f"{id_}_redirects",
                listener_arn=self.arn,
                priority=spec.redirect_priority,
                action=[aws.LbListenerRuleAction(type="redirect", redirect=redirect)],
                condition=[aws.LbListenerRuleCondition(host_header=hosts)],
            )


def _condition(spec: schema.Edge, service: schema.Service) -> aws.LbListenerRuleCondition:
    """Which requests a service gets: all of its own host, or its paths of any host."""
    if host := spec.service_hosts.get(service.name):
        return aws.LbListenerRuleCondition(host_header=aws.LbListenerRuleConditionHostHeader(values=[host]))
    paths = aws.LbListenerRuleConditionPathPattern(values=list(service.paths))
    return aws.LbListenerRuleCondition(path_pattern=paths)


def _moved_by_codedeploy(service: schema.Service, argument: str) -> TerraformResourceLifecycle | None:
    """A blue/green deployment changes the target group in this argument; Terraform must not change it back."""
    return TerraformResourceLifecycle(ignore_changes=[argument]) if service.deployment == "blue_green" else None

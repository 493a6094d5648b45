"""What the load balancer does with a request: HTTP goes to HTTPS, HTTPS goes to a service."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.lb_listener import LbListener, LbListenerDefaultAction, LbListenerDefaultActionRedirect
from cdktf_cdktf_provider_aws.lb_listener_rule import (
    LbListenerRule,
    LbListenerRuleAction,
    LbListenerRuleCondition,
    LbListenerRuleConditionPathPattern,
)
from constructs import Construct

from environments.flows import HTTP_PORT, HTTPS_PORT


class RedirectListener:
    """Sends every plain request to HTTPS."""

    def __init__(self, scope: Construct, id_: str, *, load_balancer_arn: str) -> None:
        """Make the listener.

        Args:
            scope: The stack.
            id_: Id of the listener.
            load_balancer_arn: The load balancer.
        """
        redirect = LbListenerDefaultActionRedirect(protocol="HTTPS", port=str(HTTPS_PORT), status_code="HTTP_301")
        LbListener(
            scope,
            id_,
            load_balancer_arn=load_balancer_arn,
            port=HTTP_PORT,
            protocol="HTTP",
            default_action=[LbListenerDefaultAction(type="redirect", redirect=redirect)],
        )


class HttpsListener:
    """Ends TLS, sets the security headers of every answer, and routes by path."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        load_balancer_arn: str,
        certificate_arn: str,
        tls_policy: str,
        origin: str,
        hsts: int,
        content_security_policy: str,
        default_target_group_arn: str,
        blue_green: bool,
    ) -> None:
        """Make the listener.

        Args:
            scope: The stack.
            id_: Id of the listener; rules are named after it and their services.
            load_balancer_arn: The load balancer.
            certificate_arn: An issued certificate.
            tls_policy: Elastic Load Balancing's security policy.
            origin: The one origin that browsers may call from.
            hsts: Seconds that browsers remember to use HTTPS only.
            content_security_policy: Where pages may load from.
            default_target_group_arn: Takes what no rule does.
            blue_green: Whether CodeDeploy moves the default target.
        """
        self._scope, self._id = scope, id_
        LbListener(
            scope,
            id_,
            load_balancer_arn=load_balancer_arn,
            port=HTTPS_PORT,
            protocol="HTTPS",
            ssl_policy=tls_policy,
            certificate_arn=certificate_arn,
            default_action=[LbListenerDefaultAction(type="forward", target_group_arn=default_target_group_arn)],
            # These replace what the application says, so it can't say more than this.
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
            routing_http_response_access_control_allow_origin_header_value=origin,
            routing_http_response_strict_transport_security_header_value=f"max-age={hsts}; includeSubDomains",
            routing_http_response_content_security_policy_header_value=content_security_policy,
            routing_http_response_x_content_type_options_header_value="nosniff",
            routing_http_response_x_frame_options_header_value="DENY",
            routing_http_response_server_enabled=False,
            lifecycle=_moved_by_codedeploy("default_action") if blue_green else None,
        )
        self.arn = f"${{aws_lb_listener.{id_}.arn}}"

    def route(
        self, name: str, *, paths: Sequence[str], priority: int | None, target_group_arn: str, blue_green: bool
    ) -> None:
        """Send paths to a target group.

        Args:
            name: Identifier of the rule.
            paths: Path patterns.
            priority: The lowest that matches wins.
            target_group_arn: Where they go.
            blue_green: Whether CodeDeploy moves the target.
        """
        LbListenerRule(
            self._scope,
            f"{self._id}_{name}",
            listener_arn=self.arn,
            priority=priority,
            action=[LbListenerRuleAction(type="forward", target_group_arn=target_group_arn)],
            condition=[
                LbListenerRuleCondition(path_pattern=LbListenerRuleConditionPathPattern(values=list(paths))),
            ],
            lifecycle=_moved_by_codedeploy("action") if blue_green else None,
        )


def _moved_by_codedeploy(argument: str) -> TerraformResourceLifecycle:
    """A blue/green deployment ends with the other target group here; Terraform must not undo it."""
    return TerraformResourceLifecycle(ignore_changes=[argument])

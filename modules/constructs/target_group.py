"""Tasks of one service, as the load balancer sees them."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.lb_target_group import LbTargetGroup, LbTargetGroupHealthCheck
from constructs import Construct

from environments.schema import HealthCheck


class TargetGroup:
    """A target group by address, because each Fargate task has an address of its own."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, vpc_id: str, port: int, health_check: HealthCheck, drain: int
    ) -> None:
        """Make the target group.

        Args:
            scope: The stack.
            id_: Id of the target group.
            name: Its name.
            vpc_id: The tasks' VPC.
            port: Port that the tasks listen on.
            health_check: When a task may get requests.
            drain: Seconds that requests under way get when a task leaves.
        """
        LbTargetGroup(
            scope,
            id_,
            name=name,
            vpc_id=vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=port,
            deregistration_delay=str(drain),
            # A task that is slow, or cold, gets fewer new requests than the others.
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check=LbTargetGroupHealthCheck(
                enabled=True,
                protocol="HTTP",
                port="traffic-port",
                path=health_check.path,
                matcher=health_check.codes,
                interval=health_check.interval,
                timeout=health_check.timeout,
                healthy_threshold=health_check.healthy,
                unhealthy_threshold=health_check.unhealthy,
            ),
        )
        self.arn = f"${{aws_lb_target_group.{id_}.arn}}"
        self.name = f"${{aws_lb_target_group.{id_}.name}}"
        self.suffix = f"${{aws_lb_target_group.{id_}.arn_suffix}}"

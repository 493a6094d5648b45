"""The load balancer that the internet talks to."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.lb import Lb, LbAccessLogs
from constructs import Construct


class LoadBalancer:
    """Internet-facing, in the public subnets, with access logs."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        subnets: Sequence[str],
        security_group: str,
        access_log_bucket: str,
        idle_timeout: int,
        protected: bool,
    ) -> None:
        """Make the load balancer.

        Args:
            scope: The stack.
            id_: Id of the load balancer.
            name: Its name.
            subnets: Public subnets, one a zone.
            security_group: Who may connect, and where it may connect to.
            access_log_bucket: Bucket of the access logs.
            idle_timeout: Seconds that a connection may be silent.
            protected: Whether AWS refuses to delete it.
        """
        Lb(
            scope,
            id_,
            name=name,
            load_balancer_type="application",
            internal=False,
            ip_address_type="ipv4",
            subnets=list(subnets),
            security_groups=[security_group],
            access_logs=LbAccessLogs(bucket=access_log_bucket, enabled=True),
            enable_deletion_protection=protected,
            idle_timeout=idle_timeout,
            enable_http2=True,
            enable_cross_zone_load_balancing=True,
            # Targets see the host that the browser asked for.
            preserve_host_header=True,
            # Requests that could be read in two ways (request smuggling).
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#desync-mitigation-mode
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
        )
        self.arn = f"${{aws_lb.{id_}.arn}}"
        self.suffix = f"${{aws_lb.{id_}.arn_suffix}}"
        self.dns_name = f"${{aws_lb.{id_}.dns_name}}"
        self.zone_id = f"${{aws_lb.{id_}.zone_id}}"

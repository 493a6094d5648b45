"""Assumed use of an environment: what the cost that depends on use is estimated from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from environments.schema.types import value

Amount = Annotated[float, Field(ge=0, le=1_000_000_000)]


@value
class Usage:
    """Assumed use in a month, for `ops cost` and the gate's check of budgets. It changes nothing in the stacks.

    `SMALL_USAGE`, `MEDIUM_USAGE` and `LARGE_USAGE` are predefined; the defaults are those of `SMALL_USAGE`.
    """

    nat_gb: Amount = 50
    """GB through all NAT gateways, in both directions."""
    endpoint_gb: Amount = 50
    """GB through all interface endpoints."""
    internet_gb: Amount = 50
    """GB from the load balancer to users."""
    lcu: Amount = 0.5
    """Capacity units (LCU) of the load balancer, on average."""
    requests: Amount = 5
    """Requests that the web application firewall inspects, in millions."""
    dns_queries: Amount = 1
    """DNS queries to a hosted zone, in millions."""
    extra_tasks: Amount = 0
    """Tasks that autoscaling adds to each service's minimum, on average."""
    task_hours: Amount = 10
    """Hours that each schedule's tasks run."""
    custom_metrics: Amount = 10
    """Metrics that the application publishes itself."""
    application_log_gb: Amount = 5
    """GB of logs of all services."""
    store_log_gb: Amount = 1
    """GB of logs of each data store."""
    flow_log_gb: Amount = 2
    """GB of VPC flow logs."""
    trail_log_gb: Amount = 1
    """GB of CloudTrail's events in CloudWatch Logs."""
    firewall_log_gb: Amount = 1
    """GB of logs of the web application firewall."""
    stored_log_gb: Amount = 1
    """GB that each log group stores, compressed."""
    backup_gb: Amount = 5
    """GB of each data store's backups beyond what is free."""
    bucket_gb: Amount = 5
    """GB in each S3 bucket."""
    image_gb: Amount = 5
    """GB of images in each ECR repository."""
    key_requests: Amount = 50_000
    """Requests to each KMS key."""
    secret_requests: Amount = 2_000
    """Calls to read each secret."""
    data_events: Amount = 10_000
    """Data events that CloudTrail records."""
    config_items: Amount = 2_000
    """Configuration items that AWS Config records."""
    guardduty_events: Amount = 1
    """CloudTrail management events that GuardDuty analyzes, in millions."""
    guardduty_log_gb: Amount = 10
    """GB of flow and DNS logs that GuardDuty analyzes."""
    guardduty_s3_events: Amount = 0.1
    """S3 data events that GuardDuty analyzes, in millions."""


SMALL_USAGE = Usage()
MEDIUM_USAGE = Usage(
    nat_gb=500,
    endpoint_gb=500,
    internet_gb=500,
    lcu=2,
    requests=50,
    dns_queries=5,
    extra_tasks=1,
    task_hours=50,
    custom_metrics=50,
    application_log_gb=50,
    store_log_gb=5,
    flow_log_gb=20,
    trail_log_gb=3,
    firewall_log_gb=10,
    stored_log_gb=10,
    backup_gb=50,
    bucket_gb=20,
    image_gb=10,
    key_requests=500_000,
    secret_requests=10_000,
    data_events=100_000,
    config_items=5_000,
    guardduty_events=3,
    guardduty_log_gb=100,
    guardduty_s3_events=1,
)
LARGE_USAGE = Usage(
    nat_gb=5_000,
    endpoint_gb=5_000,
    internet_gb=5_000,
    lcu=10,
    requests=500,
    dns_queries=50,
    extra_tasks=3,
    task_hours=200,
    custom_metrics=200,
    application_log_gb=500,
    store_log_gb=20,
    flow_log_gb=200,
    trail_log_gb=10,
    firewall_log_gb=100,
    stored_log_gb=100,
    backup_gb=500,
    bucket_gb=200,
    image_gb=20,
    key_requests=5_000_000,
    secret_requests=50_000,
    data_events=1_000_000,
    config_items=20_000,
    guardduty_events=10,
    guardduty_log_gb=1_000,
    guardduty_s3_events=10,
)
SIZES: Mapping[str, Usage] = {"small": SMALL_USAGE, "medium": MEDIUM_USAGE, "large": LARGE_USAGE}
"""The predefined sizes, by name."""

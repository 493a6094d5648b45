"""An encrypted log group with a retention."""

from __future__ import annotations

from environments.schema.types import LogRetention
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.ids import address, reference


class LogGroup:
    """A log group; `spec` is its retention in days."""

    def __init__(self, scope: Construct, id_: str, *, spec: LogRetention, name: str, kms_key_arn: str) -> None:
        aws.CloudwatchLogGroup(scope, id_, name=name, retention_in_days=spec, kms_key_id=kms_key_arn)
        self.name = reference("aws_cloudwatch_log_group", id_, "name")
        self.arn = reference("aws_cloudwatch_log_group", id_, "arn")
        self.address = address("aws_cloudwatch_log_group", id_)

"""A CloudWatch dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from constructs import Construct

from modules.json_text import json_text


class Dashboard:
    """A dashboard from its body; CloudWatch takes that as JSON text."""

    def __init__(self, scope: Construct, id_: str, *, name: str, body: Mapping[str, Any]) -> None:
        """Make the dashboard.

        Args:
            scope: The stack.
            id_: Id of the dashboard.
            name: The dashboard's name.
            body: Its widgets, as modules/dashboard.py makes them.
        """
        CloudwatchDashboard(scope, id_, dashboard_name=name, dashboard_body=json_text(body))
        self.name = f"${{aws_cloudwatch_dashboard.{id_}.dashboard_name}}"

"""The application under emulated CloudWatch: what clients got is counted, and alarms follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from environments import load
from environments.names import Names
from rehearsal.application.run import Application
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import credentials
from tests.rehearsal.application_client import client

pytestmark = pytest.mark.slow
PROD = load("prod")
QUIET = {"backend-errors": "OK", "frontend-errors": "OK", "cutover": "OK"}


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    """Emulated AWS with as much of production as the application plays: load balancer, targets, alarms."""
    with Emulator.start(PROD.account_id, tmp_path / "emulator.log") as running:
        yield running.endpoint


def aws(endpoint: str, service: Any) -> Any:
    keys = {name.removeprefix("AWS_").lower(): value for name, value in credentials(PROD.account_id).items()}
    named: Any = {f"aws_{name}": value for name, value in keys.items()}
    return boto3.client(service, endpoint_url=endpoint, region_name=PROD.region, **named)


def provide(endpoint: str) -> None:
    names = Names(PROD)
    elbv2, cloudwatch = aws(endpoint, "elbv2"), aws(endpoint, "cloudwatch")
    subnets = aws(endpoint, "ec2").describe_subnets()["Subnets"]
    balancer = elbv2.create_load_balancer(Name=names.prefix, Subnets=[each["SubnetId"] for each in subnets[:2]])
    suffix = balancer["LoadBalancers"][0]["LoadBalancerArn"].partition("loadbalancer/")[2]
    for service in PROD.product.load_balanced:
        group = elbv2.create_target_group(
            Name=names.target_group(service.name), Protocol="HTTP", Port=service.port, VpcId=subnets[0]["VpcId"]
        )["TargetGroups"][0]["TargetGroupArn"]
        cloudwatch.put_metric_alarm(
            AlarmName=f"{service.name}-errors",
            Namespace="AWS/ApplicationELB",
            MetricName="HTTPCode_Target_5XX_Count",
            Dimensions=[
                {"Name": "LoadBalancer", "Value": suffix},
                {"Name": "TargetGroup", "Value": group.rpartition(":")[2]},
            ],
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=10,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )
    cloudwatch.put_composite_alarm(AlarmName="cutover", AlarmRule='ALARM("backend-errors") OR ALARM("frontend-errors")')


def states(cloudwatch: Any) -> dict[str, str]:
    found = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {
        each["AlarmName"]: each["StateValue"] for kind in ("MetricAlarms", "CompositeAlarms") for each in found[kind]
    }


def eventually(expected: object, look: Callable[[], object], seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while (seen := look()) != expected and time.monotonic() < until:
        time.sleep(0.2)
    assert seen == expected


def counted(cloudwatch: Any, name: str) -> float:
    """Sum of a metric of the load balancer as a whole, over the last ten minutes."""
    listed = cloudwatch.list_metrics(MetricName=name)["Metrics"]
    (metric,) = (each for each in listed if len(each["Dimensions"]) == 1)
    query = {"Id": "sum", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}
    now = time.time()
    found = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=now - 600, EndTime=now + 60)
    return float(sum(found["MetricDataResults"][0]["Values"]))


def metrics(cloudwatch: Any) -> set[str]:
    return {each["MetricName"] for each in cloudwatch.list_metrics()["Metrics"]}


def test_errors_on_demand_are_counted_set_off_the_alarm_and_it_recovers(endpoint: str, tmp_path: Path) -> None:
    provide(endpoint)
    cloudwatch = aws(endpoint, "cloudwatch")
    with Application.start(PROD, tmp_path / "run", endpoint, pace=60) as application, client(application) as ask:
        application.errors(1)
        for _ in range(11):
            assert ask("/api/version").status == 500
        application.errors(0)
        eventually(QUIET | {"backend-errors": "ALARM", "cutover": "ALARM"}, lambda: states(cloudwatch))
        assert counted(cloudwatch, "HTTPCode_Target_5XX_Count") == 11
        # 300 s at this pace are 5.
        eventually(QUIET, lambda: states(cloudwatch))
        assert {"HealthyHostCount", "DatabaseConnections"} <= metrics(cloudwatch)

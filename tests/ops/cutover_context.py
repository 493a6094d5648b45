"""What a rollout leaves behind for a cutover to work with, made with boto3 in the emulator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops.aws.dns import Record, replacement
from ops.aws.session import Aws
from ops.cutover.records import AliasTarget, shares
from rehearsal.context import seed_zone
from rehearsal.emulator.client import Control


class RolledOut:
    """Zone, load balancer with healthy targets, alarms, state bucket, and numbers of good traffic."""

    def __init__(self, aws: Aws, control: Control, environment: Environment) -> None:
        self.aws, self.control = aws, control
        self.environment, self.names = environment, Names(environment)
        self.zone = environment.edge.zone
        assert self.zone.id and self.zone.role and environment.cutover.previous
        seed_zone(environment, control)
        self.s3 = aws.client("s3")
        self.cloudwatch: Any = aws.client("cloudwatch")
        self.s3.create_bucket(Bucket=self.names.state_bucket)
        self.groups: list[str] = []
        self.balancer = self._load_balancer()
        self.alarm = self._alarms()
        self.route53: Any = aws.assuming(self.zone.role, "test").client("route53")

    def share_out(self, weight: int) -> None:
        """Write the two records, as applying the phase `cutover` does."""
        current = AliasTarget(self.balancer["DNSName"], self.balancer["CanonicalHostedZoneId"])
        self._replace(shares(self.environment, current).at(weight))

    def name_previous(self, ttl: int, target: str = "") -> None:
        """Write a plain record, as there was before."""
        previous = self.environment.cutover.previous
        assert previous
        value = {"ResourceRecords": [{"Value": target or previous.dns_name}]}
        self._replace([{"Name": self.environment.edge.host, "Type": "CNAME", "TTL": ttl, **value}])

    def _replace(self, records: Sequence[Record]) -> None:
        self.route53.change_resource_record_sets(
            HostedZoneId=self.zone.id, ChangeBatch={"Changes": replacement(self.records(), records)}
        )

    def unlock(self) -> None:
        key = f"{self.names.state_key('cutover')}.tflock"
        self.s3.delete_object(Bucket=self.names.state_bucket, Key=key)

    def journal(self) -> list[str]:
        """The keys of the journal's entries in the bucket."""
        found = self.s3.list_objects_v2(Bucket=self.names.state_bucket, Prefix=self.names.journal_prefix)
        return [each["Key"] for each in found.get("Contents", ())]

    def forget(self) -> None:
        """Delete the journal in the bucket."""
        for key in self.journal():
            self.s3.delete_object(Bucket=self.names.state_bucket, Key=key)

    def records(self) -> list[dict[str, Any]]:
        found = self.route53.list_resource_record_sets(HostedZoneId=self.zone.id)["ResourceRecordSets"]
        return [record for record in found if record["Name"].rstrip(".") == self.environment.edge.host]

    def weights(self) -> dict[str, int]:
        """Shares, by the last part of the set identifier."""
        return {
            record["SetIdentifier"].rpartition("-")[2]: record["Weight"]
            for record in self.records()
            if "Weight" in record
        }

    def measure(self, *, requests: int = 100, errors: int = 0) -> None:
        """Report traffic of this minute and of the next two, so that a test may take longer than it should."""
        where = {"LoadBalancer": self.balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]}
        numbers: dict[str, list[tuple[str, float, dict[str, str]]]] = {
            "AWS/ApplicationELB": [
                ("RequestCount", requests, where),
                ("HTTPCode_Target_5XX_Count", errors, where),
                *(("HealthyHostCount", 2, {**where, "TargetGroup": suffix}) for suffix in self.groups),
            ],
            "AWS/RDS": [("DatabaseConnections", 5, {"DBInstanceIdentifier": self.names.prefix})],
        }
        for namespace, values in numbers.items():
            data = [
                {
                    "MetricName": name,
                    "Value": value,
                    "Timestamp": datetime.now(UTC) + timedelta(minutes=minute),
                    "Dimensions": [{"Name": key, "Value": each} for key, each in dimensions.items()],
                }
                for name, value, dimensions in values
                for minute in range(3)
            ]
            self.cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

    def set_alarm(self, state: str) -> None:
        self.cloudwatch.set_alarm_state(AlarmName=self.alarm, StateValue=state, StateReason="planted")

    def _alarms(self) -> str:
        client = self.cloudwatch
        latency = self.names.resource("backend-latency")
        client.put_metric_alarm(
            AlarmName=latency,
            Namespace="AWS/ApplicationELB",
            MetricName="TargetResponseTime",
            ExtendedStatistic="p95",
            Period=60,
            EvaluationPeriods=5,
            Threshold=2,
            ComparisonOperator="GreaterThanThreshold",
        )
        client.put_composite_alarm(AlarmName=self.names.resource("cutover"), AlarmRule=f'ALARM("{latency}")')
        return latency

    def _load_balancer(self) -> Any:
        ec2 = self.aws.client("ec2")
        client: Any = self.aws.client("elbv2")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
        balancer = client.create_load_balancer(
            Name=self.names.prefix, Subnets=[subnet["SubnetId"] for subnet in subnets[:2]], Type="application"
        )["LoadBalancers"][0]
        for number, service in enumerate(self.environment.product.load_balanced):
            group = client.create_target_group(
                Name=self.names.target_group(service.name),
                Protocol="HTTP",
                Port=service.port,
                VpcId=vpc,
                TargetType="ip",
            )["TargetGroups"][0]["TargetGroupArn"]
            client.create_listener(
                LoadBalancerArn=balancer["LoadBalancerArn"],
                Protocol="HTTP",
                Port=80 + number,
                DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
            )
            self.groups.append(group.rpartition(":")[2])
            address = subnets[0]["CidrBlock"].rpartition(".")[0] + ".10"
            client.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": service.port}])
        return balancer

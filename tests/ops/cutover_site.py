"""What a rollout leaves behind for a cutover to work with, made with boto3 in the emulator."""

from __future__ import annotations

from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops.aws import Aws
from ops.cutover.records import Record, Target
from ops.cutover.site import shares
from ops.emulator.client import Control


class RolledOut:
    """Zone, load balancer with healthy targets, alarms, state bucket, and numbers of good traffic."""

    def __init__(self, aws: Aws, control: Control, environment: Environment) -> None:
        self.aws, self.environment, self.names = aws, environment, Names(environment)
        self.zone = environment.edge.zone
        assert self.zone.id and self.zone.role and environment.cutover.previous
        control.seed_zone(self.zone.role.split(":")[4], self.zone.id, self.zone.name)
        aws.client("s3").create_bucket(Bucket=self.names.state_bucket)
        self.balancer = self._load_balancer()
        self.alarm = self._alarms()
        self.route53 = aws.assuming(self.zone.role, "test").client("route53")
        self.measure()

    def share_out(self, weight: int) -> None:
        """Write the two records, as applying the phase `cutover` does."""
        current = Target(self.balancer["DNSName"], self.balancer["CanonicalHostedZoneId"])
        self._write(*shares(self.environment, current).at(weight))

    def name_previous(self, ttl: int) -> None:
        """Write a plain record, as there was before."""
        previous = self.environment.cutover.previous
        assert previous
        value = {"ResourceRecords": [{"Value": previous.dns_name}]}
        self._write({"Name": self.environment.edge.host, "Type": "CNAME", "TTL": ttl, **value})

    def _write(self, *records: Record) -> None:
        self.route53.change_resource_record_sets(
            HostedZoneId=self.zone.id,
            ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record} for record in records]},
        )

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
        """Report a minute of traffic."""
        groups = self.aws.client("elbv2").describe_target_groups()["TargetGroups"]
        suffix = self.balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]
        here = {"LoadBalancer": suffix}
        numbers: list[tuple[str, str, float, dict[str, str]]] = [
            ("AWS/ApplicationELB", "RequestCount", requests, here),
            ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", errors, here),
            ("AWS/RDS", "DatabaseConnections", 5, {"DBInstanceIdentifier": self.names.prefix}),
            *(
                (
                    "AWS/ApplicationELB",
                    "HealthyHostCount",
                    2,
                    {**here, "TargetGroup": group["TargetGroupArn"].rpartition(":")[2]},
                )
                for group in groups
            ),
        ]
        client = self.aws.client("cloudwatch")
        for namespace, name, value, dimensions in numbers:
            where = [{"Name": key, "Value": each} for key, each in dimensions.items()]
            client.put_metric_data(
                Namespace=namespace, MetricData=[{"MetricName": name, "Value": value, "Dimensions": where}]
            )

    def set_alarm(self, state: str) -> None:
        self.aws.client("cloudwatch").set_alarm_state(AlarmName=self.alarm, StateValue=state, StateReason="planted")

    def _alarms(self) -> str:
        client = self.aws.client("cloudwatch")
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
        ec2, client = self.aws.client("ec2"), self.aws.client("elbv2")
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
            address = subnets[0]["CidrBlock"].rpartition(".")[0] + ".10"
            client.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": service.port}])
        return balancer

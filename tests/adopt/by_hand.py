"""Makes an environment by hand: what a person creates in the console, with AWS's defaults, in the shape of the stacks.

It reads from the stacks what makes the shape: names, ranges, zones, ports and which resource is in which. All other
settings are AWS's defaults, so that what Terraform takes over differs from the code as a hand-made environment does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

Body = dict[str, Any]
Client = Callable[[str], Any]
Maker = Callable[["ByHand", Body], Body]
MAKERS: dict[str, Maker] = {}
_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_RESOURCE = re.compile(r"(aws_\w+)\.([\w-]+)\.(\w+)")
_OUTPUT = re.compile(r'data\.terraform_remote_state\.(\w+)\.outputs\.(\w+)(?:\["([^"]*)"\])?')
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
PASSWORD = "by-hand-1234567890"


class NotYetError(Exception):
    """What a resource refers to isn't made yet, or is never made by hand."""


class ByHand:
    """Makes the resources of phases, one after the other."""

    def __init__(
        self, client: Client, stacks: Mapping[str, Body], account_id: str, *, plain: Collection[str] = ()
    ) -> None:
        """Create it.

        Args:
            client: Returns a client of a service.
            stacks: Content of the stacks by phase.
            account_id: The account.
            plain: Addresses that are made in a way that can't be changed in place.
        """
        self.client, self.stacks, self.account_id, self.plain = client, stacks, account_id, plain
        self.phases: tuple[str, ...] = ()
        self.made: dict[tuple[str, str, str], Body] = {}

    def make(self, *phases: str) -> None:
        """Make what can be made by hand of these phases, each resource after those that it refers to."""
        self.phases = phases
        left = [
            (phase, kind, name)
            for phase in phases
            for kind, named in self.stacks[phase].get("resource", {}).items()
            if kind in MAKERS
            for name in named
        ]
        while left:
            waiting = [each for each in left if not self._make(*each)]
            assert len(waiting) < len(left), waiting
            left = waiting

    def _make(self, phase: str, kind: str, name: str) -> bool:
        block = self.stacks[phase]["resource"][kind][name]
        try:
            arguments = {key: self._value(phase, block[key]) for key in block if key not in _SKIPPED}
        except NotYetError:
            return False
        arguments |= {"address": f"{kind}.{name}", "plain": f"{kind}.{name}" in self.plain}
        self.made[phase, kind, name] = MAKERS[kind](self, arguments)
        return True

    def _value(self, phase: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._value(phase, each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._value(phase, each) for each in value]
        if not isinstance(value, str):
            return value
        if whole := _REFERENCE.fullmatch(value):
            return self._referred(phase, whole[1])
        return _REFERENCE.sub(lambda found: str(self._referred(phase, found[1])), value)

    def _referred(self, phase: str, expression: str) -> Any:
        if output := _OUTPUT.fullmatch(expression):
            published = self.stacks[output[1]]["output"][output[2]]["value"]
            return self._value(output[1], published[output[3]] if output[3] else published)
        resource = _RESOURCE.fullmatch(expression)
        if resource is None:
            return None
        kind, name, attribute = resource.groups()
        block = self.stacks[phase]["resource"][kind][name]
        if kind in MAKERS and phase in self.phases and (phase, kind, name) not in self.made:
            raise NotYetError
        made = self.made.get((phase, kind, name), {})
        return made.get(attribute) or (self._value(phase, block[attribute]) if attribute in block else None)


_SKIPPED = frozenset({"//", "depends_on", "lifecycle", "policy"})
"""What makes no difference to the shape."""


def maker(*kinds: str) -> Callable[[Maker], Maker]:
    """Register what makes resources of these types; it returns the attributes that others refer to."""

    def register(function: Maker) -> Maker:
        MAKERS.update(dict.fromkeys(kinds, function))
        return function

    return register


# The account ------------------------------------------------------------------------------------------------------


@maker("aws_kms_key")
def _key(hand: ByHand, given: Body) -> Body:
    key = hand.client("kms").create_key(Description="by hand")["KeyMetadata"]
    return {"id": key["KeyId"], "key_id": key["KeyId"], "arn": key["Arn"]}


@maker("aws_kms_alias")
def _alias(hand: ByHand, given: Body) -> Body:
    hand.client("kms").create_alias(AliasName=given["name"], TargetKeyId=given["target_key_id"])
    return {}


@maker("aws_iam_openid_connect_provider")
def _provider(hand: ByHand, given: Body) -> Body:
    made = hand.client("iam").create_open_id_connect_provider(
        Url=given["url"], ClientIDList=given["client_id_list"], ThumbprintList=["f" * 40]
    )
    return {"arn": made["OpenIDConnectProviderArn"]}


@maker("aws_iam_service_linked_role")
def _linked_role(hand: ByHand, given: Body) -> Body:
    """Unless a service has already created its own, as soon as it was used."""
    service, iam = given["aws_service_name"], hand.client("iam")
    roles = iam.list_roles(PathPrefix=f"/aws-service-role/{service}/")["Roles"]
    return {"arn": (roles[0] if roles else iam.create_service_linked_role(AWSServiceName=service)["Role"])["Arn"]}


@maker("aws_iam_role")
def _role(hand: ByHand, given: Body) -> Body:
    role = hand.client("iam").create_role(RoleName=given["name"], AssumeRolePolicyDocument=TRUST)["Role"]
    return {"id": given["name"], "arn": role["Arn"]}


@maker("aws_s3_bucket")
def _bucket(hand: ByHand, given: Body) -> Body:
    s3 = hand.client("s3")
    region = s3.meta.region_name
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=given["bucket"], **where)
    return {"id": given["bucket"], "arn": f"arn:aws:s3:::{given['bucket']}"}


@maker("aws_sns_topic")
def _topic(hand: ByHand, given: Body) -> Body:
    return {"arn": hand.client("sns").create_topic(Name=given["name"])["TopicArn"]}


@maker("aws_cloudwatch_log_group")
def _log_group(hand: ByHand, given: Body) -> Body:
    logs = hand.client("logs")
    logs.create_log_group(logGroupName=given["name"])
    return {"arn": f"arn:aws:logs:{logs.meta.region_name}:{hand.account_id}:log-group:{given['name']}"}


@maker("aws_guardduty_detector")
def _detector(hand: ByHand, given: Body) -> Body:
    return {"id": hand.client("guardduty").create_detector(Enable=True)["DetectorId"]}


@maker("aws_securityhub_account")
def _security_hub(hand: ByHand, given: Body) -> Body:
    hand.client("securityhub").enable_security_hub(EnableDefaultStandards=False)
    return {}


@maker("aws_config_configuration_recorder")
def _recorder(hand: ByHand, given: Body) -> Body:
    """The console calls it `default`, whatever else is chosen."""
    role = f"arn:aws:iam::{hand.account_id}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    hand.client("config").put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": role})
    hand.client("s3").create_bucket(Bucket=f"config-bucket-{hand.account_id}")
    hand.client("config").put_delivery_channel(
        DeliveryChannel={"name": "default", "s3BucketName": f"config-bucket-{hand.account_id}"}
    )
    return {"name": "default"}


@maker("aws_accessanalyzer_analyzer")
def _analyzer(hand: ByHand, given: Body) -> Body:
    hand.client("accessanalyzer").create_analyzer(analyzerName="ConsoleAnalyzer", type="ACCOUNT")
    return {}


# Network ----------------------------------------------------------------------------------------------------------


@maker("aws_vpc")
def _vpc(hand: ByHand, given: Body) -> Body:
    return {"id": hand.client("ec2").create_vpc(CidrBlock=given["cidr_block"])["Vpc"]["VpcId"]}


@maker("aws_internet_gateway")
def _internet_gateway(hand: ByHand, given: Body) -> Body:
    made = hand.client("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    hand.client("ec2").attach_internet_gateway(InternetGatewayId=made, VpcId=given["vpc_id"])
    return {"id": made}


@maker("aws_subnet")
def _subnet(hand: ByHand, given: Body) -> Body:
    zone = given["availability_zone"]
    if given["plain"]:
        zone = zone[:-1] + ("b" if zone[-1] == "a" else "a")
    made = hand.client("ec2").create_subnet(VpcId=given["vpc_id"], CidrBlock=given["cidr_block"], AvailabilityZone=zone)
    return {"id": made["Subnet"]["SubnetId"]}


@maker("aws_eip")
def _address(hand: ByHand, given: Body) -> Body:
    return {"id": hand.client("ec2").allocate_address(Domain="vpc")["AllocationId"]}


@maker("aws_nat_gateway")
def _nat(hand: ByHand, given: Body) -> Body:
    made = hand.client("ec2").create_nat_gateway(SubnetId=given["subnet_id"], AllocationId=given["allocation_id"])
    return {"id": made["NatGateway"]["NatGatewayId"]}


@maker("aws_route_table")
def _route_table(hand: ByHand, given: Body) -> Body:
    return {"id": hand.client("ec2").create_route_table(VpcId=given["vpc_id"])["RouteTable"]["RouteTableId"]}


@maker("aws_route_table_association")
def _association(hand: ByHand, given: Body) -> Body:
    hand.client("ec2").associate_route_table(SubnetId=given["subnet_id"], RouteTableId=given["route_table_id"])
    return {}


@maker("aws_route")
def _route(hand: ByHand, given: Body) -> Body:
    to = {"NatGatewayId": given.get("nat_gateway_id"), "GatewayId": given.get("gateway_id")}
    hand.client("ec2").create_route(
        RouteTableId=given["route_table_id"],
        DestinationCidrBlock=given["destination_cidr_block"],
        **{key: value for key, value in to.items() if value},
    )
    return {}


@maker("aws_security_group")
def _group(hand: ByHand, given: Body) -> Body:
    """AWS adds a rule that lets everything out."""
    description = "by hand" if given["plain"] else given["description"]
    made = hand.client("ec2").create_security_group(
        GroupName=given["name"], Description=description, VpcId=given["vpc_id"]
    )
    return {"id": made["GroupId"]}


@maker("aws_vpc_security_group_ingress_rule")
def _ingress(hand: ByHand, given: Body) -> Body:
    permission: Body = {"IpProtocol": given["ip_protocol"], "FromPort": given["from_port"], "ToPort": given["to_port"]}
    if given.get("referenced_security_group_id"):
        permission["UserIdGroupPairs"] = [{"GroupId": given["referenced_security_group_id"]}]
    else:
        permission["IpRanges"] = [{"CidrIp": given["cidr_ipv4"]}]
    hand.client("ec2").authorize_security_group_ingress(GroupId=given["security_group_id"], IpPermissions=[permission])
    return {}


@maker("aws_vpc_endpoint")
def _endpoint(hand: ByHand, given: Body) -> Body:
    parts = {
        "SubnetIds": given.get("subnet_ids"),
        "SecurityGroupIds": given.get("security_group_ids"),
        "RouteTableIds": given.get("route_table_ids"),
        "PrivateDnsEnabled": True if given["vpc_endpoint_type"] == "Interface" else None,
    }
    made = hand.client("ec2").create_vpc_endpoint(
        VpcId=given["vpc_id"],
        ServiceName=given["service_name"],
        VpcEndpointType=given["vpc_endpoint_type"],
        **{key: value for key, value in parts.items() if value},
    )
    return {"id": made["VpcEndpoint"]["VpcEndpointId"]}


# Registry and secrets ---------------------------------------------------------------------------------------------


@maker("aws_ecr_repository")
def _repository(hand: ByHand, given: Body) -> Body:
    """A `plain` one has AWS's own encryption, as the console chooses it."""
    (wanted,) = given["encryption_configuration"]
    encryption: Body = {"encryptionType": "AES256"}
    if not given["plain"]:
        encryption = {"encryptionType": "KMS", "kmsKey": wanted["kms_key"]}
    made = hand.client("ecr").create_repository(repositoryName=given["name"], encryptionConfiguration=encryption)
    return {"id": given["name"], "arn": made["repository"]["repositoryArn"]}


@maker("aws_secretsmanager_secret")
def _secret(hand: ByHand, given: Body) -> Body:
    arn = hand.client("secretsmanager").create_secret(Name=given["name"], SecretString=PASSWORD)["ARN"]
    return {"id": arn, "arn": arn}


# Data -------------------------------------------------------------------------------------------------------------


@maker("aws_db_subnet_group")
def _database_subnets(hand: ByHand, given: Body) -> Body:
    hand.client("rds").create_db_subnet_group(
        DBSubnetGroupName=given["name"], DBSubnetGroupDescription="by hand", SubnetIds=given["subnet_ids"]
    )
    return {}


@maker("aws_db_parameter_group")
def _database_parameters(hand: ByHand, given: Body) -> Body:
    hand.client("rds").create_db_parameter_group(
        DBParameterGroupName=given["name"], DBParameterGroupFamily=given["family"], Description=given["description"]
    )
    return {}


@maker("aws_db_instance")
def _database(hand: ByHand, given: Body) -> Body:
    """A `plain` one isn't encrypted."""
    encryption = {} if given["plain"] else {"StorageEncrypted": True, "KmsKeyId": given["kms_key_id"]}
    hand.client("rds").create_db_instance(
        DBInstanceIdentifier=given["identifier"],
        DBInstanceClass=given["instance_class"],
        Engine=given["engine"],
        EngineVersion=given["engine_version"],
        AllocatedStorage=20,
        DBName=given["db_name"],
        MasterUsername=given["username"],
        MasterUserPassword=PASSWORD,
        DBSubnetGroupName=given["db_subnet_group_name"],
        **encryption,
    )
    return {}


@maker("aws_elasticache_subnet_group")
def _cache_subnets(hand: ByHand, given: Body) -> Body:
    hand.client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName=given["name"], CacheSubnetGroupDescription="by hand", SubnetIds=given["subnet_ids"]
    )
    return {}


@maker("aws_elasticache_replication_group")
def _cache(hand: ByHand, given: Body) -> Body:
    """A `plain` one isn't encrypted with the stack's key."""
    key = {} if given["plain"] else {"KmsKeyId": given["kms_key_id"]}
    hand.client("elasticache").create_replication_group(
        ReplicationGroupId=given["replication_group_id"],
        ReplicationGroupDescription="by hand",
        Engine=given["engine"],
        EngineVersion=given["engine_version"],
        CacheNodeType=given["node_type"],
        NumCacheClusters=given["num_cache_clusters"],
        CacheSubnetGroupName=given["subnet_group_name"],
        AtRestEncryptionEnabled=True,
        TransitEncryptionEnabled=True,
        **key,
    )
    return {}


# Edge and services ------------------------------------------------------------------------------------------------


@maker("aws_lb")
def _load_balancer(hand: ByHand, given: Body) -> Body:
    made = hand.client("elbv2").create_load_balancer(
        Name=given["name"], Subnets=given["subnets"], SecurityGroups=given["security_groups"]
    )
    return {"arn": made["LoadBalancers"][0]["LoadBalancerArn"]}


@maker("aws_lb_target_group")
def _target_group(hand: ByHand, given: Body) -> Body:
    made = hand.client("elbv2").create_target_group(
        Name=given["name"],
        Protocol=given["protocol"],
        Port=given["port"],
        VpcId=given["vpc_id"],
        TargetType="instance" if given["plain"] else given["target_type"],
    )
    return {"arn": made["TargetGroups"][0]["TargetGroupArn"]}


@maker("aws_lb_listener")
def _listener(hand: ByHand, given: Body) -> Body:
    """By hand there is only one of HTTP, which answers by itself."""
    if given["port"] != 80:
        return {}
    answer: Any = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    made = hand.client("elbv2").create_listener(
        LoadBalancerArn=given["load_balancer_arn"], Protocol="HTTP", Port=80, DefaultActions=[answer]
    )
    return {"arn": made["Listeners"][0]["ListenerArn"]}


@maker("aws_acm_certificate")
def _certificate(hand: ByHand, given: Body) -> Body:
    names = given.get("subject_alternative_names", [])
    made = hand.client("acm").request_certificate(
        DomainName=given["domain_name"], ValidationMethod="DNS", SubjectAlternativeNames=[given["domain_name"], *names]
    )
    return {"arn": made["CertificateArn"]}


@maker("aws_route53_zone")
def _zone(hand: ByHand, given: Body) -> Body:
    made = hand.client("route53").create_hosted_zone(Name=given["name"], CallerReference="by hand")
    return {"zone_id": made["HostedZone"]["Id"].rpartition("/")[2]}


@maker("aws_ecs_cluster")
def _cluster(hand: ByHand, given: Body) -> Body:
    return {"arn": hand.client("ecs").create_cluster(clusterName=given["name"])["cluster"]["clusterArn"]}


@maker("aws_cloudwatch_metric_alarm")
def _alarm(hand: ByHand, given: Body) -> Body:
    hand.client("cloudwatch").put_metric_alarm(
        AlarmName=given["alarm_name"],
        Namespace="ByHand",
        MetricName="Errors",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Period=60,
        Statistic="Sum",
        Threshold=1,
    )
    return {}

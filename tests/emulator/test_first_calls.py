"""The first call to a service in an account: it creates the service's role, or fails without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.aws import Aws

pytestmark = pytest.mark.slow
Call = Callable[[Aws], Any]


def _subnets(aws: Aws) -> list[str]:
    return [each["SubnetId"] for each in aws("ec2").describe_subnets()["Subnets"][:2]]


def database(aws: Aws) -> None:
    aws("rds").create_db_instance(DBInstanceIdentifier="one", DBInstanceClass="db.m7g.large", Engine="postgres")


def database_subnets(aws: Aws) -> None:
    aws("rds").create_db_subnet_group(DBSubnetGroupName="one", DBSubnetGroupDescription="one", SubnetIds=_subnets(aws))


def cache(aws: Aws) -> None:
    aws("elasticache").create_replication_group(ReplicationGroupId="one", ReplicationGroupDescription="one")


def cache_subnets(aws: Aws) -> None:
    aws("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="one", CacheSubnetGroupDescription="one", SubnetIds=_subnets(aws)
    )


@pytest.mark.parametrize(
    ("service", "call", "code", "message"),
    [
        ("rds", database, "InvalidParameterValue", "Verify that you have permission to create service linked role"),
        ("rds", database_subnets, "InvalidParameterValue", "Missing necessary credentials"),
        ("elasticache", cache, "ServiceLinkedRoleNotFoundFault", "CreateServiceLinkedRole"),
        ("elasticache", cache_subnets, "ServiceLinkedRoleNotFoundFault", "CreateServiceLinkedRole"),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_databases_and_caches_need_their_role_first(
    aws: Aws, service: str, call: Call, code: str, message: str
) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        call(aws)
    assert refused.value.response["Error"]["Code"] == code
    aws("iam").create_service_linked_role(AWSServiceName=f"{service}.amazonaws.com")
    call(aws)


@pytest.mark.parametrize(
    ("principal", "role", "call"),
    [
        ("ecs", "ECS", lambda aws: aws("ecs").create_cluster(clusterName="one")),
        (
            "elasticloadbalancing",
            "ElasticLoadBalancing",
            lambda aws: aws("elbv2").create_load_balancer(Name="one", Subnets=_subnets(aws)),
        ),
        ("guardduty", "AmazonGuardDuty", lambda aws: aws("guardduty").create_detector(Enable=True)),
        ("securityhub", "SecurityHub", lambda aws: aws("securityhub").enable_security_hub()),
        (
            "access-analyzer",
            "AccessAnalyzer",
            lambda aws: aws("accessanalyzer").create_analyzer(analyzerName="one", type="ACCOUNT"),
        ),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_other_services_create_their_role_which_is_then_taken(aws: Aws, principal: str, role: str, call: Call) -> None:
    iam, name = aws("iam"), f"AWSServiceRoleFor{role}"
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=name)
    call(aws)
    assert iam.get_role(RoleName=name)["Role"]["Path"] == f"/aws-service-role/{principal}.amazonaws.com/"
    with pytest.raises(ClientError, match=f"{name} has been taken in this account") as refused:
        iam.create_service_linked_role(AWSServiceName=f"{principal}.amazonaws.com")
    assert refused.value.response["Error"]["Code"] == "InvalidInput"

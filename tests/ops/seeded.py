"""The resources of a rollout that the operators' commands read, created with boto3."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from environments import load
from environments.names import Names
from environments.schema import Environment, Secret
from ops.aws import waiting
from ops.aws.session import Aws, connect
from ops.tasks.running import workloads
from rehearsal.emulator.agent import AgentPlace, AgentWhen
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import environment as variables
from tests.ops.emulated import Emulated

PROD = load("prod")
ALL = [secret.name for secret in PROD.product.secrets]
DIGEST = "7e1cc18212d4" + "0" * 52


@contextmanager
def account(emulator: Emulator | Emulated) -> Iterator[Aws]:
    """Production's account, emptied once for the tests of a module. Commands reuse connections, and wait briefly."""
    wanted = variables(emulator.endpoint, PROD.account_id, role=Names(PROD).role("break-glass"))
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(wanted):
            patch.delenv(name)
        for name, value in wanted.items():
            patch.setenv(name, value)
        Control(emulator.endpoint, PROD.account_id, PROD.region).reset()
        aws = connect(PROD)
        patch.setattr("ops.aws.session.connect", lambda _: aws)
        patch.setattr(waiting, "PAUSE", 0.01)
        yield aws


def secrets(aws: Aws, environment: Environment = PROD, *, values: Iterable[str] = ()) -> None:
    """All containers, each with its policy, and values of some."""
    client, names = aws.client("secretsmanager"), Names(environment)
    for secret in environment.product.secrets:
        client.create_secret(Name=names.secret(secret.name))
        client.put_resource_policy(SecretId=names.secret(secret.name), ResourcePolicy=policy(names, secret))
    for name in values:
        client.put_secret_value(SecretId=names.secret(name), SecretString=f"first-{name}")


def policy(names: Names, secret: Secret) -> str:
    services = [each for each in names.environment.product.services if secret.name in each.secrets]
    readers = [*(names.role_arn(f"{each.name}-execution") for each in services), names.role_arn("break-glass")]
    statements = [
        {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": action,
            "Resource": "*",
            "Condition": {"ArnNotEquals": {"aws:PrincipalArn": roles}},
        }
        for action, roles in {
            "secretsmanager:GetSecretValue": readers,
            "secretsmanager:PutSecretValue": [names.role_arn("deployer"), names.role_arn("break-glass")],
        }.items()
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def secret_value(aws: Aws, name: str, stage: str = "AWSCURRENT") -> str:
    answer = aws.client("secretsmanager").get_secret_value(SecretId=Names(PROD).secret(name), VersionStage=stage)
    return str(answer["SecretString"])


def services(aws: Aws) -> None:
    """Cluster, task definitions, services and log groups."""
    names = Names(PROD)
    ecs: Any = aws.client("ecs")
    ecs.create_cluster(clusterName=names.prefix)
    for work in workloads(PROD).values():
        container = {
            "name": work.name,
            "image": f"{work.service.repository}@sha256:{DIGEST}",
            "memory": 512,
            "essential": True,
        }
        ecs.register_task_definition(
            family=work.family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[container],
        )
    for service in PROD.product.services:
        aws.client("logs").create_log_group(logGroupName=names.log_group(service.name))
        ecs.create_service(
            cluster=names.prefix,
            serviceName=names.service(service.name),
            taskDefinition=names.service(service.name),
            desiredCount=2,
            launchType="FARGATE",
            networkConfiguration=network(aws),
        )


@contextmanager
def agent(emulator: Emulator | Emulated, place: AgentPlace) -> Iterator[None]:
    """Inside this context, new tasks list GuardDuty's agent at a position; otherwise it is the first container."""
    control = Control(emulator.endpoint, PROD.account_id, PROD.region)
    control.guardduty_agent(AgentWhen.ALWAYS, place)
    try:
        yield
    finally:
        control.guardduty_agent(AgentWhen.ALWAYS)


def network(aws: Aws) -> dict[str, Any]:
    ec2 = aws.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}])["SecurityGroups"]
    return {"awsvpcConfiguration": {"subnets": [subnet["SubnetId"]], "securityGroups": [groups[0]["GroupId"]]}}


def run_task(aws: Aws, work: str, started_by: str = "") -> str:
    """Start a task and return its id. Each read of it advances it by one step: RUNNING, then STOPPED."""
    ecs: Any = aws.client("ecs")
    answer = ecs.run_task(
        cluster=Names(PROD).prefix,
        taskDefinition=Names(PROD).service(work),
        launchType="FARGATE",
        networkConfiguration=network(aws),
        startedBy=started_by,
    )
    return str(answer["tasks"][0]["taskArn"]).rpartition("/")[2]


def cache(aws: Aws) -> None:
    """The replication group, and the application's user, who is switched off."""
    client, names = aws.client("elasticache"), Names(PROD)
    client.create_user(
        UserId=names.resource("app"),
        UserName=names.resource("app"),
        Engine="redis",
        AccessString="off -@all",
        AuthenticationMode={"Type": "iam"},
    )
    service_linked_role(aws, "elasticache")
    client.create_replication_group(
        ReplicationGroupId=names.prefix, ReplicationGroupDescription="cache", NumCacheClusters=1, Port=6379
    )


def service_linked_role(aws: Aws, service: str) -> None:
    """The role that a service works with, which the account phase creates."""
    aws.client("iam").create_service_linked_role(AWSServiceName=f"{service}.amazonaws.com")


def database(aws: Aws) -> None:
    service_linked_role(aws, "rds")
    aws.client("rds").create_db_instance(
        DBInstanceIdentifier=Names(PROD).prefix,
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        MasterUsername="aep",
        MasterUserPassword="planted-password",
        AllocatedStorage=20,
    )


def log(aws: Aws, group: str, stream: str, *lines: tuple[int, str]) -> None:
    """Write lines, each with how many seconds ago that was."""
    client: Any = aws.client("logs")
    with suppress(client.exceptions.ResourceAlreadyExistsException):
        client.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time())
    events = [{"timestamp": (now - ago) * 1000, "message": text} for ago, text in lines]
    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

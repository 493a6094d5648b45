"""AWS's APIs that tasks call, and how they reach each: through an interface endpoint of the VPC, or through NAT.

ECR's image layers come from S3, whose gateway endpoint is free and always exists. Interface endpoints are billed by
zone and hour, so which ones exist, and in how many zones, is the profile's choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from environments.guardduty import DATA, agent_repository
from environments.schema.environment import Environment
from environments.schema.workload import Service

if TYPE_CHECKING:
    from environments.names import Names


class Api(NamedTuple):
    """An API of AWS."""

    endpoint: str
    """The endpoint's name, as AWS writes it after the region."""
    why: str
    """What tasks do with it."""
    called: Callable[[Service], bool]
    """Whether the tasks of a service call it."""
    required: bool = True
    """Whether tasks can't do their work without it."""


# https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html: Fargate needs ecr.api, ecr.dkr and S3's.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html: logs for the driver awslogs, and
# secretsmanager for secrets; without an internet gateway or NAT, tasks on Fargate don't start without them.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html: ssmmessages, and kms where a key encrypts.
APIS = (
    Api("ecr.api", "pull their images", lambda _: True),
    Api("ecr.dkr", "pull their images", lambda _: True),
    Api("logs", "write their logs", lambda _: True),
    Api("secretsmanager", "read their secrets", lambda service: bool(service.secrets)),
    Api("kms", "encrypt sessions of ECS Exec", lambda _: True, required=False),
    Api("sts", "look up their own role", lambda _: True, required=False),
    Api("ssmmessages", "open sessions of ECS Exec", lambda _: True, required=False),
    Api("monitoring", "publish metrics", lambda service: service.metrics_namespace is not None),
)
SESSIONS = ("ssmmessages", "kms")
"""What `exec` and `db` need."""

_SERVICES: Mapping[str, str] = {"monitoring": "cloudwatch", DATA: "guardduty"}
"""Services whose endpoints have other names than their actions."""


def service_of(endpoint: str) -> str:
    """The service whose requests an endpoint takes, as actions name it: `ecr` for `ecr.api`.

    https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
    """
    return _SERVICES.get(endpoint, endpoint.partition(".")[0])


class Extra(NamedTuple):
    """Requests that an endpoint takes beside those that the policies of the tasks' roles allow."""

    endpoint: str
    sid: str
    action: str
    resource: str
    why: str


def extras(names: Names) -> tuple[Extra, ...]:
    """All of them; an endpoint's policy allows these and what the roles may do, and nothing else."""
    layers = names.partition.bucket(f"prod-{names.environment.region}-starport-layer-bucket/*")
    return (
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
        Extra(
            "s3", "ImageLayers", "s3:GetObject", layers, "ECR presigns the URLs of image layers as its own principal"
        ),
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
        Extra("sts", "OwnIdentity", "sts:GetCallerIdentity", "*", "GetCallerIdentity needs no permission of a role"),
        # The roles' own policies name the key: the task roles decrypt sessions of ECS Exec with it.
        Extra("kms", "AnyKey", "kms:Decrypt", names.arn("kms", "key/*"), "the key is created after its endpoint"),
        # https://docs.aws.amazon.com/guardduty/latest/ug/eksrunmon-prereq-deploy-security-agent.html
        Extra(DATA, "AgentsEvents", "guardduty:SendSecurityTelemetry", "*", "GuardDuty's agent sends its events"),
    )


def interface_endpoints(environment: Environment) -> tuple[str, ...]:
    """The interface endpoints that the VPC has, as AWS names them.

    GuardDuty's always exists where the region has an agent: it is free, and GuardDuty would create its own
    (docs/adr/0019).
    """
    chosen, services = environment.profile.endpoints, environment.product.services
    named = [
        api.endpoint
        for api in APIS
        if (api.endpoint in chosen if chosen is not None else any(api.called(each) for each in services))
    ]
    return (*named, *([DATA] if agent_repository(environment.region) else []))


def endpoint_zones(environment: Environment) -> tuple[str, ...]:
    """Letters of the zones that interface endpoints are in; tasks of other zones reach them across zones.

    https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
    """
    return environment.zones[: environment.profile.endpoint_zones]


def unreachable(environment: Environment, service: Service) -> Iterator[Api]:
    """The APIs that tasks of a service call and can't reach: no endpoint, and no NAT that they may use."""
    endpoints = interface_endpoints(environment)
    if not (service.internet and environment.nat_zones):
        for api in APIS:
            if api.called(service) and api.endpoint not in endpoints:
                yield api

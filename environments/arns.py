"""Every ARN and host name of AWS, with the partition of its region. No other module writes `arn:aws:`.

A partition is a group of regions with its own accounts, ARNs and host names.
https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
"""Host of the AWS console by partition; with a region before it, of that region's.

https://docs.aws.amazon.com/general/latest/gr/mgmt-console.html; links of AWS's own pages have the other two, as in
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
"""


class UnknownRegionError(LookupError):
    """botocore's endpoint data has no such region."""


@dataclass(frozen=True)
class Partition:
    """A partition: the parts that ARNs and host names of its regions share."""

    name: str
    """As in ARNs: `aws`, `aws-cn`, `aws-us-gov`."""
    dns_suffix: str
    """End of the names of AWS's hosts: `amazonaws.com`."""
    regions: Mapping[str, str]
    """Regions, each with its description."""
    services: Mapping[str, frozenset[str]]
    """Services, by the first part of their host names, each with the regions that have it; none for a global one."""
    signed_for: Mapping[str, str]
    """By global service: the region that its calls are signed for, and whose CloudTrail records them."""

    def global_region(self, service: str) -> str:
        """The region of a global service's events.

        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events

        Raises:
            UnknownRegionError: The partition has no such global service.
        """
        try:
            return self.signed_for[service]
        except KeyError:
            raise UnknownRegionError(
                f"botocore's endpoint data has no global service {service!r} in {self.name}"
            ) from None

    def arn(self, service: str, resource: str, *, region: str = "", account_id: str = "") -> str:
        """ARN of a resource. Some services have no region in their ARNs, and some no account.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
        """
        return f"arn:{self.name}:{service}:{region}:{account_id}:{resource}"

    def root(self, account_id: str) -> str:
        """ARN that means a whole account in a policy."""
        return self.arn("iam", "root", account_id=account_id)

    def bucket(self, name: str) -> str:
        """ARN of an S3 bucket."""
        return self.arn("s3", name)

    def zone(self, zone_id: str) -> str:
        """ARN of a Route 53 hosted zone."""
        return self.arn("route53", f"hostedzone/{zone_id}")

    def managed_policy(self, name: str) -> str:
        """ARN of a policy that AWS manages."""
        return self.arn("iam", f"policy/{name}", account_id="aws")

    def host(self, service: str, region: str) -> str:
        """A service's host in a region. The condition key `kms:ViaService` and the principal of CloudWatch Logs use it.

        https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
        """
        return f"{service}.{region}.{self.dns_suffix}"

    def endpoint_service(self, service: str, region: str) -> str:
        """Name of a service's VPC endpoint: the parts of its host, from the end.

        https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
        """
        suffix = ".".join(reversed(self.dns_suffix.split(".")))
        return f"{suffix}.{region}.{service}"

    def registry(self, account_id: str, region: str) -> str:
        """Host of an account's ECR registry.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
        """
        return f"{account_id}.dkr.ecr.{region}.{self.dns_suffix}"

    def console(self, page: str, region: str) -> str | None:
        """Address of a page of the AWS console; none in a partition whose console has no known host.

        Args:
            page: Path, and a fragment if it has one; `{region}` is filled in.
            region: The region.
        """
        host = _CONSOLES.get(self.name)
        return host and f"https://{region}.{host}/{page.replace('{region}', region)}"


@cache
def partitions() -> tuple[Partition, ...]:
    """All partitions of botocore's endpoint data, AWS's commercial one first. It is read once, in about 10 ms."""
    data = json.loads(files("botocore").joinpath("data/endpoints.json").read_text(encoding="utf-8"))
    return tuple(_partition(each) for each in data["partitions"])


def _partition(data: dict[str, Any]) -> Partition:
    regions = {name: str(region["description"]) for name, region in data["regions"].items()}
    return Partition(
        name=data["partition"],
        dns_suffix=data["dnsSuffix"],
        regions=regions,
        services={
            name: frozenset(service["endpoints"]) & frozenset(regions) for name, service in data["services"].items()
        },
        signed_for={
            name: str(service["endpoints"][place]["credentialScope"]["region"])
            for name, service in data["services"].items()
            if (place := service.get("partitionEndpoint")) and "credentialScope" in service["endpoints"].get(place, {})
        },
    )


@cache
def partition(region: str) -> Partition:
    """The partition of a region.

    Raises:
        UnknownRegionError: There is no such region.
    """
    for each in partitions():
        if region in each.regions:
            return each
    raise UnknownRegionError(f"botocore's endpoint data has no region {region!r}")


def account_of(arn: str) -> str:
    """The account in an ARN; empty where it has none."""
    return arn.split(":")[4]


def root_of(arn: str) -> str:
    """ARN of the account that an ARN belongs to, in the same partition."""
    return ":".join([*arn.split(":")[:2], "iam", "", account_of(arn), "root"])

"""Constrained types: what a single value may look like, in any field."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from environments.schema.regions import region_problem
from environments.schema.schedules import ScheduleError, check

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """Turn a class into a frozen dataclass that `validate` checks as a whole.

    Pydantic's own models raise at the first wrong part; a plain dataclass that Pydantic reads afterwards lets
    all problems of an environment be listed at once.
    """
    setattr(cls, "__pydantic_config__", ConfigDict(extra="forbid", strict=True, revalidate_instances="always"))  # noqa: B010
    return dataclass(frozen=True, kw_only=True)(cls)


@dataclass(frozen=True)
class Checked:
    """A string that passes a check; `meaning` says in words what is allowed."""

    problem: Callable[[str], str | None]
    """The problem of a string, which may be empty where the meaning is enough; none if it is valid."""
    meaning: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Pydantic calls this to get the validator."""
        return core_schema.no_info_after_validator_function(self._passed, handler(source))

    def _passed(self, text: str) -> str:
        reason = self.problem(text)
        if reason is None:
            return text
        because = f"; {reason}" if reason else ""
        raise PydanticCustomError("not_allowed", "must be {meaning}", {"meaning": self.meaning + because})


def matching(pattern: str, meaning: str, *, longest: int | None = None) -> Checked:
    """A string that matches the whole of `pattern`, in which digits and letters are ASCII, as AWS requires."""

    def problem(text: str) -> str | None:
        if longest is not None and len(text) > longest:
            return f"it has {len(text)} characters"
        return None if re.fullmatch(pattern, text, re.ASCII) else ""

    return Checked(problem, f"{meaning}, up to {longest} characters" if longest else meaning)


# Ranges for a VPC: the private ones of RFC 1918, which AWS recommends, and RFC 6598's.
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
_PRIVATE = [ipaddress.IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]
_AVOIDED = ipaddress.IPv4Network("172.17.0.0/16")


def _vpc_range_problem(text: str) -> str | None:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        return str(error)
    if not 16 <= network.prefixlen <= 19 or str(network) != text:
        return ""
    if not any(network.subnet_of(private) for private in _PRIVATE):
        return f"private are {', '.join(map(str, _PRIVATE))}"
    if network.overlaps(_AVOIDED):
        return f"not {_AVOIDED}: AWS services use that range themselves, as Docker does"
    return None


def _address_problem(text: str) -> str | None:
    try:
        ipaddress.ip_address(text)
    except ValueError as error:
        return str(error)
    return None


def _schedule_problem(text: str) -> str | None:
    try:
        check(text)
    except ScheduleError as error:
        return str(error)
    return None


AccountId = Annotated[str, matching(r"\d{12}", "12 digits")]
Region = Annotated[str, Checked(region_problem, "an AWS region such as us-east-1")]
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
_ARN = r"arn:aws(-[a-z]+)*:"
RoleArn = Annotated[str, matching(_ARN + r"iam::\d{12}:role/[\w+=,.@/-]{1,576}", "the ARN of an IAM role")]
LambdaArn = Annotated[
    str,
    matching(_ARN + r"lambda:[a-z0-9-]+:\d{12}:function:[\w-]{1,64}(:[\w$-]{1,128})?", "the ARN of a Lambda function"),
]
# The parts' lengths: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1
Email = Annotated[
    str, matching(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@([a-z0-9-]+\.)+[a-z]{2,}", "an e-mail address", longest=254)
]
_LABELS = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])"
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
HostName = Annotated[str, matching(_LABELS, "a lower-case DNS name", longest=253)]
# ACM issues certificates of public domains only: none of a special-use name, or of AWS's own domain.
# https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting-failed.html
# https://www.iana.org/assignments/special-use-domain-names/special-use-domain-names.xhtml
_NOT_PUBLIC = r"(?!.*\.(example|internal|invalid|local|localhost|onion|test|amazonaws\.com)$)"
CertificateName = Annotated[
    str,
    matching(
        rf"{_NOT_PUBLIC}(\*\.)?{_LABELS}",
        "a lower-case name in a public domain, with *. before it for a wildcard",
        longest=253,
    ),
]
ZoneId = Annotated[str, matching(r"Z[A-Z0-9]{8,31}", "a hosted zone id: Z and 8 to 31 capitals and digits")]
Address = Annotated[
    str, matching(r"aws_[a-z0-9_]+\.[A-Za-z_][\w-]*", "an address as synth writes it, such as aws_vpc.vpc")
]
# Terraform would evaluate ${…} and %{…}: https://developer.hashicorp.com/terraform/language/syntax/json#expressions
ImportId = Annotated[
    str,
    matching(
        r"(?!.*[$%]\{)[ -~]*[!-~][ -~]*", "the id that Terraform imports it by, as `ops adopt` prints it", longest=2048
    ),
]
Slug = Annotated[str, matching(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "lower-case words joined by hyphens")]
SecretName = Annotated[str, matching(r"[A-Z][A-Z0-9_]*", "an environment variable's name, in capitals")]
VariableName = Annotated[str, matching(r"[A-Za-z_][A-Za-z0-9_]*", "an environment variable's name")]
Digest = Annotated[str, matching(r"sha256:[0-9a-f]{64}", "sha256: and 64 hexadecimal digits")]
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
RepositoryName = Annotated[
    str,
    matching(
        r"(?=.{2})[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*", "an ECR repository name", longest=256
    ),
]
# https://docs.github.com/en/repositories/creating-and-managing-repositories/about-repositories
_OWNER, _NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}", r"(?!\.\.?(?![\w.-]))[\w.-]{1,100}"
GithubRepository = Annotated[str, matching(f"{_OWNER}/{_NAME}", "a GitHub repository, owner/name")]
NumberedRepository = Annotated[
    str, matching(rf"{_OWNER}@\d+/{_NAME}@\d+", "OWNER@ID/NAME@ID, as GitHub's tokens name the repository")
]
# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
TagValue = Annotated[str, matching(r"[\w .:/=+@-]*", "letters, digits, spaces and .:/=+-@_", longest=256)]
TagKey = Annotated[str, matching(r"[\w .:/=+@-]{1,128}", "1 to 128 letters, digits, spaces and .:/=+-@_")]
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
Namespace = Annotated[
    str,
    matching(r"(?!AWS/)[\w./#:-]{1,255}", "a CloudWatch namespace, 1 to 255 letters, digits and ./#:-_, not AWS/…"),
]
MetricName = Annotated[str, matching(r"[ -~]{1,255}", "up to 255 printable ASCII characters")]
Schedule = Annotated[str, Checked(_schedule_problem, "an EventBridge expression: rate(…), cron(…) or at(…)")]
DailyWindow = Annotated[
    str, matching(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", "a daily window such as 06:00-07:00")
]
_DAY = r"(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d"
WeeklyWindow = Annotated[str, matching(f"{_DAY}-{_DAY}", "a weekly window such as sun:08:00-sun:09:00")]
IpAddress = Annotated[str, Checked(_address_problem, "an IP address such as 1.1.1.1")]
UrlPath = Annotated[str, matching(r"/[\w$.~@:+*?/-]*", "a path that starts with /", longest=1024)]
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#path-conditions
PathPattern = Annotated[str, matching(r"/[\w$.~@:+*?/-]*", "a path that starts with /, with * and ?", longest=128)]
ContainerPath = Annotated[str, matching(r"(/[\w.-]+)+", "an absolute path in the container")]
Port = Annotated[int, Field(ge=1, le=65535)]
Percent = Annotated[int, Field(ge=0, le=100)]
PartialPercent = Annotated[int, Field(ge=1, le=99)]
"""A threshold of an alarm: utilization is never above 100 percent, and almost always above 0."""
# 16 to 19 leaves /24 to /27 for the public tier: a load balancer needs /27 or larger.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
VpcCidr = Annotated[str, Checked(_vpc_range_problem, "a private IPv4 range from /16 to /19, such as 10.30.0.0/16")]
# The periods that PutRetentionPolicy accepts, in days.
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LogRetention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]

"""Constrained types: what a single value may look like, whatever field it stands in."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """Make a class a frozen record that is checked as a whole, by `validate`, and not piece by piece.

    Pydantic's own models raise at the first wrong part; a plain dataclass that Pydantic reads afterwards lets
    all problems of an environment be listed at once.
    """
    setattr(cls, "__pydantic_config__", ConfigDict(extra="forbid", strict=True, revalidate_instances="always"))  # noqa: B010
    return dataclass(frozen=True, kw_only=True)(cls)


@dataclass(frozen=True)
class Checked:
    """A string that passes a check; `meaning` says in words what is allowed."""

    check: Callable[[str], bool]
    meaning: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Pydantic's way to ask an annotation for its validator."""
        return core_schema.no_info_after_validator_function(self._passed, handler(source))

    def _passed(self, text: str) -> str:
        if not self.check(text):
            raise PydanticCustomError("not_allowed", "must be {meaning}", {"meaning": self.meaning})
        return text


def matching(pattern: str, meaning: str) -> Checked:
    """A string that matches the whole of `pattern`."""
    return Checked(lambda text: re.fullmatch(pattern, text) is not None, meaning)


def _is_vpc_range(text: str) -> bool:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        return False
    return 16 <= network.prefixlen <= 19 and network.is_private


AccountId = Annotated[str, matching(r"\d{12}", "12 digits")]
Region = Annotated[str, matching(r"[a-z]{2}(-[a-z]+)+-\d", "an AWS region such as us-east-1")]
Arn = Annotated[str, matching(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:\S+", "an ARN")]
Email = Annotated[str, matching(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", "an e-mail address")]
HostName = Annotated[str, matching(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}", "a lower-case DNS name")]
ZoneId = Annotated[str, matching(r"Z[A-Z0-9]{8,31}", "a hosted zone id: Z and 8 to 31 capitals and digits")]
Slug = Annotated[str, matching(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "lower-case words joined by hyphens")]
SecretName = Annotated[str, matching(r"[A-Z][A-Z0-9_]*", "an environment variable's name, in capitals")]
Digest = Annotated[str, matching(r"sha256:[0-9a-f]{64}", "sha256: and 64 hexadecimal digits")]
RepositoryName = Annotated[str, matching(r"[a-z0-9]+([._/-][a-z0-9]+)*", "an ECR repository name")]
Schedule = Annotated[str, matching(r"(rate|cron|at)\(.+\)", "an EventBridge expression: rate(…), cron(…) or at(…)")]
DailyWindow = Annotated[
    str, matching(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", "a daily window such as 06:00-07:00")
]
_DAY = r"(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d"
WeeklyWindow = Annotated[str, matching(f"{_DAY}-{_DAY}", "a weekly window such as sun:08:00-sun:09:00")]
UrlPath = Annotated[str, matching(r"/[\w$.~@:+*?/-]*", "a path that starts with /")]
Port = Annotated[int, Field(ge=1, le=65535)]
Percent = Annotated[int, Field(ge=0, le=100)]
# 16 to 19 leaves /24 to /27 for the public tier: a load balancer wants /27 or larger.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
VpcCidr = Annotated[str, Checked(_is_vpc_range, "a private IPv4 range from /16 to /19, such as 10.30.0.0/16")]
# The periods that PutRetentionPolicy takes, in days.
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LogRetention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]

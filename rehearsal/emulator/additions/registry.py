"""The register of additions: what each adds to moto or corrects in it, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from moto.core.base_backend import BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores

Function = TypeVar("Function", bound=Callable[..., Any])
Kept = TypeVar("Kept")
Answers = TypeVar("Answers", bound=BaseResponse)


class AwsError(ServiceException):
    """An error of AWS, by code and message. moto's own class would need the service's protocol."""


@dataclass(frozen=True)
class Addition:
    """One gap of moto, closed."""

    service: str
    """Name in boto3."""
    operation: str
    """The call of AWS that works, or works better, through it."""
    why: str
    target: type
    """Class of moto that it is put on."""
    method: str
    function: Callable[..., Any]
    corrects: bool
    """Whether moto has the method: then the addition is called with moto's own as its first argument."""
    source: str
    """AWS's page that states the behaviour."""

    def install(self) -> None:
        """Install it on its class."""
        if not self.corrects:
            setattr(self.target, self.method, self.function)
            return
        original, replacement = getattr(self.target, self.method), self.function

        @wraps(original)
        def corrected(*args: object, **kwargs: object) -> object:
            return replacement(original, *args, **kwargs)

        setattr(self.target, self.method, corrected)


_REFERENCES = {
    "accessanalyzer": "access-analyzer/latest/APIReference/API_",
    "acm": "acm/latest/APIReference/API_",
    "application-autoscaling": "autoscaling/application/APIReference/API_",
    "budgets": "aws-cost-management/latest/APIReference/API_budgets_",
    "chatbot": "chatbot/latest/APIReference/API_",
    "cloudtrail": "awscloudtrail/latest/APIReference/API_",
    "cloudwatch": "AmazonCloudWatch/latest/APIReference/API_",
    "codedeploy": "codedeploy/latest/APIReference/API_",
    "config": "config/latest/APIReference/API_",
    "ec2": "AWSEC2/latest/APIReference/API_",
    "ecr": "AmazonECR/latest/APIReference/API_",
    "ecs": "AmazonECS/latest/APIReference/API_",
    "elasticache": "AmazonElastiCache/latest/APIReference/API_",
    "elbv2": "elasticloadbalancing/latest/APIReference/API_",
    "events": "eventbridge/latest/APIReference/API_",
    "guardduty": "guardduty/latest/APIReference/API_",
    "iam": "IAM/latest/APIReference/API_",
    "kms": "kms/latest/APIReference/API_",
    "logs": "AmazonCloudWatchLogs/latest/APIReference/API_",
    "organizations": "organizations/latest/APIReference/API_",
    "rds": "AmazonRDS/latest/APIReference/API_",
    "route53": "Route53/latest/APIReference/API_",
    "s3": "AmazonS3/latest/API/API_",
    "scheduler": "scheduler/latest/APIReference/API_",
    "secretsmanager": "secretsmanager/latest/apireference/API_",
    "securityhub": "securityhub/1.0/APIReference/API_",
    "sns": "sns/latest/api/API_",
    "sts": "STS/latest/APIReference/API_",
    "wafv2": "waf/latest/APIReference/API_",
}
"""Where AWS describes the calls of a service, below its documentation."""
ADDITIONS: list[Addition] = []
ROUTES: dict[str, type[BaseResponse]] = {}
"""By the name that requests are signed with: services whose paths moto's server doesn't know, or not all of them."""


def serves(signing_name: str) -> Callable[[type[Answers]], type[Answers]]:
    """Route a whole service to a class, which finds the call by AWS's own model of the service."""

    def register(response: type[Answers]) -> type[Answers]:
        ROUTES[signing_name] = response
        return response

    return register


def adds(
    target: type[BaseResponse], service: str, operation: str, *, why: str, source: str = ""
) -> Callable[[Function], Function]:
    """Register a call that moto doesn't have. The function takes moto's response object and returns a result.

    Args:
        target: Class of moto that handles the service's calls.
        service: Name in boto3.
        operation: The call.
        why: What moto lacks.
        source: AWS's page that states the behaviour; the call's own page if left out.
    """

    def register(function: Function) -> Function:
        method, page = camelcase_to_underscores(operation), source or reference(service, operation)
        ADDITIONS.append(Addition(service, operation, why, target, method, function, corrects=False, source=page))
        return function

    return register


def corrects(
    target: type, method: str, service: str, operation: str, *, why: str, source: str = ""
) -> Callable[[Function], Function]:
    """Register a change to what moto has. The function takes moto's own method, then that method's arguments.

    Args:
        target: Class of moto.
        method: The method of it that changes.
        service: Name in boto3.
        operation: The call whose response changes.
        why: How moto differs from AWS.
        source: AWS's page that states the behaviour; the call's own page if left out.
    """

    def register(function: Function) -> Function:
        page = source or reference(service, operation)
        ADDITIONS.append(Addition(service, operation, why, target, method, function, corrects=True, source=page))
        return function

    return register


def reference(service: str, operation: str) -> str:
    """AWS's page about a call."""
    return f"https://docs.aws.amazon.com/{_REFERENCES[service]}{operation}.html"


def parameters(response: BaseResponse) -> dict[str, Any]:
    """The parameters of a call, as AWS's own model of the service names and types them."""
    response.parse_parameters(response.normalized_request)
    return dict(response.params)


def kept(backend: BaseBackend, name: str, make: Callable[[], Kept]) -> Kept:
    """State of an addition, in moto's own backend of an account and region, so that moto's reset deletes it too."""
    value: Kept = vars(backend).setdefault(f"emulator_{name}", make())
    return value

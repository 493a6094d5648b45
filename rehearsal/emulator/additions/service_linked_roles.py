"""IAM: service-linked roles under AWS's own names, each of which an account has once."""

from __future__ import annotations

from collections.abc import Callable

from moto.iam.models import IAMBackend, Role

from rehearsal.emulator.additions.registry import AwsError, corrects

NAMES = {
    "access-analyzer.amazonaws.com": "AWSServiceRoleForAccessAnalyzer",
    "config.amazonaws.com": "AWSServiceRoleForConfig",
    "ecs.amazonaws.com": "AWSServiceRoleForECS",
    "ecs.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_ECSService",
    "elasticache.amazonaws.com": "AWSServiceRoleForElastiCache",
    "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
    "guardduty.amazonaws.com": "AWSServiceRoleForAmazonGuardDuty",
    "rds.amazonaws.com": "AWSServiceRoleForRDS",
    "securityhub.amazonaws.com": "AWSServiceRoleForSecurityHub",
}
"""By principal. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html"""


@corrects(
    IAMBackend,
    "create_service_linked_role",
    "iam",
    "CreateServiceLinkedRole",
    why="moto invents the role's name, and returns another error if the role exists",
    source="https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html",
)
def create_service_linked_role(
    original: Callable[..., Role], backend: IAMBackend, service_name: str, description: str, suffix: str
) -> Role:
    """Name it as AWS does, once."""
    name = NAMES.get(service_name)
    if any(role.name == name for role in backend.roles.values()):
        raise AwsError(
            "InvalidInput",
            f"Service role name {name} has been taken in this account, please try a different suffix.",
        )
    role = original(backend, service_name, description, suffix)
    role.name = name or role.name
    return role

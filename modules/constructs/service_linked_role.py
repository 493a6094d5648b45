"""A role that an AWS service works with, and that AWS alone defines."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.iam_service_linked_role import IamServiceLinkedRole
from constructs import Construct


class ServiceLinkedRole:
    """Made ahead of the service's first use, which would otherwise make it with the rights of whoever comes first.

    An account that has it already takes it over by `terraform import`: docs/account.md.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
    """

    def __init__(self, scope: Construct, id_: str, *, service: str) -> None:
        """Make the role.

        Args:
            scope: The stack.
            id_: Id of the role.
            service: Principal of the service.
        """
        IamServiceLinkedRole(scope, id_, aws_service_name=service)
        self.arn = f"${{aws_iam_service_linked_role.{id_}.arn}}"
        self.address = f"aws_iam_service_linked_role.{id_}"
        """What has to depend on it, where nothing refers to it."""

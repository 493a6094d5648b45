"""IAM roles and service-linked roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.ids import address, reference
from modules.policy import Statement, document

SESSION_SECONDS = 3600
"""Maximum session duration of a role."""


class Role:
    """A role. Its permissions are in one inline policy, which no other role can use, or in several managed policies.

    `purpose` is the end of its name. `managed` are the statements of managed policies by the end of their names, for
    permissions that an inline policy is too small for: a role can have ten, of 6,144 characters each.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        purpose: str,
        description: str,
        trust: Sequence[Statement],
        statements: Sequence[Statement] = (),
        managed: Mapping[str, Sequence[Statement]] | None = None,
        permissions_boundary: str | None = None,
    ) -> None:
        name = names.role(purpose)
        aws.IamRole(
            scope,
            id_,
            name=name,
            description=description,
            assume_role_policy=document(scope, f"{id_}_trust", *trust),
            permissions_boundary=permissions_boundary,
            max_session_duration=SESSION_SECONDS,
        )
        self.arn = reference("aws_iam_role", id_, "arn")
        self.name = reference("aws_iam_role", id_, "name")
        self.permissions = [address("aws_iam_role_policy", f"{id_}_policy")] if statements else []
        """Addresses of its policies; resources that need the role's permissions at creation depend on them."""
        if statements:
            aws.IamRolePolicy(
                scope,
                f"{id_}_policy",
                name=name,
                role=reference("aws_iam_role", id_, "id"),
                policy=document(scope, id_, *statements),
            )
        for part, allowed in (managed or {}).items():
            part_id = f"{id_}_{part}"
            aws.IamPolicy(
                scope,
                part_id,
                name=f"{name}-{part}",
                description=f"What {name} may do: {part}",
                policy=document(scope, part_id, *allowed),
            )
            arn = reference("aws_iam_policy", part_id, "arn")
            aws.IamRolePolicyAttachment(scope, f"{part_id}_attachment", role=self.name, policy_arn=arn)


class ServiceLinkedRole:
    """A service-linked role. Otherwise the service's first caller would create it, and would need permission for that.

    `service` is the service's principal. An account that has the role already imports it with `terraform import`:
    docs/account.md.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
    """

    def __init__(self, scope: Construct, id_: str, *, service: str) -> None:
        aws.IamServiceLinkedRole(scope, id_, aws_service_name=service)
        self.arn = reference("aws_iam_service_linked_role", id_, "arn")
        self.address = address("aws_iam_service_linked_role", id_)
        """Its address, for resources that depend on it without a reference."""

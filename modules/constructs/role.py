"""An IAM role with its trust and its own policy."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from modules.policy import Statement, document


class Role:
    """A role; what it may do stands in one inline policy, which nothing else can attach."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        trust: Sequence[Statement],
        statements: Sequence[Statement] = (),
        permissions_boundary: str | None = None,
        max_session_seconds: int = 3600,
    ) -> None:
        """Make the role.

        Args:
            scope: The stack.
            id_: Id of the role; its documents and policy are named after it.
            name: The role's name, 64 characters at most.
            description: What it is for.
            trust: Who may assume it.
            statements: What it may do; none makes a role without permissions.
            permissions_boundary: ARN of the policy that caps it.
            max_session_seconds: Longest session, 3,600 to 43,200 seconds.
        """
        IamRole(
            scope,
            id_,
            name=name,
            description=description,
            assume_role_policy=document(scope, f"{id_}_trust", *trust),
            permissions_boundary=permissions_boundary,
            max_session_duration=max_session_seconds,
        )
        self.arn = f"${{aws_iam_role.{id_}.arn}}"
        self.name = f"${{aws_iam_role.{id_}.name}}"
        self.permissions = [f"aws_iam_role_policy.{id_}_policy"] if statements else []
        """Addresses of its policies: what needs the role's permissions at once depends on them."""
        if statements:
            IamRolePolicy(
                scope,
                f"{id_}_policy",
                name=name,
                role=f"${{aws_iam_role.{id_}.id}}",
                policy=document(scope, id_, *statements),
            )

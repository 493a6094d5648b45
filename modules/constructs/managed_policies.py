"""A role's policies, in parts: an inline policy would be too small for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from modules.policy import Statement, document


class ManagedPolicies:
    """Several managed policies on one role; AWS takes ten of 6,144 characters.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """

    def __init__(
        self, scope: Construct, id_: str, *, role: str, name: str, parts: Mapping[str, Sequence[Statement]]
    ) -> None:
        """Make the policies and attach them.

        Args:
            scope: The stack.
            id_: First part of every id; the part's name follows.
            role: Name of the role.
            name: First part of the policies' names.
            parts: Statements by the name of the part that holds them.
        """
        for part, statements in parts.items():
            part_id = f"{id_}_{part}"
            IamPolicy(
                scope,
                part_id,
                name=f"{name}-{part}",
                description=f"What {name} may do: {part}",
                policy=document(scope, part_id, *statements),
            )
            IamRolePolicyAttachment(
                scope, f"{part_id}_attachment", role=role, policy_arn=f"${{aws_iam_policy.{part_id}.arn}}"
            )

"""An account that the organization makes."""

from __future__ import annotations

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.organizations_account import OrganizationsAccount
from constructs import Construct

ACCESS_ROLE = "OrganizationAccountAccessRole"
"""What the management account assumes for the first apply: docs/account.md."""


class MemberAccount:
    """A member account. No plan can close it; AWS itself closes one only by hand."""

    def __init__(self, scope: Construct, id_: str, *, name: str, email: str, parent_id: str) -> None:
        """Make the account.

        Args:
            scope: The stack.
            id_: Id of the account.
            name: Its name.
            email: Address of its root user.
            parent_id: The organizational unit that it is in.
        """
        OrganizationsAccount(
            scope,
            id_,
            name=name,
            email=email,
            parent_id=parent_id,
            role_name=ACCESS_ROLE,
            close_on_deletion=False,
            # AWS doesn't tell the role's name afterwards, so Terraform would make an imported account anew.
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True, ignore_changes=["role_name"]),
        )
        self.id = f"${{aws_organizations_account.{id_}.id}}"

"""Organization: the product's accounts and their service control policy. Optional; in the management account."""

from __future__ import annotations

import environments
from environments.arns import partition
from modules.bindings import aws
from modules.bindings.engine import App, TerraformOutput, TerraformStack
from modules.constructs.organization import MemberAccount, OrganizationGuardrails
from modules.ids import identifier, reference
from modules.phases import ORGANIZATION
from modules.stack import add_backend, add_provider


class OrganizationStack(TerraformStack):
    """The stack outside all environments; its values are in environments/organization.py."""

    def __init__(self, scope: App) -> None:
        super().__init__(scope, ORGANIZATION)
        organization = environments.load_organization()
        region, account_id = organization.region, organization.account_id
        add_provider(
            self,
            region=region,
            account_id=account_id,
            tags={
                "Project": organization.unit,
                "Environment": ORGANIZATION,
                "Phase": ORGANIZATION,
                "Owner": organization.owner,
                "Repository": organization.repository,
            },
        )
        add_backend(
            self,
            bucket=organization.state_bucket,
            key=f"{ORGANIZATION}.tfstate",
            region=region,
            account_id=account_id,
            # You create the bucket by hand; AWS's own key saves creating a key by hand too.
            kms_key_arn=partition(region).arn("kms", "alias/aws/s3", region=region, account_id=account_id),
        )
        aws.OrganizationsOrganizationalUnit(self, "unit", name=organization.unit, parent_id=organization.parent_id)
        unit_id = reference("aws_organizations_organizational_unit", "unit", "id")
        accounts = {
            account.name: MemberAccount(self, f"account_{identifier(account.name)}", spec=account, parent_id=unit_id)
            for account in organization.accounts
        }
        OrganizationGuardrails(self, "guardrails", spec=organization, target_id=unit_id)
        TerraformOutput(self, "account_ids", value={name: account.id for name, account in accounts.items()})

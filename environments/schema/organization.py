"""Values of the optional organization stack."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import Field

from environments.names import BUCKET
from environments.schema.rules import Problem
from environments.schema.types import AccountId, Email, GithubRepository, Region, TagValue, matching, value
from environments.schema.validation import InvalidEnvironmentError, check_fields


@value
class MemberAccount:
    """An account that the organization creates."""

    name: Annotated[str, matching(r"[a-z][a-z0-9-]{1,48}[a-z0-9]", "3 to 50 lower-case letters, digits and hyphens")]
    """Its name."""
    # https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
    email: Annotated[Email, Field(max_length=64)]
    """Address of its root user; no other AWS account may have it."""


@value
class Organization:
    """The management account."""

    account_id: AccountId
    """Its id."""
    region: Region
    """Region of its state bucket."""
    owner: Annotated[TagValue, Field(min_length=2)]
    """The team that is responsible for it: the Owner tag."""
    repository: GithubRepository
    """The GitHub repository of this infrastructure."""
    state_bucket: Annotated[str, matching(BUCKET.pattern, "an S3 bucket name", longest=BUCKET.longest)]
    """Bucket of its Terraform state, created by hand once (docs/organization.md)."""
    parent_id: Annotated[str, matching(r"(r-[a-z0-9]{4,32}|ou-[a-z0-9]{4,32}-[a-z0-9]{8,32})", "a root or unit id")]
    """Root or organizational unit that contains the product's unit."""
    unit: Annotated[str, Field(min_length=1, max_length=128)]
    """Name of the product's organizational unit."""
    accounts: Annotated[tuple[MemberAccount, ...], Field(min_length=1)]
    """The product's accounts."""
    allowed_regions: Annotated[tuple[Region, ...], Field(min_length=1)]
    """Regions that the accounts may use; global services always work."""


def validate_organization(organization: Organization) -> Organization:
    """Check every field, and that accounts have different names and addresses.

    Raises:
        InvalidEnvironmentError: It lists all problems at once.
    """
    problems = check_fields(Organization, organization)
    if not problems:
        for field in ("name", "email"):
            values = [getattr(account, field) for account in organization.accounts]
            problems += [
                Problem(f"accounts.{field}", value, "each account has its own")
                for value, count in Counter(values).items()
                if count > 1
            ]
    if problems:
        raise InvalidEnvironmentError("organization", problems)
    return organization

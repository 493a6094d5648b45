"""The organization's management account, for the optional stack that creates the production account."""

from environments.schema.organization import MemberAccount, Organization

ORGANIZATION = Organization(
    account_id="777788889999",
    region="us-east-1",
    owner="platform",
    repository="navralabs/aep-infrastructure",
    state_bucket="aep-organization-tfstate-777788889999",
    parent_id="r-ex4m",
    unit="aep",
    accounts=(MemberAccount(name="aep-prod", email="aws+aep-prod@navralabs.com"),),
    allowed_regions=("us-east-1",),
)

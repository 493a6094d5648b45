"""The public DNS zone, and who writes its records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderAssumeRole, AwsProviderDefaultTags
from cdktf_cdktf_provider_aws.route53_zone import Route53Zone
from constructs import Construct

from environments.arns import account_of


class Zone:
    """A zone that is made here, or one that exists.

    A zone made here answers nobody until its parent names its name servers (`aws_route53_zone`'s `name_servers`);
    a certificate's validation waits for that.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        kind: Literal["created", "existing", "other_account"],
        zone_id: str | None,
        protected: bool,
    ) -> None:
        """Make or name the zone.

        Args:
            scope: The stack.
            id_: Id of the zone.
            name: Its domain.
            kind: Whether it is made here.
            zone_id: Its id, where it exists.
            protected: Whether a plan that destroys it fails.

        Raises:
            ValueError: An existing zone has no id.
        """
        if kind == "created":
            Route53Zone(scope, id_, name=name, lifecycle=TerraformResourceLifecycle(prevent_destroy=protected))
            zone_id = f"${{aws_route53_zone.{id_}.zone_id}}"
        if zone_id is None:
            raise ValueError(f"zone {name!r} is {kind}, so its id must be given")
        self.id = zone_id


def record_writer(
    scope: Construct, *, role_arn: str | None, region: str, session_name: str, tags: Mapping[str, str]
) -> AwsProvider | None:
    """The provider of a zone's records: the other account's, where the zone is there; none means the stack's own.

    Args:
        scope: The stack.
        role_arn: Role of the other account that may write the records.
        region: Any region will do: Route 53 is global.
        session_name: What the other account's trail shows.
        tags: The stack's.
    """
    if role_arn is None:
        return None
    account_id = account_of(role_arn)
    return AwsProvider(
        scope,
        "aws_dns",
        alias="dns",
        region=region,
        allowed_account_ids=[account_id],
        assume_role=[AwsProviderAssumeRole(role_arn=role_arn, session_name=session_name)],
        default_tags=[AwsProviderDefaultTags(tags=dict(tags))],
    )

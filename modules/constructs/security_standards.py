"""Security Hub: the account against the published standards, every day."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.securityhub_account import SecurityhubAccount
from cdktf_cdktf_provider_aws.securityhub_standards_subscription import (
    SecurityhubStandardsSubscription,
    SecurityhubStandardsSubscriptionTimeouts,
)
from constructs import Construct

from environments.arns import partition
from modules.constructs.service_linked_role import ServiceLinkedRole

# https://docs.aws.amazon.com/securityhub/latest/userguide/standards-reference.html
_STANDARDS = {
    "cis": "cis-aws-foundations-benchmark/v/5.0.0",
    "fsbp": "aws-foundational-security-best-practices/v/1.0.0",
}
# Security Hub creates hundreds of controls; the provider's own 3 minutes are too few.
# https://github.com/hashicorp/terraform-provider-aws/issues/42688
_PATIENCE = "20m"


class SecurityStandards:
    """CIS AWS Foundations and AWS Foundational Security Best Practices."""

    def __init__(self, scope: Construct, id_: str, *, region: str, recorder: Sequence[str]) -> None:
        """Make hub and subscriptions.

        Args:
            scope: The stack.
            id_: Id of the hub; its role and the standards are named after it.
            region: Region of the hub.
            recorder: Address of what switches AWS Config on; empty where another stack does.
        """
        role = ServiceLinkedRole(scope, f"{id_}_role", service="securityhub.amazonaws.com")
        hub = SecurityhubAccount(
            scope,
            id_,
            enable_default_standards=False,
            auto_enable_controls=True,
            control_finding_generator="SECURITY_CONTROL",
        )
        hub.add_override("depends_on", [role.address])
        for name, standard in _STANDARDS.items():
            subscription = SecurityhubStandardsSubscription(
                scope,
                f"{id_}_{name}",
                standards_arn=partition(region).arn("securityhub", f"standards/{standard}", region=region),
                timeouts=SecurityhubStandardsSubscriptionTimeouts(create=_PATIENCE, delete=_PATIENCE),
            )
            # Without a recorder, controls stay without a result.
            # https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-setup-prereqs.html
            subscription.add_override("depends_on", [f"aws_securityhub_account.{id_}", *recorder])

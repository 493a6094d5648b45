"""Security Hub: the account against the published standards, every day."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.securityhub_account import SecurityhubAccount
from cdktf_cdktf_provider_aws.securityhub_standards_subscription import SecurityhubStandardsSubscription
from constructs import Construct

from environments.arns import partition

# https://docs.aws.amazon.com/securityhub/latest/userguide/standards-reference.html
_STANDARDS = {
    "cis": "cis-aws-foundations-benchmark/v/5.0.0",
    "fsbp": "aws-foundational-security-best-practices/v/1.0.0",
}


class SecurityStandards:
    """CIS AWS Foundations and AWS Foundational Security Best Practices."""

    def __init__(self, scope: Construct, id_: str, *, region: str) -> None:
        """Make hub and subscriptions.

        Args:
            scope: The stack.
            id_: Id of the hub; the standards are named after it.
            region: Region of the hub.
        """
        SecurityhubAccount(
            scope,
            id_,
            enable_default_standards=False,
            auto_enable_controls=True,
            control_finding_generator="SECURITY_CONTROL",
        )
        for name, standard in _STANDARDS.items():
            subscription = SecurityhubStandardsSubscription(
                scope,
                f"{id_}_{name}",
                standards_arn=partition(region).arn("securityhub", f"standards/{standard}", region=region),
            )
            subscription.add_override("depends_on", [f"aws_securityhub_account.{id_}"])

"""Settings of the whole account: what is secure before anybody thinks of it."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.ebs_encryption_by_default import EbsEncryptionByDefault
from cdktf_cdktf_provider_aws.ec2_instance_metadata_defaults import Ec2InstanceMetadataDefaults
from cdktf_cdktf_provider_aws.iam_account_password_policy import IamAccountPasswordPolicy
from cdktf_cdktf_provider_aws.s3_account_public_access_block import S3AccountPublicAccessBlock
from constructs import Construct


class AccountDefaults:
    """Each setting by its switch; the account has one of each, so its id is its name."""

    def __init__(
        self,
        scope: Construct,
        *,
        public_access_block: bool,
        ebs_encryption: bool,
        imdsv2: bool,
        password_policy: bool,
    ) -> None:
        """Make the settings.

        Args:
            scope: The stack.
            public_access_block: No S3 bucket can be public.
            ebs_encryption: New EBS volumes are encrypted, with AWS's own key.
            imdsv2: New EC2 instances answer metadata requests with a token only.
            password_policy: IAM users' passwords are long and expire.
        """
        if public_access_block:
            S3AccountPublicAccessBlock(
                scope,
                "public_access_block",
                block_public_acls=True,
                block_public_policy=True,
                ignore_public_acls=True,
                restrict_public_buckets=True,
            )
        if ebs_encryption:
            EbsEncryptionByDefault(scope, "ebs_encryption", enabled=True)
        if imdsv2:
            Ec2InstanceMetadataDefaults(scope, "imdsv2", http_tokens="required")
        if password_policy:
            # CIS AWS Foundations 1.8 and 1.9, FSBP IAM.7.
            # https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-7
            IamAccountPasswordPolicy(
                scope,
                "password_policy",
                minimum_password_length=14,
                require_lowercase_characters=True,
                require_uppercase_characters=True,
                require_numbers=True,
                require_symbols=True,
                allow_users_to_change_password=True,
                max_password_age=90,
                password_reuse_prevention=24,
            )

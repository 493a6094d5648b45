"""An S3 bucket that nobody outside the account can reach, and nobody without TLS."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import (
    S3BucketVersioningA,
    S3BucketVersioningVersioningConfiguration,
)
from constructs import Construct

from modules.policy import Statement, document


class PrivateBucket:
    """A versioned, encrypted bucket without ACLs, whose old versions expire."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        kms_key_arn: str | None,
        protected: bool,
        emptied: bool = False,
        expire_days: int | None = None,
        noncurrent_days: int = 90,
        statements: Sequence[Statement] = (),
    ) -> None:
        """Make the bucket.

        Args:
            scope: The stack.
            id_: Id of the bucket; its parts are named after it.
            name: The bucket's name.
            kms_key_arn: Key of its objects; none means S3's own (SSE-S3), for writers that can't use another.
            protected: Whether a plan that destroys it fails.
            emptied: Whether destroying it empties it first; AWS destroys only empty ones.
            expire_days: Days after which objects expire; none means never.
            noncurrent_days: Days that replaced or deleted versions are kept.
            statements: What its policy allows beside the account's own IAM policies.
        """
        S3Bucket(
            scope,
            id_,
            bucket=name,
            force_destroy=emptied or None,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=protected),
        )
        bucket = f"${{aws_s3_bucket.{id_}.id}}"
        self.name = bucket
        self.arn = f"${{aws_s3_bucket.{id_}.arn}}"
        S3BucketOwnershipControls(
            scope,
            f"{id_}_ownership",
            bucket=bucket,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        S3BucketPublicAccessBlock(
            scope,
            f"{id_}_public_access_block",
            bucket=bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        S3BucketVersioningA(
            scope,
            f"{id_}_versioning",
            bucket=bucket,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        S3BucketServerSideEncryptionConfigurationA(
            scope,
            f"{id_}_encryption",
            bucket=bucket,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
                        sse_algorithm="aws:kms" if kms_key_arn else "AES256", kms_master_key_id=kms_key_arn
                    ),
                    bucket_key_enabled=True if kms_key_arn else None,
                )
            ],
        )
        S3BucketLifecycleConfiguration(
            scope,
            f"{id_}_lifecycle",
            bucket=bucket,
            rule=[
                S3BucketLifecycleConfigurationRule(
                    id="expire",
                    status="Enabled",
                    filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
                    abort_incomplete_multipart_upload=[
                        S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(days_after_initiation=7)
                    ],
                    noncurrent_version_expiration=[
                        S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=noncurrent_days)
                    ],
                    expiration=[S3BucketLifecycleConfigurationRuleExpiration(days=expire_days)]
                    if expire_days
                    else None,
                )
            ],
        )
        tls_only = Statement(
            sid="TlsOnly",
            effect="Deny",
            actions=["s3:*"],
            resources=[self.arn, f"{self.arn}/*"],
            principals={"AWS": ["*"]},
            conditions=[("Bool", "aws:SecureTransport", ["false"])],
        )
        S3BucketPolicy(
            scope,
            f"{id_}_policy",
            bucket=bucket,
            policy=document(scope, id_, tls_only, *statements),
        )

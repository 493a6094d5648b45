"""S3 buckets that only their account can reach, with TLS only, including the bucket of access logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from environments import schema
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformResourceLifecycle
from modules.ids import address, depend, reference
from modules.policy import Statement, document, tls_only

_BUCKETS = "s3/"


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long a bucket keeps its objects, in days."""

    expire_days: int | None = None
    """Objects expire after this; none means never. Such objects are logs. Destroying an unprotected environment empties
    their buckets first, because AWS deletes only empty buckets."""
    noncurrent_days: int = 90
    """Replaced and deleted versions expire after this."""
    expiring: Mapping[str, int] = field(default_factory=dict)
    """Objects whose keys begin with one of these expire after so many days, and their versions a day later."""


class PrivateBucket:
    """A versioned, encrypted bucket without ACLs, whose old versions expire.

    Without a `kms_key_arn`, S3's own key (SSE-S3) encrypts objects, for writers that can't use another key. Its policy
    has `statements`, and denies requests without TLS.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: Retention,
        names: Names,
        name: str,
        kms_key_arn: str | None,
        statements: Sequence[Statement] = (),
    ) -> None:
        protected = names.environment.protected
        aws.S3Bucket(
            scope,
            id_,
            bucket=name,
            force_destroy=True if spec.expire_days and not protected else None,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=protected),
        )
        bucket = self.name = reference("aws_s3_bucket", id_, "id")
        self.arn = reference("aws_s3_bucket", id_, "arn")
        aws.S3BucketOwnershipControls(
            scope,
            f"{id_}_ownership",
            bucket=bucket,
            rule=aws.S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        aws.S3BucketPublicAccessBlock(
            scope,
            f"{id_}_public_access_block",
            bucket=bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        versioning = aws.S3BucketVersioningVersioningConfiguration(status="Enabled")
        aws.S3BucketVersioningA(scope, f"{id_}_versioning", bucket=bucket, versioning_configuration=versioning)
        encryption = aws.S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
            sse_algorithm="aws:kms" if kms_key_arn else "AES256", kms_master_key_id=kms_key_arn
        )
        aws.S3BucketServerSideEncryptionConfigurationA(
            scope,
            f"{id_}_encryption",
            bucket=bucket,
            rule=[
                aws.S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=encryption,
                    bucket_key_enabled=True if kms_key_arn else None,
                )
            ],
        )
        aws.S3BucketLifecycleConfiguration(scope, f"{id_}_lifecycle", bucket=bucket, rule=list(_rules(spec)))
        self.policy = address("aws_s3_bucket_policy", f"{id_}_policy")
        """Address of its policy; writers that need the policy depend on it."""
        aws.S3BucketPolicy(
            scope,
            f"{id_}_policy",
            bucket=bucket,
            policy=document(scope, id_, tls_only(["s3:*"], [self.arn, f"{self.arn}/*"]), *statements),
        )


def _rules(spec: Retention) -> Iterator[aws.S3BucketLifecycleConfigurationRule]:
    yield _rule("expire", "", spec.expire_days, spec.noncurrent_days)
    for prefix, days in spec.expiring.items():
        yield _rule(f"expire {prefix}", prefix, days, 1)


def _rule(id_: str, prefix: str, days: int | None, noncurrent_days: int) -> aws.S3BucketLifecycleConfigurationRule:
    expiration = [aws.S3BucketLifecycleConfigurationRuleExpiration(days=days)] if days else None
    uploads = aws.S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(days_after_initiation=7)
    noncurrent = aws.S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=noncurrent_days)
    return aws.S3BucketLifecycleConfigurationRule(
        id=id_,
        status="Enabled",
        filter=[aws.S3BucketLifecycleConfigurationRuleFilter(prefix=prefix)],
        abort_incomplete_multipart_upload=[uploads],
        noncurrent_version_expiration=[noncurrent],
        expiration=expiration,
    )


class AccessLogs:
    """The bucket of access logs of the load balancer and of the account's other buckets.

    Load balancers can write only with SSE-S3, so this bucket has no KMS key.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """

    def __init__(self, scope: Construct, id_: str, *, spec: schema.Edge, names: Names) -> None:
        name, account_id = names.bucket("access-logs"), names.environment.account_id
        arn = names.partition.bucket(name)
        load_balancers = Statement(
            sid="LoadBalancers",
            actions=["s3:PutObject"],
            resources=[f"{arn}/AWSLogs/{account_id}/*"],
            principals={"Service": ["logdelivery.elasticloadbalancing.amazonaws.com"]},
            conditions=[("ArnLike", "aws:SourceArn", [names.arn("elasticloadbalancing", "loadbalancer/*")])],
        )
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html#grant-log-delivery-permissions-general
        buckets = Statement(
            sid="Buckets",
            actions=["s3:PutObject"],
            resources=[f"{arn}/{_BUCKETS}*"],
            principals={"Service": ["logging.s3.amazonaws.com"]},
            conditions=[("StringEquals", "aws:SourceAccount", [account_id])],
        )
        self._scope = scope
        self._bucket = PrivateBucket(
            scope,
            id_,
            spec=Retention(expire_days=spec.access_log_days),
            names=names,
            name=name,
            kms_key_arn=None,
            statements=[load_balancers, buckets],
        )
        self.name = self._bucket.name

    def of(self, id_: str, *, bucket: str) -> None:
        """Log the accesses to a bucket; `id_` is the id of the logging resource, and `bucket` the bucket's name."""
        logging = aws.S3BucketLoggingA(self._scope, id_, bucket=bucket, target_bucket=self.name, target_prefix=_BUCKETS)
        depend(logging, [self._bucket.policy])

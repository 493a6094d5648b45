"""The bucket of access logs: the load balancer's, and those of the account's other buckets."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.s3_bucket_logging import S3BucketLoggingA
from constructs import Construct

from environments.names import Names
from modules.constructs.private_bucket import PrivateBucket
from modules.policy import Statement

_BUCKETS = "s3/"


class AccessLogs:
    """Load balancers write with S3's own encryption only, so this bucket has no key of ours.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        names: Names,
        expire_days: int,
        protected: bool,
    ) -> None:
        """Make the bucket.

        Args:
            scope: The stack.
            id_: Id of the bucket.
            name: Its name.
            names: Names of the environment whose load balancers and buckets log here.
            expire_days: Days that logs are kept.
            protected: Whether a plan that destroys it fails.
        """
        arn, account_id = names.partition.bucket(name), names.environment.account_id
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
        self._scope, self._id = scope, id_
        self.name = PrivateBucket(
            scope,
            id_,
            name=name,
            kms_key_arn=None,
            protected=protected,
            emptied=not protected,
            expire_days=expire_days,
            statements=[load_balancers, buckets],
        ).name

    def of(self, id_: str, *, bucket: str) -> None:
        """Log the accesses to a bucket.

        Args:
            id_: Id of the setting.
            bucket: Name of the bucket.
        """
        logging = S3BucketLoggingA(
            self._scope,
            id_,
            bucket=bucket,
            target_bucket=self.name,
            target_prefix=_BUCKETS,
        )
        logging.add_override("depends_on", [f"aws_s3_bucket_policy.{self._id}_policy"])

"""The bucket of access logs: the load balancer's, and those of the account's other buckets."""

from __future__ import annotations

from constructs import Construct

from modules.constructs.private_bucket import PrivateBucket
from modules.policy import Statement


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
        account_id: str,
        region: str,
        expire_days: int,
        protected: bool,
    ) -> None:
        """Make the bucket.

        Args:
            scope: The stack.
            id_: Id of the bucket.
            name: Its name.
            account_id: The account whose load balancers and buckets log here.
            region: Region of the load balancers.
            expire_days: Days that logs are kept.
            protected: Whether a plan that destroys it fails.
        """
        arn = f"arn:aws:s3:::{name}"
        load_balancers = Statement(
            sid="LoadBalancers",
            actions=["s3:PutObject"],
            resources=[f"{arn}/AWSLogs/{account_id}/*"],
            principals={"Service": ["logdelivery.elasticloadbalancing.amazonaws.com"]},
            conditions=[
                ("ArnLike", "aws:SourceArn", [f"arn:aws:elasticloadbalancing:{region}:{account_id}:loadbalancer/*"])
            ],
        )
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html#grant-log-delivery-permissions-general
        buckets = Statement(
            sid="Buckets",
            actions=["s3:PutObject"],
            resources=[f"{arn}/s3/*"],
            principals={"Service": ["logging.s3.amazonaws.com"]},
            conditions=[("StringEquals", "aws:SourceAccount", [account_id])],
        )
        self.name = PrivateBucket(
            scope,
            id_,
            name=name,
            kms_key_arn=None,
            protected=protected,
            expire_days=expire_days,
            statements=[load_balancers, buckets],
        ).name

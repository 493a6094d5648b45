"""A bucket that an audit service writes to, for its account only."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from environments.names import Names
from modules.constructs.access_logs import AccessLogs
from modules.constructs.private_bucket import PrivateBucket
from modules.policy import Condition, Statement


class AuditBucket:
    """Encrypted with the audit key; who touches it is logged elsewhere."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        service: str,
        source: Condition,
        names: Names,
        kms_key_arn: str,
        access_logs: AccessLogs,
        expire_days: int,
        protected: bool,
    ) -> None:
        """Make the bucket.

        Args:
            scope: The stack.
            id_: Id of the bucket.
            name: Its name.
            service: Principal of the service that writes.
            source: On whose behalf it may.
            names: Names of the environment whose logs are kept here.
            kms_key_arn: Key of its objects.
            access_logs: Where accesses to it are logged.
            expire_days: Days that logs are kept.
            protected: Whether a plan that destroys it fails.
        """
        arn = names.partition.bucket(name)
        principals: dict[str, Sequence[str]] = {"Service": [service]}
        bucket = PrivateBucket(
            scope,
            id_,
            name=name,
            kms_key_arn=kms_key_arn,
            protected=protected,
            emptied=not protected,
            expire_days=expire_days,
            statements=[
                Statement(
                    sid="Look",
                    actions=["s3:GetBucketAcl", "s3:ListBucket"],
                    resources=[arn],
                    principals=principals,
                    conditions=[source],
                ),
                Statement(
                    sid="Write",
                    actions=["s3:PutObject"],
                    resources=[f"{arn}/AWSLogs/{names.environment.account_id}/*"],
                    principals=principals,
                    conditions=[source, ("StringEquals", "s3:x-amz-acl", ["bucket-owner-full-control"])],
                ),
            ],
        )
        access_logs.of(f"{id_}_logging", bucket=bucket.name)
        self.name = bucket.name

"""The key of what audit services write."""

from __future__ import annotations

from constructs import Construct

from environments.names import Names
from modules.constructs.encryption_key import EncryptionKey
from modules.policy import Condition, Statement

_BECAUSE = "in a key policy, * is the key that the policy belongs to"


class AuditKey:
    """Usable by CloudTrail for one trail, and by AWS Config for its account."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        alias: str,
        names: Names,
        of_trail: Condition | None,
        of_recorder: Condition | None,
        protected: bool,
    ) -> None:
        """Make the key.

        Args:
            scope: The stack.
            id_: Id of the key.
            alias: With its prefix, `alias/…`.
            names: The environment's names.
            of_trail: On whose behalf CloudTrail may use it; none where there is no trail.
            of_recorder: On whose behalf Config may use it; none where there is no recorder.
            protected: Whether a plan that destroys it fails.
        """
        statements = []
        if of_trail:
            # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
            context = names.arn("cloudtrail", "trail/*", region="*")
            encrypts: Condition = ("StringLike", "kms:EncryptionContext:aws:cloudtrail:arn", [context])
            statements += [
                _use("TrailEncrypts", "cloudtrail", "kms:GenerateDataKey*", of_trail, encrypts),
                _use("TrailLooks", "cloudtrail", "kms:DescribeKey", of_trail),
            ]
        if of_recorder:
            # https://docs.aws.amazon.com/config/latest/developerguide/s3-kms-key-policy.html
            statements += [
                _use("RecorderEncrypts", "config", "kms:GenerateDataKey", of_recorder),
                _use("RecorderDecrypts", "config", "kms:Decrypt", of_recorder),
            ]
        self.arn = EncryptionKey(
            scope,
            id_,
            alias=alias,
            description="The account's audit logs",
            names=names,
            protected=protected,
            statements=statements,
        ).arn


def _use(sid: str, service: str, action: str, *conditions: Condition) -> Statement:
    return Statement(
        sid=sid,
        actions=[action],
        resources=["*"],
        principals={"Service": [f"{service}.amazonaws.com"]},
        conditions=conditions,
        because=_BECAUSE,
    )

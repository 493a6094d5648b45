"""What roles may do with Terraform's state."""

from __future__ import annotations

from environments.names import Names
from modules.phases import PHASES
from modules.policy import Statement


def read_state(names: Names, *, key_arn: str) -> list[Statement]:
    """Read every phase's state, and decrypt it through S3 only."""
    return [
        Statement(sid="ListState", actions=["s3:ListBucket"], resources=[_bucket(names)]),
        Statement(
            sid="ReadState", actions=["s3:GetObject"], resources=[f"{_bucket(names)}/{names.environment.stage}/*"]
        ),
        _key(names, "ReadStateKey", "kms:Decrypt", key_arn=key_arn),
    ]


def write_state(names: Names, *, key_arn: str) -> list[Statement]:
    """Write, restore and lock the state of the deployer's own phases, with the record of who applied them."""
    phases = [phase.name for phase in PHASES if phase.applied_by == "deployer"]
    states = [f"{_bucket(names)}/{names.state_key(phase)}" for phase in phases]
    # State, lock and record of a phase: nothing else in the bucket starts like them.
    everything = [f"{_bucket(names)}/{names.environment.stage}/{phase}.*" for phase in phases]
    return [
        # `make recover RESTORE=` lists a state's versions, reads one and copies it over the present one.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
        Statement(sid="ListStateVersions", actions=["s3:ListBucketVersions"], resources=[_bucket(names)]),
        Statement(sid="WriteState", actions=["s3:GetObjectVersion", "s3:PutObject"], resources=everything),
        Statement(sid="UnlockState", actions=["s3:DeleteObject"], resources=[f"{state}.tflock" for state in states]),
        _key(names, "WriteStateKey", "kms:GenerateDataKey", key_arn=key_arn),
    ]


def _bucket(names: Names) -> str:
    return names.partition.bucket(names.state_bucket)


def _key(names: Names, sid: str, action: str, *, key_arn: str) -> Statement:
    return Statement(
        sid=sid,
        actions=[action],
        resources=[key_arn],
        conditions=[("StringEquals", "kms:ViaService", [names.host("s3")])],
    )

"""Permissions on Terraform's state, and the encryption that its bucket requires."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from environments.names import Names
from modules.phases import DEPLOYED
from modules.policy import Condition, Statement

_SSE = "s3:x-amz-server-side-encryption"


def read_state(names: Names, *, key_arn: str) -> list[Statement]:
    """Read every phase's state; decrypt it through S3 only."""
    return [
        Statement(
            sid="ReadState", actions=["s3:GetObject"], resources=[f"{_bucket(names)}/{names.environment.stage}/*"]
        ),
        _key(names, "ReadStateKey", "kms:Decrypt", key_arn=key_arn),
    ]


def write_state(names: Names, *, key_arn: str) -> list[Statement]:
    """Write, restore and lock the state of the deployer's phases, and the record of who applied them."""
    states = [f"{_bucket(names)}/{names.state_key(phase)}" for phase in DEPLOYED]
    # State, lock, record and stored plans of a phase, and the journal of cutover; no other object has such a prefix.
    everything = [f"{_bucket(names)}/{names.environment.stage}/{phase}.*" for phase in DEPLOYED]
    return [
        # `make recover RESTORE=` lists a state's versions, reads one and copies it over the current one.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
        Statement(sid="ListState", actions=["s3:ListBucket", "s3:ListBucketVersions"], resources=[_bucket(names)]),
        Statement(sid="WriteState", actions=["s3:GetObjectVersion", "s3:PutObject"], resources=everything),
        Statement(sid="UnlockState", actions=["s3:DeleteObject"], resources=[f"{state}.tflock" for state in states]),
        _key(names, "WriteStateKey", "kms:GenerateDataKey", key_arn=key_arn),
    ]


def state_uploads(names: Names, *, keys: Sequence[str]) -> Iterator[Statement]:
    """Deny uploads that are encrypted with any other key than the state key, or that replace the journal's entries.

    An upload without an encryption header gets the bucket's default, which is the state key; so the statements apply
    only if the header exists. An upload with KMS but without a key would get AWS's key, so it is denied.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms

    Args:
        names: The environment's names.
        keys: ARNs of the key, including its alias, which the backend uses.
    """
    has_header: Condition = ("Null", _SSE, ["false"])
    denied: dict[str, list[Condition]] = {
        "OtherEncryption": [has_header, ("StringNotEquals", _SSE, ["aws:kms"])],
        "OtherKey": [has_header, ("StringNotEquals", f"{_SSE}-aws-kms-key-id", keys)],
        # With a customer-provided key, only the uploader could read the state.
        "CustomerKey": [("Null", f"{_SSE}-customer-algorithm", ["false"])],
    }
    for sid, conditions in denied.items():
        yield Statement(
            sid=sid,
            effect="Deny",
            actions=["s3:PutObject"],
            resources=[f"{_bucket(names)}/*"],
            principals={"AWS": ["*"]},
            conditions=conditions,
        )
    # An entry of the journal is written once: nothing replaces it, not even a copy.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    yield Statement(
        sid="JournalOnce",
        effect="Deny",
        actions=["s3:PutObject"],
        resources=[f"{_bucket(names)}/{names.journal_prefix}*"],
        principals={"AWS": ["*"]},
        conditions=[("Null", "s3:if-none-match", ["true"])],
    )


def _bucket(names: Names) -> str:
    return names.partition.bucket(names.state_bucket)


def _key(names: Names, sid: str, action: str, *, key_arn: str) -> Statement:
    return Statement(
        sid=sid,
        actions=[action],
        resources=[key_arn],
        conditions=[("StringEquals", "kms:ViaService", [names.host("s3")])],
    )

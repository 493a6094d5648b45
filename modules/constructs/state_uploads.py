"""What Terraform's state bucket refuses to store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modules.policy import Condition, Statement

_SSE = "s3:x-amz-server-side-encryption"


def state_uploads(bucket_arn: str, *, keys: Sequence[str]) -> Iterator[Statement]:
    """Refuse objects that are encrypted with anything but the state key.

    An upload that says nothing about encryption gets the bucket's own, which is that key: so each statement asks for
    the header first. One that asks for KMS without naming a key would get AWS's own key, and is refused.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms

    Args:
        bucket_arn: ARN of the bucket.
        keys: ARNs that name the key, its alias among them: the backend names it by that.
    """
    asked: Condition = ("Null", _SSE, ["false"])
    refused: dict[str, list[Condition]] = {
        "OtherEncryption": [asked, ("StringNotEquals", _SSE, ["aws:kms"])],
        "OtherKey": [asked, ("StringNotEquals", f"{_SSE}-aws-kms-key-id", keys)],
        # Encrypted by whoever uploads it, state would be lost to everybody else.
        "CustomerKey": [("Null", f"{_SSE}-customer-algorithm", ["false"])],
    }
    for sid, conditions in refused.items():
        yield Statement(
            sid=sid,
            effect="Deny",
            actions=["s3:PutObject"],
            resources=[f"{bucket_arn}/*"],
            principals={"AWS": ["*"]},
            conditions=conditions,
        )

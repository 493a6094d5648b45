"""S3: what a new bucket has, and bucket policies with conditions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, PublicAccessBlock

from ops.emulator.additions.registry import mends


@mends(
    FakeBucket,
    "get_permission",
    "s3",
    "PutBucketPolicy",
    why="moto takes a statement with a condition as a denial, so that a TLS-only bucket locks everybody out",
)
def without_conditions(original: Callable[..., Any], bucket: FakeBucket, action: str, resource: str) -> object:
    """Judge by the statements that have no condition."""
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    policy["Statement"] = [each for each in policy["Statement"] if not each.get("Condition")]
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


@mends(
    FakeBucket,
    "__init__",
    "s3",
    "CreateBucket",
    why="in moto a new bucket is neither encrypted nor closed to the public, as in AWS before 2023",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html",
)
def make_bucket(original: Callable[..., None], bucket: FakeBucket, *given: object, **named: object) -> None:
    """Encrypt it, close it, and leave its objects to its owner.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
    """
    original(bucket, *given, **named)
    by_default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}
    bucket.encryption = {"Rule": by_default}
    bucket.public_access_block = PublicAccessBlock(*["true"] * 4)
    vars(bucket)["ownership_rule"] = "BucketOwnerEnforced"

"""S3: what a new bucket has, bucket policies with conditions, and keys that have to exist."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.kms.models import kms_backends
from moto.s3.models import FakeBucket, FakeKey, PublicAccessBlock, S3Backend

from rehearsal.emulator.additions.registry import AwsError, corrects, kept

_AWS_KEY = "alias/aws/s3"
"""AWS's own key of S3, which an account and region get with the first object that needs it."""


@corrects(
    FakeBucket,
    "get_permission",
    "s3",
    "GetObject",
    why="moto accepts a statement with a condition as a denial, so that a TLS-only bucket locks every principal out",
)
def without_conditions(original: Callable[..., Any], bucket: FakeBucket, action: str, resource: str) -> object:
    """Evaluate only the statements without a condition."""
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    policy["Statement"] = [each for each in policy["Statement"] if not each.get("Condition")]
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


@corrects(
    FakeBucket,
    "__init__",
    "s3",
    "CreateBucket",
    why="in moto a new bucket isn't encrypted and doesn't block public access, as in AWS before 2023",
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


@corrects(
    S3Backend,
    "put_object",
    "s3",
    "PutObject",
    why="moto encrypts with keys that don't exist; the AWS managed key aws/s3 exists in every account from the start",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
)
def put_object(
    original: Callable[..., FakeKey],
    backend: S3Backend,
    bucket_name: str,
    *given: object,
    **named: object,
) -> object:
    """Refuse an alias without a key; without any key, create AWS's own."""
    region = backend.get_bucket(bucket_name).region_name
    created = kept(backend, "keys_of_aws", set[str])
    alias = str(named.get("kms_key_id") or "").rpartition(":")[2]
    if alias == _AWS_KEY and region not in created:
        raise _no_such(str(named["kms_key_id"]))
    keys = kms_backends[backend.account_id][region]
    if alias.startswith("alias/") and alias != _AWS_KEY and not keys.alias_exists(alias):
        raise _no_such(str(named["kms_key_id"]))
    if named.get("encryption") == "aws:kms" and not alias:
        created.add(region)
    return original(backend, bucket_name, *given, **named)


def _no_such(alias: str) -> AwsError:
    return AwsError("KMS.NotFoundException", f"Alias {alias} is not found.")

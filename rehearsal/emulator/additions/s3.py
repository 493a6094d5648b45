"""S3: what a new bucket has, bucket policies with conditions, and keys that have to exist."""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from flask import has_request_context, request
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.kms.models import kms_backends
from moto.s3.models import FakeBucket, FakeKey, PublicAccessBlock, S3Backend

from rehearsal.emulator.additions.registry import AwsError, corrects, kept

_IF_ABSENT = "s3:if-none-match"
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
    why="moto encrypts with keys that don't exist, where the AWS managed key aws/s3 exists in every account from the "
    "start, and ignores a policy that demands If-None-Match",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
)
def put_object(
    original: Callable[..., FakeKey],
    backend: S3Backend,
    bucket_name: str,
    *given: object,
    **named: object,
) -> object:
    """Refuse an alias without a key, and what a policy wants to be written once; without any key, create AWS's own."""
    bucket, key = backend.get_bucket(bucket_name), str(named.get("key_name") or given[0])
    if _must_be_new(bucket, key) and not (has_request_context() and request.headers.get("If-None-Match")):
        raise AwsError("AccessDenied", "Access Denied")
    region = bucket.region_name
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


def _must_be_new(bucket: FakeBucket, key: str) -> bool:
    """Whether the bucket's policy denies to write a key without If-None-Match; a copy has none.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    """
    resource = f"{bucket.arn}/{key}"
    return any(
        statement["Effect"] == "Deny"
        and (statement.get("Condition") or {}).get("Null") == {_IF_ABSENT: "true"}
        and any(fnmatchcase(resource, each) for each in _listed(statement["Resource"]))
        for statement in (json.loads(bucket.policy)["Statement"] if bucket.policy else ())
    )


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _no_such(alias: str) -> AwsError:
    return AwsError("KMS.NotFoundException", f"Alias {alias} is not found.")

"""S3: bucket policies with conditions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

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

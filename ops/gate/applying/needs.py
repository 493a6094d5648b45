"""Actions that applying a phase calls on resources whose own policies may deny them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.iam.conditions import RequestContext

SECRET, KEY, BUCKET = "aws_secretsmanager_secret", "aws_kms_key", "aws_s3_bucket"
TOPIC, QUEUE, REPOSITORY = "aws_sns_topic", "aws_sqs_queue", "aws_ecr_repository"
ITSELF = "itself"


def _calls(service: str, verbs: str) -> tuple[str, ...]:
    return tuple(f"{service}:{verb}" for verb in verbs.split())


_BUCKET_SETTINGS = _calls(
    "s3",
    "ListBucket GetBucketAcl GetBucketCORS GetBucketLogging GetBucketObjectLockConfiguration GetBucketPolicy "
    "GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite GetAccelerateConfiguration "
    "GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration PutBucketTagging DeleteBucket",
)
_USES_KEY = _calls("kms", "DescribeKey CreateGrant GenerateDataKey Decrypt")
# Actions that provider 5.100 calls to create, refresh, change and delete them, by their names in
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
NEEDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    (SECRET, ITSELF): _calls(
        "secretsmanager", "DescribeSecret GetResourcePolicy UpdateSecret TagResource UntagResource DeleteSecret"
    ),
    ("aws_secretsmanager_secret_policy", SECRET): _calls(
        "secretsmanager", "PutResourcePolicy GetResourcePolicy DeleteResourcePolicy"
    ),
    ("aws_secretsmanager_secret_version", SECRET): _calls(
        "secretsmanager", "PutSecretValue GetSecretValue DescribeSecret UpdateSecretVersionStage"
    ),
    ("aws_secretsmanager_secret_rotation", SECRET): _calls(
        "secretsmanager", "RotateSecret CancelRotateSecret DescribeSecret"
    ),
    ("aws_ecs_task_definition", SECRET): (),  # ECS reads it, with the execution role.
    (KEY, ITSELF): _calls(
        "kms",
        "DescribeKey GetKeyPolicy PutKeyPolicy GetKeyRotationStatus EnableKeyRotation ListResourceTags TagResource "
        "UntagResource UpdateKeyDescription ScheduleKeyDeletion",
    ),
    ("aws_kms_alias", KEY): _calls("kms", "CreateAlias UpdateAlias DeleteAlias"),
    ("aws_kms_key_policy", KEY): _calls("kms", "GetKeyPolicy PutKeyPolicy"),
    (BUCKET, ITSELF): _BUCKET_SETTINGS,
    ("aws_s3_bucket_policy", BUCKET): _calls("s3", "GetBucketPolicy PutBucketPolicy DeleteBucketPolicy"),
    ("aws_s3_bucket_ownership_controls", BUCKET): _calls("s3", "GetBucketOwnershipControls PutBucketOwnershipControls"),
    ("aws_s3_bucket_public_access_block", BUCKET): _calls(
        "s3", "GetBucketPublicAccessBlock PutBucketPublicAccessBlock"
    ),
    ("aws_s3_bucket_versioning", BUCKET): _calls("s3", "GetBucketVersioning PutBucketVersioning"),
    ("aws_s3_bucket_server_side_encryption_configuration", BUCKET): _calls(
        "s3", "GetEncryptionConfiguration PutEncryptionConfiguration"
    ),
    ("aws_s3_bucket_lifecycle_configuration", BUCKET): _calls(
        "s3", "GetLifecycleConfiguration PutLifecycleConfiguration"
    ),
    ("aws_s3_bucket_logging", BUCKET): _calls("s3", "GetBucketLogging PutBucketLogging"),
    ("aws_s3_object", BUCKET): _calls("s3", "GetObject PutObject DeleteObject GetObjectTagging PutObjectTagging"),
    # These services write with their own principals.
    ("aws_cloudtrail", BUCKET): (),
    ("aws_config_delivery_channel", BUCKET): (),
    ("aws_lb", BUCKET): (),
    (TOPIC, ITSELF): _calls(
        "sns", "GetTopicAttributes SetTopicAttributes ListTagsForResource TagResource UntagResource DeleteTopic"
    ),
    ("aws_sns_topic_policy", TOPIC): _calls("sns", "GetTopicAttributes SetTopicAttributes"),
    ("aws_sns_topic_subscription", TOPIC): _calls("sns", "Subscribe"),
    **{
        (kind, TOPIC): ()
        for kind in (
            "aws_budgets_budget",
            "aws_chatbot_slack_channel_configuration",
            "aws_cloudwatch_composite_alarm",
            "aws_cloudwatch_event_target",
            "aws_cloudwatch_metric_alarm",
            "aws_db_event_subscription",
        )
    },
    (QUEUE, ITSELF): _calls(
        "sqs", "GetQueueAttributes SetQueueAttributes ListQueueTags TagQueue UntagQueue DeleteQueue"
    ),
    ("aws_sqs_queue_policy", QUEUE): _calls("sqs", "GetQueueAttributes SetQueueAttributes"),
    (REPOSITORY, ITSELF): _calls(
        "ecr",
        "DescribeRepositories ListTagsForResource TagResource UntagResource PutImageTagMutability "
        "PutImageScanningConfiguration DeleteRepository",
    ),
    ("aws_ecr_lifecycle_policy", REPOSITORY): _calls(
        "ecr", "GetLifecyclePolicy PutLifecyclePolicy DeleteLifecyclePolicy"
    ),
    ("aws_ecr_repository_policy", REPOSITORY): _calls(
        "ecr", "GetRepositoryPolicy SetRepositoryPolicy DeleteRepositoryPolicy"
    ),
    ("aws_ecs_task_definition", REPOSITORY): (),  # ECS pulls it, with the execution role.
}
"""By type of the calling resource and of its target. Any other resource that refers to a key encrypts with it."""
BACKEND = "terraform_backend"
_STATE = _calls("s3", "ListBucket GetObject PutObject DeleteObject")
_SSE = "s3:x-amz-server-side-encryption"


@dataclass(frozen=True)
class Use:
    """The actions that one resource of a phase calls on another resource."""

    by: str
    """Address of the resource that calls."""
    actions: tuple[str, ...] | None
    """None if they are unknown."""
    keys: tuple[RequestContext, ...] = field(default_factory=lambda: (RequestContext(whole=False),))
    """The possible condition keys of the service itself."""


def uses(blocks: Iterable[ScannedBlock], target: ScannedBlock, index: Index) -> Iterator[Use]:
    """The actions that the resources of a stack call on a target.

    Args:
        blocks: The stack's blocks.
        target: A secret, key, bucket, topic, queue or repository of any stack.
        index: All blocks of the environment.
    """
    for block in blocks:
        address = block.block.address
        if block.kind == BACKEND:
            if target.kind == BUCKET and block.settings.get("bucket") == target.settings.get("bucket"):
                yield Use("its state", _STATE, _state_keys(block.settings))
        elif block.section != "resource" or block.synthetic:
            continue
        elif block.name == target.name and block.kind == target.kind:
            yield Use(address, NEEDS.get((block.kind, ITSELF)))
        elif _refers(block, target, index):
            default = _USES_KEY if target.kind == KEY else None
            yield Use(address, NEEDS.get((block.kind, target.kind), default))


def _state_keys(backend: Mapping[str, Any]) -> tuple[RequestContext, ...]:
    """The encryption headers of an upload of a state or of its record: the backend's key, or none.

    https://developer.hashicorp.com/terraform/language/backend/s3
    """
    absent = {f"{_SSE}-customer-algorithm", "s3:x-amz-acl"}
    named = {_SSE: "aws:kms", f"{_SSE}-aws-kms-key-id": str(backend.get("kms_key_id", ""))}
    return (
        RequestContext.of(named, absent=absent, whole=False),
        RequestContext.of({}, absent={*absent, *named}, whole=False),
    )


def _refers(block: ScannedBlock, target: ScannedBlock, index: Index) -> bool:
    """Whether a resource's settings refer to another resource, or name the same bucket."""
    if target.kind == BUCKET and block.settings.get("bucket") == target.settings.get("bucket"):
        return True
    return any(each is target for each in index.referred(block))

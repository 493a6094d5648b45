"""Policies that end access to what exists need the approval of an outage, and normal operations don't."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.gate.model import Outcome
from ops.plan_gate.model import APPROVABLE, FindingKind
from ops.plan_gate.run import run
from tests.cases import every_case
from tests.plan_gate.plans import REPLACE, Body, allow, change, deny, found, judge, plan, policy

ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
ROLE_A, ROLE_B = ({"AWS": f"arn:aws:iam::111122223333:role/{each}"} for each in "ab")
BOTH = {"AWS": [ROLE_A["AWS"], ROLE_B["AWS"]]}
TRUST = policy(allow("sts:AssumeRole", Principal={"Service": "ecs-tasks.amazonaws.com"}))
DENY_ALL = "arn:aws:iam::aws:policy/AWSDenyAll"

NARROWER: dict[str, tuple[Body, Body, str]] = {
    "new-deny": (allow(), deny(), "denies s3:*"),
    "wider-deny": (deny("s3:Delete*"), deny("s3:*"), "denies s3:*"),
    "deny-of-more-resources": (deny(resources="arn:a"), deny(resources=["arn:a", "arn:b"]), "denies s3:* on arn:b"),
    "deny-without-its-condition": (deny(Condition=ORG), deny(), "under other conditions than before"),
    "deny-of-not-principal": (
        deny(Principal=ROLE_A),
        {**deny(), "NotPrincipal": ROLE_A},
        "denies s3:* on * for all but arn:aws:iam::111122223333:role/a",
    ),
    "deny-of-not-action": (deny("s3:*"), {**deny(), "Action": None, "NotAction": "s3:Get*"}, "denies all but s3:get*"),
    "allow-of-fewer-actions": (allow(["s3:GetObject", "s3:PutObject"]), allow(), "no longer allows s3:putobject"),
    "allow-of-fewer-resources": (allow(resources=["arn:a", "arn:b"]), allow(resources="arn:a"), "on arn:b"),
    "allow-of-fewer-principals": (allow(Principal=BOTH), allow(Principal=ROLE_A), "role/b"),
    "allow-with-a-condition": (allow(), allow(Condition=ORG), "under the conditions that it had"),
    "allow-becomes-deny": (allow(), {**allow(), "Effect": "Deny"}, "denies s3:getobject"),
}
HOLDERS: dict[str, tuple[str, Body]] = {
    "aws_kms_key": ("policy", {"key_id": "k"}),
    "aws_kms_key_policy": ("policy", {"key_id": "k"}),
    "aws_s3_bucket_policy": ("policy", {"bucket": "b"}),
    "aws_secretsmanager_secret_policy": ("policy", {"secret_arn": "arn:s"}),
    "aws_sns_topic_policy": ("policy", {"arn": "arn:t"}),
    "aws_sns_topic": ("policy", {"arn": "arn:t"}),
    "aws_sqs_queue_policy": ("policy", {"queue_url": "https://q"}),
    "aws_ecr_repository_policy": ("policy", {"repository": "app"}),
    "aws_ecr_registry_policy": ("policy", {"registry_id": "111122223333"}),
    "aws_iam_role": ("assume_role_policy", {"name": "app"}),
    "aws_iam_role_policy": ("policy", {"role": "app"}),
    "aws_iam_policy": ("policy", {"name": "boundary", "arn": "arn:boundary"}),
    "aws_iam_user_policy": ("policy", {"user": "app"}),
    "aws_vpc_endpoint": ("policy", {"id": "vpce-1"}),
    "aws_vpc_endpoint_policy": ("policy", {"vpc_endpoint_id": "vpce-1"}),
    "aws_organizations_policy": ("content", {"name": "scp"}),
    "aws_glacier_vault": ("access_policy", {"name": "v"}),
}
"""Type: the policy's attribute, and what names its subject."""


def of(kind: str, *statements: Body) -> Body:
    attribute, names = HOLDERS[kind]
    return {**names, attribute: policy(*statements)}


def lockouts(document: Body) -> list[str]:
    return [each.what for each in found(document, FindingKind.OUTAGE)]


@pytest.mark.slow
@every_case("kind", HOLDERS)
@every_case("narrower", NARROWER)
def test_a_narrower_policy_needs_the_approval_of_an_outage(kind: str, narrower: str) -> None:
    before, after, what = NARROWER[narrower]
    changed = plan(change(f"{kind}.a", of(kind, before), of(kind, after)))
    assert any(what in each for each in lockouts(changed)), lockouts(changed)
    approved = frozenset(APPROVABLE) - {FindingKind.OUTAGE}
    document = json.dumps(changed).encode()
    assert run(document, name="demo", approved=approved).outcome is Outcome.FINDINGS
    assert judge(changed, approve=True).outcome is Outcome.CLEAN


@every_case("kind", HOLDERS)
def test_a_policy_that_allows_more_locks_none_out(kind: str) -> None:
    more = of(kind, {**allow(), "Sid": "Renamed"}, allow("s3:PutObject"), deny("s3:DeleteBucket"))
    assert lockouts(plan(change(f"{kind}.a", of(kind, allow(), deny("s3:DeleteBucket")), more))) == []


@every_case("kind", HOLDERS)
def test_a_policy_that_is_unknown_until_apply_may_lock_out(kind: str) -> None:
    attribute, names = HOLDERS[kind]
    if kind != "aws_glacier_vault":  # Without a value, only its name shows that it is a policy: widening's table.
        changed = change(f"{kind}.a", of(kind, allow()), names, unknown={attribute: True})
        assert any("isn't known until apply" in each for each in lockouts(plan(changed)))


CREATED: dict[str, tuple[Body, ...]] = {
    "deny-on-a-bucket": (change("aws_s3_bucket_policy.a", None, of("aws_s3_bucket_policy", deny())),),
    "deny-on-a-key": (change("aws_kms_key_policy.a", None, of("aws_kms_key_policy", deny())),),
    "deny-on-a-secret": (
        change("aws_secretsmanager_secret_policy.a", None, of("aws_secretsmanager_secret_policy", deny())),
    ),
    "deny-on-a-topic": (change("aws_sns_topic_policy.a", None, of("aws_sns_topic_policy", deny())),),
    "deny-on-a-queue": (change("aws_sqs_queue_policy.a", None, of("aws_sqs_queue_policy", deny())),),
    "deny-on-a-repository": (
        change("aws_ecr_repository_policy.a", None, of("aws_ecr_repository_policy", deny(Principal="*"))),
    ),
    "deny-on-a-role": (change("aws_iam_role_policy.a", None, of("aws_iam_role_policy", deny())),),
    "unknown-on-a-bucket": (change("aws_s3_bucket_policy.a", None, {"bucket": "b"}, unknown={"policy": True}),),
    "instead-of-the-default": (change("aws_vpc_endpoint_policy.a", None, of("aws_vpc_endpoint_policy", allow())),),
    "key-without-the-default": (change("aws_kms_key_policy.a", None, of("aws_kms_key_policy", allow())),),
    "deny-all": (change("aws_iam_role_policy_attachment.a", None, {"role": "app", "policy_arn": DENY_ALL}),),
    "denying-policy": (
        change("aws_iam_policy.never", None, {"name": "never", "policy": policy(deny())}, unknown={"arn": True}),
        change("aws_iam_role_policy_attachment.a", None, {"role": "app"}, unknown={"policy_arn": True}),
    ),
    "boundary": (
        change(
            "aws_iam_role.app",
            {"name": "app", "assume_role_policy": TRUST},
            {"name": "app", "assume_role_policy": TRUST, "permissions_boundary": "arn:b"},
        ),
    ),
    "another-boundary": (
        change(
            "aws_iam_user.app",
            *({"name": "app", "permissions_boundary": each} for each in ("arn:b", "arn:c")),
        ),
    ),
    "scp": (change("aws_organizations_policy_attachment.a", None, {"policy_id": "p-1", "target_id": "ou-1"}),),
    "gone": (change("aws_s3_bucket_policy.a", of("aws_s3_bucket_policy", allow(Principal=ROLE_A))),),
    "moved-in-part": (
        change("aws_iam_role_policy.a", of("aws_iam_role_policy", allow(), allow("s3:PutObject"))),
        change("aws_iam_role_policy.b", None, of("aws_iam_role_policy", allow())),
    ),
}


@every_case("changes", CREATED.values(), ids=CREATED)
def test_what_is_added_to_something_existing_may_lock_out(changes: tuple[Body, ...]) -> None:
    assert lockouts(plan(*changes))
    assert judge(plan(*changes), approve=True).outcome is Outcome.CLEAN


NO_LOCKOUT: dict[str, tuple[Body, ...]] = {
    "new-bucket": (
        change("aws_s3_bucket.b", None, {"bucket": "b"}),
        change("aws_s3_bucket_policy.a", None, of("aws_s3_bucket_policy", deny())),
    ),
    "new-role": (
        change("aws_iam_role.app", None, {"name": "app", "assume_role_policy": TRUST, "permissions_boundary": "arn:b"}),
        change("aws_iam_role_policy.a", None, of("aws_iam_role_policy", deny())),
        change("aws_iam_role_policy_attachment.a", None, {"role": "app", "policy_arn": DENY_ALL}),
    ),
    "new-key": (change("aws_kms_key.a", None, {"policy": policy(deny())}, unknown={"key_id": True}),),
    "new-managed-policy": (change("aws_iam_policy.a", None, of("aws_iam_policy", deny())),),
    "moved": (
        change("aws_iam_role_policy.a", of("aws_iam_role_policy", allow(), deny())),
        change("aws_iam_role_policy.b", None, of("aws_iam_role_policy", allow(), deny())),
    ),
    "new-statement": (change("aws_iam_role_policy.b", None, of("aws_iam_role_policy", allow())),),
    "boundary-removed": (
        change("aws_iam_user.app", {"name": "app", "permissions_boundary": "arn:b"}, {"name": "app"}),
    ),
    "release": (
        change(
            "aws_ecs_task_definition.a",
            *({"family": "app", "task_role_arn": "arn:r", "revision": each} for each in (1, 2)),
            actions=REPLACE,
        ),
    ),
}


@every_case("changes", NO_LOCKOUT.values(), ids=NO_LOCKOUT)
def test_what_locks_none_out(changes: tuple[Body, ...]) -> None:
    whats = [each for each in lockouts(plan(*changes)) if "would be" not in each]
    assert whats == []


def test_a_copy_that_aws_returned_does_not_hide_that_an_allow_goes() -> None:
    wide, narrow = allow(["s3:GetObject", "s3:PutObject"], Principal="*"), allow(Principal="*")
    bucket: dict[str, Any] = {"bucket": "b", "policy": policy(wide)}
    document = plan(
        change("aws_s3_bucket.b", bucket, bucket),
        change("aws_s3_bucket_policy.a", of("aws_s3_bucket_policy", wide), of("aws_s3_bucket_policy", narrow)),
    )
    document["configuration"]["root_module"]["resources"][1]["expressions"] = {"bucket": {}}
    assert lockouts(document) == [
        "bucket policy of b: statement 'Read' no longer allows s3:putobject on arn:aws:s3:::a/* for *"
    ]

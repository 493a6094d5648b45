"""State: what its bucket and key must be."""

from __future__ import annotations

import json

import pytest

from environments.names import PLAN_DAYS, Names
from environments.schema import Environment
from modules.phases import PHASES
from tests.conftest import Stack
from tests.iam.blocks import KEY_ARN, allowed

SSE = "s3:x-amz-server-side-encryption"
KEY = f"{SSE}-aws-kms-key-id"


@pytest.fixture
def state(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-state"]


def test_it_depends_on_nothing_so_that_it_can_be_first(state: Stack) -> None:
    assert not state.data("terraform_remote_state")
    assert set(state.document["data"]) == {"aws_iam_policy_document"}


def test_the_bucket_is_private_versioned_and_encrypted_with_its_key(state: Stack, env: Environment) -> None:
    (bucket,) = state.resources("aws_s3_bucket").values()
    assert bucket["bucket"] == Names(env).state_bucket
    (alias,) = state.resources("aws_kms_alias").values()
    assert alias["name"] == Names(env).alias("state")
    (key,) = state.resources("aws_kms_key").values()
    assert key["enable_key_rotation"] is True
    (versioning,) = state.resources("aws_s3_bucket_versioning").values()
    assert versioning["versioning_configuration"]["status"] == "Enabled"
    (encryption,) = state.resources("aws_s3_bucket_server_side_encryption_configuration").values()
    default = encryption["rule"][0]["apply_server_side_encryption_by_default"]
    assert default == {"sse_algorithm": "aws:kms", "kms_master_key_id": "${aws_kms_key.state_key.arn}"}
    (public,) = state.resources("aws_s3_bucket_public_access_block").values()
    assert all(value for name, value in public.items() if name.startswith(("block_", "ignore_", "restrict_")))


def test_earlier_versions_are_kept_for_a_while_and_current_state_for_ever(state: Stack, env: Environment) -> None:
    (lifecycle,) = state.resources("aws_s3_bucket_lifecycle_configuration").values()
    rule, *others = lifecycle["rule"]
    assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": env.state_history}]
    assert "expiration" not in rule
    expiring = {each["filter"][0]["prefix"]: each["expiration"][0]["days"] for each in others}
    assert expiring == {f"{env.stage}/{phase}.plans/": PLAN_DAYS for phase in ("edge", "services", "cutover")}
    assert [each["noncurrent_version_expiration"] for each in others] == [[{"noncurrent_days": 1}]] * 3
    for prefix in expiring:
        assert not any(Names(env).state_key(phase.name).startswith(prefix) for phase in PHASES)


def test_backends_name_the_key_that_the_bucket_asks_for(stacks: dict[str, Stack], env: Environment) -> None:
    named = {
        stack.document["terraform"]["backend"]["s3"]["kms_key_id"]
        for name, stack in stacks.items()
        if name.startswith(f"{env.name}-")
    }
    assert named == {Names(env).alias_arn("state")}


@pytest.mark.requirement("R0.2")
@pytest.mark.parametrize(
    ("context", "accepted"),
    [
        pytest.param({}, True, id="the bucket's own encryption"),
        pytest.param({SSE: "aws:kms", KEY: KEY_ARN}, True, id="the state key"),
        pytest.param({SSE: "aws:kms", KEY: "alias"}, True, id="the state key by its alias, as Terraform names it"),
        pytest.param({SSE: "AES256"}, False, id="S3's key"),
        pytest.param({SSE: "aws:kms"}, False, id="AWS's key"),
        pytest.param({SSE: "aws:kms", KEY: f"{KEY_ARN}0"}, False, id="another key"),
        pytest.param({f"{SSE}-customer-algorithm": "AES256"}, False, id="a key of the caller's own"),
        pytest.param({"aws:SecureTransport": "false"}, False, id="no TLS"),
    ],
)
def test_uploads_are_encrypted_with_the_state_key(
    state: Stack, env: Environment, context: dict[str, str], accepted: bool
) -> None:
    alias = Names(env).alias_arn("state")
    text = json.dumps(state.policy("state")).replace("${aws_kms_key.state_key.arn}", KEY_ARN)
    statements = json.loads(text.replace("${aws_s3_bucket.state.arn}", f"arn:aws:s3:::{Names(env).state_bucket}"))
    by_iam = {"effect": "Allow", "sid": "Iam", "actions": ["s3:*"], "resources": ["*"]}
    request = {"aws:SecureTransport": "true"} | {
        name: alias if value == "alias" else value for name, value in context.items()
    }
    key = f"arn:aws:s3:::{Names(env).state_bucket}/{env.stage}/edge.tfstate"
    assert allowed([by_iam, *statements], "s3:PutObject", key, request) is accepted

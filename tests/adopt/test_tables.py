"""The tables of adoption: each type of a stack is asked about, by calls that the planner may make."""

from __future__ import annotations

from fnmatch import fnmatchcase

import boto3
import pytest

from environments.names import Names
from environments.schema import Environment
from modules.constructs.planner_policy import READS
from modules.phases import PHASES
from ops.adopt.tables import OTHERWISE, fixed, questions, ways_out
from tests.cases import every_case
from tests.conftest import Stack

ASKED = sorted({each.ask for each in questions().values() if each.ask})


def test_each_type_of_a_stack_is_asked_about(env: Environment, stacks: dict[str, Stack]) -> None:
    names = Names(env)
    kinds = {kind for phase in PHASES for kind in stacks[names.stack(phase.name)].document.get("resource", {})}
    assert kinds
    assert kinds <= questions().keys()


def test_each_question_leads_to_an_id() -> None:
    for kind, question in questions().items():
        assert bool(question.created) != bool(question.id), kind
        assert question.through is None or questions()[question.through[0]].ask, kind
        assert bool(question.parent) == bool(question.beside), kind


def test_what_is_fixed_has_a_question_a_kind_and_a_way_out() -> None:
    for kind, attributes in fixed().items():
        assert questions()[kind].id, kind
        for each in attributes:
            assert each.kind in {"encryption", "engine", "range", "name", "settings"}
            assert bool(each.configured) == bool(each.actual)
            assert each.way_out


def test_ways_out_are_those_of_the_attributes() -> None:
    (copied,) = ways_out("aws_ecr_repository", ["encryption_configuration[0].kms_key"])
    assert copied.startswith("copy the images")
    assert ways_out("aws_sns_topic", ["name"]) == (OTHERWISE,)
    assert ways_out("aws_db_instance", []) == (OTHERWISE,)
    restored, migrated = ways_out("aws_db_instance", ["kms_key_id", "storage_encrypted", "engine"])
    assert "snapshot" in restored
    assert "pg_dump" in migrated


@pytest.mark.slow
@every_case(("service", "operation"), ASKED)
def test_the_planner_may_ask(service: str, operation: str) -> None:
    """A call only reads, and the planner's policy allows it."""
    client = boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]  # any service
    call = client.meta.method_to_api_mapping[operation]
    assert call.startswith(("Describe", "Get", "List", "Head"))
    action = _ACTIONS.get((service, call), f"{_PREFIXES.get(service, service)}:{call}")
    assert any(fnmatchcase(action, each) for each in READS), action


_PREFIXES = {
    "accessanalyzer": "access-analyzer",
    "elbv2": "elasticloadbalancing",
    "s3control": "s3",
}
"""The prefix of actions where it isn't boto3's name: https://docs.aws.amazon.com/service-authorization/latest/reference/"""
_ACTIONS = {
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3control", "GetPublicAccessBlock"): "s3:GetAccountPublicAccessBlock",
    ("budgets", "DescribeBudget"): "budgets:ViewBudget",
}
"""Actions that have another name than the call."""

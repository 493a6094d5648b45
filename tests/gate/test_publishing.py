"""Alerts arrive: whatever sends to a topic may publish to it, and use its key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import environments
from ops.gate.publishing import SENDERS, UNSENT, unsent
from tests.gate.plants import Body, Ground
from tests.products import SUBJECTS, Subject, values

TOPIC = (UNSENT, "aws_sns_topic.alerts")


@pytest.fixture(scope="module")
def prod(output: Path) -> Ground:
    return Ground.of(output, environments.load("prod"), unsent)


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_every_products_alerts_arrive(subject: Subject, outputs: Callable[[Path], Path]) -> None:
    with values(subject.folder):
        assert Ground.of(outputs(subject.folder), subject.environment, unsent).failed == frozenset()


def without(document: str, service: str) -> Callable[[Body], None]:
    def change(content: Body) -> None:
        body = content["data"]["aws_iam_policy_document"][document]
        body["statement"] = [each for each in body["statement"] if service not in str(each.get("principals"))]

    return change


@pytest.mark.requirement("R13.2")
@pytest.mark.parametrize("service", sorted(set(SENDERS.values())))
def test_a_service_that_a_policy_does_not_let_publish(prod: Ground, service: str) -> None:
    said = prod.planted("account", without("alerts_policy_document", f"'{service}'"))[TOPIC]
    assert said == f"no policy of aws_sns_topic.alerts lets {service} call sns:Publish"
    said = prod.planted("account", without("alerts_key_document", f"'{service}'"))[TOPIC]
    assert f"no policy of aws_kms_key.alerts_key lets {service} call kms:Decrypt" in said
    assert f"lets {service} call kms:GenerateDataKey" in said


def test_a_statement_that_denies_or_names_another_action_is_no_permission(prod: Ground) -> None:
    def change(content: Body) -> None:
        statements = content["data"]["aws_iam_policy_document"]["alerts_policy_document"]["statement"]
        statements[1]["effect"], statements[2]["actions"] = "Deny", ["sns:Subscribe"]

    said = prod.planted("account", change)[TOPIC]
    assert "lets cloudwatch.amazonaws.com" in said
    assert "lets budgets.amazonaws.com" in said

"""Each resource is encrypted with the key of its purpose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import environments
from ops.gate.index import values_at
from ops.gate.keys import KEYS, OTHER_KEY, other_keys
from tests.cases import every_case
from tests.gate.plants import Body, Ground
from tests.products import SUBJECTS, Subject, values

OUTPUTS = "${data.terraform_remote_state"


@pytest.fixture(scope="module")
def prod(output: Path) -> Ground:
    return Ground.of(output, environments.load("prod"), other_keys)


@pytest.mark.slow
@every_case("subject", SUBJECTS, ids=str)
def test_every_product_uses_the_keys_of_their_purposes(subject: Subject, outputs: Callable[[Path], Path]) -> None:
    with values(subject.folder):
        assert Ground.of(outputs(subject.folder), subject.environment, other_keys).failed == frozenset()


def replaced(kind: str, name: str, attribute: str, value: str) -> Callable[[Body], None]:
    def change(content: Body) -> None:
        *path, last = attribute.split(".")
        settings = content["resource"][kind][name]
        for step in path:
            settings = settings[step][0] if isinstance(settings[step], list) else settings[step]
        settings[last] = value

    return change


@pytest.mark.requirement("R13.2")
@every_case(
    ("phase", "address", "value", "said"),
    [
        ("account", "aws_cloudtrail.trail", "${aws_kms_key.log_key.arn}", "alias/aep-prod-logs"),
        ("account", "aws_sns_topic.alerts", "${aws_kms_key.audit_key.arn}", "alias/aep-prod-audit"),
        ("account", "aws_cloudwatch_log_group.trail_log_group", "${aws_kms_key.audit_key.arn}", "prod-audit"),
        ("account", "aws_config_delivery_channel.config_channel", "${aws_kms_key.alerts_key.arn}", "prod-alerts"),
        (
            "account",
            "aws_s3_bucket_server_side_encryption_configuration.trail_bucket_encryption",
            f"{OUTPUTS}.state.outputs.key_arn}}",
            "alias/aep-prod-state",
        ),
        ("secrets", "aws_secretsmanager_secret.redis_url", f"{OUTPUTS}.account.outputs.log_key_arn}}", "prod-logs"),
        ("registry", "aws_ecr_repository.navralabs_aep_backend", "${aws_kms_key.other.arn}", "another key"),
        ("data", "aws_db_instance.database", f"{OUTPUTS}.secrets.outputs.key_arn}}", "alias/aep-prod-secrets"),
        ("data", "aws_elasticache_replication_group.cache", f"{OUTPUTS}.secrets.outputs.key_arn}}", "prod-secrets"),
        ("services", "aws_ecs_cluster.cluster", f"{OUTPUTS}.account.outputs.log_key_arn}}", "alias/aep-prod-logs"),
    ],
)
def test_the_key_of_another_purpose(prod: Ground, phase: str, address: str, value: str, said: str) -> None:
    kind, name = address.split(".")
    attribute = next(attribute for type_, attribute in KEYS if type_ == kind)
    found = prod.planted(phase, replaced(kind, name, attribute, value))
    assert said in found[OTHER_KEY, address]


def test_an_alias_of_another_key(prod: Ground) -> None:
    change = replaced("aws_kms_alias", "alerts_key_alias", "target_key_id", "${aws_kms_key.audit_key.key_id}")
    found = prod.planted("account", change)
    assert found[OTHER_KEY, "aws_sns_topic.alerts"] == "uses a key without an alias, not alias/aep-prod-alerts"
    assert "several aliases" in found[OTHER_KEY, "aws_cloudtrail.trail"]


def test_each_line_of_the_table_is_in_use(prod: Ground) -> None:
    resources = [document.content.get("resource", {}) for document in prod.documents.values()]
    for kind, attribute in KEYS:
        blocks = [block for each in resources for block in each.get(kind, {}).values()]
        assert any([*values_at(block, attribute)] for block in blocks), (kind, attribute)

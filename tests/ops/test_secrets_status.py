"""The status of secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ops.aws.session import Aws
from ops.secrets.status import EVERYBODY, missing, policy_readers
from rehearsal.emulator.client import Control
from tests.cases import every_case
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.emulated import Emulated
from tests.ops.seeded import ALL, PROD


@pytest.fixture(scope="module")
def secrets(emulated: Emulated) -> Iterator[Aws]:
    """An account with all secrets, of which one has no value and one is being deleted."""
    with seeded.account(emulated) as aws:
        seeded.secrets(aws, values=[name for name in ALL if name != "REDIS_URL"])
        aws.client("secretsmanager").delete_secret(SecretId="aep/prod/OPENAI_API_KEY")
        yield aws


@pytest.mark.requirement("R4.1")
def test_status_is_red_while_a_needed_value_is_missing(secrets: Aws) -> None:
    done = run("secrets", "status", "prod")
    assert done.exit_code == 1
    assert done.stderr == "without a value, services don't start: OPENAI_API_KEY, REDIS_URL\n"
    assert [row.split()[0] for row in done.stdout.splitlines()[1:]] == ALL
    assert "first-" not in done.output


def test_status_as_json_says_state_readers_and_services(secrets: Aws) -> None:
    found = {each["name"]: each for each in json.loads(run("secrets", "status", "prod", "--json").stdout)}
    assert {name: each["state"] for name, each in found.items()} == {
        "AUDIT_ENCRYPTION_KEY": "set",
        "OPENAI_API_KEY": "being deleted",
        "ANTHROPIC_API_KEY": "set",
        "DATABASE_URL": "set",
        "REDIS_URL": "no value",
    }
    assert [bool(each["changed"]) for each in found.values()] == [True, True, True, True, False]
    assert found["REDIS_URL"]["readers"] == ["aep-prod-backend-execution", "aep-prod-break-glass"]
    assert found["REDIS_URL"]["needed_by"] == ["backend"]


def test_a_policy_that_the_caller_may_not_see_is_no_failure(secrets: Aws, emulated: Emulated) -> None:
    faults = Control(emulated.endpoint, PROD.account_id, PROD.region)
    faults.fail("secretsmanager", "GetResourcePolicy", "AccessDeniedException", len(ALL))
    assert run("secrets", "status", "prod").stdout.count("unknown (administrators only)") == len(ALL)


def test_a_policy_that_denies_no_role_leaves_all_roles() -> None:
    assert list(policy_readers("{}")) == [EVERYBODY]


ONE, TWO = ("arn:aws:iam::111122223333:role/one", "arn:aws:iam::111122223333:role/two")


def denial(**changes: object) -> dict[str, object]:
    condition = {"ArnNotEquals": {"aws:PrincipalArn": [ONE, TWO]}}
    statement = {"Effect": "Deny", "Principal": "*", "Resource": "*", "Condition": condition}
    return {**statement, "Action": "secretsmanager:GetSecretValue", **changes}


@every_case(
    ("statements", "readers"),
    [
        (denial(), ["one", "two"]),
        ([denial(Action="secretsmanager:*")], ["one", "two"]),
        ([denial(Action="secretsmanager:getsecret*")], ["one", "two"]),
        ([{**{key: each for key, each in denial().items() if key != "Action"}, "NotAction": "kms:*"}], ["one", "two"]),
        ([denial(Condition={"StringNotLike": {"AWS:PrincipalArn": ONE}})], ["one"]),
        ([denial(), denial(Condition={"ArnNotLike": {"aws:PrincipalArn": ONE}})], ["one"]),
        ([denial(), denial(Condition={"Bool": {"aws:SecureTransport": "false"}})], ["one", "two"]),
        ([denial(Action="secretsmanager:PutSecretValue")], [EVERYBODY]),
    ],
)
def test_readers_are_the_roles_that_every_denial_excepts(statements: object, readers: list[str]) -> None:
    assert list(policy_readers(json.dumps({"Statement": statements}))) == readers


def test_missing_names_what_services_need(secrets: Aws) -> None:
    assert missing(secrets, PROD) == ("OPENAI_API_KEY", "REDIS_URL")


def test_status_is_green_when_all_are_set_and_all_are_absent_before_the_apply(account: Aws) -> None:
    done = run("secrets", "status", "prod")
    assert (done.exit_code, done.stdout.count("missing")) == (1, len(ALL))
    seeded.secrets(account, values=ALL)
    assert run("secrets", "status", "prod").exit_code == 0

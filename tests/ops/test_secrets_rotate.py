"""A new value, and the services that read it are redeployed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from ops.aws.session import Aws
from ops.secrets.status import State, container
from ops.secrets.writing import ACCESS
from rehearsal.emulator.client import Control
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.emulated import Emulated
from tests.ops.seeded import ALL, PROD

KEY = "OPENAI_API_KEY"
ROTATE = ("secrets", "rotate", "prod", KEY, "--stdin", "--yes")


@pytest.fixture(scope="module")
def rolled_out(emulated: Emulated) -> Iterator[Aws]:
    """An account with secrets, services and a cache whose user is off."""
    with seeded.account(emulated) as aws:
        seeded.secrets(aws, values=[name for name in ALL if name != "REDIS_URL"])
        seeded.services(aws)
        seeded.cache(aws)
        yield aws


@pytest.fixture
def faults(emulated: Emulated) -> Control:
    """Plants faults; nothing is emptied."""
    return Control(emulated.endpoint, PROD.account_id, PROD.region)


def deployments(aws: Aws) -> dict[str, str]:
    """Id of the deployment of each service."""
    names = ["aep-backend-prod", "aep-frontend-prod"]
    services = aws.client("ecs").describe_services(cluster="aep-prod", services=names)["services"]
    return {each["serviceName"]: each["deployments"][0]["id"] for each in services}


@pytest.mark.requirement("R4.4")
def test_rotating_redeploys_the_readers_and_keeps_the_previous_value(rolled_out: Aws) -> None:
    before, earlier = deployments(rolled_out), seeded.secret_value(rolled_out, KEY)
    done = run(*ROTATE, "--json", given="sk-rotated")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["services"][0]["result"] == "redeployed"
    assert "sk-rotated" not in done.output
    assert seeded.secret_value(rolled_out, KEY) == "sk-rotated"
    assert seeded.secret_value(rolled_out, KEY, "AWSPREVIOUS") == earlier
    after = deployments(rolled_out)
    assert {name for name in after if after[name] != before[name]} == {"aep-backend-prod"}


@pytest.mark.requirement("R4.4")
def test_a_service_that_is_not_redeployed_is_named_with_its_running_tasks(rolled_out: Aws, faults: Control) -> None:
    faults.fail("ecs", "UpdateService", "AccessDeniedException", 1, message="no")
    done = run(*ROTATE, given="sk-rotated-2")
    assert done.exit_code == 1
    assert "backend: failed: can't deploy aep-backend-prod: AccessDeniedException: no" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("fix the problem and deploy these services again")
    assert seeded.secret_value(rolled_out, KEY) == "sk-rotated-2"


@pytest.mark.requirement("R4.4")
def test_no_wait_says_that_the_deployment_is_begun(rolled_out: Aws) -> None:
    done = run(*ROTATE, "--no-wait", given="sk-rotated-3")
    assert (done.exit_code, "backend: deployment started\n" in done.stderr) == (0, True)


@pytest.fixture
def modified(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The calls of ModifyUser: AWS shows no password."""
    calls: list[dict[str, Any]] = []
    call = cast("Any", BaseClient)._make_api_call

    def answered(self: BaseClient, operation: str, given: dict[str, Any]) -> Any:
        if operation == "ModifyUser":
            calls.append(given)
        return call(self, operation, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", answered)
    return calls


@pytest.mark.requirement("R4.2", "R4.4")
def test_the_cache_gets_its_password_and_redis_url_has_it(
    rolled_out: Aws, modified: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for _ in range(2):  # The first value, and a later one.
        caplog.clear()
        done = run("secrets", "rotate", "prod", "REDIS_URL", "--yes")
        assert done.exit_code == 0, done.output
        logged = caplog.text
        assert "ModifyUser" not in logged
        assert "PutSecretValue" not in logged
        url = urlsplit(seeded.secret_value(rolled_out, "REDIS_URL"))
        call = modified[-1]
        assert (call["UserId"], call["AccessString"]) == ("aep-prod-app", ACCESS)
        assert call["AuthenticationMode"] == {"Type": "password", "Passwords": [url.password]}
        assert (url.scheme, url.username, url.port, url.path) == ("rediss", "aep-prod-app", 6379, "/0")
        assert url.password
        assert url.password not in done.output + logged
    (user,) = rolled_out.client("elasticache").describe_users(UserId="aep-prod-app")["Users"]
    assert (user["AccessString"], user["Authentication"]["PasswordCount"]) == (ACCESS, 1)
    first, second = (call["AuthenticationMode"]["Passwords"][0] for call in modified)
    assert len(first) == len(second) == 64
    assert first != second
    assert first in seeded.secret_value(rolled_out, "REDIS_URL", "AWSPREVIOUS")


@pytest.mark.requirement("R4.2")
def test_a_cache_that_refuses_leaves_what_was_there(
    rolled_out: Aws, modified: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    manager, answered = rolled_out.client("secretsmanager"), cast("Any", BaseClient)._make_api_call
    manager.delete_secret(SecretId="aep/prod/REDIS_URL", ForceDeleteWithoutRecovery=True)
    manager.create_secret(Name="aep/prod/REDIS_URL")

    def refused(self: BaseClient, operation: str, given: dict[str, Any]) -> Any:
        if operation == "ModifyUser":
            password = given["AuthenticationMode"]["Passwords"][0]
            raise ClientError({"Error": {"Code": "InvalidUserState", "Message": f"not {password}"}}, operation)
        return answered(self, operation, given)

    def is_refused() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(BaseClient, "_make_api_call", refused)
            done = run("secrets", "set", "prod", "REDIS_URL", "--yes")
        assert done.exit_code == 2
        assert "InvalidUserState: not …. The password of the cache's user" in done.stderr
        assert "run the command again" in done.stderr

    is_refused()
    assert container(rolled_out, PROD, "REDIS_URL").state is State.EMPTY
    assert run("secrets", "set", "prod", "REDIS_URL", "--yes").exit_code == 0
    before = container(rolled_out, PROD, "REDIS_URL").version
    is_refused()
    assert container(rolled_out, PROD, "REDIS_URL").version == before
    assert len(modified) == 1


@pytest.mark.requirement("R4.2")
def test_who_may_not_look_at_the_cache_writes_no_url(
    rolled_out: Aws, faults: Control, modified: list[dict[str, Any]]
) -> None:
    versions = rolled_out.client("secretsmanager").list_secret_version_ids
    before = len(versions(SecretId="aep/prod/REDIS_URL")["Versions"])
    faults.fail("elasticache", "DescribeReplicationGroups", "AccessDenied", 1)
    assert run("secrets", "set", "prod", "REDIS_URL", "--yes").exit_code == 2
    assert len(versions(SecretId="aep/prod/REDIS_URL")["Versions"]) == before
    assert not modified

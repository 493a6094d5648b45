"""Where images come from, and what runs there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

import environments
from environments.schema import Environment
from ops.aws.ecs import NoContainerError
from ops.aws.errors import AwsError
from ops.aws.session import WrongAccountError
from ops.errors import OpsError
from ops.promote import route
from ops.promote.candidate import running

OTHER_ACCOUNT = "777788889999"


@pytest.fixture
def prod() -> Environment:
    return environments.load("prod")


@pytest.fixture
def staging() -> Environment:
    return environments.load("staging")


def test_images_come_from_the_environment_that_lets_its_repositories_be_read(prod: Environment) -> None:
    assert route.origin_of(prod, None).name == "staging"
    assert route.origin_of(prod, "staging").name == "staging"


def test_images_come_from_the_environment_whose_repositories_are_shared(prod: Environment) -> None:
    moved = replace(prod, account_id=OTHER_ACCOUNT, registry=replace(prod.registry, source_account="444455556666"))
    assert route.origin_of(moved, None).name == "staging"


@pytest.mark.parametrize("given", [None, "staging"])
def test_an_environment_that_may_read_nothing_is_told_so(prod: Environment, given: str | None) -> None:
    with pytest.raises(OpsError, match=f"add its account {OTHER_ACCOUNT} to registry.readers"):
        route.origin_of(replace(prod, account_id=OTHER_ACCOUNT), given)


def test_images_come_from_the_same_product(
    prod: Environment, staging: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(staging, name="shop-staging", product=replace(staging.product, name="shop"))
    loaded = {"shop-staging": other, "staging": staging}
    monkeypatch.setattr(environments, "load_each", lambda: environments.Loaded(tuple(loaded.values()), None, {}, ()))
    assert route.origin_of(prod, None).name == "staging"


@pytest.mark.parametrize("given", [None, "prod-starter", "nowhere"])
def test_of_several_environments_one_must_be_chosen(
    prod: Environment, staging: Environment, given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = {"staging": staging, "test": replace(staging, name="test", stage="test"), "prod-starter": prod}
    monkeypatch.setattr(environments, "load_each", lambda: environments.Loaded(tuple(loaded.values()), None, {}, ()))
    with pytest.raises(OpsError, match="staging or test; choose: --from staging"):
        route.origin_of(prod, given)
    assert route.origin_of(prod, "test").name == "test"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (WrongAccountError("another"), "the credentials aren't staging's"),
        (AwsError("none", code="NoCredentialsError"), "there are no credentials for staging"),
        (AwsError("none", code="ProfileNotFound"), "there are no credentials for staging"),
    ],
)
def test_a_pipeline_without_credentials_of_staging_goes_on(
    staging: Environment, error: OpsError, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "connect", _raising(error))
    assert route._connect_if_possible(staging) == told


def test_credentials_that_expired_are_an_error(staging: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "connect", _raising(AwsError("expired", code="ExpiredToken")))
    with pytest.raises(AwsError, match="expired"):
        route._connect_if_possible(staging)


def _raising(error: Exception) -> Any:
    def connect(_: Environment) -> None:
        raise error

    return connect


class OneClient:
    """An account with one client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def client(self, service: str) -> Any:
        assert service == "ecs"
        return self._client


def test_only_what_runs_in_a_deployment_that_is_done_counts(staging: Environment) -> None:
    client = boto3.client("ecs", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    service = {
        "deployments": [
            {"taskDefinition": "one", "runningCount": 1, "rolloutState": "COMPLETED"},
            {"taskDefinition": "begun", "runningCount": 1, "rolloutState": "IN_PROGRESS"},
            {"taskDefinition": "failed", "runningCount": 1, "rolloutState": "FAILED"},
            {"taskDefinition": "scaled-to-none", "runningCount": 0, "rolloutState": "COMPLETED"},
        ],
        "status": "ACTIVE",
        "taskSets": [
            {"taskDefinition": "two", "runningCount": 1, "stabilityStatus": "STEADY_STATE"},
            {"taskDefinition": "unsteady", "runningCount": 1, "stabilityStatus": "STABILIZING"},
        ],
    }
    backend = "registry/navralabs/aep-backend@sha256:"
    images = {
        "one": [f"{backend}{'8' * 64}", f"{backend}{'1' * 64}"],
        "two": [f"registry/agent@sha256:{'9' * 64}", f"{backend}{'2' * 64}"],
    }
    with Stubber(client) as stub:
        asked = {"cluster": "aep-staging", "services": ["aep-backend-staging"]}
        stub.add_response("describe_services", {"services": [service]}, asked)
        for name in ("one", "two"):
            # The first one is another container, of an image that doesn't count even if it is of the same repository.
            names = zip(("proxy", "backend"), images[name], strict=True)
            containers = [{"name": each, "image": image} for each, image in names]
            answer = {"taskDefinition": {"containerDefinitions": containers}}
            stub.add_response("describe_task_definition", answer, {"taskDefinition": name})
        known: Any = OneClient(client)
        runs = running(known, staging, "backend", "navralabs/aep-backend")
    client.close()
    assert runs == {f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"}


@pytest.mark.requirement("R3.3")
def test_a_task_definition_without_the_services_container_is_an_error(staging: Environment) -> None:
    class Ecs:
        def describe_services(self, **_: object) -> Any:
            deployment = {"taskDefinition": "one", "runningCount": 1, "rolloutState": "COMPLETED"}
            return {"services": [{"status": "ACTIVE", "deployments": [deployment]}]}

        def describe_task_definition(self, **_: object) -> Any:
            image = f"registry/navralabs/aep-backend@sha256:{'1' * 64}"
            containers = [{"name": "aws-guardduty-agent-nm40lC", "image": image}]
            return {"taskDefinition": {"taskDefinitionArn": "x/one:1", "containerDefinitions": containers}}

    known: Any = OneClient(Ecs())
    with pytest.raises(NoContainerError, match="one:1 has no container 'backend'; it has aws-guardduty-agent-nm40lC"):
        running(known, staging, "backend", "navralabs/aep-backend")

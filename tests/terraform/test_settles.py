"""Resources to which AWS adds something: as they are synthesized, a second plan is empty, and nothing stops destroy."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest

import environments
from environments.schema import Environment
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import environment as emulated
from tests.conftest import Stack
from tests.emulator.aws import Aws
from tests.emulator.test_agent import MONITORED
from tests.terraform.run import terraform
from tests.terraform.warm import cached

pytestmark = pytest.mark.slow
Resources = dict[str, dict[str, Any]]
ACCOUNT = "111122223333"
NO_CHANGES = 0
"""Exit code of `terraform plan -detailed-exitcode`."""
POSTGRESQL = range(13, 18)


@dataclass(frozen=True)
class Applied:
    """Resources that Terraform created on emulated AWS of their own."""

    emulator: Emulator
    folder: Path
    variables: dict[str, str]

    def terraform(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Terraform."""
        return terraform(self.folder, *command, "-input=false", environment=self.variables)


@contextmanager
def applied(folder: Path, cache: Path, resources: Resources) -> Iterator[Applied]:
    """Apply resources."""
    provider = {"region": "us-east-1", "default_tags": [{"tags": {"Phase": "test"}}]}
    stack = {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "5.100.0"}}},
        "provider": {"aws": [provider]},
        "resource": resources,
    }
    (folder / "main.tf.json").write_text(json.dumps(stack), encoding="utf-8")
    with Emulator.start(ACCOUNT, folder / "emulator.log") as emulator:
        variables = emulated(emulator.endpoint, ACCOUNT, os.environ) | {"TF_PLUGIN_CACHE_DIR": str(cache)}
        made = Applied(emulator, folder, variables)
        for command in (("init",), ("apply", "-auto-approve")):
            done = made.terraform(*command)
            assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        yield made


def settle(folder: Path, cache: Path, resources: Resources) -> None:
    """Apply resources, and plan them again."""
    with applied(folder, cache, resources) as made:
        again = cached(made.folder, "plan", "-detailed-exitcode", "-input=false", environment=made.variables)
        assert again.returncode == NO_CHANGES, again.stdout


def some_of(stack: Stack, *kinds: str) -> Resources:
    """Resources of some types, without what ties them to the rest of their stack."""
    left_out = {"//", "depends_on", "lifecycle"}
    return {
        kind: {
            name: {key: value for key, value in body.items() if key not in left_out}
            for name, body in stack.resources(kind).items()
        }
        for kind in kinds
    }


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One plugin cache for all."""
    return tmp_path_factory.mktemp("plugins")


@pytest.mark.parametrize("name", environments.known())
def test_guardduty(name: str, stacks: dict[str, Stack], cache: Path, tmp_path: Path) -> None:
    settle(
        tmp_path,
        cache,
        some_of(stacks[f"{name}-account"], "aws_guardduty_detector", "aws_guardduty_detector_feature"),
    )


def test_parameters_of_every_postgresql(stacks: dict[str, Stack], cache: Path, tmp_path: Path) -> None:
    (group,) = some_of(stacks["prod-data"], "aws_db_parameter_group")["aws_db_parameter_group"].values()
    groups = {f"postgres{major}": {**group, "family": f"postgres{major}"} for major in POSTGRESQL}
    named = {family: {**body, "name": family} for family, body in groups.items()}
    settle(tmp_path, cache, {"aws_db_parameter_group": named})


@pytest.mark.parametrize("eviction", ["volatile-lru", "allkeys-lru"])
def test_parameters_of_the_cache(
    eviction: Literal["volatile-lru", "allkeys-lru"],
    synthesized: Callable[[Environment], dict[str, Stack]],
    cache: Path,
    tmp_path: Path,
) -> None:
    prod = environments.load("prod")
    assert prod.cache
    changed = replace(prod, cache=replace(prod.cache, eviction=eviction))
    settle(tmp_path, cache, some_of(synthesized(changed)["data"], "aws_elasticache_parameter_group"))


def test_blue_green_deployments(
    synthesized: Callable[[Environment], dict[str, Stack]], cache: Path, tmp_path: Path
) -> None:
    prod = environments.load("prod")
    services = tuple(replace(service, deployment="blue_green") for service in prod.product.services)
    stacks = synthesized(replace(prod, product=replace(prod.product, services=services)))
    found = some_of(stacks["services"], "aws_codedeploy_app", "aws_codedeploy_deployment_group")
    settle(tmp_path, cache, _without_references(found))


def _without_references(resources: Resources) -> Resources:
    """A value for whatever another stack or another type of resource gives: its expression in words, or as an ARN."""

    def value(expression: re.Match[str]) -> str:
        words = re.sub(r"\W+", "-", expression[1]).strip("-")[-60:]
        return f"arn:aws:iam::111122223333:role/{words}" if "_arn" in expression[1] else words

    text = json.dumps(resources).replace('\\"', "'")
    replaced: Resources = json.loads(re.sub(r"\$\{(?!aws_codedeploy)([^}]*)\}", value, text))
    return replaced


def test_users_of_the_cache(stacks: dict[str, Stack], cache: Path, tmp_path: Path) -> None:
    settle(tmp_path, cache, some_of(stacks["prod-data"], "aws_elasticache_user"))


@pytest.mark.requirement("R1.7", "R2.4")
@pytest.mark.parametrize("name", ["prod-starter", "prod"])
def test_the_vpc_of_tasks_with_guarddutys_agent_is_destroyed(
    name: str, stacks: dict[str, Stack], cache: Path, tmp_path: Path
) -> None:
    """GuardDuty makes an endpoint of its own where there is none, and leaves it in the way.

    https://github.com/hashicorp/terraform-provider-aws/issues/46747
    """
    network = some_of(stacks[f"{name}-network"], "aws_vpc", "aws_subnet", "aws_security_group", "aws_vpc_endpoint")
    endpoints = network["aws_vpc_endpoint"].items()
    # Their policies are data sources.
    network["aws_vpc_endpoint"] = {
        id_: {key: value for key, value in endpoint.items() if key != "policy"}
        for id_, endpoint in endpoints
        if endpoint["vpc_endpoint_type"] == "Interface"
    }
    with applied(tmp_path, cache, network) as made:
        aws = Aws(ACCOUNT, made.emulator.endpoint)
        aws("guardduty").create_detector(Enable=True, Features=MONITORED)
        aws("ecs").create_cluster(clusterName="main")
        aws("ecs").register_task_definition(
            family="job", networkMode="awsvpc", containerDefinitions=[{"name": "job", "image": "job", "memory": 256}]
        )
        private = [{"Name": "tag:Name", "Values": ["*private*"]}]
        subnets = [each["SubnetId"] for each in aws("ec2").describe_subnets(Filters=private)["Subnets"]]
        place = {"awsvpcConfiguration": {"subnets": subnets}}
        run = {"taskDefinition": "job", "launchType": "FARGATE", "networkConfiguration": place}
        (task,) = aws("ecs").run_task(cluster="main", **run)["tasks"]
        assert [each["name"][:19] for each in task["containers"]] == ["aws-guardduty-agent", "job"]
        aws("ecs").stop_task(cluster="main", task=task["taskArn"])
        for command in (("plan", "-detailed-exitcode"), ("destroy", "-auto-approve")):
            done = made.terraform(*command)
            assert done.returncode == 0, f"{done.stdout}{done.stderr}"

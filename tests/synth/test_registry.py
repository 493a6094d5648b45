"""Registry: repositories, and which images their lifecycle policies let go."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

import environments
from environments.schema import Environment, Registry
from environments.schema.validation import InvalidEnvironmentError, validate
from tests.conftest import Stack, of_aep


class Image(NamedTuple):
    """An image in a repository; the higher `age`, the longer ago it was pushed, in days."""

    age: int
    tags: tuple[str, ...] = ("build",)


def expired(policy: str, images: list[Image]) -> set[Image]:
    """What ECR would delete: each rule in order, over what no earlier rule selects by its tags.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
    """
    gone: set[Image] = set()
    taken: set[Image] = set()
    for rule in sorted(json.loads(policy)["rules"], key=lambda rule: rule["rulePriority"]):
        assert rule["action"] == {"type": "expire"}
        selection: dict[str, Any] = rule["selection"]
        chosen = sorted(image for image in images if selects(selection, image))
        if selection["countType"] == "imageCountMoreThan":
            old = chosen[selection["countNumber"] :]
        else:
            old = [image for image in chosen if image.age > selection["countNumber"]]
        gone |= set(old) - taken
        taken |= set(chosen)
    return gone


def selects(selection: dict[str, Any], image: Image) -> bool:
    if selection["tagStatus"] == "tagged":
        return all(any(tag.startswith(prefix) for tag in image.tags) for prefix in selection["tagPrefixList"])
    return selection["tagStatus"] == "any" or not image.tags


@pytest.fixture
def registry(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-registry"]


@pytest.mark.requirement("R3.1")
def test_one_repository_for_each_image(registry: Stack, env: Environment) -> None:
    names = [repository["name"] for repository in registry.resources("aws_ecr_repository").values()]
    wanted = {service.repository for service in env.product.services}
    assert sorted(names) == (sorted(wanted) if env.registry.source_account is None else [])
    if env.product.name == "aep":
        assert {"navralabs/aep-backend", "navralabs/aep-frontend"} <= set(names)
    for output in ("repository_urls", "repository_arns"):
        assert set(registry.outputs[output]) == wanted


@pytest.mark.requirement("R3.1")
def test_the_same_repository_variant_makes_nothing(synthesized: Callable[[Environment], dict[str, Stack]]) -> None:
    prod = environments.load("prod")
    source = environments.load("staging").account_id
    phases = synthesized(replace(prod, registry=Registry(source_account=source)))
    assert list(phases["registry"].all_resources()) == []
    outputs = phases["registry"].outputs
    assert set(outputs["repository_urls"]) == {service.repository for service in prod.product.services}
    for name, url in outputs["repository_urls"].items():
        assert url == f"{source}.dkr.ecr.{prod.region}.amazonaws.com/{name}"
        assert outputs["repository_arns"][name] == f"arn:aws:ecr:{prod.region}:{source}:repository/{name}"


@of_aep
@pytest.mark.requirement("R3.2")
def test_images_are_scanned_immutable_and_encrypted(registry: Stack) -> None:
    (scanning,) = registry.resources("aws_ecr_registry_scanning_configuration").values()
    (rule,) = scanning["rule"]
    assert rule["scan_frequency"] == "SCAN_ON_PUSH"
    assert rule["repository_filter"] == [{"filter": "*", "filter_type": "WILDCARD"}]
    (key,) = registry.resources("aws_kms_key")
    assert registry.resources("aws_kms_key")[key]["enable_key_rotation"] is True
    for repository in registry.resources("aws_ecr_repository").values():
        assert repository["image_scanning_configuration"]["scan_on_push"] is True
        assert repository["image_tag_mutability"] == "IMMUTABLE"
        assert repository["encryption_configuration"] == [
            {"encryption_type": "KMS", "kms_key": f"${{aws_kms_key.{key}.arn}}"}
        ]


@pytest.mark.requirement("R3.2")
def test_the_newest_images_and_all_that_ran_stay(registry: Stack, env: Environment) -> None:
    values, kept = env.registry, env.registry.keep_manifests
    policies = registry.resources("aws_ecr_lifecycle_policy").values()
    assert len(policies) == len(registry.resources("aws_ecr_repository"))
    builds = [Image(age) for age in range(3 * kept)]
    released = [Image(5000 + age, (f"{values.release_prefix}{env.stage}-{age}", "build")) for age in range(500)]
    kinds = ("", ".sig", ".att", ".sbom")
    signatures = [Image(5000 + age, (f"sha256-{age:064x}{kind}",)) for age in range(500 + 3) for kind in kinds]
    untagged = [Image(values.untagged_days, ()), Image(values.untagged_days + 1, ())]
    for policy in policies:
        gone = expired(policy["policy"], [*builds, *released, *signatures, *untagged])
        assert not gone & {*released, *signatures}
        assert not gone & set(builds[: kept - len(untagged)])
        assert gone >= set(builds[kept:])
        assert untagged[0] not in gone
        assert untagged[1] in gone


@pytest.mark.requirement("R3.2", "R3.3")
def test_signatures_stay_for_all_images_that_may_stay(registry: Stack, env: Environment) -> None:
    for policy in registry.resources("aws_ecr_lifecycle_policy").values():
        rules = [rule["selection"] for rule in json.loads(policy["policy"])["rules"]]
        released, signatures, newest = (rule["countNumber"] for rule in rules if rule["tagStatus"] != "untagged")
        assert rules[1]["tagPrefixList"] == ["sha256-"]
        assert signatures >= 4 * (released + newest)
        assert newest == env.registry.keep_manifests


def test_a_release_s_tag_is_no_signature_s() -> None:
    with pytest.raises(InvalidEnvironmentError, match=r"release_prefix: 'sha256-': must be .* and not sha256-"):
        validate(replace(environments.load("prod"), registry=Registry(release_prefix="sha256-")))


@pytest.mark.requirement("R3.2", "R0.3")
def test_other_accounts_may_only_pull_and_only_named_ones(registry: Stack, env: Environment) -> None:
    policies = registry.resources("aws_ecr_repository_policy")
    assert len(policies) == (len(registry.resources("aws_ecr_repository")) if env.registry.readers else 0)
    for id_ in policies:
        statements = registry.policy(id_.removesuffix("_policy"))
        readers = [f"arn:aws:iam::{account}:root" for account in env.registry.readers]
        assert [statement["principals"][0]["identifiers"] for statement in statements] == [[each] for each in readers]
        for statement in statements:
            assert not [action for action in statement["actions"] if "Put" in action or "Upload" in action]
            assert not [action for action in statement["actions"] if "Delete" in action or "*" in action]
            (condition,) = statement["condition"]
            assert (condition["test"], condition["variable"]) == ("ArnLike", "aws:PrincipalArn")
            assert all(f":role/{env.product.name}-" in value for value in condition["values"])


def test_production_may_pull_from_staging() -> None:
    assert environments.load("staging").registry.readers == (environments.load("prod").account_id,)

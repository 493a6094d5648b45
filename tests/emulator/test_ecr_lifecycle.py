"""ECR's lifecycle rules: what a policy expires, and which policies are refused.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.client import Control
from tests.emulator.aws import Aws
from tests.emulator.registry import Images, days, newest, policy, tagged

ANY, UNTAGGED = {"tagStatus": "any"}, {"tagStatus": "untagged"}
ALPHA, BETA, PROD = (tagged(prefix) for prefix in ("alpha", "beta", "prod"))


@pytest.fixture
def images(aws: Aws, control: Control) -> Images:
    return Images.of(aws, control, "one")


# The examples of https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html: images by
# name with their tags, oldest first and a day apart; rules in the order of their priority; which images expire.
BETA_AND_PROD = {"A": "beta-1 prod-1", "B": "beta-2 prod-2", "C": "beta-3"}
ALPHA_AND_BETA = {"A": "alpha-1", "B": "beta-1", "C": "alpha-2 beta-2", "D": "alpha-3", "E": "beta-3"}
EXCLUSIVE = {"A": "alpha-1 beta-1 gamma-1", "B": "alpha-2 beta-2", "C": "alpha-3 beta-3 gamma-2"}
ALL_IMAGES = {"A": "alpha-1", "B": "", "C": "alpha-2", "D": "git-hash", "E": ""}
EXAMPLES: dict[str, tuple[dict[str, str], list[dict[str, Any]], str]] = {
    "several rules, A": (BETA_AND_PROD, [newest(1, PROD), newest(1, BETA)], "A"),
    "several rules, B": (BETA_AND_PROD, [newest(1, BETA), newest(1, PROD)], "AB"),
    "several tags of a rule, A": (ALPHA_AND_BETA, [days(1, tagged("alpha", "beta"))], "C"),
    "several tags of a rule, B": (EXCLUSIVE, [newest(1, tagged("alpha", "beta"))], "AB"),
    "all images, A": (ALL_IMAGES, [newest(1, ANY)], "ABCD"),
    "all images, B": (ALL_IMAGES, [newest(1, ALPHA), days(1, UNTAGGED), newest(1, ANY)], "ABD"),
    "a pattern": ({"A": "prod", "B": "production-team1", "C": "a-prod"}, [days(1, tagged(pattern="prod*"))], "AB"),
    "a pattern inside": (
        {"A": "repo-production", "B": "prod-team", "C": "dev"},
        [newest(1, tagged(pattern="*prod*"))],
        "A",
    ),
}


@pytest.mark.parametrize(("contents", "rules", "expired"), EXAMPLES.values(), ids=EXAMPLES)
def test_the_examples_of_the_user_guide(
    images: Images, contents: dict[str, str], rules: list[dict[str, Any]], expired: str
) -> None:
    digests = {}
    for name, tags in contents.items():
        images.age(1)
        digests[images.push(*tags.split())] = name
    assert "".join(sorted(digests[each] for each in images.expiring(policy(*rules)))) == expired


def test_an_image_stays_as_long_as_an_index_that_lists_it(images: Images) -> None:
    listed = images.push()
    index = images.push("v1", lists=[listed])
    alone = images.push()
    images.age(30)
    assert images.expiring(policy(days(7, UNTAGGED))) == {alone: 1}
    assert images.expiring(policy(days(7, UNTAGGED), days(7, ANY))) == {alone: 1, listed: 1, index: 2}


def test_a_signature_that_refers_to_an_image_stays_as_long_as_the_image(images: Images) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-signing.html."""
    image = images.push("v1")
    images.push(subject=image)
    orphan = images.push(subject=f"sha256:{hashlib.sha256(b'gone').hexdigest()}")
    images.age(30)
    assert images.expiring(policy(days(7, UNTAGGED))) == {orphan: 1}


def test_a_preview_is_of_the_repository_s_own_policy_or_of_a_given_one(images: Images) -> None:
    with pytest.raises(ClientError, match="LifecyclePolicyPreviewNotFoundException"):
        images.ecr.get_lifecycle_policy_preview(repositoryName="one")
    with pytest.raises(ClientError, match="LifecyclePolicyNotFoundException"):
        images.ecr.start_lifecycle_policy_preview(repositoryName="one")
    for number in range(3):
        images.push(f"v{number}")
    images.ecr.put_lifecycle_policy(repositoryName="one", lifecyclePolicyText=policy(newest(1, ANY)))
    images.ecr.start_lifecycle_policy_preview(repositoryName="one")
    pages = images.ecr.get_paginator("get_lifecycle_policy_preview").paginate(
        repositoryName="one", filter={"tagStatus": "TAGGED"}, PaginationConfig={"PageSize": 1}
    )
    found = [page for page in pages if page["previewResults"]]
    assert [page["previewResults"][0]["imageTags"] for page in found] == [["v0"], ["v1"]]
    assert {page["summary"]["expiringImageTotalCount"] for page in found} == {2}


REFUSED = {
    "one priority twice": [newest(1, ALPHA, rulePriority=1), newest(1, BETA, rulePriority=1)],
    "all images before others": [newest(1, ANY), newest(1, ALPHA)],
    "all images twice": [newest(1, ANY), days(1, ANY)],
    "untagged images twice": [newest(1, UNTAGGED), days(1, UNTAGGED)],
    "the same prefixes": [newest(1, ALPHA), days(1, ALPHA)],
    "tagged without tags": [newest(1, {"tagStatus": "tagged"})],
    "prefixes and patterns": [newest(1, ALPHA | {"tagPatternList": ["alpha*"]})],
    "untagged with tags": [newest(1, ALPHA | UNTAGGED)],
    "all with tags": [newest(1, ALPHA | ANY)],
    "five wildcards": [newest(1, tagged(pattern="test*1*2*3*4*5*6"))],
    "a count with a unit": [newest(1, ALPHA | {"countUnit": "days"})],
    "days without a unit": [newest(1, ALPHA | {"countType": "sinceImagePushed"})],
    "a count of none": [newest(0, ALPHA)],
    "a part of a count": [newest(1, ALPHA | {"countNumber": 1.5})],
    "an unknown count": [newest(1, ALPHA | {"countType": "imageCountLessThan"})],
    "no priority": [newest(1, ALPHA, rulePriority=0)],
    "too long": [newest(1, ALPHA, description="a" * 30_720)],
}


@pytest.mark.parametrize("rules", REFUSED.values(), ids=REFUSED)
def test_a_policy_that_ecr_refuses(images: Images, rules: list[dict[str, Any]]) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html."""
    for call in (images.ecr.put_lifecycle_policy, images.ecr.start_lifecycle_policy_preview):
        with pytest.raises(ClientError, match=r"InvalidParameterException.*LifecyclePolicyText"):
            call(repositoryName="one", lifecyclePolicyText=policy(*rules))
    with pytest.raises(ClientError, match="LifecyclePolicyNotFoundException"):
        images.ecr.get_lifecycle_policy(repositoryName="one")


def test_a_policy_with_four_wildcards_and_any_order_of_rules_is_taken(images: Images) -> None:
    rules = [newest(1, ANY, rulePriority=30), newest(1, tagged(pattern="*test*1*2*3"), rulePriority=7)]
    text = policy(*rules)
    images.ecr.put_lifecycle_policy(repositoryName="one", lifecyclePolicyText=text)
    assert json.loads(images.ecr.get_lifecycle_policy(repositoryName="one")["lifecyclePolicyText"]) == json.loads(text)

"""Images: scanned, kept as long as they run, and no longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.rule import Resource, rule

_ECR = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/"
_ALWAYS = 1000
"""A rule that keeps so many images keeps all of them."""


@rule("CKV_ROLLOUT_56", source=_ECR + "image-scanning.html", on="aws_ecr_registry_scanning_configuration")
def registry_scans(registry: Resource) -> Iterator[str]:
    """A registry scans every image when it is pushed."""
    for each in registry.blocks("rule"):
        everything = any(chosen.get("filter") == "*" for chosen in each.get("repository_filter") or [])
        if everything and each.get("scan_frequency") in {"SCAN_ON_PUSH", "CONTINUOUS_SCAN"}:
            return
    yield "has no rule for '*' with scan_frequency SCAN_ON_PUSH or CONTINUOUS_SCAN"


@rule("CKV_ROLLOUT_57", source=_ECR + "LifecyclePolicies.html", on="aws_ecr_repository")
def released_images_stay(repository: Resource) -> Iterator[str]:
    """A repository loses old images, and no released one."""
    policies = list(repository.users("aws_ecr_lifecycle_policy"))
    if not policies:
        yield "has no aws_ecr_lifecycle_policy, so images stay for ever"
    for policy in policies:
        rules = sorted(_rules(policy), key=lambda each: int(each.get("rulePriority", 0)))
        first = rules[0].get("selection", {}) if rules else {}
        named = first.get("tagPrefixList") or first.get("tagPatternList")
        if not named or int(first.get("countNumber", 0)) < _ALWAYS:
            yield f"its lifecycle policy's first rule must keep {_ALWAYS} or more images with the tag of a release"


def _rules(policy: Resource) -> list[Mapping[str, Any]]:
    return [each for each in policy.json("policy").get("rules", []) if isinstance(each, Mapping)]

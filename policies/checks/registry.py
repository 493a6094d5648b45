"""Images: scanned, and kept while they are in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

from environments.attached import PREFIX
from policies.rule import Resource, rule, texts

_ECR = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/"
_ALWAYS = 1000
"""A rule that keeps at least this many images keeps all."""


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
    """A repository deletes old images, but no released one, and no signature."""
    policies = list(repository.users("aws_ecr_lifecycle_policy"))
    if not policies:
        yield "has no aws_ecr_lifecycle_policy, so images are kept forever"
    for policy in policies:
        rules = sorted(_rules(policy), key=lambda rule: int(rule.get("rulePriority", 0)))
        selections = [rule.get("selection", {}) for rule in rules]
        tags = [tag for selection in takewhile(_keeps_all, selections) for tag in _tags(selection)]
        signatures = [tag for tag in tags if tag.startswith(PREFIX)]
        if len(tags) == len(signatures):
            yield f"its lifecycle policy's first rules must keep {_ALWAYS} or more images with the tag of a release"
        if not signatures:
            yield f"its lifecycle policy's first rules must keep {_ALWAYS} or more signatures, with tags {PREFIX}…"


def _keeps_all(selection: Mapping[str, Any]) -> bool:
    return bool(_tags(selection)) and int(selection.get("countNumber", 0)) >= _ALWAYS


def _tags(selection: Mapping[str, Any]) -> list[str]:
    return [*texts(selection.get("tagPrefixList")), *texts(selection.get("tagPatternList"))]


def _rules(policy: Resource) -> list[Mapping[str, Any]]:
    return [each for each in policy.json("policy").get("rules", []) if isinstance(each, Mapping)]

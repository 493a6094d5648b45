"""ECR: which lifecycle policies it refuses, and which images a policy expires.

The rules are "Lifecycle policy evaluation rules" and the examples on the next page. Archived images don't exist here.
The emulator deletes no image by itself, as ECR does within 24 hours: the preview shows which ones.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecr.exceptions import InvalidParameterException, LifecyclePolicyNotFoundException
from moto.ecr.models import ECRBackend, Image, Repository
from moto.ecr.policy_validation import EcrLifecyclePolicyValidator
from moto.ecr.responses import ECRResponse

from rehearsal.emulator.additions.registry import AwsError, adds, corrects, kept, parameters

_RULES = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html"
_WHY = "moto expires no images"
_LONGEST = 30_720
"""Characters of a policy. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html"""
_WILDCARDS = 4
_PAGE = 100
"""Images in an answer. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetLifecyclePolicyPreview.html"""

Rule = Mapping[str, Any]


@corrects(
    ECRBackend,
    "put_lifecycle_policy",
    "ecr",
    "PutLifecyclePolicy",
    why="moto looks at the fields of a rule one by one, and takes rules that contradict each other",
    source=_RULES,
)
def put_lifecycle_policy(
    original: Callable[..., dict[str, Any]],
    backend: ECRBackend,
    registry_id: str,
    repository_name: str,
    lifecycle_policy_text: str,
) -> dict[str, Any]:
    """Refuse what ECR refuses."""
    _check(lifecycle_policy_text)
    return original(backend, registry_id, repository_name, lifecycle_policy_text)


@adds(ECRResponse, "ecr", "StartLifecyclePolicyPreview", why=_WHY, source=_RULES)
def start_lifecycle_policy_preview(self: ECRResponse) -> ActionResult:
    """Evaluate a policy, or the repository's own."""
    given = parameters(self)
    repository = self.ecr_backend._get_repository(given["repositoryName"], given.get("registryId"))
    text = given.get("lifecyclePolicyText") or repository.lifecycle_policy
    if not text:
        raise LifecyclePolicyNotFoundException(repository.name, repository.registry_id)
    _check(text)
    _previews(self.ecr_backend)[repository.name] = {
        "lifecyclePolicyText": text,
        "previewResults": [
            {
                "imageTags": image.image_tags,
                "imageDigest": image.get_image_digest(),
                "imagePushedAt": image.image_pushed_at,
                "action": {"type": "EXPIRE"},
                "appliedRulePriority": priority,
            }
            for image, priority in expiring(repository, json.loads(text)["rules"])
        ],
    }
    return ActionResult(_about(repository) | {"lifecyclePolicyText": text, "status": "IN_PROGRESS"})


@adds(ECRResponse, "ecr", "GetLifecyclePolicyPreview", why=_WHY, source=_RULES)
def get_lifecycle_policy_preview(self: ECRResponse) -> ActionResult:
    """The images that the policy expires, and the rule of each."""
    given = parameters(self)
    repository = self.ecr_backend._get_repository(given["repositoryName"], given.get("registryId"))
    preview = _previews(self.ecr_backend).get(repository.name)
    if preview is None:
        raise AwsError(
            "LifecyclePolicyPreviewNotFoundException",
            f"Lifecycle policy preview does not exist for the repository with name '{repository.name}'",
        )
    status = given.get("filter", {}).get("tagStatus", "ANY")
    found = [
        each for each in preview["previewResults"] if status in ("ANY", "TAGGED" if each["imageTags"] else "UNTAGGED")
    ]
    first, size = int(given.get("nextToken") or 0), given.get("maxResults") or _PAGE
    answer = _about(repository) | preview | {"status": "COMPLETE", "previewResults": found[first : first + size]}
    answer["summary"] = {"expiringImageTotalCount": len(preview["previewResults"])}
    if first + size < len(found):
        answer["nextToken"] = str(first + size)
    return ActionResult(answer)


def expiring(repository: Repository, rules: Sequence[Rule]) -> list[tuple[Image, int]]:
    """The images that rules expire, oldest first, each with the priority of its rule.

    A rule sees the images of all rules, so that those of another one count in its `imageCountMoreThan`; it expires none
    that a rule of a higher priority selects. An image stays as long as an index that lists it does.

    A reference artifact, such as a signature, is a manifest with a `subject`. It goes when its subject is gone, and no
    rule expires it. AWS doesn't say whether rules count it; here they do.
    """
    # moto has times in whole seconds; images are listed in the order in which they were pushed.
    newest_first = sorted(repository.images, key=lambda image: int(image.image_pushed_at))[::-1]
    now = utcnow().timestamp()
    seen: set[str] = {image.get_image_digest() for image in repository.images if _follows(image, repository)}
    marked: dict[str, int] = {}
    for rule in sorted(rules, key=lambda each: int(each["rulePriority"])):
        selection = rule["selection"]
        identified = [image for image in newest_first if _selects(selection, image.image_tags)]
        if selection["countType"] == "imageCountMoreThan":
            chosen = identified[selection["countNumber"] :]
        else:
            latest = now - timedelta(days=selection["countNumber"]).total_seconds()
            chosen = [image for image in identified if image.image_pushed_at < latest]
        marked |= {each: rule["rulePriority"] for each in _digests(chosen) if each not in seen}
        seen |= set(_digests(identified))
    _spare_listed(repository, marked)
    return [
        (image, marked[digest]) for image in reversed(newest_first) if (digest := image.get_image_digest()) in marked
    ]


def _spare_listed(repository: Repository, marked: dict[str, int]) -> None:
    """Take out the images of indexes that stay, and of indexes in these."""
    lists = {image.get_image_digest(): _manifest(image).get("manifests") or () for image in repository.images}
    while (
        kept_still := {each["digest"] for digest, listed in lists.items() if digest not in marked for each in listed}
        & marked.keys()
    ):
        for digest in kept_still:
            del marked[digest]


def _follows(image: Image, repository: Repository) -> bool:
    subject = _manifest(image).get("subject") or {}
    return subject.get("digest") in _digests(repository.images)


def _manifest(image: Image) -> dict[str, Any]:
    return dict(json.loads(image.image_manifest))


def _digests(images: Sequence[Image]) -> list[str]:
    return [image.get_image_digest() for image in images]


def _selects(selection: Rule, tags: Sequence[str]) -> bool:
    """Each prefix or pattern must match any of an image's tags."""
    if selection["tagStatus"] != "tagged":
        return selection["tagStatus"] == "any" or not tags
    # Tags have no characters that mean something to fnmatch, and in patterns only * does.
    patterns = [*(f"{prefix}*" for prefix in selection.get("tagPrefixList", ())), *selection.get("tagPatternList", ())]
    return all(any(fnmatchcase(tag, pattern) for tag in tags) for pattern in patterns)


def _check(text: str) -> None:
    """Check a policy: its fields, as moto does, and its rules together.

    Raises:
        InvalidParameterException: ECR refuses it.
    """
    EcrLifecyclePolicyValidator(text).validate()
    for problem in _problems(text):
        raise InvalidParameterException(f"{EcrLifecyclePolicyValidator.INVALID_PARAMETER_ERROR_MESSAGE}{problem}'")


def _problems(text: str) -> Iterator[str]:
    if len(text) > _LONGEST:
        yield f"the policy has {len(text)} characters of {_LONGEST}"
    rules: list[Rule] = json.loads(text)["rules"]
    priorities = [rule["rulePriority"] for rule in rules]
    if not all(_positive(each) for each in priorities):
        yield "rulePriority must be a positive integer"
        return
    if len(set(priorities)) < len(priorities):
        yield "rulePriority must be unique"
    statuses = Counter(rule["selection"]["tagStatus"] for rule in rules)
    yield from (f"only one rule may have tagStatus={each}" for each in ("any", "untagged") if statuses[each] > 1)
    if any(rule["selection"]["tagStatus"] == "any" and rule["rulePriority"] < max(priorities) for rule in rules):
        yield "tagStatus=any must have the highest rulePriority"
    for rule in rules:
        yield from _problems_of(rule["selection"])
    tags = Counter(
        tuple(sorted(_tags(rule["selection"]))) for rule in rules if rule["selection"]["tagStatus"] == "tagged"
    )
    if any(count > 1 for count in tags.values()):
        yield "two rules have the same tag prefixes or patterns"


def _problems_of(selection: Rule) -> Iterator[str]:
    given = [name for name in ("tagPrefixList", "tagPatternList") if selection.get(name)]
    if selection["tagStatus"] == "tagged" and len(given) != 1:
        yield "tagStatus=tagged needs either tagPrefixList or tagPatternList"
    if selection["tagStatus"] != "tagged" and given:
        yield f"tagStatus={selection['tagStatus']} takes no {given[0]}"
    for pattern in selection.get("tagPatternList") or ():
        if pattern.count("*") > _WILDCARDS:
            yield f"{pattern} has more than {_WILDCARDS} wildcards"
    by_age = selection["countType"] == "sinceImagePushed"
    if by_age != bool(selection.get("countUnit")):
        yield "countUnit is for countType=sinceImagePushed, which needs it"
    if not _positive(selection["countNumber"]):
        yield "countNumber must be a positive integer"


def _tags(selection: Rule) -> list[str]:
    return [*(selection.get("tagPrefixList") or ()), *(selection.get("tagPatternList") or ())]


def _positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _previews(backend: ECRBackend) -> dict[str, dict[str, Any]]:
    """The last preview of each repository."""
    return kept(backend, "lifecycle_previews", dict[str, dict[str, Any]])


def _about(repository: Repository) -> dict[str, Any]:
    return {"registryId": repository.registry_id, "repositoryName": repository.name}

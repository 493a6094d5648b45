"""Containers and their images: hardened, exactly the tested image, scanned, and kept while in use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

from environments.attached import PREFIX
from ops.iam.policy import listed
from policies.rule import Resource, is_true, rule

_ECS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
_SECURITY = _ECS + "security-tasks-containers.html"
_LINUX = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html"
_TASK = "aws_ecs_task_definition"
_ROOT = frozenset({"", "root", "0"})


def _containers(task: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for container in task.blocks("container_definitions"):
        yield f"container {container.get('name')!r}", container


def _linux(container: Mapping[str, Any]) -> Mapping[str, Any]:
    return container.get("linuxParameters") or {}


@rule("CKV_ROLLOUT_10", source=_ECS + "task_definition_parameters.html", on=_TASK)
def definitions_are_readable(task: Resource) -> Iterator[str]:
    """Container definitions can be read before they are applied."""
    if not task.blocks("container_definitions"):
        yield "container_definitions isn't a JSON list of containers, so it wasn't checked"


@rule("CKV_ROLLOUT_11", source=_SECURITY, on=_TASK)
def user_is_not_root(task: Resource) -> Iterator[str]:
    """Containers run as a user other than root."""
    for name, container in _containers(task):
        if str(container.get("user") or "").split(":")[0] in _ROOT:
            yield f"{name} runs as root; set user to another, such as 10001:10001"


@rule("CKV_ROLLOUT_12", source=_SECURITY, on=_TASK)
def root_is_read_only(task: Resource) -> Iterator[str]:
    """Containers can't write to their root file system."""
    for name, container in _containers(task):
        if not is_true(container.get("readonlyRootFilesystem")):
            yield f"{name} can write to its root file system; set readonlyRootFilesystem, and mount volumes to write to"


@rule("CKV_ROLLOUT_13", source=_LINUX, on=_TASK)
def capabilities_are_dropped(task: Resource) -> Iterator[str]:
    """Containers have no Linux capabilities."""
    for name, container in _containers(task):
        capabilities = _linux(container).get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or []):
            yield f"{name} keeps Docker's default capabilities; set linuxParameters.capabilities.drop to ['ALL']"
        if added := capabilities.get("add"):
            yield f"{name} adds the capabilities {', '.join(map(str, added))}; remove them"


@rule("CKV_ROLLOUT_14", source=_SECURITY, on=_TASK)
def not_privileged(task: Resource) -> Iterator[str]:
    """Containers aren't privileged."""
    for name, container in _containers(task):
        if is_true(container.get("privileged")):
            yield f"{name} is privileged; remove privileged"


@rule("CKV_ROLLOUT_15", source=_LINUX, on=_TASK)
def init_process(task: Resource) -> Iterator[str]:
    """Containers have an init process, which forwards signals and reaps processes."""
    for name, container in _containers(task):
        if not is_true(_linux(container).get("initProcessEnabled")):
            yield f"{name} has no init process; set linuxParameters.initProcessEnabled"


@rule(
    "CKV_ROLLOUT_16",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
    on=_TASK,
)
def image_by_digest(task: Resource) -> Iterator[str]:
    """Images are named by digest."""
    for name, container in _containers(task):
        if not re.search(r"@sha256:[0-9a-f]{64}$", str(container.get("image", ""))):
            yield f"{name} names its image {container.get('image')!r}; name it by digest: …@sha256:<64 hex digits>"


@rule("CKV_ROLLOUT_17", source=_ECS + "task-networking-awsvpc.html", on=_TASK)
def own_interface(task: Resource) -> Iterator[str]:
    """Tasks have a network interface of their own."""
    if task.get("network_mode") != "awsvpc":
        yield "network_mode isn't awsvpc, so all its tasks share the host's security groups"


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
    return [*listed(selection.get("tagPrefixList")), *listed(selection.get("tagPatternList"))]


def _rules(policy: Resource) -> list[Mapping[str, Any]]:
    return [each for each in policy.json("policy").get("rules", []) if isinstance(each, Mapping)]

"""A repository of the emulator, and policies for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from rehearsal.emulator.client import Control
from tests.emulator.aws import Aws

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
Body = dict[str, Any]


@dataclass
class Images:
    """What is pushed to a repository."""

    ecr: Any
    control: Control
    repository: str
    numbers: count[int] = field(default_factory=count)

    @classmethod
    def of(cls, aws: Aws, control: Control, repository: str) -> Images:
        """Create the repository."""
        ecr = aws("ecr")
        ecr.create_repository(repositoryName=repository)
        return cls(ecr, control, repository)

    def push(self, *tags: str, subject: str = "", lists: Sequence[str] = ()) -> str:
        """Push an image, an index or what refers to one; return its digest."""
        kind = INDEX if lists else MANIFEST
        manifest: Body = {"schemaVersion": 2, "mediaType": kind, "annotations": {"number": str(next(self.numbers))}}
        if lists:
            manifest["manifests"] = [{"mediaType": MANIFEST, "digest": each, "size": 1} for each in lists]
        if subject:
            manifest["subject"] = {"mediaType": MANIFEST, "digest": subject, "size": 1}
        text = json.dumps(manifest)
        digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        for tag in tags or (None,):
            self.ecr.put_image(
                repositoryName=self.repository,
                imageManifest=text,
                imageDigest=digest,
                **({"imageTag": tag} if tag else {}),
            )
        return digest

    def age(self, days: int) -> None:
        """Let time pass for what is there."""
        self.control.age_images(self.repository, days)

    def expiring(self, text: str) -> dict[str, int]:
        """Digests that a policy expires, each with the priority of its rule."""
        self.ecr.start_lifecycle_policy_preview(repositoryName=self.repository, lifecyclePolicyText=text)
        pages = self.ecr.get_paginator("get_lifecycle_policy_preview").paginate(repositoryName=self.repository)
        results = [each for page in pages for each in page["previewResults"]]
        return {each["imageDigest"]: each["appliedRulePriority"] for each in results}


def tagged(*prefixes: str, pattern: str = "") -> Body:
    """Select images by tags."""
    chosen = {"tagPatternList": [pattern]} if pattern else {"tagPrefixList": list(prefixes)}
    return {"tagStatus": "tagged", **chosen}


def newest(number: int, selection: Body, **other: object) -> Body:
    """Expire all but the newest of them."""
    return {"selection": {"countType": "imageCountMoreThan", "countNumber": number, **selection}, **other}


def days(number: int, selection: Body) -> Body:
    """Expire those that are older."""
    chosen = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": number}
    return {"selection": {**chosen, **selection}}


def policy(*rules: Body) -> str:
    """A policy of rules in the order of their priority, with the spaces that make it as long as ECR's shortest."""
    numbered = [{"rulePriority": number, "action": {"type": "expire"}, **rule} for number, rule in enumerate(rules, 1)]
    return json.dumps({"rules": numbered}, indent=1).ljust(100)

"""A container image repository."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.ecr_lifecycle_policy import EcrLifecyclePolicy
from cdktf_cdktf_provider_aws.ecr_repository import (
    EcrRepository,
    EcrRepositoryEncryptionConfiguration,
    EcrRepositoryImageScanningConfiguration,
)
from cdktf_cdktf_provider_aws.ecr_repository_policy import EcrRepositoryPolicy
from constructs import Construct

from environments import attached
from environments.names import Names
from modules.policy import Statement, document

# Far more than are ever released. AWS has no rule that only keeps; the CDK's documentation does it the same way.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html
NEVER_REACHED = 9999


class ImageRepository:
    """Immutable tags, encrypted, scanned on push; old images go, but for those that run or ran here."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        kms_key_arn: str,
        keep_images: int,
        untagged_days: int,
        release_prefix: str,
        readers: Sequence[str],
        names: Names,
        protected: bool,
    ) -> None:
        """Make the repository.

        Args:
            scope: The stack.
            id_: Id of the repository, its lifecycle policy and its policy.
            name: Its name, without the registry's host.
            kms_key_arn: Key of its images.
            keep_images: Newest manifests that stay, of all that ECR counts as images.
            untagged_days: Days after which images without a tag go.
            release_prefix: What the tags of released images begin with.
            readers: Other accounts that may pull.
            names: The environment's names; the readers' roles begin with the same product.
            protected: Whether a plan that destroys it fails.
        """
        EcrRepository(
            scope,
            id_,
            name=name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=EcrRepositoryImageScanningConfiguration(scan_on_push=True),
            encryption_configuration=[EcrRepositoryEncryptionConfiguration(encryption_type="KMS", kms_key=kms_key_arn)],
            force_delete=not protected,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=protected),
        )
        self.url = f"${{aws_ecr_repository.{id_}.repository_url}}"
        self.arn = f"${{aws_ecr_repository.{id_}.arn}}"
        repository = f"${{aws_ecr_repository.{id_}.name}}"
        EcrLifecyclePolicy(
            scope,
            f"{id_}_lifecycle",
            repository=repository,
            policy=_lifecycle(keep_images=keep_images, untagged_days=untagged_days, release_prefix=release_prefix),
        )
        if readers:
            EcrRepositoryPolicy(
                scope,
                f"{id_}_policy",
                repository=repository,
                policy=document(scope, id_, *(_pull(account, names) for account in readers)),
            )


def _lifecycle(*, keep_images: int, untagged_days: int, release_prefix: str) -> str:
    """Make rules in the order of their priority; what one selects by its tags, no later one can expire.

    A later rule still counts it, so the last one counts signatures too. No rule can follow a signature to its image:
    enough signatures stay for all images that the other rules keep. A signature that refers to its image instead
    (OCI 1.1) goes when the image is gone, whatever the rules say.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
    """
    selections: list[tuple[str, dict[str, object]]] = [
        (
            "Released images stay",
            {
                "tagStatus": "tagged",
                "tagPrefixList": [release_prefix],
                "countType": "imageCountMoreThan",
                "countNumber": NEVER_REACHED,
            },
        ),
        (
            "Signatures, attestations and SBOMs stay",
            {
                "tagStatus": "tagged",
                "tagPrefixList": [attached.PREFIX],
                "countType": "imageCountMoreThan",
                "countNumber": len(attached.SUFFIXES) * (NEVER_REACHED + keep_images),
            },
        ),
        (
            f"Images without a tag go after {untagged_days} days",
            {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": untagged_days,
            },
        ),
        (
            f"The newest {keep_images} images stay",
            {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep_images},
        ),
    ]
    rules = [
        {"rulePriority": priority, "description": description, "selection": selection, "action": {"type": "expire"}}
        for priority, (description, selection) in enumerate(selections, start=1)
    ]
    return json.dumps({"rules": rules})


def _pull(account: str, names: Names) -> Statement:
    """Let roles of another account pull, and see what the scan found before they promote."""
    roles = names.partition.arn("iam", f"role/{names.environment.product.name}-*", account_id=account)
    return Statement(
        sid=f"Pull{account}",
        actions=[
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:DescribeImages",
            "ecr:DescribeImageScanFindings",
            "ecr:GetDownloadUrlForLayer",
        ],
        principals={"AWS": [names.partition.root(account)]},
        conditions=[("ArnLike", "aws:PrincipalArn", [roles])],
    )

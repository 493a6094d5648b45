"""A container image repository."""

from __future__ import annotations

import json

from environments import attached, schema
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformResourceLifecycle
from modules.ids import reference
from modules.policy import Statement, document

# Far more than are ever released. AWS has no rule that only keeps images; the CDK's documentation uses a count too.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html
NEVER_REACHED = 9999


class ImageRepository:
    """A repository with immutable tags, encrypted and scanned on push. Old images expire, except released ones."""

    def __init__(
        self, scope: Construct, id_: str, *, spec: schema.Registry, names: Names, name: str, kms_key_arn: str
    ) -> None:
        protected = names.environment.protected
        aws.EcrRepository(
            scope,
            id_,
            name=name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.EcrRepositoryImageScanningConfiguration(scan_on_push=True),
            encryption_configuration=[
                aws.EcrRepositoryEncryptionConfiguration(encryption_type="KMS", kms_key=kms_key_arn)
            ],
            force_delete=not protected,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=protected),
        )
        self.url = reference("aws_ecr_repository", id_, "repository_url")
        self.arn = reference("aws_ecr_repository", id_, "arn")
        repository = reference("aws_ecr_repository", id_, "name")
        aws.EcrLifecyclePolicy(scope, f"{id_}_lifecycle", repository=repository, policy=_lifecycle(spec))
        if spec.readers:
            policy = document(scope, id_, *(_pull(account, names) for account in spec.readers))
            aws.EcrRepositoryPolicy(scope, f"{id_}_policy", repository=repository, policy=policy)


def _lifecycle(spec: schema.Registry) -> str:
    """Return the lifecycle rules by priority. An image that a rule selects by tag can't expire by a later rule.

    A later rule still counts such images, so the last rule counts signatures too. A rule can't relate a signature to
    its image; so enough signatures stay for all images that the other rules keep. A signature that refers to its image
    (OCI 1.1) expires with the image, independent of the rules.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
    """
    selections: list[tuple[str, dict[str, object]]] = [
        (
            "Released images stay",
            {
                "tagStatus": "tagged",
                "tagPrefixList": [spec.release_prefix],
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
                "countNumber": len(attached.SUFFIXES) * (NEVER_REACHED + spec.keep_manifests),
            },
        ),
        (
            f"Images without a tag go after {spec.untagged_days} days",
            {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": spec.untagged_days,
            },
        ),
        (
            f"The newest {spec.keep_manifests} images stay",
            {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": spec.keep_manifests},
        ),
    ]
    rules = [
        {"rulePriority": priority, "description": description, "selection": selection, "action": {"type": "expire"}}
        for priority, (description, selection) in enumerate(selections, start=1)
    ]
    return json.dumps({"rules": rules})


def _pull(account: str, names: Names) -> Statement:
    """Let roles of another account pull images, read scan findings before a promotion, and check the repository."""
    roles = names.partition.arn("iam", f"role/{names.environment.product.name}-*", account_id=account)
    return Statement(
        sid=f"Pull{account}",
        actions=[
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:DescribeImages",
            "ecr:DescribeImageScanFindings",
            "ecr:DescribeRepositories",
            "ecr:GetDownloadUrlForLayer",
            "ecr:GetLifecyclePolicy",
        ],
        principals={"AWS": [names.partition.root(account)]},
        conditions=[("ArnLike", "aws:PrincipalArn", [roles])],
    )

"""Image repositories."""

from __future__ import annotations

from ops.verify.context import Context
from ops.verify.model import met


def repositories_are_scanned_and_immutable(context: Context) -> str:
    """Repositories scan images on push, keep tags immutable and have a lifecycle policy."""
    account = context.environment.registry.source_account or context.environment.account_id
    wanted = sorted({service.repository for service in context.environment.product.services})
    answer = context.ask("ecr", "describe_repositories", registryId=account, repositoryNames=wanted)["repositories"]
    problems = []
    for repository in answer:
        name = repository["repositoryName"]
        if not repository["imageScanningConfiguration"]["scanOnPush"]:
            problems.append(f"{name} doesn't scan on push")
        if repository["imageTagMutability"] != "IMMUTABLE":
            problems.append(f"tags of {name} are {repository['imageTagMutability']}")
        context.ask("ecr", "get_lifecycle_policy", registryId=account, repositoryName=name)
    return met(problems, ", ".join(wanted))

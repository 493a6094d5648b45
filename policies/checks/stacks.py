"""Every stack: tags, a fixed account, and a protected state."""

from __future__ import annotations

from collections.abc import Iterator

from ops.iam.policy import listed, nested
from policies.rule import Resource, rule

_TAGS = ("Environment", "Owner", "Phase", "Project", "Repository")


def _accounts(block: Resource) -> list[str]:
    return [str(each) for each in listed(block.get("allowed_account_ids"))]


@rule(
    "CKV_ROLLOUT_28",
    source="https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
    provider="aws",
)
def default_tags(provider: Resource) -> Iterator[str]:
    """All resources have the project's tags."""
    given = [tags for each in provider.blocks("default_tags") for tags in nested(each, "tags")]
    missing = [name for name in _TAGS if not any(tags.get(name) for tags in given)]
    if missing:
        yield f"default_tags lacks {', '.join(missing)}; they come from modules/stack.py"


@rule(
    "CKV_ROLLOUT_29",
    source="https://registry.terraform.io/providers/hashicorp/aws/latest/docs#allowed_account_ids-1",
    provider="aws",
    on="terraform_backend",
)
def account_guard(resource: Resource) -> Iterator[str]:
    """A stack can only be applied to its own account."""
    if len(_accounts(resource)) != 1:
        yield "allowed_account_ids must name one account"


@rule("CKV_ROLLOUT_30", source="https://developer.hashicorp.com/terraform/language/backend/s3", on="terraform_backend")
def state_is_kept_well(backend: Resource) -> Iterator[str]:
    """A state is encrypted with its own key, and locked."""
    for name in ("bucket", "key", "kms_key_id"):
        if not backend.text(name):
            yield f"backend has no {name}; state belongs in S3, encrypted with the state key"
    for name in ("encrypt", "use_lockfile"):
        if not backend.true(name):
            yield f"backend's {name} isn't true"


@rule(
    "CKV_ROLLOUT_86",
    source="https://registry.terraform.io/providers/hashicorp/aws/latest/docs#allowed_account_ids-1",
    provider="aws",
)
def account_of_its_state(provider: Resource) -> Iterator[str]:
    """A stack is applied to the account that its state is in."""
    if "alias" in provider:
        return  # Another account's provider, as for a zone in another account.
    accounts = _accounts(provider)
    for backend in provider.beside("terraform_backend"):
        if _accounts(backend) != accounts:
            yield f"allowed_account_ids is {', '.join(accounts)}, its backend has another account"

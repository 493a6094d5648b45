"""Secrets Manager: what a secret's own policy denies, and how the label of the current version moves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from moto.secretsmanager.models import SecretsManagerBackend
from moto.secretsmanager.responses import SecretsManagerResponse

from ops.iam.evaluation import Document, Policies, Request, evaluate
from ops.secrets.status import CURRENT
from rehearsal.emulator.additions.registry import AwsError, corrects
from rehearsal.emulator.callers import caller_of, context

ASKED = ("GetSecretValue", "PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage")
"""Calls about a value, which the policy is evaluated for."""


def _asking_the_policy(operation: str) -> Callable[..., Any]:
    """An operation that a secret's policy may deny.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html
    """

    def call(original: Callable[..., Any], response: SecretsManagerResponse) -> Any:  # noqa: ANN401
        backend: SecretsManagerBackend = response.backend
        secret = backend.secrets.get(str(response._get_param("SecretId")))
        policy = getattr(secret, "policy", None)
        if secret is not None and policy:
            caller, action = caller_of(response), f"secretsmanager:{operation}"
            asked = context(caller, response.region)
            request = Request(
                principal=caller.arn,
                account=caller.account_id,
                action=action,
                resource=secret.arn,
                context=asked.known,
            )
            if evaluate(request, Policies(resource=(Document.of(secret.arn, policy),))).explicit:
                raise AwsError(
                    "AccessDeniedException",
                    f"User: {caller.arn} is not authorized to perform: {action} on resource: {secret.arn} with an "
                    "explicit deny in a resource-based policy",
                )
        return original(response)

    return call


for _operation in ASKED:
    corrects(
        SecretsManagerResponse,
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in _operation).lstrip("_"),
        "secretsmanager",
        _operation,
        why="moto doesn't evaluate a secret's own policy",
        source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html",
    )(_asking_the_policy(_operation))


@corrects(
    SecretsManagerBackend,
    "update_secret_version_stage",
    "secretsmanager",
    "UpdateSecretVersionStage",
    why="moto reads the last version as current, whichever has AWSCURRENT, and may take that label from all",
)
def update_secret_version_stage(
    original: Callable[..., tuple[str, str]],
    backend: SecretsManagerBackend,
    *,
    secret_id: str,
    version_stage: str,
    move_to_version_id: str,
    **given: object,
) -> tuple[str, str]:
    """Move the label; AWSCURRENT is always of one version, except before the first value.

    The message about it is in a comment of Terraform's provider:
    https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/secretsmanager/secret_version.go
    """
    secret: Any = backend.secrets.get(secret_id)
    move = partial(
        original,
        backend,
        secret_id=secret_id,
        version_stage=version_stage,
        move_to_version_id=move_to_version_id,
        **given,
    )
    if secret is None or version_stage != CURRENT:
        return move()
    if secret.is_deleted():
        raise AwsError(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    if not move_to_version_id:
        raise AwsError(
            "InvalidParameterException",
            "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
        )
    labels = {version: each["version_stages"] for version, each in secret.versions.items()}
    if move_to_version_id in labels and not any(CURRENT in its for its in labels.values()):
        labels[move_to_version_id].append(CURRENT)
    else:
        move()
    secret.set_default_version_id(move_to_version_id)
    return secret.arn, secret.name

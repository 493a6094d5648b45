"""Secrets Manager: what a secret's own policy denies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.secretsmanager.models import SecretsManagerBackend
from moto.secretsmanager.responses import SecretsManagerResponse

from ops.iam.evaluation import Document, Policies, Request, evaluate
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

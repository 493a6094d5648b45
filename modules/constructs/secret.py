"""A secret's container, without a value."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.secretsmanager_secret import SecretsmanagerSecret
from cdktf_cdktf_provider_aws.secretsmanager_secret_policy import SecretsmanagerSecretPolicy
from cdktf_cdktf_provider_aws.secretsmanager_secret_rotation import (
    SecretsmanagerSecretRotation,
    SecretsmanagerSecretRotationRotationRules,
)
from constructs import Construct

from modules.policy import Statement, document


class Secret:
    """Encrypted, recoverable after deletion, and closed to everyone but its readers and writers."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        kms_key_arn: str,
        recovery_days: int,
        readers: Sequence[str],
        writers: Sequence[str],
        protected: bool,
        rotation_lambda: str | None,
        rotation_days: int,
    ) -> None:
        """Make the secret.

        Args:
            scope: The stack.
            id_: Id of the secret, its policy and its rotation.
            name: Its name.
            description: What it is for.
            kms_key_arn: Key of its value.
            recovery_days: Days in which a deletion can be taken back, 7 to 30.
            readers: ARNs of the roles that may read the value.
            writers: ARNs of the roles that may set it.
            protected: Whether a plan that destroys it fails.
            rotation_lambda: ARN of the function that rotates it, if one does.
            rotation_days: Days between two rotations.
        """
        SecretsmanagerSecret(
            scope,
            id_,
            name=name,
            description=description,
            kms_key_id=kms_key_arn,
            recovery_window_in_days=recovery_days,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=protected),
        )
        self.arn = f"${{aws_secretsmanager_secret.{id_}.arn}}"
        # Only values are closed off. Who administers the account can always put another policy in this one's place.
        SecretsmanagerSecretPolicy(
            scope,
            f"{id_}_policy",
            secret_arn=self.arn,
            block_public_policy=True,
            policy=document(
                scope,
                id_,
                _nobody_but("Read", ["secretsmanager:GetSecretValue"], self.arn, readers),
                _nobody_but(
                    "Write",
                    [
                        "secretsmanager:PutSecretValue",
                        "secretsmanager:UpdateSecret",
                        "secretsmanager:UpdateSecretVersionStage",
                    ],
                    self.arn,
                    writers,
                ),
            ),
        )
        if rotation_lambda:
            SecretsmanagerSecretRotation(
                scope,
                f"{id_}_rotation",
                secret_id=self.arn,
                rotation_lambda_arn=rotation_lambda,
                rotation_rules=SecretsmanagerSecretRotationRotationRules(automatically_after_days=rotation_days),
            )


def _nobody_but(verb: str, actions: Sequence[str], secret: str, roles: Sequence[str]) -> Statement:
    """Deny what IAM may allow elsewhere, but to these roles; the policy itself allows nobody anything."""
    return Statement(
        sid=f"{verb}ByItsRolesOnly",
        effect="Deny",
        actions=actions,
        resources=[secret],
        principals={"AWS": ["*"]},
        conditions=[("ArnNotEquals", "aws:PrincipalArn", roles)],
    )

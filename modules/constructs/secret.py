"""A secret without a value."""

from __future__ import annotations

from collections.abc import Sequence

from environments import schema
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformResourceLifecycle
from modules.ids import reference
from modules.policy import Statement, document


class Secret:
    """An encrypted secret, recoverable after deletion. Its policy denies all roles but its readers and writers."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: schema.Secret,
        names: Names,
        kms_key_arn: str,
        deployer_role_arn: str,
        break_glass_role_arn: str,
    ) -> None:
        environment = names.environment
        aws.SecretsmanagerSecret(
            scope,
            id_,
            name=names.secret(spec.name),
            description=spec.description,
            kms_key_id=kms_key_arn,
            recovery_window_in_days=30 if environment.protected else 7,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=environment.protected),
        )
        self.arn = reference("aws_secretsmanager_secret", id_, "arn")
        users = [service for service in environment.product.services if spec.name in service.secrets]
        starters = [names.role_arn(f"{service.name}-execution") for service in users]
        rotation = [spec.rotation_role] if spec.rotation_role else []
        operators = [deployer_role_arn] if spec.written_by == "operator" else []
        # The break-glass role applies `data`, and Terraform's provider reads the value that it wrote (docs/adr/0007).
        readers = [*starters, *rotation, break_glass_role_arn]
        writers = [*operators, *rotation, break_glass_role_arn]
        writes = ("PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage")
        # It protects only values. Administrators of the account can always replace this policy.
        aws.SecretsmanagerSecretPolicy(
            scope,
            f"{id_}_policy",
            secret_arn=self.arn,
            block_public_policy=True,
            policy=document(
                scope,
                id_,
                _deny_all_except("Read", ["secretsmanager:GetSecretValue"], self.arn, readers),
                _deny_all_except("Write", [f"secretsmanager:{action}" for action in writes], self.arn, writers),
            ),
        )
        if spec.rotation_lambda:
            rules = aws.SecretsmanagerSecretRotationRotationRules(automatically_after_days=spec.rotation_days)
            aws.SecretsmanagerSecretRotation(
                scope,
                f"{id_}_rotation",
                secret_id=self.arn,
                rotation_lambda_arn=spec.rotation_lambda,
                rotation_rules=rules,
            )


def _deny_all_except(verb: str, actions: Sequence[str], secret: str, roles: Sequence[str]) -> Statement:
    """Deny the actions to all principals except these roles, whatever IAM policies allow. It grants nothing itself."""
    return Statement(
        sid=f"{verb}ByItsRolesOnly",
        effect="Deny",
        actions=actions,
        resources=[secret],
        principals={"AWS": ["*"]},
        conditions=[("ArnNotEquals", "aws:PrincipalArn", roles)],
    )

"""A KMS key with its alias and policy."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from constructs import Construct

from environments.names import Names
from modules.policy import Condition, Statement, document

USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*")


def usable_by_service(service: str, *, conditions: Sequence[Condition], sid: str) -> Statement:
    """Let an AWS service use the key that the statement stands in, under conditions."""
    return Statement(
        sid=sid,
        actions=USE,
        resources=["*"],
        principals={"Service": [service]},
        conditions=conditions,
        because="in a key policy, * is the key that the policy belongs to",
    )


class EncryptionKey:
    """A key that rotates every year and whose account decides, by IAM, who may use it."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        alias: str,
        description: str,
        names: Names,
        protected: bool,
        statements: Sequence[Statement] = (),
    ) -> None:
        """Make the key.

        Args:
            scope: The stack.
            id_: Id of the key; its alias and policy document are named after it.
            alias: With its prefix, `alias/…`.
            description: What it encrypts.
            names: Names of the environment whose account administers it.
            protected: Whether a plan that destroys it fails.
            statements: What its policy allows beside the account's own IAM policies.
        """
        # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
        account = Statement(
            sid="AccountDecidesByIam",
            actions=["kms:*"],
            resources=["*"],
            principals={"AWS": [names.account_arn]},
            because="in a key policy, * is the key itself; without the account's own statement nobody can manage it",
        )
        KmsKey(
            scope,
            id_,
            description=description,
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=document(scope, id_, account, *statements),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=protected),
        )
        self.arn = f"${{aws_kms_key.{id_}.arn}}"
        KmsAlias(scope, f"{id_}_alias", name=alias, target_key_id=f"${{aws_kms_key.{id_}.key_id}}")

"""A KMS key with its alias and policy."""

from __future__ import annotations

from collections.abc import Sequence

from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformResourceLifecycle
from modules.ids import reference
from modules.policy import Condition, Statement, document

USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*")


def usable_by(service: str, *conditions: Condition, sid: str, actions: Sequence[str] = USE) -> Statement:
    """Let an AWS service use the key that the policy belongs to, under conditions."""
    return Statement(
        sid=sid,
        actions=actions,
        resources=["*"],
        principals={"Service": [service]},
        conditions=conditions,
        because="in a key policy, * means the policy's own key",
    )


class EncryptionKey:
    """A key that rotates every year. The account's IAM policies decide who may use it.

    `purpose` is the end of its alias. `statements` are further statements of its policy.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        purpose: str,
        description: str,
        statements: Sequence[Statement] = (),
    ) -> None:
        # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
        account = Statement(
            sid="AccountDecidesByIam",
            actions=["kms:*"],
            resources=["*"],
            principals={"AWS": [names.account_arn]},
            because="in a key policy, * means the policy's own key; without this statement, no role could manage it",
        )
        aws.KmsKey(
            scope,
            id_,
            description=description,
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=document(scope, id_, account, *statements),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=names.environment.protected),
        )
        self.arn = reference("aws_kms_key", id_, "arn")
        key_id = reference("aws_kms_key", id_, "key_id")
        aws.KmsAlias(scope, f"{id_}_alias", name=names.alias(purpose), target_key_id=key_id)

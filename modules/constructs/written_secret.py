"""A secret's value, written without being kept."""

from __future__ import annotations

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.secretsmanager_secret_version import SecretsmanagerSecretVersion
from constructs import Construct


class WrittenSecret:
    """The value goes to Secrets Manager when its version number changes, and to no plan and no state."""

    def __init__(
        self, scope: Construct, id_: str, *, secret_arn: str, value: str, version: int, written_anew_with: str
    ) -> None:
        """Write the value.

        Args:
            scope: The stack.
            id_: Id of the version.
            secret_arn: The secret.
            value: An expression with an ephemeral value in it.
            version: Raised to write it anew.
            written_anew_with: Attribute of a resource; when that is replaced, the value is written anew as well.
        """
        SecretsmanagerSecretVersion(
            scope,
            id_,
            secret_id=secret_arn,
            secret_string_wo=value,
            secret_string_wo_version=version,
            lifecycle=TerraformResourceLifecycle(replace_triggered_by=[written_anew_with]),
        )

"""A random password that is never kept."""

from __future__ import annotations

from cdktf import TerraformStack


class EphemeralPassword:
    """Another one in every plan and every apply; only write-only arguments take it.

    https://developer.hashicorp.com/terraform/language/resources/ephemeral
    """

    def __init__(self, scope: TerraformStack, id_: str, *, length: int) -> None:
        """Make the password.

        Args:
            scope: The stack.
            id_: Id of the ephemeral resource.
            length: Number of letters and digits; nothing that a URL would have to escape.
        """
        kind = "aws_secretsmanager_random_password"
        # cdktf 0.21 has no class for ephemeral resources.
        scope.add_override(
            f"ephemeral.{kind}.{id_}",
            {"password_length": length, "exclude_punctuation": True, "require_each_included_type": True},
        )
        self.value = f"${{ephemeral.{kind}.{id_}.random_password}}"

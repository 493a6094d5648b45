"""The caller's environment variables that reach Terraform: none that changes what it plans, or where its state is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

KEPT = frozenset(
    {
        "TF_APPEND_USER_AGENT",
        "TF_CLI_CONFIG_FILE",
        "TF_PLUGIN_CACHE_DIR",
        "TF_PROVIDER_DOWNLOAD_RETRY",
        "TF_REGISTRY_CLIENT_TIMEOUT",
        "TF_REGISTRY_DISCOVERY_RETRY",
    }
)
"""Terraform's variables about how it gets a provider, which change nothing in a plan.

https://developer.hashicorp.com/terraform/cli/config/environment-variables
"""
TOKENS = "TF_TOKEN_"
"""Variables with tokens of registries.

https://developer.hashicorp.com/terraform/cli/config/config-file#environment-variable-credentials
"""
LOG = "TF_LOG"
"""Variables about Terraform's log. Without a file it would go to stderr, into the command's error messages.

https://developer.hashicorp.com/terraform/internals/debugging
"""
LOG_FILE = "TF_LOG_PATH"
BACKEND = frozenset(
    {"AWS_DYNAMODB_ENDPOINT", "AWS_IAM_ENDPOINT", "AWS_S3_ENDPOINT", "AWS_SSE_CUSTOMER_KEY", "AWS_STS_ENDPOINT"}
)
"""Variables that Terraform's S3 backend reads and boto3 doesn't: its state would be where no command looks.

https://developer.hashicorp.com/terraform/language/backend/s3
"""
OURS = frozenset({"TF_IN_AUTOMATION"})
"""Variables that every run gets a value for; the caller's isn't worth a message."""


class Inherited(NamedTuple):
    """The caller's variables."""

    kept: Mapping[str, str]
    """Those that Terraform gets."""
    removed: tuple[str, ...]
    """Names of the others, sorted."""

    def __str__(self) -> str:
        return (
            f"Terraform runs without {', '.join(self.removed)} of this shell, so that plan and state don't depend on it"
        )


def inherited(variables: Mapping[str, str] | None = None) -> Inherited:
    """Split the caller's variables into those that Terraform gets, and the others.

    `TF_WORKSPACE` and `TF_DATA_DIR` choose another state, `TF_CLI_ARGS*` adds flags such as `-refresh=false`,
    `TF_REATTACH_PROVIDERS` replaces the provider, and `TF_AWS_IGNORE_TAGS_*` and `TF_AWS_DEFAULT_TAGS_*` change its
    settings (https://github.com/hashicorp/terraform-provider-aws/pull/35264, /33339). New ones may come with each
    version, so only known ones are kept.

    Args:
        variables: The variables; by default this process's.
    """
    given = os.environ if variables is None else variables
    logged = bool(given.get(LOG_FILE))
    kept = {name: value for name, value in given.items() if _harmless(name, logged=logged)}
    return Inherited(kept, tuple(sorted(name for name in given if name not in kept and name not in OURS)))


def _harmless(name: str, *, logged: bool) -> bool:
    if name.startswith(LOG):
        return logged
    return name in KEPT or name.startswith(TOKENS) or not (name.startswith("TF_") or name in BACKEND)

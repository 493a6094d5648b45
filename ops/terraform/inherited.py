"""The caller's environment variables that reach Terraform: none that changes what it plans, or where its state is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ops.errors import OpsError

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
LOG_FILE, CORE_LOG = "TF_LOG_PATH", "TF_LOG_CORE"
QUIET = frozenset({"INFO", "WARN", "ERROR", "OFF"})
"""Levels at which a provider logs no requests: at TRACE, DEBUG and JSON, they are in the log with the secrets in them.

https://pkg.go.dev/github.com/hashicorp/aws-sdk-go-base/v2/logging
"""
BACKEND = frozenset(
    {"AWS_DYNAMODB_ENDPOINT", "AWS_IAM_ENDPOINT", "AWS_S3_ENDPOINT", "AWS_SSE_CUSTOMER_KEY", "AWS_STS_ENDPOINT"}
)
"""Variables that Terraform's S3 backend reads and boto3 doesn't: its state would be where no command looks.

https://developer.hashicorp.com/terraform/language/backend/s3
"""
CONFIG_FILES = ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG")
"""Variables that name the file of Terraform's own settings, which is then the only one; the first wins.

https://developer.hashicorp.com/terraform/cli/config/config-file#locations
"""
PROXIES = ("http", "https", "no")
"""What the names of variables with proxies begin with, in lower or in upper case."""
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|#[^\n]*|//[^\n]*|/\*.*?\*/', re.DOTALL)
_OVERRIDES = re.compile(r'\bdev_overrides"?\s*[:=]?\s*\[?\s*\{[^{}]*\bhashicorp/aws"?\s*[:=]', re.IGNORECASE)
OURS = frozenset({"TF_IN_AUTOMATION"})
"""Variables that every run gets a value for; the caller's isn't worth a message."""


class Inherited(NamedTuple):
    """The caller's variables."""

    kept: Mapping[str, str]
    """Those that Terraform gets."""
    removed: tuple[str, ...]
    """Names of the others, sorted."""

    def __str__(self) -> str:
        logs = [name for name in self.removed if name.startswith(LOG)]
        others = [name for name in self.removed if name not in logs]
        why = {
            "so that plan and state don't depend on it": others,
            f"since the provider's log has secrets, and needs a file of its own; {CORE_LOG} with {LOG_FILE} logs the "
            "rest": logs,
        }
        reasons = [f"without {', '.join(names)} of this shell, {text}" for text, names in why.items() if names]
        return f"Terraform runs {'; and '.join(reasons)}"


def inherited(variables: Mapping[str, str] | None = None) -> Inherited:
    """Split the caller's variables into those that Terraform gets, and the others.

    `TF_WORKSPACE` and `TF_DATA_DIR` choose another state, `TF_CLI_ARGS*` adds flags such as `-refresh=false`,
    `TF_REATTACH_PROVIDERS` replaces the provider, and `TF_AWS_IGNORE_TAGS_*` and `TF_AWS_DEFAULT_TAGS_*` change its
    settings (https://github.com/hashicorp/terraform-provider-aws/pull/35264, /33339). New ones may come with each
    version, so only known ones are kept.

    Args:
        variables: The variables; by default this process's.

    Raises:
        OpsError: Terraform's own settings replace the provider.
    """
    given = os.environ if variables is None else variables
    logged = bool(given.get(LOG_FILE))
    kept = {name: value for name, value in given.items() if _harmless(name, value, logged=logged)}
    if found := next(_overriding(given), None):
        raise OpsError(
            f"{found} has dev_overrides of hashicorp/aws, so Terraform would use another provider than the locked one; "
            "remove them, or let TF_CLI_CONFIG_FILE name a file without them"
        )
    removed = (name for name in given if name not in kept and name not in OURS)
    return Inherited(_same_proxies(kept), tuple(sorted(removed)))


def _harmless(name: str, value: str, *, logged: bool) -> bool:
    if name.startswith(LOG):
        return logged and (name in {LOG_FILE, CORE_LOG} or value.upper() in QUIET)
    return name in KEPT or name.startswith(TOKENS) or not (name.startswith("TF_") or name in BACKEND)


def _same_proxies(kept: Mapping[str, str]) -> dict[str, str]:
    """The variables, with the proxies that boto3 uses: where both spellings are set, Go takes the other one.

    https://docs.python.org/3/library/urllib.request.html#urllib.request.getproxies,
    https://pkg.go.dev/golang.org/x/net/http/httpproxy#FromEnvironment
    """
    found = dict(kept)
    for lower in (f"{name}_proxy" for name in PROXIES):
        chosen = found.get(lower, found.get(lower.upper()))
        for name in {lower, lower.upper()} & found.keys():
            del found[name]
        if chosen:
            found[lower.upper()] = chosen
    return found


def _overriding(variables: Mapping[str, str]) -> Iterator[Path]:
    """Files of Terraform's own settings that replace the AWS provider: then no version and no hash is checked.

    https://developer.hashicorp.com/terraform/cli/config/config-file#development-overrides-for-provider-developers
    """
    named = [Path(value) for name in CONFIG_FILES if (value := variables.get(name))]
    home = Path(variables.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111  (Path's raises without a home)
    own = [home / ".terraformrc", *sorted(home.glob(".terraform.d/*.tfrc")), *sorted(home.glob(".terraform.d/*.json"))]
    for file in named[:1] or own:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:  # Terraform can't read it either, and says so.
            continue
        if _OVERRIDES.search(_COMMENT.sub(r"\1", text)):
            yield file

"""The setting `CACHED_SCHEMA` of make and of the environment: what may use the provider's cached schema."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum

from ops.errors import OpsError

SETTING = "CACHED_SCHEMA"
"""Environment variable; the Makefile has the same name."""


class CachedSchema(StrEnum):
    """Which of Terraform's commands use the provider's cached schema. An apply never does."""

    NO = "no"
    SHOW = "show"
    """`terraform show` of a saved plan."""
    PLAN = "plan"
    """That, and `terraform plan`."""


def chosen(variables: Mapping[str, str] | None = None, default: CachedSchema = CachedSchema.NO) -> CachedSchema:
    """What the setting says; by default this process's.

    Raises:
        OpsError: It has another value.
    """
    given = (os.environ if variables is None else variables).get(SETTING) or default
    try:
        return CachedSchema(given)
    except ValueError:
        allowed = ", ".join(CachedSchema)
        raise OpsError(
            f"{SETTING}={given!r}: must be one of {allowed}; change it on make's command line or in the environment, "
            f"or leave it out for {default}"
        ) from None

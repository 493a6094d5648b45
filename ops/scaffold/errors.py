"""The error of both commands."""

from __future__ import annotations

from ops.errors import OpsError


class ScaffoldError(OpsError):
    """The files can't be written; none was changed."""

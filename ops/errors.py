"""What goes wrong in an operator's command, in words."""

from __future__ import annotations


class OpsError(Exception):
    """The command can't do what was asked. The message is one line that says what to do; it never holds a secret."""

    exit_code = 2


class RefusedError(OpsError):
    """The command could, and must not: a check said no."""

    exit_code = 1


class AbsentError(OpsError):
    """What was asked for doesn't exist."""

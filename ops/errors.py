"""Errors of the operators' commands."""

from __future__ import annotations


class OpsError(Exception):
    """The command failed. The message is one line: what happened, why and what to do. It never holds a secret."""

    exit_code = 2


class RefusedError(OpsError):
    """A check doesn't allow the command, or you declined."""

    exit_code = 1


class WaitingError(OpsError):
    """Something must be done first, by you or by others; then the same command continues."""

    exit_code = 3


class AbsentError(OpsError):
    """What the command needs doesn't exist."""

"""Messages about credentials: what is wrong, and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.aws.errors import code, reason
from ops.credentials.source import SETUP, Source

FAILURES = (BotoCoreError, ClientError, OSError, ValueError, LookupError, TypeError, RuntimeError)
"""Errors of botocore while it resolves credentials: its own, and Python's about files and output of programs."""
_SIGNED_OUT = ("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError")
"""botocore's errors if you must sign in to IAM Identity Center."""
_MFA = "MultiFactorAuthentication failed"
"""The beginning of AWS's message; the error has no code of its own.

https://github.com/aws/aws-cli/issues/2279 (a wrong code), https://github.com/aws/aws-cli/issues/6325 (a wrong device)
"""
_INSTALL = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
_PROCESS = "https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html"


def is_wrong_code(error: Exception) -> bool:
    """Whether AWS refused the MFA code, and not the device or the caller."""
    return code(error) == "AccessDenied" and f"{_MFA} with invalid" in reason(error)


def explained(error: Exception, source: Source) -> str:
    """Why there are no credentials, and what to do, in one line."""
    chain: Sequence[tuple[str, Mapping[str, Any]]] = ()
    with suppress(BotoCoreError):  # The config file can't be read: that is the error.
        chain = source.chain()
    return f"{_what(error)}{_todo(error, source, chain)}"


def _what(error: Exception) -> str:
    if type(error).__name__ in _SIGNED_OUT:
        return "you aren't signed in to IAM Identity Center, or the session has expired"
    return "they have expired" if isinstance(error, RuntimeError) else reason(error)


def _todo(error: Exception, source: Source, chain: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """What to do, after a semicolon."""
    what = ""
    if type(error).__name__ in _SIGNED_OUT:
        what = _sign_in("sso login", "sso_account_id", source, chain)
    elif any("login_session" in profile for _, profile in chain):
        what = _sign_in("login", "login_session", source, chain)
    elif isinstance(error, RuntimeError) or code(error) in {"ExpiredToken", "ExpiredTokenException"}:
        what = source.replacing
    elif isinstance(error, FileNotFoundError):
        what = f"{source} names a program or file that doesn't exist"
    elif isinstance(error, ValueError | LookupError) and any("credential_process" in profile for _, profile in chain):
        what = f"credential_process must print the JSON of {_PROCESS}"
    elif code(error) == "AccessDenied":
        what = _denied(reason(error), chain)
    return f"; {what}" if what else ""


def _denied(words: str, chain: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    if not chain:
        return ""
    if _MFA in words:
        return f"mfa_serial must be the device of the user whose keys profile {chain[-1][0]} has"
    if "mfa_serial" in chain[0][1]:
        return "the role must trust the user"
    return f"if the role requires MFA, profile {chain[0][0]} needs mfa_serial ({SETUP})"


def _sign_in(command: str, setting: str, source: Source, chain: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """The command that signs in with the right profile of the chain."""
    name = next((name for name, profile in chain if setting in profile), source.profile)
    missing = "" if shutil.which("aws") else f" (the AWS CLI isn't on this machine's PATH; see {_INSTALL})"
    return f"run: aws {command} --profile {name}{missing}"

"""Where a new value comes from. It lives in memory only: never in arguments, logs or messages."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from dataclasses import dataclass

import typer
from pydantic import SecretStr

from environments.schema import Secret
from ops.command import say
from ops.errors import OpsError

LONGEST = 65_536
"""Bytes. https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html"""
_KEY_BYTES = 32


@dataclass(frozen=True)
class Source:
    """How the operator wants to give a value; nothing said means a prompt."""

    stdin: bool = False
    descriptor: int | None = None
    generate: bool = False

    def check(self, secret: Secret) -> None:
        """Refuse what can't be, before anything is asked or changed.

        Raises:
            OpsError: Two ways at once, or a way that this secret doesn't have.
        """
        given = [self.stdin, self.descriptor is not None, self.generate]
        if sum(given) > 1:
            raise OpsError("a value comes one way: --stdin, --from-fd or --generate, or typed when asked")
        if self.generate and secret.generated is None:
            raise OpsError(
                f"{secret.name} can't be generated: leave out --generate, or, if a random key will do, "
                'say generated="key" in environments/aep.py'
            )
        if secret.generated == "cache_url":
            if any(given) and not self.generate:
                raise OpsError(f"{secret.name} is made with a new password of the cache's user; say --generate instead")
        elif not any(given) and not sys.stdin.isatty():
            raise OpsError(f"no terminal to type the value of {secret.name} on; pass it with --stdin or --from-fd")
        if self.stdin and sys.stdin.isatty():
            raise OpsError("--stdin reads a pipe or a file and would show what is typed; leave it out to be asked")

    def value(self, secret: Secret) -> SecretStr:
        """Get the value.

        Raises:
            OpsError: It is empty, too long, or no text.
        """
        if self.generate:
            return SecretStr(base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode())
        if self.stdin:
            return _cleaned(secret.name, sys.stdin.buffer.read())
        if self.descriptor is not None:
            return _cleaned(secret.name, _read(self.descriptor))
        typed: str = typer.prompt(f"Value of {secret.name}", hide_input=True, confirmation_prompt="Again", err=True)
        return _cleaned(secret.name, typed.encode())


def _read(descriptor: int) -> bytes:
    try:
        with os.fdopen(descriptor, "rb") as file:
            return file.read()
    except OSError as error:
        raise OpsError(f"--from-fd {descriptor} can't be read: {error.strerror}") from None


def _cleaned(name: str, raw: bytes) -> SecretStr:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = None  # Raising here would carry that error along, and it holds the value.
    if text is None:
        raise OpsError(f"the value of {name} is no UTF-8 text")
    value = text.removesuffix("\n").removesuffix("\r")
    if not value.strip():
        raise OpsError(f"the value of {name} is empty")
    if len(value.encode()) > LONGEST:
        raise OpsError(f"the value of {name} has {len(value.encode()):,} bytes; Secrets Manager takes {LONGEST:,}")
    if value != text:
        say("the newline at its end is left out")
    return SecretStr(value)

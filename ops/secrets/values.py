"""Reads or generates a new value. It is in memory only: never in arguments, logs or messages."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from dataclasses import dataclass

from pydantic import SecretStr

from environments.schema import Secret
from ops.command import say
from ops.errors import OpsError
from ops.secrets.unusual import unusual
from ops.terminal import LONGEST, NoAnswerError, ask_hidden

_KEY_BYTES = 32


@dataclass(frozen=True)
class Source:
    """Where a value comes from; by default a prompt."""

    stdin: bool = False
    descriptor: int | None = None
    generate: bool = False

    def check(self, secret: Secret) -> None:
        """Check that the secret's value can come from here, before anything is asked or changed.

        Raises:
            OpsError: Several sources are given, or the secret doesn't allow this source.
        """
        given = [self.stdin, self.descriptor is not None, self.generate]
        if sum(given) > 1:
            raise OpsError("pass only one of --stdin, --from-fd and --generate, or none to type the value")
        if self.generate and secret.generated is None:
            raise OpsError(
                f"{secret.name} can't be generated; leave out --generate, or, if a random key is valid, "
                'set generated="key" in the file of the product'
            )
        if secret.generated == "cache_url":
            if any(given) and not self.generate:
                raise OpsError(f"{secret.name} comes with a new password of the cache's user; pass --generate instead")
        elif not any(given) and not sys.stdin.isatty():
            raise OpsError(f"no terminal to type the value of {secret.name} on; pass it with --stdin or --from-fd")
        if self.stdin and sys.stdin.isatty():
            raise OpsError("--stdin reads a pipe or a file, and would show what you type; leave it out to be asked")

    @property
    def asks(self) -> bool:
        """Whether the value is typed."""
        return not (self.stdin or self.generate or self.descriptor is not None)

    def value(self, secret: Secret) -> SecretStr:
        """Get the value; print its length, and what is unusual about it.

        Raises:
            OpsError: The value is empty, too long, or not text; or the two that you typed differ.
        """
        if self.generate:
            return SecretStr(base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode())
        if self.stdin:
            return _cleaned(secret.name, sys.stdin.buffer.read())
        if self.descriptor is not None:
            return _cleaned(secret.name, _read(self.descriptor))
        return _cleaned(secret.name, _typed(secret.name).encode())


def _typed(name: str) -> str:
    try:
        typed = ask_hidden(f"Value of {name}: ")
        if ask_hidden("Again: ") != typed:
            raise OpsError("the two values differ; nothing was changed")
    except NoAnswerError as error:
        raise OpsError(f"{name} has no new value: {error}; a long value can be passed with --stdin") from None
    return typed


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
        text = None  # An error raised here would have this one as context, which holds the value.
    if text is None:
        raise OpsError(f"the value of {name} isn't UTF-8 text")
    value = text.removesuffix("\n").removesuffix("\r")
    if not value.replace("\ufeff", "").strip():
        raise OpsError(f"the value of {name} is empty")
    if "\0" in value:
        raise OpsError(
            f"the value of {name} has a NUL character; no environment variable can hold one: pass UTF-8 text without it"
        )
    if len(value.encode()) > LONGEST:
        raise OpsError(f"the value of {name} has {len(value.encode()):,} bytes; Secrets Manager's limit is {LONGEST:,}")
    if value != text:
        say("the newline at the end of the value was removed")
    found = "; it ".join(unusual(name, value))
    say(f"the value of {name} has {len(value.encode()):,} bytes" + (f"; caution: it {found}" if found else ""))
    return SecretStr(value)

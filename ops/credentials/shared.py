"""One set of credentials for all that a command does and starts, with the questions that it takes to get it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from threading import Lock

from botocore.credentials import CredentialProvider, CredentialResolver, RefreshableCredentials
from botocore.credentials import Credentials as FixedCredentials
from botocore.session import Session

from ops.aws.errors import AwsError, code
from ops.command import say
from ops.credentials.source import CALLERS, Keys, Source
from ops.credentials.words import FAILURES, explained, is_wrong_code
from ops.terminal import NoAnswerError, NoTerminalError, ask_hidden

LAST_MINUTE = 60
"""Seconds before the end of credentials at which boto3's clients ask for others."""
COMMAND_SECONDS = 300
"""What Terraform needs for anything but an apply."""
CODE_DIGITS = 6
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (TokenCode)"""
ATTEMPTS = 3
"""How often a code is asked for."""
WORTH_RENEWING = 0.75
"""Credentials with more than this part of their lifetime left aren't renewed: others would last hardly longer."""
NEVER = datetime.max.replace(tzinfo=UTC)


class Credentials:
    """Credentials from one source. Threads may share them: where several need others, a person is asked once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._lock = Lock()
        self._keys: Keys | None = None
        self._lifetime = math.inf
        """Seconds that they last when they are new; endless as long as that isn't known."""
        self._unanswered: AwsError | None = None
        """Why a question had no good answer: it isn't asked again."""
        self._asked = False
        self.asking: Callable[[], AbstractContextManager[None]] = nullcontext
        """What a question is put in, such as a pause of what moves on the terminal."""
        self.cancelled: Callable[[], bool] = lambda: False
        """Whether to give a question up."""

    def keys(self, seconds: float = LAST_MINUTE) -> Keys:
        """Credentials that last for some time, or for as long as new ones do where that is shorter.

        Raises:
            AwsError: There are none, or they must be renewed and can't be; the message says what to do.
        """
        with self._lock:
            if self._keys is None:
                self._keys = self._resolved()
            if self._keys.left < min(seconds, self._lifetime * WORTH_RENEWING):
                self._keys = self._resolved()
            return self._keys

    def last(self, seconds: float, doing: str, otherwise: str) -> None:
        """Get credentials that last for something long, or say that they don't.

        Args:
            seconds: How long it may take.
            doing: What it is, such as `applying data`.
            otherwise: What happens if they expire meanwhile.

        Raises:
            AwsError: They don't last, and can't be renewed.
        """
        try:
            left = self.keys(seconds).left
        except AwsError as error:
            raise AwsError(f"{doing} can take {_minutes(seconds)}: {error}", code=error.code) from None
        if left < seconds:
            say(
                f"warning: {self.source}: {_minutes(left)} left, and {doing} can take {_minutes(seconds)}; "
                f"{self.source.longer}. If it expires meanwhile, {otherwise}"
            )

    def replace(self) -> bool:
        """Get others, since AWS doesn't accept these: a kept session of a role that was re-created, for instance.

        Returns:
            Whether there are others.

        Raises:
            AwsError: There are none.
        """
        with self._lock:
            before, self._keys = self._keys, self._resolved()
            return before is None or before.access_key != self._keys.access_key

    def environment(self, inherited: Mapping[str, str], seconds: float = COMMAND_SECONDS) -> dict[str, str]:
        """All variables of a program that is started: these credentials, and no way to others.

        Args:
            inherited: Variables that it has beside them; they win over the profile's settings.
            seconds: How long the credentials should last.

        Raises:
            AwsError: There are none.
        """
        keys = self.keys(seconds)
        given = {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key}
        if keys.token:
            given["AWS_SESSION_TOKEN"] = keys.token
        kept = {name: value for name, value in inherited.items() if name not in CALLERS}
        return {**self.source.settings, **kept, **given}

    def session(self) -> Session:
        """A session of botocore whose clients use these credentials, and renew them."""
        session = self.source.session()
        session.register_component("credential_provider", CredentialResolver([_Provider(self)]))
        return session

    def _resolved(self) -> Keys:
        if self._unanswered:
            raise self._unanswered
        left = ATTEMPTS
        while True:
            left -= 1
            self._asked = False
            try:
                keys, new = self.source.resolve(self._ask, self._keys)
            except (NoTerminalError, NoAnswerError) as error:
                self._unanswered = AwsError(
                    f"{self.source} asks for an MFA code, and {error}. Run a command on a terminal first: the session "
                    f"is kept for the next commands",
                    code="NoAnswer",
                )
                raise self._unanswered from None
            except FAILURES as error:
                if self._asked and left and is_wrong_code(error):
                    say("AWS doesn't accept that code. Each works once: wait for the next one.")
                    continue
                failed = AwsError(
                    f"no credentials from {self.source}: {explained(error, self.source)}", code=code(error)
                )
                self._unanswered = failed if self._asked else None
                raise failed from error
            if new:
                self._lifetime = keys.left
            return keys

    def _ask(self, question: str) -> str:
        self._asked = True
        with self.asking():
            for _ in range(ATTEMPTS):
                typed = ask_hidden(question, self.cancelled)
                if len(typed) == CODE_DIGITS and typed.isdecimal():
                    return typed
                say(f"A code has {CODE_DIGITS} digits.")
        raise NoAnswerError("none was typed")


class _Provider(CredentialProvider):  # type: ignore[misc]  # botocore has no types
    """Gives boto3's clients what Terraform gets."""

    METHOD = "shared"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> FixedCredentials:
        """What boto3 signs with."""
        keys = self._credentials.keys()
        if keys.expires is None:
            return FixedCredentials(keys.access_key, keys.secret_key, keys.token, self.METHOD)
        return RefreshableCredentials(
            keys.access_key,
            keys.secret_key,
            keys.token,
            keys.expires,
            refresh_using=self._others,
            method=self.METHOD,
            advisory_timeout=LAST_MINUTE,
            mandatory_timeout=LAST_MINUTE,
        )

    def _others(self) -> dict[str, str | None]:
        keys = self._credentials.keys()
        return {
            "access_key": keys.access_key,
            "secret_key": keys.secret_key,
            "token": keys.token,
            "expiry_time": (keys.expires or NEVER).isoformat(),
        }


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes"

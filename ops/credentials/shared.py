"""One set of credentials for a command and the programs that it starts; asks for MFA codes."""

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

BUNDLE = "REQUESTS_CA_BUNDLE"
"""Variable with the certificates that boto3 accepts, unless AWS_CA_BUNDLE or the profile's `ca_bundle` is set.

https://github.com/boto/botocore/blob/develop/botocore/endpoint.py
"""
LAST_MINUTE = 60
"""Seconds before expiry at which boto3's clients ask for new credentials."""
COMMAND_SECONDS = 300
"""Seconds that Terraform needs for anything but an apply."""
CODE_DIGITS = 6
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (TokenCode)"""
ATTEMPTS = 3
"""How many times to ask for a code."""
WORTH_RENEWING = 0.75
"""Credentials with more than this part of their lifetime left aren't renewed: new ones would last hardly longer."""
NEVER = datetime.max.replace(tzinfo=UTC)


class Credentials:
    """Credentials from one source. Threads may share them: if several need new ones, you are asked once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._lock = Lock()
        self._keys: Keys | None = None
        self._lifetime = math.inf
        """Seconds that new credentials last; infinite while unknown."""
        self._unanswered: AwsError | None = None
        """Why a question failed; it isn't asked again."""
        self._asked = False
        self.asking: Callable[[], AbstractContextManager[None]] = nullcontext
        """The context of a question, such as a pause of the progress on the terminal."""
        self.asks = True
        """Whether it may ask for a code; if not, a session that needs a new one is an error."""
        self.cancelled: Callable[[], bool] = lambda: False
        """Whether to cancel a question."""

    def keys(self, seconds: float = LAST_MINUTE) -> Keys:
        """Credentials that last for `seconds`, or as long as new ones last if that is shorter.

        Raises:
            AwsError: There are none, or they can't be renewed; the message says what to do.
        """
        with self._lock:
            if self._keys is None:
                self._keys = self._resolved()
            if self._keys.left < min(seconds, self._lifetime * WORTH_RENEWING):
                self._keys = self._resolved()
            return self._keys

    def last(self, seconds: float, doing: str, otherwise: str) -> None:
        """Get credentials that last for a long operation, or print a warning if they don't.

        Args:
            seconds: How long the operation may take.
            doing: The operation, such as `applying data`.
            otherwise: What happens if the credentials expire during it.

        Raises:
            AwsError: The credentials expire too early, and can't be renewed.
        """
        try:
            left = self.keys(seconds).left
        except AwsError as error:
            raise AwsError(f"{doing} can take {_minutes(seconds)}: {error}", code=error.code) from None
        if left < seconds:
            say(
                f"warning: {self.source}: {_minutes(left)} left, and {doing} can take {_minutes(seconds)}; "
                f"{self.source.longer}. If they expire first, {otherwise}"
            )

    def replace(self) -> bool:
        """Get new credentials, since AWS refuses these: a cached session of a re-created role, for instance.

        Returns:
            Whether the new credentials are different.

        Raises:
            AwsError: There are none.
        """
        with self._lock:
            before, self._keys = self._keys, self._resolved()
            return before is None or before.access_key != self._keys.access_key

    def environment(self, inherited: Mapping[str, str], seconds: float = COMMAND_SECONDS) -> dict[str, str]:
        """All environment variables of a program to start: with these credentials, and without any others.

        Args:
            inherited: Its other variables; they take precedence over the profile's settings.
            seconds: How long the credentials should last.

        Raises:
            AwsError: There are none.
        """
        keys = self.keys(seconds)
        given = {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key}
        if keys.token:
            given["AWS_SESSION_TOKEN"] = keys.token
        kept = {name: value for name, value in inherited.items() if name not in CALLERS}
        # boto3 accepts these certificates too; Terraform's provider and the AWS CLI know only the other variable.
        bundle = {"AWS_CA_BUNDLE": inherited[BUNDLE]} if inherited.get(BUNDLE) else {}
        return {**bundle, **self.source.settings, **kept, **given}

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
                    f"{self.source} needs an MFA code, and {error}. Run a command on a terminal first: the session "
                    f"is cached for the next commands",
                    code="NoAnswer",
                )
                raise self._unanswered from None
            except FAILURES as error:
                if self._asked and left and is_wrong_code(error):
                    say("AWS refused that code. Each code works once: wait for the next one.")
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
        if not self.asks:
            raise NoAnswerError("this command doesn't ask for one")
        self._asked = True
        with self.asking():
            for _ in range(ATTEMPTS):
                typed = ask_hidden(question, self.cancelled).strip()
                if len(typed) == CODE_DIGITS and typed.isdecimal():
                    return typed
                say(f"A code has {CODE_DIGITS} digits.")
        raise NoAnswerError("you typed none")


class _Provider(CredentialProvider):  # type: ignore[misc]  # botocore has no types
    """Gives boto3's clients the same credentials as Terraform."""

    METHOD = "shared"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> FixedCredentials:
        """The credentials with which boto3 signs."""
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

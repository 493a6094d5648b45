"""The machine that is checked, and how its programs and hosts are tried: each within a limit of time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from modules.output import OUT
from ops.conditions import FailedError, SkippedError, UnknownError
from ops.errors import OpsError

if TYPE_CHECKING:
    from environments.schema import Environment

ROOT = Path(__file__).parents[2]
LIMIT = 12.0
"""Seconds after which a check is unknown. A name that doesn't resolve may take the resolver longer than any timeout."""
PROGRAM_SECONDS = 8.0
CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0


class UnreachableError(FailedError):
    """A host doesn't respond."""


class WrongTimeError(FailedError):
    """A host's certificate isn't valid at this machine's time."""


@dataclass(frozen=True)
class Machine:
    """What is checked."""

    environment: Environment | None = None
    """None: what depends on an environment isn't checked."""
    problem: str = ""
    """Why the values of the environment can't be read; empty if they can."""
    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    root: Path = ROOT
    out: Path = OUT
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def path(self, program: str) -> str | None:
        """The path of a program, if it is installed."""
        return shutil.which(program, path=self.variables.get("PATH", os.defpath))

    def output(self, *command: str, variables: Mapping[str, str] | None = None) -> str:
        """What a program prints on stdout.

        Args:
            command: The program and its arguments.
            variables: Its environment variables; by default the machine's.

        Raises:
            FailedError: It can't be started, fails, or takes too long.
        """
        name = Path(command[0]).name
        try:
            child = subprocess.Popen(
                command,
                env={**(self.variables if variables is None else variables)},
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # What it starts ends with it.
            )
        except OSError as error:
            raise FailedError(f"{command[0]} can't be started: {error.strerror or error}") from None
        try:
            printed, complained = child.communicate(timeout=PROGRAM_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            raise FailedError(f"{name} doesn't end within {PROGRAM_SECONDS:.0f} seconds ({command[0]})") from None
        if child.returncode:
            lines = [line.strip() for line in (complained or printed).splitlines()]
            first = next(filter(None, lines), "it prints nothing")
            raise FailedError(f"{' '.join((name, *command[1:]))} ends with {child.returncode}: {first[:200]}")
        return printed

    def request(self, url: str) -> Response:
        """Send one request without credentials, through the proxy and with the certificates that are set.

        Raises:
            UnreachableError: The host doesn't respond; the message says why.
            WrongTimeError: Its certificate isn't valid at this machine's time.
        """
        bundle = self.variables.get("AWS_CA_BUNDLE") or self.variables.get("REQUESTS_CA_BUNDLE") or True
        sent = time.monotonic()
        try:
            with requests.get(
                url,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
                verify=bundle,
                auth=_no_password,
            ) as response:
                return Response(response.status_code, response.headers.get("Date"), time.monotonic() - sent)
        except (requests.RequestException, OSError, ValueError) as error:
            why = explained(url, error)
            raise (WrongTimeError if _CLOCK in why else UnreachableError)(why) from None


@dataclass(frozen=True)
class Response:
    """A host's response."""

    status: int
    date: str | None
    """Its clock: the header Date."""
    seconds: float
    """How long it took."""

    def ahead(self, now: datetime) -> timedelta | None:
        """How far a clock is ahead of the host's; negative if it is behind, none if the host doesn't say its time."""
        try:
            theirs = parsedate_to_datetime(self.date or "")
        except ValueError:
            return None
        theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
        return now - theirs


def _no_password(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from sending a password of ~/.netrc."""
    return request


def explained(url: str, error: Exception) -> str:
    """Why a host doesn't respond, in one line."""
    host = (url.partition("://")[2] or url).partition("/")[0].rpartition("@")[2]
    words = " ".join(str(error).split())
    for mark, why in _REASONS:
        if mark in words:
            return f"{host}: {why}"
    return f"{host}: {type(error).__name__}"


_CLOCK = "by this machine's clock, which may be wrong"
_REASONS = (
    ("not yet valid", f"its certificate isn't valid yet {_CLOCK}"),
    ("certificate has expired", f"its certificate has expired {_CLOCK}"),
    ("CERTIFICATE_VERIFY_FAILED", "its certificate isn't trusted: a proxy may read the connection"),
    ("invalid path", "the file of certificates can't be read"),
    ("TLS CA certificate bundle", "the file of certificates can't be read"),
    ("check proxy URL", "the proxy's address isn't a URL"),
    ("No scheme supplied", "that isn't a URL"),
    ("407 Proxy Authentication", "the proxy asks for a password"),
    ("ProxyError", "the proxy doesn't connect"),
    ("Unable to connect to proxy", "the proxy doesn't connect"),
    ("Failed to resolve", "its name doesn't resolve"),
    ("NameResolutionError", "its name doesn't resolve"),
    ("Connection refused", "it refuses the connection"),
    ("timed out", "it doesn't respond in time"),
    ("unreachable", "there is no way to it"),
)
"""What is in the text of an error, and what that means."""


def bounded(check: Callable[[Machine], str], seconds: float = LIMIT) -> Callable[[Machine], str]:
    """The check, which is unknown if it takes too long or fails in a way of its own."""

    @wraps(check)
    def within(machine: Machine) -> str:
        ended: list[tuple[str | None, Exception | None]] = []

        def run() -> None:
            try:
                ended.append((check(machine), None))
            except Exception as error:  # A broken machine breaks in ways that no one lists; others are still checked.
                ended.append((None, error))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(seconds)
        if not ended:
            raise UnknownError(f"no result within {seconds:.0f} seconds")
        evidence, error = ended[0]
        if error is not None:
            raise _known(error)
        return evidence or ""

    return within


def _known(error: Exception) -> Exception:
    if isinstance(error, FailedError | UnknownError | SkippedError | OpsError):
        return error
    return UnknownError(f"{type(error).__name__}: {' '.join(str(error).split())}")

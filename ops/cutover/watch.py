"""The watch of one step: does traffic do well here?"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ops.aws import AwsError
from ops.command import say
from ops.cutover.signals import Look, Signals
from ops.cutover.zone import Answer, Zone
from ops.errors import RefusedError

LOOK_SECONDS = 30
"""Between two looks, of a watch that is long enough."""
PATIENCE = 3
"""Looks in a row that AWS may leave unanswered."""
SIGNED_OUT = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "RequestExpired"}
)
"""AWS's codes when it knows the caller no more: then nothing can be changed either."""


class OverruledError(RefusedError):
    """Somebody else changed the records meanwhile."""


@dataclass(frozen=True)
class Time:
    """The clock of a watch, and the pauses."""

    sleep: Callable[[float], None] = time.sleep
    elapsed: Callable[[], float] = time.monotonic


CLOCK = Time()
"""The real one."""


@dataclass(frozen=True)
class Verdict:
    """What a watch came to."""

    reason: str
    """Why the step is no good; empty if it is good."""
    look: Look | None
    """The last one."""

    @property
    def evidence(self) -> dict[str, object]:
        """For the journal."""
        seen = dict(self.look.evidence) if self.look else {}
        return seen | ({"reason": self.reason} if self.reason else {})


class Watch:
    """Looks at alarms and metrics for a while.

    Silence is no good news: a step is good once enough requests came and everything that is always reported was. What
    isn't known when the time is over gets as much time again; then the step is no good.
    """

    def __init__(
        self,
        zone: Zone,
        signals: Signals,
        *,
        seconds: float,
        time: Time = CLOCK,
        tell: Callable[[str], None] = say,
    ) -> None:
        self.zone, self._signals = zone, signals
        self._seconds, self._time, self._tell = seconds, time, tell

    def over(self, stand: Answer) -> Verdict:
        """Watch what stands in Route 53.

        Raises:
            OverruledError: Something else stands there now.
            AwsError: The caller's credentials have expired.
        """
        self._tell(f"watching {stand} for {self._seconds:g} s")
        begun, failures, look = self._time.elapsed(), 0, None
        until = stand.at + timedelta(seconds=2 * self._seconds)
        while True:
            self._time.sleep(min(LOOK_SECONDS, self._seconds / 10))
            try:
                look, now = self._signals.look(stand.at, until), self.zone.read()
            except AwsError as error:
                failures += 1
                if error.code in SIGNED_OUT:
                    raise
                if failures == PATIENCE:
                    return Verdict(f"AWS left {PATIENCE} looks in a row unanswered: {error}", look)
                continue
            failures = 0
            if now.records != stand.records:
                raise OverruledError(f"somebody else changed the records from {stand} to {now}")
            gone = self._time.elapsed() - begun
            if look.breaches:
                return Verdict("; ".join(look.breaches), look)
            if gone >= self._seconds and not look.missing:
                self._tell(f"good: {look}")
                return Verdict("", look)
            if gone >= 2 * self._seconds:
                return Verdict(f"not shown to be good in {gone:.0f} s: {'; '.join(look.missing)}", look)

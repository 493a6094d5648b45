"""The load balancer's health checks."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

from environments.schema import HealthCheck


class Health:
    """One target's health; it takes several checks in a row to change it, and it begins healthy."""

    def __init__(self, check: HealthCheck, port: int) -> None:
        self._check, self._port = check, port
        self._codes = set(_codes(check.codes))
        self._against = 0
        self.healthy = True

    def ask(self) -> bool:
        """Check it once; whether it is healthy now."""
        self._against = 0 if self._passes() == self.healthy else self._against + 1
        if self._against >= (self._check.unhealthy_threshold if self.healthy else self._check.healthy_threshold):
            self.healthy, self._against = not self.healthy, 0
        return self.healthy

    def _passes(self) -> bool:
        target = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._check.timeout)
        try:
            target.request("GET", self._check.path)
            return target.getresponse().status in self._codes
        except (OSError, http.client.HTTPException):
            return False
        finally:
            target.close()


def _codes(matcher: str) -> Iterator[int]:
    for part in matcher.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)

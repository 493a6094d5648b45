"""The environment's table of flows, as the gate asks it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from environments.flows import INTERNET, S3, Flow


class Table:
    """Which TCP ports the table allows between two parties."""

    def __init__(self, flows: Iterable[Flow]) -> None:
        """Take the rows."""
        self.flows = tuple(flows)
        self._ports: dict[tuple[str, str], set[int]] = defaultdict(set)
        for flow in self.flows:
            self._ports[flow.source, flow.target].add(flow.port)

    def ports(self, source: str, target: str) -> frozenset[int]:
        """What the source may open to the target.

        Who may call the internet may call what the internet may call, and S3, which is there too.
        """
        direct = self._ports.get((source, target), set())
        out = self._ports.get((source, INTERNET), set())
        onward = out if target == S3 else out & self._ports.get((INTERNET, target), set())
        return frozenset(direct | onward)

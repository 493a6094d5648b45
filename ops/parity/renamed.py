"""The same environment under another name: what may differ in its stacks is names, ARNs and addresses only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from itertools import cycle, islice

from environments.schema import Environment
from ops.parity.plain import Document

_ACCOUNT = "908070605040"
_RANGE = "198.18.0.0"
"""A range for benchmarks, which no VPC has: https://www.rfc-editor.org/rfc/rfc2544."""
_LETTERS = "xqzjkwvy"
_ADDRESS = re.compile(r"(?<![\d.])198\.1[89]\.\d+\.\d+(?![\d.])")


@dataclass(frozen=True)
class Renamed:
    """An environment under another name."""

    original: Environment
    environment: Environment

    def restored(self, documents: dict[str, Document]) -> dict[str, Document]:
        """Its stacks with the original's names, accounts and addresses."""
        text = json.dumps(documents)
        for ours, theirs in self._texts():
            text = text.replace(ours, theirs)
        restored: dict[str, Document] = json.loads(_ADDRESS.sub(self._address, text))
        return restored

    def _texts(self) -> Iterator[tuple[str, str]]:
        """Each name in both environments, also as ids of resources have it."""
        for field in ("stage", "name", "account_id"):
            ours, theirs = (str(getattr(each, field)) for each in (self.environment, self.original))
            yield ours, theirs
            yield ours.replace("-", "_"), theirs.replace("-", "_")

    def _address(self, found: re.Match[str]) -> str:
        starts = (IPv4Network(each.network.cidr)[0] for each in (self.original, self.environment))
        original, ours = map(int, starts)
        return str(IPv4Address(int(IPv4Address(found[0])) - ours + original))


def renamed(environment: Environment, like: Environment | None = None) -> Renamed:
    """An environment with another name, stage, account and range, and the same values otherwise.

    Args:
        environment: The environment.
        like: An environment whose other name it gets too, so that names don't differ between the two.
    """
    _, _, bits = environment.network.cidr.partition("/")
    named = like or environment
    other = replace(
        environment,
        name=_name(named.name, 1),
        stage=_name(named.stage, 0),
        account_id=_ACCOUNT,
        network=replace(environment.network, cidr=f"{_RANGE}/{bits}"),
    )
    return Renamed(environment, other)


def _name(name: str, start: int) -> str:
    """A name of unusual letters, with the same hyphens; so long that no other text contains it."""
    letters = islice(cycle(_LETTERS), start, None)
    return "".join(each if each == "-" else next(letters) for each in name.ljust(len(_LETTERS), "x"))

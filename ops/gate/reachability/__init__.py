"""Computes which party can reach which on which port, and compares that with the table of flows.

Read in this order: `rules` (security groups, and what the table allows), `interfaces` and `routes` (what exists),
`network` (which connections that allows), `extra` and `missing` (the differences). docs/reachability.md lists what is
evaluated and what isn't.
"""

from __future__ import annotations

from collections.abc import Sequence

from environments.flows import flows
from environments.names import Names
from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.reachability.extra import EXTRA, WIDER, judge_extra, judge_wider
from ops.gate.reachability.missing import MISSING, judge_missing
from ops.gate.reachability.network import Reach
from ops.gate.reachability.rules import Table

__all__ = ["CHECKS", "EXTRA", "MISSING", "WIDER", "reachability"]

_SOURCE = "https://docs.aws.amazon.com/vpc/latest/userguide/infrastructure-security.html"
CHECKS = {
    EXTRA: Check(EXTRA, "No party reaches more than the table of flows allows", _SOURCE, own=True),
    WIDER: Check(WIDER, "No rule, route or address on its own allows more than the table of flows", _SOURCE, own=True),
    MISSING: Check(MISSING, "Everything in the table of flows can be reached", _SOURCE, own=True),
}


def reachability(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare one environment's network with its table.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.

    Raises:
        ScanFailedError: Only Terraform can evaluate something that the result depends on.
    """
    reach, table, ledger = Reach(Index(view), Names(environment)), Table(flows(environment)), Ledger()
    reported = judge_extra(reach, table, ledger)
    judge_wider(reach, table, ledger, reported)
    fallback = next((each for each in reach.index.all("aws_vpc")), view[0])
    judge_missing(reach, table, environment, ledger, fallback.block)
    return ledger.records()

"""Who can reach whom on which port, computed from all stacks of an environment and held against its table of flows.

Read in this order: `rules` (of security groups, and what the table allows), `interfaces` and `routes` (what there is),
`network` (what that lets through), `extra` and `missing` (the difference). docs/reachability.md says what is evaluated
and what isn't.
"""

from __future__ import annotations

from collections.abc import Sequence

from environments.flows import flows, needed_endpoints
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
    EXTRA: Check(EXTRA, "Nothing reaches more than the table of flows says", _SOURCE, own=True),
    WIDER: Check(WIDER, "No rule, route or address is wider than the table of flows by itself", _SOURCE, own=True),
    MISSING: Check(MISSING, "Everything in the table of flows can be reached", _SOURCE, own=True),
}


def reachability(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Hold one environment's network against its table.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.

    Raises:
        UntrustedError: Something that decides who reaches whom is written in a way that only Terraform can evaluate.
    """
    reach, table, ledger = Reach(Index(view), Names(environment)), Table(flows(environment)), Ledger()
    said = judge_extra(reach, table, ledger)
    judge_wider(reach, table, ledger, said)
    fallback = next((each for each in reach.index.all("aws_vpc")), view[0])
    judge_missing(reach, table, needed_endpoints(environment), ledger, fallback.block)
    return ledger.records()

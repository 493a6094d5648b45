"""Options of commands that approve what the plan gate would refuse: one for each kind of change."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.plan_gate.model import Approved, FindingKind

Widening = Annotated[bool, typer.Option(FindingKind.WIDENING.flag, help="Approve the wider access that it shows.")]
LossInPlace = Annotated[
    bool, typer.Option(FindingKind.LOSS_IN_PLACE.flag, help="Approve the losses in place that it shows.")
]
Outage = Annotated[bool, typer.Option(FindingKind.OUTAGE.flag, help="Approve the outages that it shows.")]
ProtectionOff = Annotated[
    bool, typer.Option(FindingKind.PROTECTION_OFF.flag, help="Approve the protections off that it shows.")
]


def approvals(*, widening: bool, loss_in_place: bool, outage: bool, protection_off: bool) -> Approved:
    """The kinds of change that the options approve."""
    given = {
        FindingKind.WIDENING: widening,
        FindingKind.LOSS_IN_PLACE: loss_in_place,
        FindingKind.OUTAGE: outage,
        FindingKind.PROTECTION_OFF: protection_off,
    }
    return frozenset(kind for kind, approved in given.items() if approved)

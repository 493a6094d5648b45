"""The violations, by theme, in the order of the requirements."""

from __future__ import annotations

import re

from tests.gate.planted.row import Row
from tests.gate.planted.rows import (
    account,
    data,
    edge,
    loss_and_outage,
    missing,
    network,
    operations,
    outside,
    policies,
    register,
    secrets,
    services,
    siblings,
)

_THEMES = (
    account,
    network,
    secrets,
    data,
    edge,
    services,
    operations,
    outside,
    loss_and_outage,
    missing,
    policies,
    siblings,
    register,
)


def _place(row: Row) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", row.requirement)]


ROWS: tuple[Row, ...] = tuple(sorted((row for theme in _THEMES for row in theme.ROWS), key=_place))

"""Controls of AWS FSBP and CIS, decided by the results of the gate's checks."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Control:
    """A control of a standard."""

    standard: str
    id: str
    title: str
    checks: tuple[str, ...]
    """The gate's checks that decide it."""
    types: tuple[str, ...]
    """Types of the resources that it is about."""
    required: bool = False
    """Whether an account needs such a resource; otherwise the control doesn't apply without one."""
    phase: str = ""
    """The only phase whose resources it is about; empty if it is about all."""


@dataclass(frozen=True)
class ControlResult:
    """Whether an environment meets a control."""

    status: str
    """`pass`, `fail`, `accepted`, `not applicable` or `unknown`."""
    why: str
    risks: tuple[str, ...] = ()
    """Ids of the risks that accept it."""


@cache
def controls() -> tuple[Control, ...]:
    """All controls of the table."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(
        Control(
            standard,
            id_,
            row["title"],
            tuple(row.get("checks", ())),
            tuple(row["types"]),
            required=row.get("required", False),
            phase=row.get("phase", ""),
        )
        for standard, rows in table.items()
        for id_, row in rows.items()
    )


def judge(
    control: Control,
    types: Collection[str],
    gate: Mapping[str, Any] | None,
    stacks: Collection[str],
    creator: str | None = None,
) -> ControlResult:
    """Decide a control for one environment.

    Args:
        control: The control.
        types: Types of all resources of the environment.
        gate: The gate's report as JSON; None without one.
        stacks: Ids of the environment's stacks.
        creator: The environment that creates what their account has once; None if it is this one.
    """
    if not any(kind in types for kind in control.types):
        why = f"no {' and no '.join(control.types)} in the stacks"
        status = "fail" if control.required and creator is None else "not applicable"
        return ControlResult(status, f"{why}; {creator} creates it" if control.required and creator else why)
    if gate is None or not set(stacks) <= set(gate["stacks"]):
        return ControlResult("unknown", "the gate's last report isn't about this environment; make gate")
    stacks = [stack for stack in stacks if stack.endswith(f"-{control.phase}" if control.phase else "")]
    failed = [each for each in gate["findings"] if each["check"] in control.checks and each["stack"] in stacks]
    accepted = [each for each in gate["accepted"] if each["check"] in control.checks and each["stack"] in stacks]
    passed = sum(gate["passes"].get(check, {}).get(stack, 0) for check in control.checks for stack in stacks)
    if failed:
        return ControlResult("fail", ", ".join(sorted({each["address"] for each in failed})))
    if accepted:
        risks = tuple(sorted({each["risk"] for each in accepted}))
        return ControlResult("accepted", ", ".join(sorted({each["address"] for each in accepted})), risks)
    if passed:
        return ControlResult("pass", f"{passed} result{'s' * (passed != 1)} of {', '.join(control.checks)}")
    return ControlResult("unknown", "no check of the gate decides it")

"""The use of roles as text, as JSON, and as a table for a rehearsal's report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ops.iam.conditions import PolicyCondition
from ops.roles.usage import Missing, RoleUse, StatementUse

_SHOWN = 4
"""Resources that text shows of a statement; JSON has all."""
COLUMNS = ("role", "statements", "actions", "never used", "requests", "denied")


def rows(uses: Iterable[RoleUse], *, recorded: bool) -> Iterator[tuple[str, ...]]:
    """A row for each role, with the columns of `COLUMNS`; a dash for what only a recording knows."""
    for use in uses:
        known = (use.unused, use.requests, len(use.missing)) if recorded and use.requests else ("-", use.requests, "-")
        numbers = (len(use.statements), use.granted, *(known if recorded else ("-", "-", "-")))
        yield (use.name, *map(str, numbers))


def summary(uses: Sequence[RoleUse], *, recorded: bool) -> Iterator[str]:
    """Lines of text: a row for each role, then what was denied."""
    table = [COLUMNS, *rows(uses, recorded=recorded)]
    widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
    for name, *numbers in table:
        aligned = (number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True))
        yield "  ".join([name.ljust(widths[0]), *aligned])
    for use in uses:
        yield from _missing(use)


def detail(use: RoleUse, *, recorded: bool) -> Iterator[str]:
    """Lines of text: a role's statements by the service of their first action."""
    yield f"{use.name}  {use.arn}"
    by_service: dict[str, list[StatementUse]] = {}
    for each in use.statements:
        by_service.setdefault(each.services[0] if each.services else "*", []).append(each)
    for service, statements in sorted(by_service.items()):
        yield service
        for each in statements:
            yield from _statement(each, recorded=recorded and use.requests > 0)
    yield from _missing(use)


def _statement(use: StatementUse, *, recorded: bool) -> Iterator[str]:
    statement = use.statement
    yield f"  {'' if statement.allows else 'Deny '}{statement.sid or 'without sid'}  {use.source}"
    for condition in statement.conditions:
        yield f"    if {_condition(condition)}"
    on = [*statement.resources, *(f"all but {each}" for each in statement.not_resources)]
    more = f", and {len(on) - _SHOWN} more" if len(on) > _SHOWN else ""
    yield f"    on {', '.join(on[:_SHOWN])}{more}"
    if not statement.allows:
        yield f"    denies {', '.join(statement.actions or (f'all but {each}' for each in statement.not_actions))}"
        return
    if not recorded:
        yield f"    allows {', '.join(statement.actions)}"
        return
    if use.used:
        yield f"    used {', '.join(_used(action, operations) for action, operations in use.used.items())}"
    if use.never:
        yield f"    never used {', '.join(use.never)}"


def _used(action: str, operations: Sequence[str]) -> str:
    """An action, with the calls that needed it if they have another name."""
    name = action.partition(":")[2]
    others = [each for each in operations if each.partition(":")[2] != name]
    return f"{action} (for {', '.join(others)})" if others else action


def _condition(condition: PolicyCondition) -> str:
    return f"{condition.test} {condition.key} {', '.join(condition.values)}"


def _missing(use: RoleUse) -> Iterator[str]:
    for each in use.missing:
        yield f"denied: {use.name} {each.request.operation}: {each.request.action} on {each.request.resource}"
        yield f"  {each.add}"


def as_data(uses: Iterable[RoleUse]) -> list[dict[str, object]]:
    """Roles for a program."""
    return [
        {
            "role": use.name,
            "arn": use.arn,
            "requests": use.requests,
            "statements": [_data(each) for each in use.statements],
            "missing": [_missing_data(each) for each in use.missing],
        }
        for use in uses
    ]


def _data(use: StatementUse) -> dict[str, object]:
    statement = use.statement
    return {
        "sid": statement.sid,
        "effect": "Allow" if statement.allows else "Deny",
        "block": f"{statement.block.block.stack} {statement.block.block.address}",
        "source": use.source,
        "actions": statement.actions,
        "not_actions": statement.not_actions,
        "resources": statement.resources,
        "not_resources": statement.not_resources,
        "conditions": [_condition(each) for each in statement.conditions],
        "used": use.used,
        "never_used": use.never if statement.allows else (),
    }


def _missing_data(missing: Missing) -> dict[str, object]:
    request = missing.request
    return {
        "operation": request.operation,
        "action": request.action,
        "resource": request.resource,
        "keys": dict(request.keys),
        "why": missing.reason,
        "add": missing.add,
    }

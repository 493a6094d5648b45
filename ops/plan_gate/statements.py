"""IAM policies as sets of permissions, so that one can be said to be wider than another.

Every answer errs towards "wider": what can't be shown to be covered isn't. How AWS reads policies:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from environments.arns import partitions
from ops.plan_gate.model import PlanError
from ops.plan_gate.wording import few

Condition = tuple[str, str, frozenset[str]]
"""Operator, key, values."""
Part = tuple["Selector", "Selector", "Selector"]
"""Of actions, resources and principals."""


@dataclass(frozen=True)
class Selector:
    """Actions, resources or principals of a statement."""

    patterns: frozenset[str]
    inverted: bool = False
    """Everything but these."""

    def parts(self) -> Iterator[Selector]:
        """The smallest parts that can be covered each by another statement."""
        if self.inverted:
            yield self
        else:
            yield from (Selector(frozenset({each})) for each in sorted(self.patterns))

    def covers(self, part: Selector, *, exact: bool) -> bool:
        """Whether all of a part is in it.

        Args:
            part: One of another selector's parts.
            exact: Whether `*` stands for everything only when it is alone, as in principals.
        """
        if part.inverted:
            if self.inverted:
                return all(any(_matches(out, each, exact) for out in part.patterns) for each in self.patterns)
            return "*" in self.patterns
        (wanted,) = part.patterns
        if self.inverted:
            plain = exact or not set("*?") & set(wanted)
            return wanted != "*" and plain and not any(_matches(each, wanted, exact) for each in self.patterns)
        return any(_matches(each, wanted, exact) for each in self.patterns)

    def __str__(self) -> str:
        return f"{'all but ' if self.inverted else ''}{few(self.patterns)}"


@dataclass(frozen=True)
class Statement:
    """One statement of a policy."""

    sid: str
    allows: bool
    actions: Selector
    resources: Selector
    principals: Selector
    conditions: frozenset[Condition]


def parse(policy: object) -> list[Statement] | None:
    """The statements of a policy's JSON; None if the value is no policy.

    Raises:
        PlanError: It is one, but in a form that can't be read.
    """
    if isinstance(policy, str):
        if not policy.lstrip().startswith("{"):
            return None
        try:
            policy = json.loads(policy)
        except ValueError:
            return None
    if not isinstance(policy, Mapping) or "Statement" not in policy:
        return None
    found = policy["Statement"]
    statements = found if isinstance(found, list) else [found]
    if not all(isinstance(each, Mapping) for each in statements):
        raise PlanError("holds a policy whose statements can't be read")
    return [_statement(each) for each in statements]


def uncovered(wanted: Iterable[Statement], by: Iterable[Statement]) -> Iterator[tuple[Statement, str]]:
    """The statements of which a part isn't covered, each with that part in words."""
    others = list(by)
    for each in wanted:
        split = product(each.actions.parts(), each.resources.parts(), each.principals.parts())
        parts = [part for part in split if not any(_covers(other, each, part) for other in others)]
        if parts:
            yield each, _worded(each, parts, others)


def _worded(statement: Statement, parts: list[Part], others: list[Statement]) -> str:
    actions, resources, principals = (
        few(str(each) for each in dict.fromkeys(column)) for column in zip(*parts, strict=True)
    )
    text = f"{actions} on {resources}" if statement.resources.patterns != {""} else actions
    if statement.principals.patterns != {""}:
        text += f" for {principals}"
    if all(any(_selects(other, part) for other in others) for part in parts):
        text += ", under other conditions than before" if statement.allows else ", under the conditions that it had"
    return text


def _covers(other: Statement, statement: Statement, part: Part) -> bool:
    return _selects(other, part) and all(_implied(each, statement.conditions) for each in other.conditions)


def _selects(other: Statement, part: Part) -> bool:
    actions, resources, principals = part
    return (
        other.actions.covers(actions, exact=False)
        and other.resources.covers(resources, exact=False)
        and other.principals.covers(principals, exact=True)
    )


def _implied(condition: Condition, by: frozenset[Condition]) -> bool:
    """Whether a condition holds wherever all those hold."""
    operator, key, values = condition
    return any(
        _narrower(operator, theirs, values)
        for their_operator, their_key, theirs in by
        if (their_operator, their_key) == (operator, key)
    )


def _narrower(operator: str, values: frozenset[str], than: frozenset[str]) -> bool:
    kind = operator.rpartition(":")[2]
    if not kind.startswith(("string", "arn", "ipaddress", "notipaddress")):
        return values == than
    if "not" in kind:
        return values >= than
    like = "like" in kind or kind.startswith("arn")
    return all(any(_matches(wide, each, not like) if like else wide == each for wide in than) for each in values)


def _statement(body: Mapping[str, Any]) -> Statement:
    conditions = body.get("Condition") or {}
    if body.get("Effect") not in {"Allow", "Deny"} or not isinstance(conditions, Mapping):
        raise PlanError("holds a policy whose statements can't be read")
    return Statement(
        sid=str(body.get("Sid") or ""),
        allows=body["Effect"] == "Allow",
        actions=_selector(body, "Action", str.lower),
        resources=_selector(body, "Resource"),
        principals=_selector(body, "Principal"),
        conditions=frozenset(_conditions(conditions)),
    )


def _conditions(conditions: Mapping[str, Any]) -> Iterator[Condition]:
    for operator, keys in conditions.items():
        if not isinstance(keys, Mapping):
            raise PlanError("holds a policy whose conditions can't be read")
        for key, values in keys.items():
            yield operator.lower(), key.lower(), frozenset(_texts(values))


def _selector(body: Mapping[str, Any], name: str, form: Any = str) -> Selector:  # noqa: ANN401 - str or its method
    inverted = f"Not{name}" in body
    value = body.get(f"Not{name}" if inverted else name)
    if value is None:
        return Selector(frozenset({""}))  # A trust policy names no resource, an identity's policy no principal.
    if isinstance(value, Mapping):
        return Selector(frozenset(_principals(value)), inverted)
    return Selector(frozenset(form(each) for each in _texts(value)), inverted)


def _principals(named: Mapping[str, Any]) -> Iterator[str]:
    for kind, values in named.items():
        for each in _texts(values):
            if kind == "AWS":
                yield partitions()[0].root(each) if re.fullmatch(r"\d{12}", each) else each
            else:
                yield f"{kind} {each}"


def _texts(value: object) -> list[str]:
    return [json.dumps(each) if isinstance(each, bool) else str(each) for each in _list(value)]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _matches(pattern: str, text: str, exact: bool) -> bool:
    """Whether a pattern covers a text, which may be a pattern too: its `*` needs one in the pattern."""
    if pattern in ("*", text):
        return True
    return not exact and bool(_expression(pattern).fullmatch(text))


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_GLOBS.get(each, re.escape(each)) for each in pattern), re.DOTALL)


_GLOBS = {"*": ".*", "?": "[^*]"}

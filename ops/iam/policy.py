"""A policy document of AWS's JSON, and what it says of a request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ops.iam.conditions import RequestContext, Values, all_hold, matches


class Effect(StrEnum):
    """What a document says of a request. An explicit denial outweighs everything.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """

    ALLOWED = "allowed"
    DENIED = "denied"
    SILENT = "silent"


@dataclass(frozen=True)
class PolicyStatement:
    """One statement. Lists that it doesn't have are empty."""

    sid: str
    allows: bool
    actions: Values
    not_actions: Values
    resources: Values
    not_resources: Values
    principals: tuple[tuple[str, str], ...]
    """Kind and identifier; `*` alone is ("AWS", "*")."""
    not_principals: tuple[tuple[str, str], ...]
    conditions: tuple[tuple[str, str, Values], ...]
    """Operator, key and values."""

    def covers(self, action: str, resource: str | None) -> bool:
        """Whether it is about an action on a resource; a trust policy's statements name none."""
        if self.not_actions:
            if _any(self.not_actions, action):
                return False
        elif not _any(self.actions, action):
            return False
        if resource is None or not (self.resources or self.not_resources):
            return True
        if self.not_resources:
            return not any(matches(pattern, resource) for pattern in self.not_resources)
        return any(matches(pattern, resource) for pattern in self.resources)

    def names(self, principals: Iterable[tuple[str, str]]) -> bool:
        """Whether its Principal or NotPrincipal is about a caller.

        Args:
            principals: Every kind and identifier by which a policy can name the caller.
        """
        own = {("AWS", "*"), *principals}
        if self.not_principals:
            return own.isdisjoint(self.not_principals)
        return not own.isdisjoint(self.principals)


def read(document: str | Mapping[str, Any]) -> list[PolicyStatement]:
    """The statements of a document.

    Raises:
        ValueError: It isn't JSON.
    """
    content = json.loads(document) if isinstance(document, str) else document
    return [_statement(each) for each in _listed(content.get("Statement"))]


def effect(
    statements: Iterable[PolicyStatement],
    principals: Iterable[tuple[str, str]],
    action: str,
    resource: str | None,
    context: RequestContext,
) -> Effect:
    """What a resource's own policy says of a call; a condition whose outcome is unknown counts as not met."""
    callers = tuple(principals)
    applying = [
        each
        for each in statements
        if each.covers(action, resource) and each.names(callers) and all_hold(each.conditions, context)
    ]
    if not applying:
        return Effect.SILENT
    return Effect.ALLOWED if all(each.allows for each in applying) else Effect.DENIED


def _statement(each: Mapping[str, Any]) -> PolicyStatement:
    return PolicyStatement(
        sid=str(each.get("Sid", "")),
        allows=each.get("Effect") == "Allow",
        actions=_texts(each.get("Action")),
        not_actions=_texts(each.get("NotAction")),
        resources=_texts(each.get("Resource")),
        not_resources=_texts(each.get("NotResource")),
        principals=tuple(_principals(each.get("Principal"))),
        not_principals=tuple(_principals(each.get("NotPrincipal"))),
        conditions=tuple(
            (test, key, _texts(values))
            for test, keys in (each.get("Condition") or {}).items()
            for key, values in keys.items()
        ),
    )


def _principals(value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  (any JSON value)
    for kind, identifiers in (value if isinstance(value, Mapping) else {"AWS": value}).items():
        for identifier in _texts(identifiers):
            yield kind, identifier


def _any(patterns: Values, action: str) -> bool:
    """Names of actions are not case-sensitive."""
    return any(matches(pattern.lower(), action.lower()) for pattern in patterns)


def _listed(value: Any) -> list[Any]:  # noqa: ANN401  (any JSON value)
    return [] if value is None else value if isinstance(value, list) else [value]


def _texts(value: Any) -> Values:  # noqa: ANN401  (any JSON value)
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in _listed(value))

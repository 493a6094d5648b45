"""Evaluates synthesized IAM statements the way AWS does, as far as this project's statements go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from tests.conftest import Body

Context = Mapping[str, str | Sequence[str] | None]
KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012"


def resolved(text: str) -> str:
    """A reference to a key, as it will be."""
    return re.sub(r"\$\{[^}]*key_arn\}", KEY_ARN, text)


def allowed(statements: Iterable[Body], action: str, resource: str = "*", context: Context | None = None) -> bool:
    """Whether one policy (or several, as one list) allows a call; an explicit deny wins."""
    verdicts = {each["effect"] for each in statements if _applies(each, action, resource, context or {})}
    return verdicts == {"Allow"}


def _applies(statement: Body, action: str, resource: str, context: Context) -> bool:
    actions, others = statement.get("actions", []), statement.get("not_actions", [])
    if actions and not _matches(action.lower(), [each.lower() for each in actions]):
        return False
    if others and _matches(action.lower(), [each.lower() for each in others]):
        return False
    # A call without a resource is allowed by * only.
    if not _matches(resource, [resolved(each) for each in statement.get("resources", ["*"])]):
        return False
    return all(_holds(condition, context) for condition in statement.get("condition", []))


def _holds(condition: Body, context: Context) -> bool:
    quantifier, _, test = condition["test"].rpartition(":")
    values, found = [resolved(value) for value in condition["values"]], context.get(condition["variable"])
    if test == "Null":
        return (found is None) == (values == ["true"])
    optional = test.endswith("IfExists")
    test = test.removesuffix("IfExists")
    negated = "Not" in test
    if found is None:
        return optional or negated or quantifier == "ForAllValues"
    asked = [found] if isinstance(found, str) else found
    one = {
        "StringEquals": lambda item: item in values,
        "StringNotEquals": lambda item: item not in values,
        "StringLike": lambda item: _matches(item, values),
        "ArnEquals": lambda item: _matches(item, values),
        "ArnLike": lambda item: _matches(item, values),
        "Bool": lambda item: item in values,
        "NumericLessThan": lambda item: float(item) < float(values[0]),
    }[test]
    return any(map(one, asked)) if quantifier == "ForAnyValue" else all(map(one, asked))


def _matches(text: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(text, pattern.replace("[", "[[]")) for pattern in patterns)

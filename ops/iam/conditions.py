"""IAM's condition operators, on a request whose condition keys are known completely or in part.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from ops.iam.globs import ANY, LITERAL, matches

Values = tuple[str, ...]
_VARIABLE = re.compile(r"\$\{(?:([\w:/.@=+ -]+)(?:, *'([^']*)')?|([*?$]))\}")
"""A policy variable with its default value, or one of three characters that would mean something else.

A tag's key may have spaces. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
"""
_NOWHERE = "\0"
"""Replaces a policy variable that the request lacks, so that the value matches nothing."""


class PolicyCondition(NamedTuple):
    """One condition of a statement."""

    test: str
    """The operator, such as `ForAnyValue:StringEqualsIfExists`."""
    key: str
    values: Values


class Filled(NamedTuple):
    """A value with its policy variables replaced."""

    surely: str
    """With nothing that matches for the variables without a known value."""
    possibly: str
    """With any text for the variables whose keys are unknown."""

    @property
    def lacks(self) -> bool:
        """Whether it has a variable without a value."""
        return _NOWHERE in self.possibly


class RequestContext(NamedTuple):
    """The condition keys of a request. Names of keys are not case-sensitive."""

    known: Mapping[str, Values] = MappingProxyType({})
    """Keys in lower case, with their values; a key without a value is as good as absent."""
    absent: frozenset[str] = frozenset()
    """Keys in lower case that the request surely doesn't have."""
    whole: bool = True
    """Whether the request has no other keys than `known`. If not, a key in neither is unknown."""

    @classmethod
    def of(
        cls, keys: Mapping[str, str | Iterable[str]], *, absent: Iterable[str] = (), whole: bool = True
    ) -> RequestContext:
        """A context of keys as AWS writes them, each with one value or several."""
        known = {key.lower(): (value,) if isinstance(value, str) else tuple(value) for key, value in keys.items()}
        return cls(known, frozenset(key.lower() for key in absent), whole)

    def joined(self, other: RequestContext) -> RequestContext:
        """This request with the keys of another context added."""
        return RequestContext({**self.known, **other.known}, self.absent | other.absent, self.whole and other.whole)

    def has(self, key: str) -> bool | None:
        """Whether the request has a key; None if that is unknown."""
        if (values := self.known.get(key.lower())) is not None:
            return bool(values)
        return False if self.whole or key.lower() in self.absent else None

    def values(self, key: str) -> Values:
        """The values of a key that the request has."""
        return self.known[key.lower()]


def holds(test: str, key: str, values: Iterable[str], context: RequestContext) -> bool | None:
    """Whether one condition holds for a request; None if that is unknown.

    Args:
        test: The operator, such as `ForAnyValue:StringEqualsIfExists`.
        key: The condition key.
        values: The values of the condition.
        context: The request.
    """
    quantifier, operator, if_exists = _parts(test)
    present = context.has(key)
    if operator == "null":
        # Another value than true or false matches no request.
        return None if present is None else str(not present).lower() in {value.lower() for value in values}
    if present is None:
        return None
    compare = _OPERATORS.get(operator.replace("not", "", 1) if "not" in operator else operator)
    if compare is None:
        return None
    negated = "not" in operator
    if not present:
        # "If the key is not present in the request context, the values do not match", a negated operator holds.
        return if_exists or quantifier == "forallvalues" or (negated and quantifier != "foranyvalue")
    wanted, unknown = list(values), False
    if operator.startswith(("string", "arn")) and any("${" in value for value in wanted):
        patterns = operator.startswith("arn") or operator.endswith("like")
        replaced = [filled(value, context, pattern=patterns) for value in wanted]
        wanted, unknown = [each.surely for each in replaced], any(each.surely != each.possibly for each in replaced)
    # "If the key values in the request resolve to an empty data set (for example, an empty string)"
    found = [value for value in context.values(key) if value or not quantifier]
    hits = [any(compare(value, text) for text in wanted) != negated for value in found]
    # A negated operator holds if no value of the request matches.
    every = quantifier == "forallvalues" or (negated and quantifier is None)
    outcome = all(hits) if every else any(hits)
    # A variable whose key is unknown may match: that can turn the outcome one way only.
    return None if unknown and outcome is negated else outcome


@cache
def _parts(test: str) -> tuple[str | None, str, bool]:
    """Quantifier, operator and whether it ends in IfExists, all in lower case."""
    quantifier, _, operator = test.lower().rpartition(":")
    bare = operator.removesuffix("ifexists")
    return quantifier or None, bare, bare != operator


def filled(value: str, context: RequestContext, *, pattern: bool, colons: int = 0) -> Filled:
    """A value with its policy variables replaced. One that the request lacks makes it match nothing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html

    Args:
        value: The value, as the policy has it.
        context: The request.
        pattern: Whether `*` and `?` are wildcards in it; those that replace a variable aren't.
        colons: How many colons must precede a variable; one before them has no value.
    """
    if "${" not in value:
        return Filled(value, value)

    def fill(found: re.Match[str], unknown: str) -> str:
        key, default, character = found.groups()
        if character:
            return LITERAL.get(character, character) if pattern else character
        if _VARIABLE.sub("", value[: found.start()]).count(":") < colons:
            return _NOWHERE
        present = context.has(key)
        if present is None:
            return unknown
        # A key with several values can't replace a variable.
        values = context.values(key) if present else () if default is None else (default,)
        if len(values) != 1:
            return _NOWHERE
        return "".join(LITERAL.get(each, each) for each in values[0]) if pattern else values[0]

    surely = _VARIABLE.sub(lambda found: fill(found, _NOWHERE), value)
    return Filled(surely, surely if context.whole else _VARIABLE.sub(lambda found: fill(found, ANY), value))


def _arn(found: str, value: str) -> bool:
    """Each of the six parts of an ARN is compared separately; ArnEquals works like ArnLike.

    AWS doesn't document patterns with fewer parts, such as `*`: they are compared with the whole ARN.
    """
    parts, patterns = found.split(":", 5), value.split(":", 5)
    if len(patterns) < len(parts):
        return matches(value, found)
    return len(parts) == len(patterns) and all(map(matches, patterns, parts))


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def test(found: str, value: str) -> bool:
        try:
            return compare(float(found), float(value))
        except ValueError:
            return False

    return test


def _date(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def test(found: str, value: str) -> bool:
        try:
            return compare(_seconds(found), _seconds(value))
        except ValueError:
            return False

    return test


def _seconds(text: str) -> float:
    """Seconds since 1970 of a time in ISO 8601 or as a number."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _address(found: str, value: str) -> bool:
    try:
        return ipaddress.ip_address(found) in ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "equals": lambda found, value: found == value,
    "lessthan": lambda found, value: found < value,
    "lessthanequals": lambda found, value: found <= value,
    "greaterthan": lambda found, value: found > value,
    "greaterthanequals": lambda found, value: found >= value,
}
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "stringequals": lambda found, value: found == value,
    "stringequalsignorecase": lambda found, value: found.lower() == value.lower(),
    "stringlike": lambda found, value: matches(value, found),
    "arnequals": _arn,
    "arnlike": _arn,
    "bool": lambda found, value: found.lower() == value.lower(),
    "binaryequals": lambda found, value: found == value,
    "ipaddress": _address,
    **{f"numeric{name}": _number(compare) for name, compare in _COMPARISONS.items()},
    **{f"date{name}": _date(compare) for name, compare in _COMPARISONS.items()},
}
"""By their names in lower case, without a `Not`."""

"""Condition operators, against what AWS documents about each.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

from ops.iam.conditions import RequestContext, holds
from tests.cases import every_case

KEY = "x:Key"
FINANCE = "arn:aws:someservice:*:111122223333:finance/*"
STORE = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"
# An operator, its values, the values of the request (none: it lacks the key), and whether the condition holds.
ROWS: list[tuple[str, str | tuple[str, ...], str | tuple[str, ...] | None, bool]] = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", ("a", "b"), "b", True),
    ("StringEquals", "a*", "ab", False),
    ("StringNotEquals", "a", "b", True),
    ("StringNotEquals", ("a", "b"), "b", False),
    ("StringEqualsIgnoreCase", "a", "A", True),
    ("StringNotEqualsIgnoreCase", "a", "A", False),
    ("StringLike", "a*c?", "abbcd", True),
    ("StringLike", "A*", "abc", False),
    ("StringLike", "", "", True),
    ("StringNotLike", "a*", "abc", False),
    ("StringLike", FINANCE, STORE, True),
    ("ArnLike", FINANCE, STORE, False),
    ("ArnEquals", FINANCE, "arn:aws:someservice:us-east-2:111122223333:finance/x", True),
    ("ArnNotLike", FINANCE, STORE, True),
    ("ArnNotEquals", FINANCE, "arn:aws:someservice:us-east-2:111122223333:finance/x", False),
    ("ArnLike", "arn:aws:iam::111122223333:role/Deploy*", "arn:aws:iam::111122223333:role/deployer", False),
    ("NumericEquals", "10", "10.0", True),
    ("NumericNotEquals", "10", "11", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "9", "10", True),
    ("NumericGreaterThanEquals", "10", "9", False),
    ("NumericLessThan", "10", "many", False),
    ("DateGreaterThan", "2020-01-01T00:00:01Z", "2020-01-02T00:00:00Z", True),
    ("DateLessThan", "2020-01-01T00:00:01Z", "2020-01-02T00:00:00Z", False),
    ("DateEquals", "2020-01-01T01:00:00+01:00", "2020-01-01T00:00:00Z", True),
    ("DateNotEquals", "2020-01-01", "1577836800", False),
    ("DateLessThanEquals", "1577836800", "2020-01-01T00:00:00Z", True),
    ("DateGreaterThanEquals", "2020-01-02", "2020-01-01T00:00:00Z", False),
    ("Bool", "true", "true", True),
    ("Bool", "TRUE", "true", True),
    ("Bool", "false", "true", False),
    ("BinaryEquals", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", True),
    ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
    ("IpAddress", ("203.0.113.0/24", "2001:DB8:1234:5678::/64"), "2001:db8:1234:5678::1", True),
    ("IpAddress", "203.0.113.7", "203.0.113.8", False),
    ("NotIpAddress", "203.0.113.0/24", "203.0.114.1", True),
    ("NotIpAddress", "203.0.113.0/24", "203.0.113.1", False),
    # "If the key is not present, the values do not match"; negated, the condition is true.
    ("StringEquals", "a", None, False),
    ("ArnLike", "*", None, False),
    ("NumericLessThan", "3600", None, False),
    ("Bool", "false", None, False),
    ("IpAddress", "0.0.0.0/0", None, False),
    ("StringNotEquals", "a", None, True),
    ("StringNotLike", "*", None, True),
    ("ArnNotEquals", "*", None, True),
    ("NotIpAddress", "0.0.0.0/0", None, True),
    # "If the key is not present, evaluate the condition element as true"
    ("StringEqualsIfExists", "a", None, True),
    ("StringEqualsIfExists", "a", "b", False),
    ("StringNotEqualsIfExists", "a", None, True),
    ("BoolIfExists", "true", None, True),
    ("NumericLessThanIfExists", "1", "2", False),
    # Null: true means that the key doesn't exist.
    ("Null", "true", None, True),
    ("Null", "true", "a", False),
    ("Null", "false", "a", True),
    ("Null", "false", None, False),
    ("Null", "true", (), True),
    # Every value of the request matches one of the policy; true without values.
    ("ForAllValues:StringEquals", ("PostDateTime", "Message", "Tags"), ("PostDateTime", "Message"), True),
    ("ForAllValues:StringEquals", ("PostDateTime", "Message", "Tags"), ("PostDateTime", "UserName"), False),
    ("ForAllValues:StringEquals", "a", None, True),
    ("ForAllValues:StringEquals", "a", (), True),
    ("ForAllValues:StringEquals", "a", "", True),
    ("ForAllValues:StringLike", "a*", ("ab", "ac"), True),
    ("ForAllValues:StringNotEquals", "a", ("b", "c"), True),
    ("ForAllValues:StringNotEquals", "a", ("a", "c"), False),
    # Some value of the request matches one of the policy; false without values.
    ("ForAnyValue:StringEquals", ("ID", "PostDateTime"), ("UserName", "PostDateTime"), True),
    ("ForAnyValue:StringEquals", ("ID", "PostDateTime"), "UserName", False),
    ("ForAnyValue:StringEquals", "a", None, False),
    ("ForAnyValue:StringEquals", "a", (), False),
    ("ForAnyValue:StringNotEquals", "a", None, False),
    ("ForAnyValue:StringNotEquals", "a", ("a", "b"), True),
    ("ForAnyValue:StringEqualsIfExists", "a", None, True),
]


@every_case(("operator", "wanted", "sent", "outcome"), ROWS, ids=[str(each) for each in ROWS])
def test_an_operator_holds_as_aws_documents(
    operator: str, wanted: str | tuple[str, ...], sent: str | tuple[str, ...] | None, outcome: bool
) -> None:
    context = RequestContext.of({} if sent is None else {KEY: sent})
    assert holds(operator, KEY.upper(), [wanted] if isinstance(wanted, str) else wanted, context) is outcome


def test_an_operator_that_aws_lacks_is_unknown() -> None:
    assert holds("StringMatches", KEY, ["a"], RequestContext.of({KEY: "a"})) is None
    assert holds("StringEquals", KEY, ["a"], RequestContext(whole=False)) is None

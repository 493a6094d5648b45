"""Whether a statement applies to a request that is known in part: yes, no or unknown."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ops.iam.conditions import RequestContext
from ops.iam.evaluation import Document, Policies, evaluate
from ops.iam.matching import Question, applies, caller_of, counts
from ops.iam.policy import IamStatement
from tests.cases import every_case
from tests.iam.examples import request

ACCOUNT, ROLE = "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/one"
BUCKET = "arn:aws:s3:::bucket"
OWN = f"{BUCKET}/${{aws:username}}"
_UNKNOWN = RequestContext(whole=False)
_OVER_TLS = {"Bool": {"aws:SecureTransport": "true"}}


@dataclass(frozen=True, kw_only=True)
class Marked(IamStatement):
    """A statement with values that only an apply knows."""

    unknown = "&"


def statement(effect: str = "Allow", /, **elements: object) -> Marked:
    return Marked.of_json({"Effect": effect, "Action": "s3:*", **elements})


def asked(context: RequestContext = _UNKNOWN, *, action: str = "s3:GetObject", **more: bool) -> Question:
    return Question(action, f"{BUCKET}/a", context, caller_of(ROLE), **more)


@every_case(
    ("elements", "expected"),
    [
        ({}, True),
        ({"Resource": f"{BUCKET}/*"}, True),
        ({"Resource": f"{BUCKET}/b"}, False),
        ({"Resource": f"{BUCKET}/&"}, None),
        ({"Resource": [f"{BUCKET}/&", f"{BUCKET}/a"]}, True),
        ({"Resource": "arn:aws:s3:::other/&"}, False),
        ({"NotResource": f"{BUCKET}/&"}, None),
        ({"NotResource": "arn:aws:s3:::other/&"}, True),
        ({"NotResource": [f"{BUCKET}/&", f"{BUCKET}/a"]}, False),
        ({"Principal": {"AWS": "&"}}, None),
        ({"Principal": {"AWS": ["&", ROLE]}}, True),
        ({"Principal": {"AWS": "444455556666"}}, False),
        ({"Condition": _OVER_TLS}, None),
        ({"Condition": _OVER_TLS, "Resource": f"{BUCKET}/b"}, False),
        ({"Action": "ec2:*", "Condition": _OVER_TLS}, False),
    ],
)
def test_what_is_unknown_of_a_request_or_a_statement(elements: dict[str, object], expected: bool | None) -> None:
    assert applies(statement(**{"Principal": "*", **elements}), asked()) is expected


@every_case(
    ("elements", "whole", "expected"),
    [
        ({"Resource": OWN}, False, None),
        ({"Resource": [OWN, f"{BUCKET}/a"]}, False, True),
        ({"Resource": f"{BUCKET}/b/${{aws:username}}"}, False, False),
        ({"Resource": f"{BUCKET}/${{aws:username, 'none'}}"}, False, None),
        ({"NotResource": OWN}, False, None),
        ({"NotResource": [OWN, f"{BUCKET}/*"]}, False, False),
        ({"NotResource": "arn:aws:s3:::other/${aws:username}"}, False, True),
        ({"Condition": {"StringEquals": {"aws:PrincipalTag/a": "${aws:username}"}}}, False, None),
        ({"Condition": {"StringEquals": {"aws:PrincipalTag/a": ["${aws:username}", "a"]}}}, False, True),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalTag/a": "${aws:username}"}}}, False, None),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalTag/a": ["${aws:username}", "a"]}}}, False, False),
        ({"Condition": {"ForAnyValue:StringLike": {"aws:PrincipalTag/a": "x${aws:username}"}}}, False, None),
        # What the request surely lacks matches nothing, and may make an Allow invalid.
        ({"Resource": OWN}, True, False),
        ({"Resource": [OWN, f"{BUCKET}/a"]}, True, None),
        ({"Effect": "Deny", "Resource": [OWN, f"{BUCKET}/a"]}, True, True),
        ({"Effect": "Deny", "Resource": OWN}, True, False),
        ({"NotResource": OWN}, True, None),
        ({"Effect": "Deny", "NotResource": OWN}, True, True),
        ({"Condition": {"StringEquals": {"aws:PrincipalTag/a": "${aws:username}"}}}, True, False),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalTag/a": "${aws:username}"}}}, True, True),
    ],
)
def test_a_variable_of_an_unknown_key_may_be_any_text(
    elements: dict[str, object], whole: bool, expected: bool | None
) -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
    known = RequestContext.of({"aws:PrincipalTag/a": "a"}, whole=whole)
    assert applies(statement(**elements), Question("s3:GetObject", f"{BUCKET}/a", known)) is expected


@every_case("name", ["${aws:userid}/x", "&/x", "&/${aws:userid}"])
def test_an_unknown_text_may_have_colons_and_slashes(name: str) -> None:
    question = Question("s3:GetObject", f"{BUCKET}/role:session/b/x", _UNKNOWN)
    assert applies(statement(Resource=f"{BUCKET}/{name}"), question) is None


@every_case(
    ("test", "values", "expected"),
    [
        ("ArnEquals", ["&"], None),
        ("ArnEquals", ["&", ROLE], True),
        ("ArnNotEquals", ["&"], None),
        ("ArnNotEquals", ["&", ROLE], False),
    ],
)
def test_a_known_value_of_a_condition_may_decide_it(test: str, values: list[str], expected: bool | None) -> None:
    known = RequestContext.of({"aws:PrincipalArn": ROLE})
    conditions = {test: {"aws:PrincipalArn": values}}
    assert applies(statement(Principal="*", Condition=conditions), asked(known)) is expected


def test_a_mark_is_a_character_where_everything_is_known() -> None:
    policy = IamStatement.of_json({"Effect": "Allow", "Action": "s3:*", "Resource": f"{BUCKET}/a&b"})
    assert applies(policy, Question("s3:GetObject", f"{BUCKET}/axb", RequestContext())) is False


@pytest.mark.parametrize(("effect", "surely", "possibly"), [("Allow", False, True), ("Deny", True, False)])
def test_what_is_unknown_counts_against_what_is_asked(effect: str, surely: bool, possibly: bool) -> None:
    doubtful = statement(effect, Principal="*", Condition=_OVER_TLS)
    assert counts(doubtful, asked()) is surely
    assert counts(doubtful, asked(), possibly=True) is possibly


def test_not_principal_spares_who_is_named_with_its_account_and_without_a_boundary() -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    spared = statement("Deny", NotPrincipal={"AWS": [ROLE, ACCOUNT]})
    assert applies(spared, asked()) is False
    assert applies(spared, asked(bounded=True)) is True
    assert applies(statement("Deny", NotPrincipal={"AWS": [ROLE]}), asked()) is True


def test_a_gateway_endpoint_that_names_a_role_lets_root_in_only() -> None:
    # https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-gateway
    named = statement(Action="*", Principal={"AWS": ROLE})
    assert applies(named, asked(endpoint=True)) is False
    assert applies(named, asked(action="sts:AssumeRole", endpoint=True)) is True
    assert applies(statement(Principal="*"), asked(endpoint=True)) is True


def test_a_request_of_which_keys_are_unknown_is_possibly_allowed_and_not_surely() -> None:
    policies = Policies(identity=(Document("own", (statement(Resource="*", Condition=_OVER_TLS),)),))
    whole = request(ROLE, "s3:GetObject", f"{BUCKET}/a")
    partial = whole._replace(whole=False)
    assert [evaluate(each, policies, possibly=True).allowed for each in (whole, partial)] == [False, True]
    assert not evaluate(partial, policies).allowed

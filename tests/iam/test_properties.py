"""Properties of the evaluation that hold for all policies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.iam.conditions import PolicyCondition
from ops.iam.evaluation import Document, Policies, Request, evaluate
from ops.iam.policy import IamStatement
from tests.iam.examples import ACCOUNT, KEY, OBJECT, OTHER, ROLE, ROOT, SESSION, TARGET, USER

CALLERS = (SESSION, ROLE, USER, ROOT, "ecs-tasks.amazonaws.com")
CALLS = (
    ("s3:GetObject", OBJECT),
    ("kms:Decrypt", KEY),
    ("sts:AssumeRole", TARGET),
    ("ec2:DescribeVpcs", "*"),
)
EVERYTHING = IamStatement(sid="Everything", actions=("*",), resources=("*",), principals=(("AWS", "*"),))
LISTS = {"identity", "session", "resource"}
"""Kinds with several documents."""

_conditions = st.sampled_from(
    [
        PolicyCondition("StringEquals", "aws:RequestedRegion", ("us-east-1",)),
        PolicyCondition("StringNotEquals", "aws:RequestedRegion", ("us-east-1",)),
        PolicyCondition("Null", "aws:SourceVpce", ("true",)),
        PolicyCondition("ForAllValues:StringEquals", "aws:CalledVia", ("a",)),
    ]
)
_statements = st.builds(
    IamStatement,
    sid=st.sampled_from(["A", "B", ""]),
    allows=st.booleans(),
    actions=st.sampled_from([("*",), ("s3:*",), ("s3:GetObject", "kms:Decrypt"), ("sts:AssumeRole",), ("ec2:*",)]),
    resources=st.sampled_from([("*",), (OBJECT,), (KEY, TARGET), ("arn:aws:s3:::*",), ()]),
    principals=st.lists(
        st.sampled_from([("AWS", each) for each in ("*", ROLE, SESSION, USER, ROOT, OTHER)]), max_size=2
    ).map(tuple),
    conditions=st.lists(_conditions, max_size=1).map(tuple),
)
_documents = st.builds(Document, st.sampled_from(["one", "two"]), st.lists(_statements, max_size=3).map(tuple))
_several = st.lists(_documents, max_size=2).map(tuple)
_policies = st.builds(
    Policies,
    identity=_several,
    boundary=st.none() | _documents,
    session=st.none() | _several,
    resource=_several,
    endpoint=st.none() | _documents,
    organization=st.lists(_several, max_size=2).map(tuple),
)


@st.composite
def _requests(draw: st.DrawFn) -> Request:
    principal, (action, resource) = draw(st.sampled_from(CALLERS)), draw(st.sampled_from(CALLS))
    return Request(
        principal=principal,
        account=ACCOUNT if principal.startswith("arn:") else "",
        action=action,
        resource=resource,
        owner=draw(st.sampled_from(["", ACCOUNT, OTHER])),
        context=draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "aws:requestedregion": st.sampled_from([("us-east-1",), ("eu-west-1",)]),
                    "aws:sourcevpce": st.just(("vpce-1",)),
                    "aws:calledvia": st.sampled_from([("a",), ("a", "b"), ()]),
                },
            )
        ),
    )


def _with(policies: Policies, kind: str, statement: IamStatement) -> Policies:
    """With one more statement of a kind, in a document of its own if there may be several."""
    added = Document("added", (statement,))
    if kind == "organization":
        return policies._replace(organization=tuple((*level, added) for level in policies.organization) or ((added,),))
    if kind in LISTS:
        several: dict[str, Any] = {kind: (*(getattr(policies, kind) or ()), added)}
        return policies._replace(**several)
    old: Document | None = getattr(policies, kind)
    one: dict[str, Any] = {kind: Document("added", (*(old.statements if old else ()), statement))}
    return policies._replace(**one)


_KINDS = ["identity", "boundary", "session", "resource", "endpoint", "organization"]


@pytest.mark.slow
@settings(max_examples=40)
@given(_requests(), _policies, st.sampled_from(_KINDS))
def test_an_explicit_deny_wins(request: Request, policies: Policies, kind: str) -> None:
    entity = request.principal.startswith("arn:")
    denial = replace(EVERYTHING, allows=False, sid="Never")
    decision = evaluate(request, _with(policies, kind, denial))
    # Only entities of an account have policies of their own.
    assert not decision.allowed or (not entity and kind in {"identity", "boundary", "session", "organization"})


@pytest.mark.slow
@settings(max_examples=40)
@given(_requests(), _policies, st.sampled_from(["identity", "resource"]), _statements)
def test_adding_an_allow_never_narrows_and_removing_it_never_widens(
    request: Request, policies: Policies, kind: str, statement: IamStatement
) -> None:
    more = _with(policies, kind, replace(statement, allows=True))
    # A key without a policy has the default one, which a policy of its own replaces.
    if evaluate(request, policies).allowed and (policies.resource or kind != "resource"):
        assert evaluate(request, more).allowed


@pytest.mark.slow
@settings(max_examples=40)
@given(_requests(), _policies, st.sampled_from(["boundary", "session", "endpoint", "organization"]), _statements)
def test_a_limit_never_grants(request: Request, policies: Policies, kind: str, statement: IamStatement) -> None:
    nothing: dict[str, Any] = {kind: () if kind == "organization" else None}
    without = policies._replace(**nothing)
    limited = _with(without, kind, replace(statement, allows=True))
    if not evaluate(request, without).allowed:
        assert not evaluate(request, limited).allowed
        assert not evaluate(request, _with(without, kind, EVERYTHING)).allowed


@settings(max_examples=25)
@given(_requests(), _policies)
def test_the_order_of_statements_and_documents_does_not_count(request: Request, policies: Policies) -> None:
    def turned(documents: tuple[Document, ...]) -> tuple[Document, ...]:
        return tuple(Document(each.name, each.statements[::-1]) for each in documents[::-1])

    other = policies._replace(
        identity=turned(tuple(policies.identity)),
        resource=turned(tuple(policies.resource)),
        session=None if policies.session is None else turned(tuple(policies.session)),
        organization=tuple(turned(tuple(level)) for level in policies.organization),
    )
    assert evaluate(request, policies).allowed is evaluate(request, other).allowed


@settings(max_examples=25)
@given(_requests(), _policies)
def test_a_decision_names_its_reason(request: Request, policies: Policies) -> None:
    decision = evaluate(request, policies)
    assert decision.allowed is (decision.kind is None)
    if decision.explicit:
        (only,) = decision.statements
        assert not only.statement.allows and only.statement.label in decision.reason and only.policy in decision.reason
    elif not decision.allowed:
        assert decision.kind and str(decision.kind) in decision.reason and request.action in decision.reason
    else:
        assert all(each.statement.allows for each in decision.statements)

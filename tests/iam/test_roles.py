"""What the roles of AEP's environments must do and must not, and that a change of their policies is noticed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ops.gate.requests.policies import Role
from ops.gate.stacks import expected_stacks
from ops.iam.evaluation import Document, Policies, evaluate
from ops.iam.policy import listed
from ops.roles.policies import Asked, Roles
from tests.cases import every_case
from tests.iam.examples import ROLE, document, request, statement
from tests.iam.negative import negative, redundant, table
from tests.mutants.policies import Change, mutants, unnoticed
from tests.products import AEP, OF_AEP, values

NAMES = [subject.environment.name for subject in OF_AEP]


@pytest.fixture(scope="module")
def environments_roles(output: Path) -> Mapping[str, Roles]:
    """The roles of each of AEP's environments."""
    with values(AEP):
        expected = expected_stacks()
        return {name: Roles.read(output, expected.values[name], expected) for name in NAMES}


@pytest.fixture(scope="module")
def asked(environments_roles: Mapping[str, Roles]) -> Mapping[str, list[Asked]]:
    """Everything that is asked of them."""
    return {name: [*roles.samples(), *negative(roles)] for name, roles in environments_roles.items()}


@pytest.mark.slow
@pytest.mark.requirement("R0.3", "R1.2")
@every_case("name", NAMES)
def test_roles_may_do_what_they_must_and_nothing_else(asked: Mapping[str, list[Asked]], name: str) -> None:
    wrong = []
    for each in asked[name]:
        decision = evaluate(each.request, each.policies)
        if decision.allowed is not each.allowed:
            wrong.append(f"{each.request.principal} {each.request.action} {each.request.resource}: {decision.reason}")
    assert wrong == []


@pytest.mark.requirement("R0.3")
def test_every_row_of_the_table_is_asked(environments_roles: Mapping[str, Roles]) -> None:
    reasons = {each.why for roles in environments_roles.values() for each in negative(roles)}
    assert {f"{row['why']} ({row['source']})" for row in table()["never"]} == reasons


@pytest.mark.slow
@pytest.mark.requirement("R0.3")
@every_case("name", NAMES)
def test_a_condition_a_resource_and_a_statement_count(
    environments_roles: Mapping[str, Roles], asked: Mapping[str, list[Asked]], name: str
) -> None:
    """If a condition isn't covered, add a request to negative.toml that it denies."""
    kinds = {Change.CONDITION, Change.RESOURCE, Change.STATEMENT}
    changes = [each for role in environments_roles[name].roles.values() for each in mutants(role, kinds)]
    assert len(changes) > 200
    assert [str(each) for each in unnoticed(changes, asked[name]) if not redundant(each.role, each.statement.sid)] == []


@pytest.mark.slow
def test_no_statement_is_called_redundant_that_is_not(
    environments_roles: Mapping[str, Roles], asked: Mapping[str, list[Asked]]
) -> None:
    found = {
        (each.role, each.statement.sid)
        for name, roles in environments_roles.items()
        for role in roles.roles.values()
        for each in unnoticed(mutants(role, {Change.STATEMENT}), asked[name])
    }
    named = {
        (role, sid) for row in table()["redundant"] for role in listed(row["role"]) for sid in listed(row["statement"])
    }
    assert named == found


def test_the_engine_reports_what_no_request_notices() -> None:
    via = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    policy = document(
        statement(["kms:Decrypt", "kms:Encrypt"], ["arn:aws:kms:*:*:key/1"], Condition={"StringEquals": via})
    )
    role = Role("role", ROLE, (policy,), None, Document("trust", ()))

    def found(*rows: tuple[str, str, dict[str, str], bool]) -> list[tuple[Change, str]]:
        asked = [
            Asked(request(ROLE, action, f"arn:aws:kms:us-east-1:111122223333:key/{key}", **keys), applied, allowed)
            for action, key, keys, allowed in rows
        ]
        return [(each.change, each.what) for each in unnoticed(mutants(role), asked)]

    applied = Policies(identity=role.identity)
    condition, widened = (Change.CONDITION, "StringEquals kms:ViaService"), (Change.RESOURCE, "arn:aws:kms:*:*:key/1")
    used, unused = ("kms:Decrypt", "1", via, True), (Change.ACTION, "kms:Encrypt")
    assert found(used) == [unused, condition, widened]
    assert found(used, ("kms:Decrypt", "1", {}, False)) == [unused, widened]
    assert found(used, ("kms:Encrypt", "1", via, True), ("kms:Decrypt", "2", via, False)) == [condition]

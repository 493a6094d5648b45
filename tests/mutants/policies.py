"""Changes one thing at a time in the policies of roles, and finds what no request notices: `make mutants OF=policies`.

A change is noticed if a request that must be allowed is now denied, or the other way round. An action that nothing
needs is a grant to remove; a condition or a resource that nothing is denied by needs a request that must be denied.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from modules.output import ROOT, output
from ops.gate.requests.policies import Role
from ops.gate.stacks import expected_stacks
from ops.iam.evaluation import Document, Policies, evaluate
from ops.iam.globs import Pattern
from ops.iam.policy import IamStatement
from ops.iam.reference import reference
from ops.roles.policies import Asked, Roles
from tests.iam.negative import negative, redundant
from tests.iam.recorded import file, recorded
from tests.products import AEP, values


class Change(StrEnum):
    """What is changed."""

    ACTION = "removes the action"
    CONDITION = "removes the condition"
    RESOURCE = "widens the resource"
    STATEMENT = "removes"


@dataclass(frozen=True)
class Mutant:
    """One change of one statement."""

    role: str
    change: Change
    what: str
    """The action, condition or resource; empty for the whole statement."""
    document: Document
    number: int
    """Of the statement in its document."""
    changed: IamStatement | None
    """The statement after the change; none if it is removed."""

    @property
    def statement(self) -> IamStatement:
        """The statement before the change."""
        return self.document.statements[self.number]

    def apply(self) -> Document:
        """The document after the change."""
        before, after = self.document.statements[: self.number], self.document.statements[self.number + 1 :]
        return Document(self.document.name, (*before, *([self.changed] if self.changed else []), *after))

    def __str__(self) -> str:
        what = f" {self.what} in" if self.what else ""
        return f"{self.role}: {self.change}{what} {self.statement.label} of {self.document.name}"


def mutants(role: Role, kinds: Collection[Change] = tuple(Change)) -> Iterator[Mutant]:
    """Every change of some kinds of a role's identity-based policies, its boundary and its trust policy."""
    for document in (*role.identity, *([role.boundary] if role.boundary else []), role.trust):
        for number, statement in enumerate(document.statements):
            for change, what, changed in _changes(statement):
                if change in kinds:
                    yield Mutant(role.name, change, what, document, number, changed)


def _changes(statement: IamStatement) -> Iterator[tuple[Change, str, IamStatement | None]]:
    yield Change.STATEMENT, "", None
    for action in statement.actions if len(statement.actions) > 1 else ():
        yield Change.ACTION, action, replace(statement, actions=tuple(set(statement.actions) - {action}))
    for condition in statement.conditions:
        others = tuple(each for each in statement.conditions if each != condition)
        yield Change.CONDITION, f"{condition.test} {condition.key}", replace(statement, conditions=others)
    for resource in statement.resources if statement.allows and not _includes_all(statement) else ():
        if resource != "*":
            wider = (*(each for each in statement.resources if each != resource), "*")
            yield Change.RESOURCE, resource, replace(statement, resources=wider)


def _includes_all(statement: IamStatement) -> bool:
    """Whether a statement's resources already include every ARN that its actions are authorized on."""
    actions = (action for text in statement.actions for action in reference().find(text))
    return all(statement.on(_sample(arn)) for action in actions for arn in action.arns)


def _sample(arn: Pattern) -> str:
    """An ARN of AWS's main partition."""
    text = "".join(each if isinstance(each, str) else "z" for each in arn)
    return ":".join(["arn", "aws", *text.split(":")[2:]])


def unnoticed(found: Iterable[Mutant], asked: Sequence[Asked]) -> Iterator[Mutant]:
    """The changes that no request notices.

    Args:
        found: The changes.
        asked: Requests of the role, with the policies that they are evaluated against.
    """
    by_statement: dict[int, list[Asked]] = {}
    for each in asked:
        policies = each.policies
        for document in (*policies.identity, *policies.resource, *([policies.boundary] if policies.boundary else [])):
            for statement in document.statements:
                if statement.about(each.request.action):
                    by_statement.setdefault(id(statement), []).append(each)
    for mutant in found:
        new, about = mutant.apply(), by_statement.get(id(mutant.statement), ())
        if not any(_differs(each, _with_change(each.policies, mutant.document, new)) for each in about):
            yield mutant


def _with_change(policies: Policies, old: Document, new: Document) -> Policies:
    """The same policies with one document replaced."""

    def changed(documents: Sequence[Document]) -> tuple[Document, ...]:
        return tuple(new if each is old else each for each in documents)

    return policies._replace(
        identity=changed(policies.identity),
        resource=changed(policies.resource),
        boundary=new if policies.boundary is old else policies.boundary,
    )


def _differs(asked: Asked, changed: Policies) -> bool:
    return evaluate(asked.request, changed).allowed is not asked.allowed


def main() -> int:
    """Print the changes that no request notices; the exit code is 1 if one isn't an action or redundant."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.policies", description="Find unneeded grants.")
    parser.add_argument("--seed", help="not needed: every change is made")
    parser.parse_args()
    missed = 0
    with values(AEP):
        expected = expected_stacks()
        for name, environment in expected.values.items():
            roles = Roles.read(ROOT / output(str(AEP)), environment, expected)
            path = file(AEP.name, name)
            requests = recorded(AEP.name, name).requests if path.exists() else ()
            asked = [*roles.samples(), *negative(roles), *filter(None, map(roles.recorded, requests))]
            changes = [each for role in roles.roles.values() for each in mutants(role)]
            found = list(unnoticed(changes, asked))
            needed = [each for each in found if not redundant(each.role, each.statement.sid)]
            missed += sum(each.change is not Change.ACTION for each in needed)
            lines = (f"{len(asked)} requests notice all but {len(found)} of {len(changes)} changes", *map(str, found))
            sys.stdout.write("".join(f"{name}: {line}\n" for line in lines))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

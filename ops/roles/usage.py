"""What each role may do, what recorded requests used of it, and what they needed and it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ops.gate.permissions.statements import PlacedStatement
from ops.gate.requests.policies import Role
from ops.iam.evaluation import Decision, Document, PolicyKind, evaluate
from ops.iam.globs import matches_any
from ops.roles.policies import Asked, Roles
from ops.roles.recording import Recorded, Recording
from ops.roles.sources import source


@dataclass(frozen=True)
class StatementUse:
    """A statement of a role's own policies, and the calls that needed it."""

    statement: PlacedStatement
    source: str
    """File and line that write it."""
    used: Mapping[str, tuple[str, ...]]
    """Calls that needed it, by the action that was asked for."""

    @property
    def never(self) -> tuple[str, ...]:
        """Its actions that no recorded request needed, as they are written."""
        return tuple(
            text
            for text in self.statement.actions
            if not any(matches_any((text,), action, case=False) for action in self.used)
        )

    @property
    def services(self) -> tuple[str, ...]:
        """The services of its actions."""
        return tuple(dict.fromkeys(text.partition(":")[0] for text in self.statement.actions))


@dataclass(frozen=True)
class Missing:
    """A recorded request that the policies deny, and what is missing."""

    request: Recorded
    reason: str
    add: str
    """The statement to add, and the file; what to do, if no statement helps."""


@dataclass(frozen=True)
class RoleUse:
    """A role."""

    name: str
    arn: str
    statements: tuple[StatementUse, ...]
    """Its identity-based policies, without those that only AWS has."""
    requests: int
    """Recorded ones."""
    missing: tuple[Missing, ...]

    @property
    def granted(self) -> int:
        """Number of actions as its Allows write them."""
        return sum(len(each.statement.actions) for each in self.statements if each.statement.allows)

    @property
    def unused(self) -> int:
        """Number of these that no recorded request needed."""
        return sum(len(each.never) for each in self.statements if each.statement.allows)


def usage(roles: Roles, recording: Recording | None) -> list[RoleUse]:
    """The use of every role of an environment.

    Args:
        roles: Its roles, as the synthesized stacks have them.
        recording: What was recorded; none yet if None.
    """
    by_role: dict[str, list[Recorded]] = {}
    for request in recording.requests if recording else ():
        by_role.setdefault(request.role, []).append(request)
    return [_use(roles, role, by_role.get(role.name, ())) for role in roles.roles.values()]


def _use(roles: Roles, role: Role, requests: Sequence[Recorded]) -> RoleUse:
    needed: dict[int, dict[str, set[str]]] = {}
    missing = []
    for request in requests:
        asked = roles.recorded(request)
        if asked is None:
            continue
        decision = evaluate(asked.request, asked.policies)
        if not decision.allowed:
            missing.append(Missing(request, decision.reason, _fix(role, asked, decision)))
            continue
        for applied in decision.statements:
            needed.setdefault(id(applied.statement), {}).setdefault(request.action, set()).add(request.operation)
    statements = [
        StatementUse(
            statement,
            source(statement),
            {action: tuple(sorted(operations)) for action, operations in sorted(needed.get(id(statement), {}).items())},
        )
        for statement in _placed(role.identity)
    ]
    return RoleUse(role.name, role.arn, tuple(statements), len(requests), tuple(missing))


def _placed(documents: Iterable[Document]) -> Iterator[PlacedStatement]:
    for document in documents:
        for statement in document.statements:
            if isinstance(statement, PlacedStatement):
                yield statement


def _fix(role: Role, asked: Asked, decision: Decision) -> str:
    """The line that is missing, and its file."""
    request = asked.request
    action, resource = request.action, request.resource
    if decision.explicit:
        (denying,) = decision.statements
        where = source(denying.statement) if isinstance(denying.statement, PlacedStatement) else denying.policy
        return f"{denying.statement.label} denies it: {where}"
    documents: Mapping[PolicyKind | None, Sequence[Document]] = {
        PolicyKind.IDENTITY: role.identity,
        PolicyKind.BOUNDARY: (role.boundary,) if role.boundary else (),
        PolicyKind.ENDPOINT: (asked.policies.endpoint,) if asked.policies.endpoint else (),
        PolicyKind.RESOURCE: asked.policies.resource,
    }
    line = f'Statement(sid="…", actions=["{action}"], resources=["{resource}"])'
    return f"add to {decision.kind}: {line}; {_file(documents.get(decision.kind, ()), action)}"


def _file(documents: Iterable[Document], action: str) -> str:
    """The file that has most statements of the action's service, or else of the policies."""
    placed, service = list(_placed(documents)), action.partition(":")[0]
    same = [each for each in placed if any(text.partition(":")[0] == service for text in each.actions)]
    for among in (same, placed):
        files = [file for file in (source(each).partition(":")[0] for each in among) if file.endswith(".py")]
        if files:
            return max(files, key=files.count)
    return "modules/"

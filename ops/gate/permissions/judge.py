"""Differences between what IAM allows and the table of permissions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from environments.arns import root_of
from environments.permissions import EVERYTHING, GUARDS, Permission, Verb
from ops.gate.index import shown
from ops.gate.model import Block, Ledger
from ops.gate.permissions import verbs
from ops.gate.permissions.actors import Actors, Held, Principal, Target
from ops.gate.permissions.evaluate import Decision, allows, ask, callers, counting, granting, question, through
from ops.gate.permissions.statements import PlacedStatement
from ops.iam import mfa

EXTRA = "ROLLOUT_IAM_EXTRA"
WIDER = "ROLLOUT_IAM_WIDER"
MISSING = "ROLLOUT_IAM_MISSING"

_SECRET_VERBS: tuple[Verb, ...] = ("read", "write")
Access = tuple[Verb, str, str, Target | None]
"""Verb, name of the target, action, and the target."""


class Judge:
    """Compares one environment's principals with its table."""

    def __init__(self, actors: Actors, table: Iterable[Permission], ledger: Ledger) -> None:
        """Take the principals and targets, the table, and where to record differences."""
        self._actors, self._ledger = actors, ledger
        self._table = tuple(table)
        self._rows = {(row.principal, row.verb, row.target) for row in self._table}
        self._accesses = list(_accesses(actors))

    def judge(self, capped: Iterable[str], fallback: Block) -> None:
        """Find permissions that aren't in the table, that only another policy stops, or that are missing.

        Args:
            capped: Roles that must have a boundary.
            fallback: The block that a missing principal is reported on.
        """
        for principal in self._actors.principals:
            self._ledger.examine(EXTRA, (each.statement.block.block for each in principal.identity))
            self._ledger.examine(WIDER, (each.statement.block.block for each in principal.identity))
            self._ledger.examine(MISSING, [principal.block.block])
            self._do(principal)
            self._trusted(principal)
        for target in (*self._actors.secrets, *self._actors.images, *self._actors.keys):
            self._outsiders(target)
        for secret in self._actors.secrets:
            self._kept_out(secret)
        self._boundaries()
        for row in self._table:
            for block, what in self._lacks(row, fallback):
                self._ledger.wrong(MISSING, block, f"{row.principal} should be able to {row.verb} {row.target}: {what}")
        for name in capped:
            role = self._actors.principal(name)
            if role is not None and role.boundary is None:
                self._ledger.wrong(MISSING, role.block.block, f"{name} should have a permissions boundary")

    def _has(self, principal: str, verb: Verb, target: str) -> bool:
        return bool({(principal, verb, target), (principal, verb, EVERYTHING)} & self._rows)

    def _do(self, principal: Principal) -> None:
        for verb, name, action, target in self._accesses:
            if self._has(principal.name, verb, name):
                continue
            decision = ask(principal, action, target)
            for block, by in _ways(principal, decision):
                may = f"{principal.name} may {verb} {name} ({action}) by {by}"
                if decision.allowed:
                    self._ledger.wrong(EXTRA, block, may)
                else:
                    self._ledger.wrong(WIDER, block, f"{may}; only {decision.stopped} stops it")

    def _trusted(self, role: Principal) -> None:
        self._ledger.examine(EXTRA, (statement.block.block for statement in role.trust))
        for statement in _trusting(role):
            for _, caller in callers(statement):
                name = self._actors.named(caller)
                if not self._has(name, "assume", role.name):
                    by = f"{shown(role.block)} > {_written(statement)}"
                    self._ledger.wrong(EXTRA, statement.block.block, f"{name} may assume {role.name} by {by}")

    def _outsiders(self, target: Target) -> None:
        """Callers from outside the environment that a target's own policy allows: services and other accounts."""
        known = {each.arn for each in self._actors.principals}
        self._ledger.examine(EXTRA, (statement.block.block for statement in target.policy or ()))
        for verb, name, action, about in self._accesses:
            for statement in target.policy or () if about is target else ():
                if allows(statement, action, target):
                    for kind, caller in callers(statement):
                        root = kind == "AWS" and caller.endswith(":root") and caller in _roots(known)
                        if not root and caller not in known and not self._has(caller, verb, name):
                            by = f"{shown(target.block)} > {_written(statement)}"
                            what = f"{caller} may {verb} {name} ({action}) by {by}"
                            self._ledger.wrong(EXTRA, statement.block.block, what)

    def _kept_out(self, secret: Target) -> None:
        """A secret's own policy must stop every principal that the table doesn't allow, whatever other policies say."""
        self._ledger.examine(WIDER, [secret.block.block])
        for verb in _SECRET_VERBS:
            for principal in self._actors.principals:
                if self._has(principal.name, verb, secret.name):
                    continue
                for action in verbs.ACTIONS[verb]:
                    if all(each.allows for each in counting(principal, action, secret)):
                        denies = [each for each in secret.policy or () if not each.allows and each.about(action)]
                        by = " and ".join(sorted({_written(each) for each in denies})) or "no statement"
                        what = f"its own policy doesn't stop {principal.name} from {action}: {by}"
                        self._ledger.wrong(WIDER, secret.block.block, what)

    def _boundaries(self) -> None:
        """A boundary must exclude security settings and secrets' values, unless the table allows them."""
        for principal in self._actors.principals:
            for verb, name, action, target in self._accesses:
                if verb not in {"change", "read"} or self._has(principal.name, verb, name):
                    continue
                for each in granting(principal.boundary or (), question(principal, action, target)):
                    what = f"as a boundary doesn't stop {principal.name} from {action}: {_written(each.statement)}"
                    self._ledger.wrong(WIDER, each.statement.block.block, what)

    def _lacks(self, row: Permission, fallback: Block) -> Iterator[tuple[Block, str]]:
        if row.verb == "assume":
            yield from self._not_trusted(row, fallback)
            return
        accesses = [each for each in self._accesses if each[0] == row.verb and row.target in {each[1], EVERYTHING}]
        first = (
            {verbs.ACTIONS[row.verb][0]} if row.verb in verbs.ACTIONS else {each[0] for each in verbs.GUARDS.values()}
        )
        principal = self._actors.principal(row.principal)
        if not accesses and row.target != EVERYTHING:
            yield (principal.block.block if principal else fallback), f"{row.target} doesn't exist"
        for _, name, action, target in (each for each in accesses if each[2] in first):
            if principal is not None:
                decision = ask(principal, action, target)
                if not decision.allowed:
                    why = (
                        f"{decision.stopped} stops it" if decision.identity else f"none of its policies allows {action}"
                    )
                    yield principal.block.block, f"{why} on {name}"
                elif target is not None and _is_of_tasks(principal):
                    for service in self._shut(principal, row.verb, action, target):
                        yield principal.block.block, f"the policy of the endpoint {service} stops it"
            elif target is None or not _lets_in(target, action, row.principal):
                yield (target.block.block if target else fallback), f"no policy of {name} allows it {action}"

    def _shut(self, principal: Principal, verb: Verb, action: str, target: Target) -> Iterator[str]:
        """The endpoints that tasks use and whose policy doesn't allow an action of a principal."""
        for service in verbs.ENDPOINTS.get(verb, ()):
            held = self._actors.endpoints.get(service)
            if held is not None and not granting(held, through(principal, action, target)):
                yield service

    def _not_trusted(self, row: Permission, fallback: Block) -> Iterator[tuple[Block, str]]:
        role = self._actors.principal(row.target)
        if role is None:
            yield fallback, "the role doesn't exist"
            return
        named = [(each, kind, caller) for each in _trusting(role) for kind, caller in callers(each)]
        able = {self._actors.named(caller) for each, kind, caller in named if not _shut_out(each, kind, caller)}
        if row.principal in able:
            return
        unable = [_shut_out(*each) for each in named if self._actors.named(each[2]) == row.principal]
        what = f"its trust policy requires MFA, and {row.principal} {unable[0]}" if unable else ""
        yield role.block.block, what or "its trust policy names " + (", ".join(sorted(able)) or "no principal")


def _accesses(actors: Actors) -> Iterator[Access]:
    by_verb: dict[Verb, list[Target]] = {
        "read": actors.secrets,
        "write": actors.secrets,
        "pull": actors.images,
        "pass": actors.roles,
        "decrypt": actors.keys,
    }
    for verb, targets in by_verb.items():
        for target in targets:
            for action in verbs.ACTIONS[verb]:
                yield verb, target.name, action, target
    for guard in GUARDS:
        for action in verbs.GUARDS[guard]:
            yield "change", guard, action, None


def _ways(principal: Principal, decision: Decision) -> Iterator[tuple[Block, str]]:
    for held in decision.identity:
        yield held.statement.block.block, f"{shown(principal.block)} > {_held(held)}"
    for statement in decision.direct:
        yield statement.block.block, _written(statement)


def _held(held: Held) -> str:
    by = "" if held.by is held.statement.block else f"{shown(held.by)} > "
    return by + _written(held.statement)


def _written(statement: PlacedStatement) -> str:
    return f"{shown(statement.block)} {statement.sid}".strip()


def _trusting(role: Principal) -> list[PlacedStatement]:
    return [each for each in role.trust if each.allows and any(each.about(action) for action in verbs.ASSUME)]


def _is_of_tasks(principal: Principal) -> bool:
    return any(("Service", verbs.TASKS) in callers(each) for each in _trusting(principal))


def _shut_out(statement: PlacedStatement, kind: str, caller: str) -> str:
    """Why a principal that a trust policy names can't assume the role for lack of MFA; empty if it can."""
    return mfa.never(kind, caller) if mfa.asks(statement) else ""


def _lets_in(target: Target, action: str, caller: str) -> bool:
    return any(
        allows(each, action, target) and caller in {name for _, name in callers(each)} for each in target.policy or ()
    )


def _roots(arns: Iterable[str]) -> set[str]:
    """The root principals of the accounts of ARNs."""
    return {root_of(arn) for arn in arns if arn.count(":") >= 5}

"""Checks that each VPC endpoint allows what the roles of tasks may do through it, and nothing else.

A request through an endpoint needs both: the role's policies and the endpoint's must allow it. What only a role allows
fails inside the VPC; what only the endpoint allows is a way out for a task with other credentials.
https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html

Compared are statements, not single requests. Counted as equal are a condition of an endpoint's statement that surely
holds for the role, and one that the role's own statement has with no other values. A role's own Deny isn't considered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from environments.arns import account_of
from environments.endpoints import Extra, extras, service_of
from environments.names import Names
from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.permissions.actors import Actors, Principal
from ops.gate.permissions.evaluate import callers
from ops.gate.permissions.statements import CHOSEN, PlacedStatement
from ops.gate.permissions.verbs import ASSUME, TASKS
from ops.iam.conditions import PolicyCondition, RequestContext, holds
from ops.iam.globs import includes, matches, overlap, pattern
from ops.iam.matching import Question, caller_of, names_caller
from ops.iam.mfa import PRINCIPAL
from ops.iam.reference import Action, reference

CALL = "ROLLOUT_CALL"
CHECKS = {
    CALL: Check(
        CALL,
        "Through each VPC endpoint tasks can call what their roles may do, and nothing else",
        "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
        own=True,
    )
}
_ACCOUNT = "aws:PrincipalAccount"
_BY_SERVICE = "kms:viaservice"
"""A service of AWS sends such a request for the role, and not through the endpoint.

https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
"""
_SHOWN = 3
"""How many actions of a pattern a message names."""


@dataclass(frozen=True)
class _Allowed:
    """One statement of a role, limited to the service of an endpoint."""

    role: Principal
    statement: PlacedStatement
    actions: tuple[Action, ...]

    def resources(self, action: Action) -> list[str]:
        """The resources of the statement that AWS authorizes an action on."""
        return [each for each in self.statement.resources if action.on(each)]

    def has(self, condition: PolicyCondition) -> bool:
        """Whether the statement has a condition, with no other values."""
        own = _values(self.statement, condition.test, condition.key)
        return own == set(condition.values) or (
            bool(own) and "not" not in condition.test.lower() and own <= set(condition.values)
        )


def uneven_endpoints(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare the policies of an environment's VPC endpoints with those of its tasks' roles.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    ledger, index, names = Ledger(), Index.of(view), Names(environment)
    actors = Actors(index, names)
    roles = [each for each in actors.principals if _is_of_tasks(each)]
    for block in index.all("aws_vpc_endpoint"):
        name = str(block.settings.get("service_name")).removeprefix(names.endpoint_service(""))
        policy = [each.statement for each in actors.endpoints.get(name, ())]
        compared = _Endpoint(name, policy, list(_allowed(roles, service_of(name))), extras(names))
        ledger.judge(CALL, block.block, compared.too_narrow() if policy else compared.without_policy())
        for statement in policy:
            ledger.judge(CALL, statement.block.block, compared.too_wide(statement))
    return ledger.records()


def _is_of_tasks(principal: Principal) -> bool:
    trusting = [each for each in principal.trust if each.allows and any(map(each.about, ASSUME))]
    return any(("Service", TASKS) in callers(each) for each in trusting)


def _allowed(roles: Sequence[Principal], service: str) -> Iterator[_Allowed]:
    """The statements of the roles that are about a service."""
    chosen = CHOSEN["aws_secretsmanager_secret"]
    for role in roles:
        for held in role.identity:
            found = held.statement
            if not found.allows or any(key.lower() == _BY_SERVICE for _, key, _ in found.conditions):
                continue
            if actions := tuple(each for each in reference().actions.get(service, ()) if found.about(each.name)):
                # An endpoint names the characters that AWS chooses as any characters.
                resources = tuple(each.replace(chosen, "?" * len(chosen)) for each in found.resources)
                yield _Allowed(role, replace(found, resources=resources), actions)


@dataclass(frozen=True)
class _Endpoint:
    """An endpoint, and what goes through it."""

    name: str
    policy: Sequence[PlacedStatement]
    allowed: Sequence[_Allowed]
    extras: Sequence[Extra]

    def without_policy(self) -> Iterator[str]:
        """What is wrong with an endpoint that has no policy."""
        yield f"has no policy, so tasks can call everything of {service_of(self.name)} through it"

    def too_narrow(self) -> Iterator[str]:
        """What the roles may do and the endpoint stops."""
        for each in self.allowed:
            for action in each.actions:
                for resource in each.resources(action):
                    if denial := next((one for one in self.policy if self._denies(one, each, action, resource)), None):
                        why = f"{denial.label} denies it"
                    elif any(self._lets(one, each, action, resource) for one in self.policy):
                        continue
                    else:
                        why = "no statement of its policy allows it"
                    what = action.name if resource == "*" else f"{action.name} on {resource}"
                    yield f"{each.role.name} may call {what}, but not through the endpoint {self.name}: {why}"
        for extra in self.extras:
            if extra.endpoint == self.name and not any(
                one.allows
                and one.about(extra.action)
                and any(includes(known, extra.resource) for known in one.resources)
                for one in self.policy
            ):
                what = f"{extra.action} on {extra.resource} through the endpoint {self.name}"
                yield f"tasks can't call {what}: {extra.why}"

    def too_wide(self, statement: PlacedStatement) -> Iterator[str]:
        """What a statement of the endpoint's policy allows, and no role may do."""
        if not statement.allows:
            return
        lets = f"{statement.label} of the endpoint {self.name} lets tasks call"
        if statement.not_actions or statement.not_resources:
            yield f"{lets} all but some, so also what no role may do"
            return
        for text in statement.actions:
            unneeded: dict[str, dict[str, None]] = {}
            known = [each for each in reference().find(text) if each.name.startswith(f"{service_of(self.name)}:")]
            for action in known:
                for resource in filter(action.on, statement.resources):
                    if why := self._unneeded(statement, action, resource):
                        unneeded.setdefault(why, {})[action.name] = None
            if not known:
                yield f"{lets} {text}, which none needs: it is no action of {service_of(self.name)}"
            for why, actions in unneeded.items():
                more = ", …" if len(actions) > _SHOWN else ""
                meant = f" ({', '.join([*actions][:_SHOWN])}{more})" if "*" in text or "?" in text else ""
                yield f"{lets} {text}{meant}, which none needs{why}"

    def _unneeded(self, statement: PlacedStatement, action: Action, resource: str) -> str:
        """What of an action on a resource no role needs, after a space or comma; empty if all is needed."""
        if any(
            each.endpoint == self.name and matches(each.action, action.name) and includes(each.resource, resource)
            for each in self.extras
        ):
            return ""
        able = [each for each in self.allowed if action in each.actions]
        if not able:
            return ": no role may call it"
        needing = [each for each in able if any(includes(known, resource) for known in each.resources(action))]
        if not needing:
            return f" on {resource}: no role may call it there"
        for test, key, _ in needing[0].statement.conditions:
            own = [_values(each.statement, test, key) for each in needing]
            if all(own) and not (limit := _values(statement, test, key)) <= {value for one in own for value in one}:
                return f" with {key} {', '.join(sorted(limit))}: no role may call it so"
            if all(own) and not limit:
                return f" without a condition on {key}, which every role has"
        return ""

    def _lets(self, one: PlacedStatement, of: _Allowed, action: Action, resource: str) -> bool:
        return (
            one.allows
            and one.about(action.name)
            and any(includes(known, resource) for known in one.resources)
            and _names(one, of.role, action)
            and all(
                _outcome(each, of.role) or (_outcome(each, of.role) is None and of.has(each)) for each in one.conditions
            )
        )

    def _denies(self, one: PlacedStatement, of: _Allowed, action: Action, resource: str) -> bool:
        return (
            not one.allows
            and one.about(action.name)
            and (bool(one.not_resources) or any(overlap(pattern(known), pattern(resource)) for known in one.resources))
            and _names(one, of.role, action)
            and all(_outcome(each, of.role) is not False for each in one.conditions)
        )


def _names(statement: PlacedStatement, role: Principal, action: Action) -> bool:
    asked = Question(action.name, None, RequestContext(whole=False), caller_of(role.arn), endpoint=True)
    return names_caller(statement, asked) is not False


def _outcome(condition: PolicyCondition, role: Principal) -> bool | None:
    """Whether a condition holds for the requests of a role; None if that depends on the request."""
    known = RequestContext.of({PRINCIPAL: role.arn, _ACCOUNT: account_of(role.arn)}, whole=False)
    return holds(condition.test, condition.key, condition.values, known)


def _values(statement: PlacedStatement, test: str, key: str) -> set[str]:
    """The values of a statement's conditions of one kind."""
    return {
        value
        for each in statement.conditions
        if (each.test.lower(), each.key.lower()) == (test.lower(), key.lower())
        for value in each.values
    }

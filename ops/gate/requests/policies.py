"""Whether the policies of one environment surely allow a sample request, or surely deny it.

The evaluator of the table of permissions (`ops/gate/permissions/evaluate.py`) never allows less than AWS, since it
finds what is allowed too much. Here doubt counts against the wanted result: if a request must be allowed, an Allow
counts only if its conditions surely hold, and a Deny unless they surely fail.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from environments.arns import account_of, root_of
from environments.names import Names
from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.gate.permissions.actors import Actors, Held, Principal
from ops.gate.permissions.statements import OWN_POLICIES, Arns, Documents, PlacedStatement
from ops.iam.conditions import RequestContext, all_hold
from ops.iam.policy import Principals

Keys = Mapping[str, str | Sequence[str] | None]
"""Condition keys of a request; None if the request surely lacks the key."""
_LAYERS = {
    "identity": "the caller's policies",
    "boundary": "the caller's permissions boundary",
    "endpoint": "the policy of the endpoint {0.endpoint}",
    "limit": "the policy {0.limit}",
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """A sample request."""

    caller: str
    """A service, such as `cloudtrail.amazonaws.com`, or the ARN of a principal."""
    action: str
    resource: str
    """ARN, or `*` for an action without a resource."""
    keys: Keys = field(default_factory=dict)
    kind: str = ""
    """How a trust policy names the caller: `AWS`, `Federated` or `Service`; found from the caller if empty."""
    endpoint: str = ""
    """The VPC endpoint that it is sent through, as AWS names it."""
    limit: str = ""
    """ARN of a managed policy that must allow it too, such as the guardrail of a chat channel."""
    only: Literal["", "boundary", "endpoint", "identity", "limit"] = ""
    """The only policy that decides, whatever others allow."""
    denied: bool = False
    """Whether the policies must deny it; otherwise they must allow it."""


class Policies:
    """The policies of one environment."""

    def __init__(self, index: Index, names: Names) -> None:
        """Read them.

        Raises:
            ScanFailedError: Only Terraform can evaluate a policy.
        """
        self._names = names
        self.arns = Arns(index, names.place)
        self.actors = Actors(index, names)
        documents = Documents(index, self.arns)
        self._own = {
            self.arns.of(block) or "": (block, documents.own(block) or []) for block in index.all(*OWN_POLICIES)
        }
        self._logs = [
            statement
            for block in index.all("aws_cloudwatch_log_resource_policy")
            for statement in documents.read(block.settings.get("policy_document"), block)
        ]
        self._managed = {
            self.arns.of(block) or "": documents.read(block.settings.get("policy"), block)
            for block in index.all("aws_iam_policy")
        }
        self._principals = {each.arn: each for each in self.actors.principals}

    def with_policies(self) -> Iterator[tuple[str, str]]:
        """ARN and type of everything that may have a policy of its own."""
        return ((arn, block.kind) for arn, (block, _) in self._own.items())

    def holder(self, request: Request) -> ScannedBlock | None:
        """The block that a wrong result of a request is reported on: the caller's role, or what has the policy."""
        if caller := self._principals.get(request.caller):
            return caller.block
        if role := self._principals.get(request.resource):
            return role.block
        return self.own_policy(request.resource)[0]

    def wrong(self, request: Request) -> str:
        """Why a request has another result than it must have; empty if it has that."""
        refused = self._refused(request)
        on = "" if request.resource == "*" else f" on {request.resource}"
        what = f"call {request.action}{on}"
        if request.denied:
            return "" if refused else f"{request.caller} can {what}: no policy surely denies it"
        return f"{request.caller} can't {what}: {refused}" if refused else ""

    def _refused(self, request: Request) -> str:
        caller = self._principals.get(request.caller)
        context = self._context(request, caller)
        identities = self._identities(request, caller)
        if not request.only and (refused := self._by_own_policy(request, caller, context, identities)):
            return refused
        direct = request.denied and not request.only and self._names_directly(request, context)
        for layer, statements in self._layers(request, caller).items():
            if statements is not None and request.only in {"", layer}:
                named = [each for each in statements if layer != "endpoint" or each.names(identities)]
                allowing, denial = judged(named, request, context)
                where = _LAYERS[layer].format(request)
                if denial:
                    return f"{denial.label} of {where} denies it"
                if not allowing and not (direct and layer == "identity"):
                    return f"{where} doesn't surely allow it"
        return ""

    def _layers(self, request: Request, caller: Principal | None) -> dict[str, list[PlacedStatement] | None]:
        """The policies that must all allow a request, beside the resource's own; None for one that doesn't count."""
        through = self.actors.endpoints.get(request.endpoint) if request.endpoint else None
        capped = caller.boundary if caller else None
        return {
            "identity": _statements(caller.identity) if caller else None,
            "boundary": _statements(capped) if capped is not None else None,
            "endpoint": _statements(through) if through is not None else None,
            "limit": self._managed.get(request.limit, []) if request.limit else None,
        }

    def _names_directly(self, request: Request, context: RequestContext) -> bool:
        """Whether the resource's own policy allows a request to the caller, whose policies needn't allow it too.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html
        """
        named = [each for each in self.own_policy(request.resource)[1] if each.names([("AWS", request.caller)])]
        return bool(judged(named, request, context)[0])

    def _by_own_policy(
        self, request: Request, caller: Principal | None, context: RequestContext, identities: Principals
    ) -> str:
        """Why the own policy of a resource refuses a request."""
        block, own = self.own_policy(request.resource)
        if role := self._principals.get(request.resource):
            own = list(role.trust) if request.action.startswith("sts:") else []
        allowing, denial = judged([each for each in own if each.names(identities)], request, context)
        on = block.block.address if block else request.resource
        if denial:
            return f"{denial.label} of the policy of {on} denies it"
        # IAM policies decide about other resources than keys.
        decides = caller is None or (block is not None and block.kind == "aws_kms_key")
        return f"the policy of {on} doesn't surely allow it" if decides and not allowing else ""

    def own_policy(self, resource: str) -> tuple[ScannedBlock | None, list[PlacedStatement]]:
        """What has its own policy, of a resource or of what it is in, and the policy's statements."""
        if resource.split(":")[2:3] == ["logs"]:
            return None, self._logs
        found = [arn for arn in self._own if arn and (resource == arn or resource.startswith(f"{arn}/"))]
        return self._own[max(found, key=len)] if found else (None, [])

    def _identities(self, request: Request, caller: Principal | None) -> Principals:
        if caller is not None or request.kind == "AWS":
            arn = request.caller
            return (("AWS", arn), ("AWS", root_of(arn)), ("AWS", account_of(arn)))
        return ((request.kind or "Service", request.caller),)

    def _context(self, request: Request, caller: Principal | None) -> RequestContext:
        """The keys of a request. A service sends the ones of the table only; a principal's others are unknown."""
        environment = self._names.environment
        known: dict[str, str | Sequence[str] | None] = {"aws:SecureTransport": "true"}
        if caller is not None or request.kind:
            known |= {"aws:RequestedRegion": environment.region, "aws:PrincipalIsAWSService": "false"}
        else:
            known |= {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": request.caller}
        if request.caller.startswith("arn:"):
            known |= {"aws:PrincipalArn": request.caller, "aws:PrincipalAccount": account_of(request.caller)}
        known |= request.keys
        return RequestContext.of(
            {key: value for key, value in known.items() if value is not None},
            absent=[key for key, value in known.items() if value is None],
            whole=caller is None,
        )


def _statements(held: Iterable[Held]) -> list[PlacedStatement]:
    return [each.statement for each in held]


def judged(
    statements: Iterable[PlacedStatement], request: Request, context: RequestContext
) -> tuple[list[PlacedStatement], PlacedStatement | None]:
    """The statements that allow a request, and one that denies it; what isn't sure counts against the result."""
    allowing: list[PlacedStatement] = []
    denial = None
    for statement in statements:
        if not statement.covers(request.action, request.resource):
            continue
        outcome = all_hold(statement.conditions, context)
        holds = outcome if outcome is not None else request.denied is statement.allows
        if holds and statement.allows:
            allowing.append(statement)
        elif holds:
            denial = statement
    return allowing, denial

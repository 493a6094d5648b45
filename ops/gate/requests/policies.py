"""Sample requests, and whether the policies of one environment surely allow or surely deny them.

If a request must be allowed, an Allow counts only if it surely applies, and a Deny unless it surely doesn't; if it must
be denied, the other way round. The table of permissions (`ops/gate/permissions/evaluate.py`) finds what is allowed too
much, so it always asks what is possibly allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from environments.arns import account_of, root_of
from environments.names import Names
from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.gate.permissions.actors import Actors, Held
from ops.gate.permissions.statements import OWN_POLICIES, Documents, PlacedStatement
from ops.iam import evaluation
from ops.iam.conditions import Values
from ops.iam.evaluation import Document
from ops.iam.policy import IamStatement

Keys = Mapping[str, str | Sequence[str] | None]
"""Condition keys of a request; None if the request surely lacks the key."""
_EVERYTHING = (Document("everything", (IamStatement(sid="Everything", actions=("*",), resources=("*",)),)),)


@dataclass(frozen=True)
class Role:
    """A role, user or group with its policies."""

    name: str
    """A role's purpose: `backend-task`."""
    arn: str
    identity: tuple[Document, ...]
    boundary: Document | None
    trust: Document


@dataclass(frozen=True, kw_only=True)
class Request:
    """A sample request."""

    caller: str
    """A service, such as `cloudtrail.amazonaws.com`, or the ARN of a principal."""
    action: str
    resource: str
    """ARN, or `*` for an action without a resource."""
    keys: Keys = field(default_factory=dict)
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
        self._sent: dict[str, Mapping[str, Values]] = {}
        documents = Documents.of(index, names.place)
        self.arns = documents.arns
        self.actors = Actors(index, names)
        self._own = {
            self.arns.of(block) or "": (
                block,
                None if own is None else Document(f"policy of {block.block.address}", tuple(own)),
            )
            for block in index.all(*OWN_POLICIES)
            for own in [documents.own(block)]
        }
        logs = [
            statement
            for block in index.all("aws_cloudwatch_log_resource_policy")
            for statement in documents.read(block.settings.get("policy_document"), block)
        ]
        self._logs = Document("policy of log groups", tuple(logs))
        self._managed = {
            arn: Document(arn, tuple(documents.read(block.settings.get("policy"), block)))
            for block in index.all("aws_iam_policy")
            for arn in [self.arns.of(block) or ""]
        }
        self._endpoints = {name: _document(held) for name, held in self.actors.endpoints.items()}
        self._blocks = {each.arn: each.block for each in self.actors.principals}
        self.roles = {
            each.arn: Role(
                name=each.name,
                arn=each.arn,
                identity=_documents(each.identity),
                boundary=None if each.boundary is None else _document(each.boundary),
                trust=Document(f"trust policy of {each.name}", tuple(each.trust)),
            )
            for each in self.actors.principals
            if each.arn
        }

    def with_policies(self) -> Iterator[tuple[str, str]]:
        """ARN and type of everything that may have a policy of its own."""
        return ((arn, block.kind) for arn, (block, _) in self._own.items())

    def holder(self, request: Request) -> ScannedBlock | None:
        """The block that a wrong result of a request is reported on: the caller's role, or what has the policy."""
        return (
            self._blocks.get(request.caller)
            or self._blocks.get(request.resource)
            or self._own_policy(request.resource)[0]
        )

    def wrong(self, request: Request) -> str:
        """Why a request has another result than it must have; empty if it has that."""
        asked = self.asked(request, whole=request.caller not in self.roles)
        decision = evaluation.evaluate(asked, self.applying(request), possibly=request.denied)
        if decision.allowed is not request.denied:
            return ""
        on = "" if request.resource == "*" else f" on {request.resource}"
        what = f"call {request.action}{on}"
        if request.denied:
            return f"{request.caller} can {what}: no policy surely denies it"
        return f"{request.caller} can't {what}: {decision.reason}"

    def asked(self, request: Request, *, whole: bool = True) -> evaluation.Request:
        """A sample request for the evaluator.

        Args:
            request: The sample.
            whole: Whether it has no other condition keys; a service sends those of the table only.
        """
        caller = request.caller
        keys = {key.lower(): value for key, value in request.keys.items()}
        absent = frozenset(key for key, value in keys.items() if value is None)
        given = {
            key: (value,) if isinstance(value, str) else tuple(value)
            for key, value in keys.items()
            if value is not None
        }
        always = self._always(caller).items()
        return evaluation.Request(
            principal=caller,
            account=account_of(caller) if caller.startswith("arn:") else "",
            action=request.action,
            resource=request.resource,
            owner=_owner(request.resource) or self._names.environment.account_id,
            context={**{key: values for key, values in always if key not in absent}, **given},
            absent=absent,
            whole=whole,
        )

    def _always(self, caller: str) -> Mapping[str, Values]:
        """The condition keys that AWS sends with every request of a caller, in lower case."""
        found = self._sent.get(caller)
        if found is None:
            keys = {"aws:SecureTransport": "true"}
            if caller.startswith("arn:"):
                keys |= {"aws:PrincipalIsAWSService": "false", "aws:RequestedRegion": self._names.environment.region}
                keys |= {"aws:PrincipalArn": caller, "aws:PrincipalAccount": account_of(caller)}
            else:
                keys |= {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": caller}
            found = self._sent[caller] = {key.lower(): (value,) for key, value in keys.items()}
        return found

    def applying(self, request: Request) -> evaluation.Policies:
        """The policies that apply to a sample request."""
        role = self.roles.get(request.caller)
        trusting = _trusting(request) if request.action.startswith("sts:") else ()
        through = self._endpoints.get(request.endpoint)
        limit = (self._managed.get(request.limit, Document(request.limit, ())),) if request.limit else None
        match request.only:
            case "endpoint":
                return evaluation.Policies(identity=_EVERYTHING, endpoint=through)
            case "boundary":
                return evaluation.Policies(
                    identity=_EVERYTHING, boundary=role.boundary if role else None, resource=trusting
                )
            case "limit":
                return evaluation.Policies(identity=_EVERYTHING, session=limit)
            case "identity" if role:
                return evaluation.Policies(identity=role.identity, resource=trusting)
        own = self._resource(request)
        if role is None:
            return evaluation.Policies(identity=_EVERYTHING, resource=own)
        return evaluation.Policies(
            identity=role.identity, boundary=role.boundary, resource=own, endpoint=through, session=limit
        )

    def _resource(self, request: Request) -> tuple[Document, ...]:
        """The own policy of a resource, or of what it is in."""
        if role := self.roles.get(request.resource):
            return (role.trust,) if request.action.startswith("sts:") else ()
        if _owner(request.resource) not in ("", self._names.environment.account_id):
            return _trusting(request)
        found = self._own_policy(request.resource)[1]
        return () if found is None else (found,)

    def _own_policy(self, resource: str) -> tuple[ScannedBlock | None, Document | None]:
        """What has its own policy, of a resource or of what it is in, and the policy."""
        if resource.split(":")[2:3] == ["logs"]:
            return None, self._logs
        while resource and resource not in self._own:
            resource = resource.rpartition("/")[0]
        return self._own[resource] if resource else (None, None)


def _owner(resource: str) -> str:
    """The account in an ARN; empty if there is none."""
    return account_of(resource) if resource.startswith("arn:") else ""


def _trusting(request: Request) -> tuple[Document, ...]:
    """The policy of a resource of another account, which lets the caller's account decide."""
    if not request.caller.startswith("arn:"):
        return ()
    trusts = IamStatement(actions=("*",), principals=(("AWS", root_of(request.caller)),))
    return (Document("policy of another account", (trusts,)),)


def _document(held: Sequence[Held]) -> Document:
    """The statements of one policy."""
    return next(iter(_documents(held)), Document("without statements", ()))


def _documents(held: Sequence[Held]) -> tuple[Document, ...]:
    """The documents that statements are of, in their order."""
    found: dict[str, list[PlacedStatement]] = {}
    for each in held:
        found.setdefault(each.statement.block.block.address, []).append(each.statement)
    return tuple(Document(address, tuple(statements)) for address, statements in found.items())

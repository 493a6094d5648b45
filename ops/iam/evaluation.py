"""AWS's evaluation of one request against all policies that apply to it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html

Resource control policies, grants of KMS keys, and S3's access control lists aren't evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from ops.iam.conditions import RequestContext, Values
from ops.iam.matching import Grant, Question, caller_of, counts, grant
from ops.iam.policy import IamStatement, read
from ops.iam.reference import reference

_TAGS = ("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")
"""Global condition keys that AWS sends with some actions only, which the reference names."""


class PolicyKind(StrEnum):
    """A kind of policy, as AWS's messages name it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """

    ORGANIZATION = "service control policy"
    ENDPOINT = "VPC endpoint policy"
    RESOURCE = "resource-based policy"
    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


class Request(NamedTuple):
    """One question of authorization."""

    principal: str
    """ARN of a role, a session or an IAM user; an AWS service, such as `ecs-tasks.amazonaws.com`; or the ARN of an
    identity provider. For a session of a role with a path, the context has `aws:principalarn`."""
    account: str
    """The caller's account; empty for a service."""
    action: str
    """`s3:GetObject`."""
    resource: str = "*"
    """One ARN, or `*` for an action without a resource."""
    owner: str = ""
    """Account that owns the resource; empty for the caller's."""
    context: Mapping[str, Values] = MappingProxyType({})
    """Condition keys in lower case, with their values."""
    absent: frozenset[str] = frozenset()
    """Condition keys in lower case that it surely lacks."""
    whole: bool = True
    """Whether it has no other condition keys than those of the context. If not, others are unknown."""


@dataclass(frozen=True)
class Document:
    """A policy."""

    name: str
    """Its name in messages."""
    statements: tuple[IamStatement, ...]

    def about(self, action: str) -> tuple[IamStatement, ...]:
        """Its statements that include an action."""
        found = self._known.get(action)
        if found is None:
            service = action.partition(":")[0].lower()
            found = self._known[action] = tuple(each for each in self._of_service(service) if each.about(action))
        return found

    def _of_service(self, service: str) -> tuple[IamStatement, ...]:
        """Its statements that may include actions of a service."""
        found = self._services.get(service)
        if found is None:
            found = self._services[service] = tuple(each for each in self.statements if each.about_service(service))
        return found

    @cached_property
    def _known(self) -> dict[str, tuple[IamStatement, ...]]:
        """Statements by action."""
        return {}

    @cached_property
    def _services(self) -> dict[str, tuple[IamStatement, ...]]:
        """Statements by service."""
        return {}

    @classmethod
    def of(cls, name: str, content: str | Mapping[str, Any]) -> Document:
        """A JSON policy; text is read once.

        Raises:
            ValueError: It isn't JSON, or AWS doesn't accept its form.
        """
        return _parsed(name, content) if isinstance(content, str) else cls(name, tuple(read(content)))


@lru_cache(4096)
def _parsed(name: str, text: str) -> Document:
    return Document(name, tuple(read(text)))


class Policies(NamedTuple):
    """The policies that apply to a request. None, or no document, means that it has none of a kind."""

    identity: Sequence[Document] = ()
    """Of the caller: managed and inline policies."""
    boundary: Document | None = None
    session: Sequence[Document] | None = None
    """The policies that the session was created with, which together limit it."""
    resource: Sequence[Document] = ()
    """Of the resource: its own policy, a role's trust policy, a key's policy."""
    endpoint: Document | None = None
    """Of the VPC endpoint that the request goes through."""
    organization: Sequence[Sequence[Document]] = ()
    """Service control policies of the root, of each unit above the caller's account, and of the account.

    None limits the management account.
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    """


class Applied(NamedTuple):
    """A statement that a decision is made by."""

    kind: PolicyKind
    policy: str
    statement: IamStatement

    def __str__(self) -> str:
        return f"{self.statement.label} of the {self.kind} {self.policy}"


class Decision(NamedTuple):
    """Whether AWS allows a request, and why."""

    allowed: bool
    reason: str
    """The statements that allow it; the kind, policy and statement that deny it; or the kind that lacks an allow."""
    kind: PolicyKind | None = None
    """The kind that denies it, or lacks an allow; none if it is allowed."""
    explicit: bool = False
    """Whether a statement denies it."""
    statements: tuple[Applied, ...] = ()
    """The statements that allow it, or the one that denies it."""


def evaluate(request: Request, policies: Policies, *, possibly: bool = False) -> Decision:
    """Decide as AWS would.

    Condition keys that AWS doesn't send with the action don't count, so that a condition on a wrong key shows.
    A condition operator that AWS doesn't have is unknown.

    Args:
        request: The request.
        policies: The policies.
        possibly: Whether it is allowed if AWS possibly allows it. If not, it is allowed if AWS surely does: what is
            unknown counts as not met in an Allow, and as met in a Deny.
    """
    return _Evaluation(request, policies, possibly=possibly).decide()


class _Evaluation:
    """One request."""

    def __init__(self, request: Request, policies: Policies, *, possibly: bool) -> None:
        self._request, self._policies, self._possibly = request, policies, possibly
        sent = {key: values for key, values in request.context.items() if sends(request.action, key)}
        self._dropped = sorted(request.context.keys() - sent.keys())
        self._caller = caller_of(request.principal, "".join(request.context.get("aws:principalarn", ())[:1]))
        context = RequestContext(sent, request.absent.union(self._dropped), request.whole)
        action, resource, bounded = request.action, request.resource, policies.boundary is not None
        self._attached = Question(action, resource, context)
        self._questions = {
            PolicyKind.RESOURCE: Question(action, resource, context, self._caller, bounded),
            PolicyKind.ENDPOINT: Question(action, resource, context, self._caller, bounded, endpoint=True),
        }

    def decide(self) -> Decision:
        """The decision, in the order of AWS's documentation: explicit denials, and then what must allow it."""
        layers: dict[PolicyKind, list[Applied]] = {}
        for kind, documents in self._documents():
            layers[kind] = []
            for each in self._applying(kind, documents):
                if not each.statement.allows:
                    return Decision(False, f"{each} denies it", kind, explicit=True, statements=(each,))
                layers[kind].append(each)
        missing = next((kind for kind, allows in self._needed(layers) if not allows), None)
        if missing is not None:
            return Decision(False, self._silence(missing), missing)
        allowing = tuple(each for applying in layers.values() for each in applying)
        return Decision(True, ", ".join(map(str, allowing)), statements=allowing)

    def _documents(self) -> Iterator[tuple[PolicyKind, Iterable[Document]]]:
        policies = self._policies
        if self._limited_by_organization:
            yield PolicyKind.ORGANIZATION, (document for level in policies.organization for document in level)
        yield PolicyKind.ENDPOINT, _listed(policies.endpoint)
        yield PolicyKind.RESOURCE, policies.resource
        if self._caller.kind == "AWS":
            yield PolicyKind.IDENTITY, policies.identity
            yield PolicyKind.BOUNDARY, _listed(policies.boundary)
            yield PolicyKind.SESSION, policies.session or ()

    @property
    def _limited_by_organization(self) -> bool:
        """Whether service control policies apply: not to services, nor to service-linked roles.

        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
        """
        return self._caller.kind == "AWS" and ":role/aws-service-role/" not in self._caller.role

    def _needed(self, layers: Mapping[PolicyKind, Sequence[Applied]]) -> Iterator[tuple[PolicyKind, bool]]:
        """Each kind of policy that must allow the request, with whether it does."""
        policies, request = self._policies, self._request
        if self._limited_by_organization:
            for level in policies.organization:
                yield PolicyKind.ORGANIZATION, any(True for _ in self._applying(PolicyKind.ORGANIZATION, level))
        if policies.endpoint is not None:
            yield PolicyKind.ENDPOINT, bool(layers[PolicyKind.ENDPOINT])
        grants = {self._grant(each.statement) for each in layers[PolicyKind.RESOURCE]}
        entity, across = self._caller.kind == "AWS", request.owner not in ("", request.account)
        if not entity or across or self._must_name_the_caller():
            yield PolicyKind.RESOURCE, bool(grants)
        if not entity or (Grant.DIRECT in grants and not across):
            return
        if across or Grant.ROLE not in grants:
            yield PolicyKind.IDENTITY, bool(layers[PolicyKind.IDENTITY]) or self._caller.is_root
        if policies.boundary is not None:
            yield PolicyKind.BOUNDARY, bool(layers[PolicyKind.BOUNDARY])
        if policies.session is not None or ":federated-user/" in request.principal:
            yield PolicyKind.SESSION, bool(layers[PolicyKind.SESSION])

    def _silence(self, kind: PolicyKind) -> str:
        request = self._request
        names = {document.name for each, documents in self._documents() if each is kind for document in documents}
        evaluated = ", ".join(sorted(names)) or "there is none"
        dropped = f"; AWS doesn't send {', '.join(self._dropped)} with {request.action}" if self._dropped else ""
        return f"no {kind} allows {request.action} on {request.resource} ({evaluated}){dropped}"

    def _must_name_the_caller(self) -> bool:
        """Whether the resource's own policy must allow the request, even within one account.

        So it is with keys and roles. A key without a policy of its own has one that lets IAM policies decide.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
        https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
        """
        action, resource = self._request.action.lower(), self._request.resource
        if action.startswith("kms:"):
            return bool(self._policies.resource) and ":key/" in resource
        return action.startswith("sts:") and ":role/" in resource

    def _applying(self, kind: PolicyKind, documents: Iterable[Document]) -> Iterator[Applied]:
        """The statements that apply to the request."""
        question = self._questions.get(kind, self._attached)
        for document in documents:
            for statement in document.about(self._request.action):
                if counts(statement, question, possibly=self._possibly):
                    yield Applied(kind, document.name, statement)

    def _grant(self, statement: IamStatement) -> Grant | None:
        return grant(statement, self._caller, bounded=self._policies.boundary is not None)


def _listed(document: Document | None) -> tuple[Document, ...]:
    return () if document is None else (document,)


@cache
def sends(action: str, key: str) -> bool:
    """Whether AWS sends a condition key with an action, as far as it is known.

    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

    Args:
        action: Such as `s3:GetObject`; all keys are sent with one that isn't in the reference.
        key: The key, in lower case. Global keys are sent, and so are those of identity providers.
    """
    if key.startswith("aws:") and not key.startswith(_TAGS):
        return True
    known = reference()
    found = known.find(action)
    return (
        not found or found[0].sends(key) or (key.partition(":")[0] not in known.services and not key.startswith("aws:"))
    )

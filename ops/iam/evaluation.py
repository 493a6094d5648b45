"""AWS's evaluation of one request against all policies that apply to it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html

Resource control policies, grants of KMS keys, and S3's access control lists aren't evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, NamedTuple

from environments.arns import account_of, root_of
from ops.iam.conditions import RequestContext, Values, all_hold
from ops.iam.policy import IamStatement, read
from ops.iam.reference import reference

_TAGS = ("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")
"""Global condition keys that AWS sends with some actions only, which the reference names."""
_GATEWAYS = frozenset({"s3", "dynamodb"})
"""Services with gateway endpoints. https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html"""

_EVERYONE = ("AWS", "*")


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


@dataclass(frozen=True, kw_only=True)
class Request:
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
    context: Mapping[str, Values] = field(default_factory=dict)
    """Condition keys in lower case, with their values."""


@dataclass(frozen=True)
class Document:
    """A policy."""

    name: str
    """Its name in messages."""
    statements: tuple[IamStatement, ...]

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


@dataclass(frozen=True, kw_only=True)
class Policies:
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


@dataclass(frozen=True)
class Decision:
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


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide as AWS would.

    Condition keys that AWS doesn't send with the action don't count, so that a condition on a wrong key shows.
    A condition operator that AWS doesn't have counts as not met in an Allow, and as met in a Deny.
    """
    return _Evaluation(request, policies).decide()


class _Grant(StrEnum):
    """Whom a statement of a resource's policy names."""

    DIRECT = "direct"
    """The user, the session, the service, the identity provider, or everyone."""
    ROLE = "role"
    ACCOUNT = "account"
    """The account, which delegates the decision to its IAM policies."""


class _Evaluation:
    """One request."""

    def __init__(self, request: Request, policies: Policies) -> None:
        self._request, self._policies = request, policies
        sent = {key: values for key, values in request.context.items() if sends(request.action, key)}
        self._context, self._dropped = RequestContext(sent), sorted(request.context.keys() - sent.keys())
        self._caller = _caller(request.principal, "".join(request.context.get("aws:principalarn", ())[:1]))

    def decide(self) -> Decision:
        """The decision, in the order of AWS's documentation: explicit denials, and then what must allow it."""
        layers = {kind: list(self._applying(kind, documents)) for kind, documents in self._documents()}
        for applying in layers.values():
            for each in applying:
                if not each.statement.allows:
                    return Decision(False, f"{each} denies it", each.kind, explicit=True, statements=(each,))
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
        if not entity or (_Grant.DIRECT in grants and not across):
            return
        if across or _Grant.ROLE not in grants:
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
        request, context = self._request, self._context
        for document in documents:
            for statement in document.statements:
                if not statement.about(request.action) or not statement.on(request.resource, context):
                    continue
                if not self._about_the_caller(kind, statement):
                    continue
                outcome = all_hold(statement.conditions, context)
                if outcome or (outcome is None and not statement.allows):
                    yield Applied(kind, document.name, statement)

    def _about_the_caller(self, kind: PolicyKind, statement: IamStatement) -> bool:
        if kind is PolicyKind.ENDPOINT and self._request.action.partition(":")[0].lower() in _GATEWAYS:
            # "If you specify the principal in the following format, access is granted only to the root user"
            # https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-gateway
            return ("AWS", "*") in statement.principals or self._caller.is_root
        return kind not in (PolicyKind.RESOURCE, PolicyKind.ENDPOINT) or self._grant(statement) is not None

    def _grant(self, statement: IamStatement) -> _Grant | None:
        """How a statement with principals names the caller; none if it doesn't.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
        """
        if statement.not_principals:
            return self._excepting(statement)
        named, caller = set(statement.principals), self._caller
        if named & caller.direct:
            return _Grant.DIRECT
        if ("AWS", caller.role) in named:
            return _Grant.ROLE
        return _Grant.ACCOUNT if named & caller.account else None

    def _excepting(self, statement: IamStatement) -> _Grant | None:
        """A Deny spares a caller whose account is named beside it, unless it has a permissions boundary.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        """
        named, caller = set(statement.not_principals), self._caller
        itself = {("AWS", caller.role)} if caller.role else caller.direct - {_EVERYONE}
        spared = bool(named & itself) and (not caller.account or bool(named & caller.account))
        bounded = self._policies.boundary is not None and not statement.allows
        return None if spared and not bounded else _Grant.DIRECT


class _Caller(NamedTuple):
    """How policies can name a caller."""

    kind: str
    """AWS, Service or Federated."""
    direct: frozenset[tuple[str, str]]
    role: str
    """ARN of its role; empty if it has none."""
    account: frozenset[tuple[str, str]]
    is_root: bool
    """Whether it is the account's root user, which may do everything that no policy denies."""


@lru_cache(1024)
def _caller(principal: str, role: str) -> _Caller:
    """A principal; `role` is `aws:PrincipalArn`, which has a role's path."""
    kind = _kind(principal)
    if kind != "AWS":
        return _Caller(kind, frozenset({_EVERYONE, (kind, principal)}), "", frozenset(), is_root=False)
    account = frozenset({("AWS", root_of(principal)), ("AWS", account_of(principal))})
    what = principal.split(":", 5)[-1]
    if what.startswith("role/"):
        return _Caller(kind, frozenset({_EVERYONE}), principal, account, is_root=False)
    direct = frozenset({_EVERYONE, ("AWS", principal)})
    if not what.startswith("assumed-role/"):
        return _Caller(kind, direct, "", account, is_root=what == "root")
    named = f"{root_of(principal).removesuffix('root')}role/{what.split('/')[1]}"
    return _Caller(kind, direct, role or named, account, is_root=False)


def _kind(principal: str) -> str:
    if not principal.startswith("arn:"):
        return "Service"
    return "Federated" if ":oidc-provider/" in principal or ":saml-provider/" in principal else "AWS"


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

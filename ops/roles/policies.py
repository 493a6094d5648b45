"""The policies of an environment's roles, as its synthesized stacks have them, for the evaluator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from environments.arns import account_of, root_of
from environments.names import Names
from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.gate.permissions.actors import Held, Principal
from ops.gate.requests.policies import Keys
from ops.gate.requests.policies import Policies as GatePolicies
from ops.gate.requests.policies import Request as Sample
from ops.gate.requests.roles import role_requests
from ops.gate.requests.services import service_requests
from ops.gate.stacks import Expected, select
from ops.gate.view import merged_view
from ops.iam.evaluation import Document, Policies, Request
from ops.iam.policy import IamStatement
from ops.roles.recording import Recorded

EVERYTHING = Document("everything", (IamStatement(sid="Everything", actions=("*",), resources=("*",)),))


@dataclass(frozen=True)
class Asked:
    """A request, with the policies that apply to it, and whether they must allow it."""

    request: Request
    policies: Policies
    allowed: bool
    why: str = ""
    """What it is for."""


@dataclass(frozen=True)
class Role:
    """A role."""

    name: str
    """Its purpose: `backend-task`."""
    arn: str
    identity: tuple[Document, ...]
    boundary: Document | None
    trust: Document


class Roles:
    """The roles of one environment, and what is asked of them."""

    @classmethod
    def read(cls, out: Path, environment: Environment, expected: Expected) -> Self:
        """Read the stacks of an environment.

        Args:
            out: What `synth` wrote.
            environment: Its values.
            expected: The stacks of its folder of values.
        """
        (stacks,) = select(out, [environment.name], expected).environment_stacks
        return cls(environment, merged_view(stacks))

    def __init__(self, environment: Environment, view: Sequence[ScannedBlock]) -> None:
        """Take the environment's values, and all blocks of its stacks."""
        self.names = Names(environment)
        self._index = Index(view)
        self._gate = GatePolicies(self._index, self.names)
        self.keys = {each.name: each.arn for each in self._gate.actors.keys}
        self.secrets = {each.name: each.arn for each in self._gate.actors.secrets}
        self.roles = {each.arn: _role(each) for each in self._gate.actors.principals if each.arn}
        self._endpoints = {
            service: _documents(held)[0] for service, held in self._gate.actors.endpoints.items() if held
        }
        self._own: dict[str, tuple[Document, ...]] = {}

    def samples(self) -> Iterator[Asked]:
        """The gate's sample requests that a role makes, or that assume a role."""
        of_services = (sample for _, sample in service_requests(self._index, self.names, self._gate.arns))
        for sample in (*role_requests(self.names, self._gate), *of_services):
            if sample.caller in self.roles or (sample.action.startswith("sts:") and sample.resource in self.roles):
                yield self.asked(sample)

    def asked(self, sample: Sample, why: str = "") -> Asked:
        """A sample request with the policies that apply to it."""
        environment, caller = self.names.environment, sample.caller
        service = not caller.startswith("arn:")
        account = "" if service else account_of(caller)
        known: dict[str, str | Sequence[str] | None] = {
            "aws:SecureTransport": "true",
            "aws:RequestedRegion": environment.region,
            "aws:PrincipalIsAWSService": str(service).lower(),
            "aws:PrincipalArn": None if service else caller,
            "aws:PrincipalAccount": account or None,
        }
        context = {key.lower(): value for key, value in {**known, **sample.keys}.items()}
        request = Request(
            principal=caller,
            account=account,
            action=sample.action,
            resource=sample.resource,
            owner=_owner(sample.resource) or environment.account_id,
            context={
                key: (value,) if isinstance(value, str) else tuple(value)
                for key, value in context.items()
                if value is not None
            },
        )
        return Asked(request, self._policies(sample), allowed=not sample.denied, why=why)

    def recorded(self, recorded: Recorded) -> Asked | None:
        """A recorded request, which must be allowed; none if the stacks don't have the role that made it."""
        caller = self.names.role_arn(recorded.role)
        if caller not in self.roles:
            return None
        account_id = self.names.environment.account_id
        implied = {"aws:resourceaccount": account_id}
        if recorded.action.startswith("kms:"):
            implied["kms:calleraccount"] = account_id
        keys: Keys = {**implied, **dict(recorded.keys)}
        through = keys.keys() & _THROUGH_AN_ENDPOINT
        sample = Sample(
            caller=caller,
            action=recorded.action,
            resource=self._known(recorded.resource),
            keys=keys,
            endpoint=_endpoint(recorded.operation) if through else "",
        )
        return self.asked(sample, why=recorded.operation)

    def _known(self, resource: str) -> str:
        """A recorded resource as the stacks name it: they don't know the ids that AWS chooses."""
        _, _, alias = resource.partition(":key/alias/")
        return self.keys.get(f"alias/{alias}".removeprefix(self.names.alias("")), resource) if alias else resource

    def _policies(self, sample: Sample) -> Policies:
        role = self.roles.get(sample.caller)
        trusting = _trusting(sample) if sample.action.startswith("sts:") else ()
        endpoint = self._endpoints.get(sample.endpoint)
        own = self._resource(sample)
        if sample.only == "endpoint":
            return Policies(identity=(EVERYTHING,), endpoint=endpoint)
        if sample.only == "boundary":
            return Policies(identity=(EVERYTHING,), boundary=role.boundary if role else None, resource=trusting)
        if role is None:
            return Policies(identity=(EVERYTHING,), resource=own)
        if sample.only == "identity":
            return Policies(identity=role.identity, resource=trusting)
        return Policies(identity=role.identity, boundary=role.boundary, resource=own, endpoint=endpoint)

    def _resource(self, sample: Sample) -> tuple[Document, ...]:
        if sample.resource in self.roles:
            return (self.roles[sample.resource].trust,) if sample.action.startswith("sts:") else ()
        if _owner(sample.resource) not in ("", self.names.environment.account_id):
            return _trusting(sample)
        if sample.resource not in self._own:
            block, statements = self._gate.own_policy(sample.resource)
            name = f"policy of {block.block.address}" if block else "log groups' policy"
            self._own[sample.resource] = (Document(name, tuple(statements)),) if statements else ()
        return self._own[sample.resource]


_THROUGH_AN_ENDPOINT = frozenset({"aws:sourcevpce"})
_ENDPOINTS = {"ecr": "ecr.api", "cloudwatch": "monitoring"}
"""Names of endpoints, by the name of the service in boto3, where the two differ."""


def _endpoint(operation: str) -> str:
    service = operation.partition(":")[0]
    return _ENDPOINTS.get(service, service)


def _owner(resource: str) -> str:
    """The account in an ARN; empty if there is none."""
    return account_of(resource) if resource.startswith("arn:") else ""


def _trusting(sample: Sample) -> tuple[Document, ...]:
    """The policy of a resource of another account, which lets the caller's account decide."""
    if not sample.caller.startswith("arn:"):
        return ()
    trusts = IamStatement(actions=("*",), principals=(("AWS", root_of(sample.caller)),))
    return (Document("policy of another account", (trusts,)),)


def _role(principal: Principal) -> Role:
    bounds = _documents(principal.boundary or ())
    return Role(
        principal.name,
        principal.arn,
        _documents(principal.identity),
        bounds[0] if bounds else None,
        Document(f"trust policy of {principal.name}", tuple(principal.trust)),
    )


def _documents(held: Sequence[Held]) -> tuple[Document, ...]:
    """The documents that statements are of, in their order."""
    found: dict[str, list[IamStatement]] = {}
    for each in held:
        found.setdefault(each.statement.block.block.address, []).append(each.statement)
    return tuple(Document(address, tuple(statements)) for address, statements in found.items())

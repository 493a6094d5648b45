"""The policies of an environment's roles, as its synthesized stacks have them, for the evaluator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from environments.names import Names
from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.gate.requests.policies import Keys
from ops.gate.requests.policies import Policies as GatePolicies
from ops.gate.requests.policies import Request as Sample
from ops.gate.requests.roles import role_requests
from ops.gate.requests.services import service_requests
from ops.gate.stacks import Expected, select
from ops.gate.view import merged_view
from ops.iam.evaluation import Policies, Request
from ops.roles.recording import Recorded


@dataclass(frozen=True)
class Asked:
    """A request, with the policies that apply to it, and whether they must allow it."""

    request: Request
    policies: Policies
    allowed: bool
    why: str = ""
    """What it is for."""


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
        self.roles = self._gate.roles

    def samples(self) -> Iterator[Asked]:
        """The gate's sample requests that a role makes, or that assume a role."""
        of_services = (sample for _, sample in service_requests(self._index, self.names, self._gate.arns))
        for sample in (*role_requests(self.names, self._gate), *of_services):
            if sample.caller in self.roles or (sample.action.startswith("sts:") and sample.resource in self.roles):
                yield self.asked(sample)

    def asked(self, sample: Sample, why: str = "") -> Asked:
        """A sample request with the policies that apply to it."""
        return Asked(self._gate.asked(sample), self._gate.applying(sample), allowed=not sample.denied, why=why)

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


_THROUGH_AN_ENDPOINT = frozenset({"aws:sourcevpce"})
_ENDPOINTS = {"ecr": "ecr.api", "cloudwatch": "monitoring"}
"""Names of endpoints, by the name of the service in boto3, where the two differ."""


def _endpoint(operation: str) -> str:
    service = operation.partition(":")[0]
    return _ENDPOINTS.get(service, service)

"""Which role can do what to the secrets, roles, keys and guards of an environment, held against its table.

What is evaluated: identity policies (inline, managed, attached), explicit Deny, NotAction, NotResource, wildcards,
permissions boundaries, trust policies, the own policies of secrets, repositories and keys, and those of the endpoints
that tasks read secrets and pull images through. Conditions on `aws:PrincipalArn` and
`kms:ResourceAliases` are evaluated, since the stacks decide them. Every other one is taken for met in an Allow and for
not met in a Deny: what is found is never less than what AWS would allow. A policy that no stack holds is taken for
everything. What isn't: service control policies, session policies, other resources' own policies, grants of keys, and
the policies of service-linked roles. docs/reachability.md says more.
"""

from __future__ import annotations

from collections.abc import Sequence

from environments.names import Names
from environments.permissions import CAPPED, permissions
from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.permissions.judge import EXTRA, MISSING, WIDER, Judge
from ops.gate.permissions.world import Actors

__all__ = ["CHECKS", "EXTRA", "MISSING", "WIDER", "who_may_what"]

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"
CHECKS = {
    EXTRA: Check(EXTRA, "No principal may do more than the table of permissions allows", _SOURCE, own=True),
    WIDER: Check(WIDER, "No policy is wider than the table of permissions by itself", _SOURCE, own=True),
    MISSING: Check(MISSING, "Everything in the table of permissions is allowed", _SOURCE, own=True),
}


def who_may_what(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Hold one environment's policies against its table.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.

    Raises:
        UntrustedError: A policy is written in a way that only Terraform can evaluate.
    """
    ledger = Ledger()
    actors = Actors(Index(view), Names(environment))
    Judge(actors, permissions(environment), ledger).judge(CAPPED, view[0].block)
    return ledger.records()

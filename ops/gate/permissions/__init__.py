"""Checks what each role may do to secrets, roles, keys and security settings, against the table of permissions.

Evaluated are identity policies (inline, managed, attached), explicit Deny, NotAction, NotResource, wildcards,
permissions boundaries, trust policies, the own policies of secrets, repositories and keys, and those of the endpoints
that tasks read secrets and pull images through, with conditions on `aws:PrincipalArn` and `kms:ResourceAliases`.
Other conditions are unknown: they count as met in an Allow and as unmet in a Deny, so the result never allows less
than AWS. A policy that is in no stack counts as allowing everything. Not evaluated are service control policies,
session policies, other resources' own policies, grants of keys, and the policies of service-linked roles. See
docs/reachability.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from environments.names import Names
from environments.permissions import CAPPED, permissions
from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.permissions.actors import Actors
from ops.gate.permissions.judge import EXTRA, MISSING, WIDER, Judge

__all__ = ["CHECKS", "EXTRA", "MISSING", "WIDER", "who_may_what"]

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"
CHECKS = {
    EXTRA: Check(EXTRA, "No principal may do more than the table of permissions allows", _SOURCE, own=True),
    WIDER: Check(WIDER, "No policy on its own allows more than the table of permissions", _SOURCE, own=True),
    MISSING: Check(MISSING, "Everything in the table of permissions is allowed", _SOURCE, own=True),
}


def who_may_what(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare one environment's policies with its table.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    ledger = Ledger()
    actors = Actors(Index.of(view), Names(environment))
    Judge(actors, permissions(environment), ledger).judge(CAPPED, view[0].block)
    return ledger.records()

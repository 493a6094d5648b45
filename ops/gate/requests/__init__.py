"""Checks sample requests against the policies: what production needs must be allowed, and what must fail denied.

A policy that lets too little through causes no error at apply: alerts, logs and audit records are dropped, tasks don't
start, and the next deployment fails. Other checks find what policies allow too much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from environments.names import Names
from environments.schema import Environment
from environments.schema.organization import Organization
from ops.gate.index import Index
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.requests.organization import guardrail_problems
from ops.gate.requests.policies import Policies, Request
from ops.gate.requests.roles import role_requests
from ops.gate.requests.services import service_requests

__all__ = ["CHECKS", "REQUEST", "wrong_guardrails", "wrong_requests"]

REQUEST = "ROLLOUT_REQUEST"
CHECKS = {
    REQUEST: Check(
        REQUEST,
        "Policies allow the requests that production needs, and deny those that must fail",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
        own=True,
    )
}


def wrong_requests(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Find the sample requests that an environment's policies allow or deny wrongly.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    ledger, index, names = Ledger(), Index.of(view), Names(environment)
    policies = Policies(index, names)
    for needed_by, request in _requests(index, names, policies):
        block = policies.holder(request) or needed_by
        ledger.judge(REQUEST, block.block, filter(None, [policies.wrong(request)]))
    return ledger.records()


def wrong_guardrails(view: Sequence[ScannedBlock], organization: Organization) -> list[Record]:
    """Find the sample requests that an organization's guardrails allow or deny wrongly.

    Args:
        view: The merged view of its stack.
        organization: Its values.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    ledger = Ledger()
    for block, problem in guardrail_problems(Index.of(view), organization):
        ledger.judge(REQUEST, block.block, filter(None, [problem]))
    return ledger.records()


def _requests(index: Index, names: Names, policies: Policies) -> Iterator[tuple[ScannedBlock, Request]]:
    yield from service_requests(index, names, policies.arns)
    fallback = next(index.resources())
    yield from ((fallback, request) for request in role_requests(names, policies))

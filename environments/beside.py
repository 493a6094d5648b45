"""What must hold between the values of an environment and those of another account, so that its roles can apply it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from environments.names import Names
from environments.schema import Environment
from environments.schema.organization import Organization
from environments.schema.rules import Problem

GLOBAL_REGION = "us-east-1"
"""Where the events of AWS's global endpoints arrive, so that the account phase has rules there.

https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
"""


def zone_problems(owner: Environment, others: Iterable[Environment]) -> Iterator[Problem]:
    """The role for other accounts' DNS records trusts them, and allows all of their names.

    Args:
        owner: An environment whose account may have the zone.
        others: All others.
    """
    shared = owner.access.shared_zone
    for other in others:
        zone, names = other.edge.zone, Names(other)
        if zone.role != Names(owner).role_arn("dns"):
            continue
        if shared is None:
            yield Problem("access.shared_zone", None, f"must be set: {other.name} writes its records with {zone.role}")
            continue
        if shared.id != zone.id:
            yield Problem("access.shared_zone.id", shared.id, f"must be {zone.id}, as {other.name}'s edge.zone.id is")
        writers = {names.role_arn("deployer"), names.role_arn("break-glass")}
        if missing := sorted(writers - set(shared.writers)):
            allowed = f"must have {', '.join(missing)}, which apply {other.name}'s edge and cutover"
            yield Problem("access.shared_zone.writers", shared.writers, allowed)
        readers = {names.role_arn("planner")} if zone.read_role == Names(owner).role_arn("dns-reader") else set()
        if missing := sorted(readers - {*shared.readers, *shared.writers}):
            allowed = f"must have {', '.join(missing)}, which plans {other.name}'s edge and cutover"
            yield Problem("access.shared_zone.readers", shared.readers, allowed)
        hosts = {*other.edge.names, *other.edge.certificate_names}
        if missing := sorted(hosts - set(shared.hosts)):
            allowed = f"must have {', '.join(missing)}, whose records {other.name} writes"
            yield Problem("access.shared_zone.hosts", shared.hosts, allowed)


def guardrail_problems(environment: Environment, organization: Organization) -> Iterator[Problem]:
    """The organization's guardrails allow the regions of its accounts.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    """
    if Names(environment).prefix not in {account.name for account in organization.accounts}:
        return
    if missing := sorted({environment.region, GLOBAL_REGION} - set(organization.allowed_regions)):
        allowed = f"must have {', '.join(missing)}, which {environment.name} uses; guardrails stop every role elsewhere"
        yield Problem("allowed_regions", organization.allowed_regions, allowed)

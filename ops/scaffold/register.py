"""The entries of a product's register of accepted risks: one for each risk that its values take (docs/gate.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from environments.schema import Environment, Product
from environments.schema.regions import GUARDDUTY, SECURITY_HUB, WAF, UsedService, lacks
from environments.schema.risks import CHOICES, Choice
from ops.files import read

COMMON = Path(__file__).parents[2] / "policies" / "risks.toml"
_YEAR = timedelta(days=364)


class _Reason(NamedTuple):
    """Why a risk is usually accepted."""

    why: str
    compensation: str
    owner: str
    closes: str


_REASONS = {
    "single_nat_gateway": _Reason(
        "one NAT gateway instead of one per zone is the largest saving of the starter profile",
        "running tasks in the other zone keep answering what needs no call to the internet",
        "platform lead",
        'nat="per_zone" in the profile',
    ),
    "single_zone_endpoints": _Reason(
        "AWS bills interface endpoints by zone and hour, so one zone costs least",
        "running tasks in the other zone keep answering; starting tasks and writing logs wait for the zone",
        "platform lead",
        "endpoint_zones left out of the profile",
    ),
    "single_task": _Reason(
        "one task per service costs least; downtime while it is replaced is accepted",
        "a deployment starts the new task before it stops the old one; an alarm fires when tasks are missing",
        "product owner",
        "a minimum of two tasks per service in the profile",
    ),
    "single_az_database": _Reason(
        "a standby doubles the database's cost",
        "backups with point-in-time recovery; storage and connection alarms; moving to Multi-AZ is in place",
        "product owner",
        "database_multi_az=True in the profile",
    ),
    "single_node_cache": _Reason(
        "a replica doubles the cache's cost; what it holds can be rebuilt",
        "snapshots, memory and eviction alarms; adding a replica is in place",
        "product owner",
        "cache_nodes=2 or more in the profile",
    ),
    "no_waf": _Reason(
        "the starter profile has no web application firewall, to cost less",
        "two ports are open, invalid headers are dropped, and 5xx and latency alarms show abuse",
        "security lead",
        "waf=True in the profile, at the latest before public launch",
    ),
    "no_guardduty_agent": _Reason(
        "GuardDuty's agent is billed by the vCPU hour of every task",
        "GuardDuty watches the account, its buckets and its database logins; root file systems are read-only",
        "security lead",
        "guardduty_agent=True in the profile",
    ),
    "unprotected": _Reason(
        "staging is destroyed and created again; protection would make that slower",
        "staging holds no customer data, and production reads nothing from it",
        "platform lead",
        "protected=True in the environment",
    ),
}
_ABSENT: dict[str, tuple[UsedService, str]] = {
    "no_guardduty": (GUARDDUTY, "the trail and AWS Config record what happens in the account, with alarms"),
    "no_guardduty_agent": (GUARDDUTY, "root file systems are read-only, and flow logs record all connections"),
    "no_security_hub": (SECURITY_HUB, "the gate checks each change, and AWS Config records what the account has"),
    "no_waf": (WAF, "two ports are open, invalid headers are dropped, and 5xx and latency alarms show abuse"),
}
"""What reduces a risk that is taken because the region lacks a service."""
_CHECKS = {"no_guardduty": "CKV_ROLLOUT_39", "no_security_hub": "CKV_ROLLOUT_42"}
"""The gate's finding in the account phase of every environment that takes the risk (policies/checks/account.py)."""
_ACCOUNT = "terraform.backend.s3"
"""What these checks judge: a missing resource has no address."""


def entries(environments: Sequence[Environment], taken: str) -> str:
    """Entries for the choices of these environments, of one product, and for what the gate finds because of them.

    Args:
        environments: The environments that are new.
        taken: The register's text so far; its ids aren't used again.
    """
    takers: dict[str, list[Environment]] = {}
    for environment in environments:
        for risk in environment.accepted_risks:
            takers.setdefault(risk, []).append(environment)
    ids = _ids(taken) | _ids(read(COMMON, f"git restore {COMMON.name}"))
    written = []
    for choice in CHOICES:
        if choice.risk not in takers:
            continue
        names = sorted(environment.name for environment in takers[choice.risk])
        accepted = {choice.risk: {"profile_risks": [choice.risk], "environments": names}}
        if check := _CHECKS.get(choice.risk):
            stacks = [f"{name}-account" for name in names]
            accepted[f"{choice.risk}_found"] = {"checks": [check], "resources": [_ACCOUNT], "stacks": stacks}
        for what, fields in accepted.items():
            usual = what.replace("_", "-")
            id_ = f"{names[0]}-{usual}" if usual in ids else usual
            written.append(_entry(id_, fields, _reason(choice, takers[choice.risk])))
    return "\n".join(written)


def _reason(choice: Choice, takers: Sequence[Environment]) -> _Reason:
    service, compensation = _ABSENT.get(choice.risk, (None, ""))
    if service and all(lacks(environment.region, service) for environment in takers):
        return _Reason(
            f"the region has no {service.name}, by botocore's endpoint data",
            compensation,
            "security lead",
            f"the setting turned on, when the region has {service.name}",
        )
    return _REASONS.get(choice.risk) or _Reason(
        f"these environments accept that {choice.meaning}",
        "none was written down yet: replace this sentence",
        "platform lead",
        f"another choice than {choice.risk} in the environment or its profile",
    )


def _ids(text: str) -> set[str]:
    return set(re.findall(r'^id = "(.*)"$', text, re.MULTILINE))


def whole(product: Product, environments: Sequence[Environment]) -> str:
    """The register of a new product."""
    head = (
        f"# The risks that {product.name} accepts; docs/gate.md has the rules. `make new-product` wrote these\n"
        "# entries: read each one, and change what isn't so. Your review of the change is what accepts them.\n"
    )
    return "\n".join([head, *filter(None, (entries(environments, ""), *_findings(product)))])


def _findings(product: Product) -> Iterator[str]:
    callers = [service.name.replace("-", "_") for service in product.services if service.internet]
    if callers:
        resources = [f"aws_vpc_security_group_egress_rule.{name}_to_internet_443_egress" for name in callers]
        reason = _Reason(
            "it calls services on the internet, whose addresses change without notice",
            "port 443 of these services only, through NAT, with flow logs; no other outbound connection is allowed",
            "security lead",
            "a filtering proxy, or AWS Network Firewall with an allow list of names",
        )
        fields = {"checks": ["CKV_ROLLOUT_4"], "resources": resources, "stacks": ["*-network"]}
        yield _entry("calls-on-the-internet", fields, reason)


def _entry(id_: str, fields: dict[str, list[str]], reason: _Reason) -> str:
    today = datetime.now(UTC).date()
    lines = [f"{name} = {json.dumps(values)}" for name, values in fields.items()]
    sentences = [f"{name} = {_text(text)}" for name, text in reason._asdict().items()]
    dates = [f"accepted = {today}", f"expires = {today + _YEAR}"]
    return "\n".join(["[[risk]]", f'id = "{id_}"', *lines, *sentences[:3], *dates, sentences[3], ""])


def _text(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'

"""Reads the table of requests that each role's policies must deny."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from environments.arns import account_of
from environments.schema import IamUser
from ops.gate.requests.policies import Request as Sample
from ops.gate.requests.policies import Role
from ops.iam.policy import listed
from ops.roles.policies import Asked, Roles

TABLE = Path(__file__).parents[2] / "rehearsal" / "negative.toml"
ELSEWHERE = "ap-south-1"


class _MissingError(Exception):
    """A text needs a value that the role or the environment doesn't have."""


class _Values(dict[str, str]):
    def __missing__(self, key: str) -> str:
        raise _MissingError(key)


def table() -> Mapping[str, list[Mapping[str, Any]]]:
    """Its rows by kind: `never`, what is denied; `redundant`, statements that nothing needs, each with why."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def negative(roles: Roles) -> Iterator[Asked]:
    """The requests of the table for the roles of one environment."""
    for row in table()["never"]:
        patterns = listed(row.get("assumes") or row["role"])
        for role in roles.roles.values():
            if any(fnmatchcase(role.name, pattern) for pattern in patterns):
                for sample in _samples(row, _values(roles, role)):
                    for by in ("", *row.get("by", ["identity"])) if "role" in row else ("",):
                        if by != "boundary" or role.boundary:
                            yield roles.asked(replace(sample, only=by), why=f"{row['why']} ({row['source']})")


def redundant(role: str, sid: str) -> bool:
    """Whether the table says that a statement of a role isn't needed."""
    return any(role in listed(row["role"]) and sid in listed(row["statement"]) for row in table()["redundant"])


def _samples(row: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[Sample]:
    def filled(text: Any) -> Any:
        return [filled(each) for each in text] if isinstance(text, list) else str(text).format_map(values)

    try:
        keys = {key: filled(value) for key, value in row.get("keys", {}).items()}
        caller = filled(row.get("caller", "{own}"))
    except _MissingError:
        return
    resources = row.get("resources", ["{own}"])
    for action in row.get("actions", ["sts:AssumeRole"]):
        for resource in resources:
            try:
                yield Sample(caller=caller, action=action, resource=filled(resource), keys=keys, denied=True)
            except _MissingError:
                continue


def _values(roles: Roles, role: Role) -> Mapping[str, str]:
    names, environment = roles.names, roles.names.environment
    people = {
        "deployer": environment.access.deployers,
        "planner": environment.access.planners,
        "break-glass": environment.access.administrators,
    }.get(role.name, ())
    found = {
        "account": environment.account_id,
        "region": environment.region,
        "elsewhere": ELSEWHERE,
        "prefix": names.prefix,
        "path": names.path,
        "product": environment.product.name,
        "stage": environment.stage,
        "state_bucket": names.state_bucket,
        "own": role.arn,
        "name": role.name,
        **{f"key_{purpose}": arn for purpose, arn in roles.keys.items()},
    }
    for person in people:
        found |= {"user": person.arn} if isinstance(person, IamUser) else {"sso_account": person.account_id}
    for kind, who in (principal for each in role.trust.statements for principal in each.principals):
        found |= {"service": who} if kind == "Service" else {}
    of_role = environment.product.service(role.name.removesuffix("-execution")) if "-execution" in role.name else None
    if of_role and of_role.secrets:
        found["own_secret"] = roles.secrets[of_role.secrets[0]]
    edge = environment.edge
    if not edge.zone.role:
        found |= {"own_zone": names.partition.zone(edge.zone.id or "Z123"), "host": edge.host}
    if zone := environment.access.shared_zone:
        found |= {"zone": names.partition.zone(zone.id), "zone_host": zone.hosts[0]}
        found["writer_account"] = account_of(zone.writers[0])
    return _Values(found)

"""What a stack has beside its resources, from the environment's values: providers, backend and remote states.

`modules/stack.py` writes it, with `record_writer` and `EventForward` for providers of another account or region. This
is the only other place that says what it must be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from environments import load_organization
from environments.arns import account_of, partition
from environments.beside import GLOBAL_REGION
from environments.names import ZONE_ROLE, Names
from environments.schema import Environment
from modules.phases import ORGANIZATION, PHASES, Phase

Settings = Mapping[str, Any]
_WRITE_RECORDS = frozenset({"edge", "cutover"})
"""Phases with records in the public zone."""


@dataclass(frozen=True)
class Frame:
    """What a stack has beside its resources."""

    backend: Settings
    providers: Mapping[str, Settings]
    """Configurations of the AWS provider by alias; the stack must have the one without an alias."""
    remote_states: Mapping[str, Settings] = field(default_factory=dict)
    """By the phase that is read."""
    variables: Mapping[str, Settings] = field(default_factory=dict)
    existing: Mapping[str, str] = field(default_factory=dict)
    """Ids of resources that Terraform may import, by address."""
    forgotten: Sequence[str] = ()
    """Addresses of what the environment's restores left: Terraform may forget it, and destroys nothing."""


def frames(environment: Environment) -> dict[str, Frame]:
    """The frame of each of an environment's stacks."""
    names = Names(environment)
    return {
        names.stack(phase.name): Frame(
            _backend(
                names.state_bucket,
                names.state_key(phase.name),
                environment.region,
                environment.account_id,
                names.alias_arn("state"),
            ),
            dict(_providers(environment, phase, names)),
            {read: _remote_state(environment, names, read) for read in phase.reads},
            dict(_variables(environment, phase)),
            environment.existing,
            tuple(_forgotten(names)) if phase.name == "data" else (),
        )
        for phase in PHASES
    }


def organization_frame() -> Frame:
    """The frame of the organization's stack."""
    values = load_organization()
    region, account_id = values.region, values.account_id
    tags = {
        "Project": values.unit,
        "Environment": ORGANIZATION,
        "Phase": ORGANIZATION,
        "Owner": values.owner,
        "Repository": values.repository,
    }
    key = partition(region).arn("kms", "alias/aws/s3", region=region, account_id=account_id)
    return Frame(
        _backend(values.state_bucket, f"{ORGANIZATION}.tfstate", region, account_id, key),
        {"": _provider(region, account_id, tags)},
    )


def _forgotten(names: Names) -> Iterator[str]:
    """Data stores that were restored: those that were the database or the cache before."""
    for name in names.databases[1:]:
        yield f"aws_db_instance.{names.store_id('database', name)}"
    for name in names.caches[1:]:
        yield f"aws_elasticache_replication_group.{names.store_id('cache', name)}"


def _providers(environment: Environment, phase: Phase, names: Names) -> Iterator[tuple[str, Settings]]:
    region, account_id, tags = environment.region, environment.account_id, names.tags(phase.name)
    own = _ignored(environment)
    yield "", {**_provider(region, account_id, tags), **own}
    writer = environment.edge.zone.role
    if phase.name in _WRITE_RECORDS and writer is not None:
        session = {"role_arn": f"${{var.{ZONE_ROLE}}}", "session_name": names.resource(phase.name)}
        yield "dns", {**_provider(region, account_of(writer), tags), **own, "alias": "dns", "assume_role": [session]}
    if phase.name == "account" and region != GLOBAL_REGION:
        yield "global_events", {**_provider(GLOBAL_REGION, account_id, tags), **own, "alias": "global_events"}


def _variables(environment: Environment, phase: Phase) -> Iterator[tuple[str, Settings]]:
    """The role that writes records in another account's zone: the planner's plans have the one that reads."""
    writer = environment.edge.zone.role
    if phase.name in _WRITE_RECORDS and writer is not None:
        yield ZONE_ROLE, {"type": "string", "default": writer}


def _ignored(environment: Environment) -> Settings:
    """What providers ignore: tags of others."""
    ignored = environment.ignored_tags
    if not (ignored.keys or ignored.key_prefixes):
        return {}
    return {"ignore_tags": [{"keys": list(ignored.keys), "key_prefixes": list(ignored.key_prefixes)}]}


def _provider(region: str, account_id: str, tags: Mapping[str, str]) -> Settings:
    return {"region": region, "allowed_account_ids": [account_id], "default_tags": [{"tags": dict(tags)}]}


def _backend(bucket: str, key: str, region: str, account_id: str, kms_key_id: str) -> Settings:
    return {
        "bucket": bucket,
        "key": key,
        "region": region,
        "allowed_account_ids": [account_id],
        "encrypt": True,
        "kms_key_id": kms_key_id,
        "use_lockfile": True,
    }


def _remote_state(environment: Environment, names: Names, phase: str) -> Settings:
    config = {
        "bucket": names.state_bucket,
        "key": names.state_key(phase),
        "region": environment.region,
        "allowed_account_ids": [environment.account_id],
    }
    return {"backend": "s3", "config": config}

"""What a rehearsal can order from the emulator beside AWS's own calls: POST /emulator/<order>, with JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.acm.models import acm_backends
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends
from moto.iam.models import iam_backends
from moto.rds.models import rds_backends
from moto.route53.models import route53_backends
from moto.s3.models import s3_backends

from environments.arns import root_of
from rehearsal.emulator import servers, web_identity
from rehearsal.emulator.access.tasks import task_credentials
from rehearsal.emulator.additions import acm, ecr, ecs, ecs_tasks
from rehearsal.emulator.agent import AgentOrder, AgentPlace, AgentWhen
from rehearsal.emulator.clock import Clock
from rehearsal.emulator.fargate import ordered
from rehearsal.emulator.faults import Fault, Faults

Order = Callable[..., object]
"""What it returns, the client gets as JSON."""


def orders(faults: Faults, clock: Clock) -> dict[str, Order]:
    """Every order by name. `Control` is the client of each."""

    def fail(**fault: Any) -> None:  # noqa: ANN401  (JSON; Fault has the types)
        planted = Fault(**fault)
        planted.model.operation_model(planted.operation)
        faults.planted.append(planted)

    def reset() -> None:
        # moto's own reset creates every backend again before it deletes it, which takes seconds and much memory.
        # S3 needs that, since it keeps files, and names of buckets beside its backends.
        for account in s3_backends.values():
            account.reset()
        in_use: list[dict[str, Any]] = vars(BackendDict)["_instances"]
        for backends in in_use:
            backends.clear()
        in_use.clear()
        reset_model_data()
        faults.planted.clear()
        clock.set(0)
        web_identity.addresses.clear()

    return {
        "reset": reset,
        "seed_zone": _seed_zone,
        "seed_role": _seed_role,
        "seed_issuer": _seed_issuer,
        "task_credentials": task_credentials,
        "seed_registry": _seed_registry,
        "scan_found_nothing": _scan_found_nothing,
        "age_images": _age_images,
        "raise_certificate_names": _raise_certificate_names,
        "fail": fail,
        "clock": clock.set,
        "roll_back": _roll_back,
        "task_exit": _task_exit,
        "run_commands": _run_commands,
        "database_server": _database_server,
        "database_servers": _database_servers,
        "guardduty_agent": _guardduty_agent,
    }


def _seed_zone(account_id: str, zone_id: str, name: str) -> None:
    backend = route53_backends[account_id]["aws"]
    if zone_id in backend.zones:
        return
    zone = backend.create_hosted_zone(name=f"{name.rstrip('.')}.", private_zone=False)
    del backend.zones[zone.resource_id]
    zone.resource_id = zone_id
    backend.zones[zone_id] = zone


def _seed_role(account_id: str, name: str, trusted: list[str], actions: list[str]) -> None:
    backend = iam_backends[account_id]["aws"]
    if any(role.name == name for role in backend.get_roles()):
        return
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": sorted({root_of(arn) for arn in trusted})},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": trusted}},
    }
    backend.create_role(
        name,
        json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    backend.put_role_policy(name, "seeded", json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))


def _seed_issuer(issuer: str, address: str) -> None:
    web_identity.addresses[issuer] = address


def _seed_registry(account_id: str, region: str, endpoint: str) -> None:
    ecr.registry(ecr_backends[account_id][region])["proxyEndpoint"] = endpoint


def _scan_found_nothing(account_id: str, region: str, repository: str, digest: str) -> None:
    ecr.scanned(ecr_backends[account_id][region]).add((repository, digest))


def _age_images(account_id: str, region: str, repository: str, seconds: int) -> None:
    for image in ecr_backends[account_id][region].repositories[repository].images:
        image.image_pushed_at -= seconds


def _raise_certificate_names(account_id: str, region: str, names: int) -> None:
    acm.quotas(acm_backends[account_id][region])["names"] = names


def _roll_back(account_id: str, region: str, cluster: str, service: str) -> None:
    ecs.rollbacks(ecs_backends[account_id][region]).add((cluster, service))


def _task_exit(account_id: str, region: str, family: str, **ends: Any) -> None:  # noqa: ANN401  (JSON; Exit has the types)
    ecs_tasks.exits(ecs_backends[account_id][region]).setdefault(family, []).append(ecs_tasks.Exit(**ends))


def _run_commands(account_id: str, region: str, family: str, variables: dict[str, str]) -> None:
    programs = ecs_tasks.programs(ecs_backends[account_id][region])
    if variables:
        programs[family] = variables
    else:
        programs.pop(family, None)


def _database_server(account_id: str, region: str, identifier: str, url: str) -> None:
    servers.name(rds_backends[account_id][region], identifier, url)


def _database_servers(account_id: str, region: str) -> dict[str, str]:
    return servers.urls(rds_backends[account_id][region])


def _guardduty_agent(account_id: str, region: str, when: str, place: str, failure: str) -> None:
    order = AgentOrder(AgentWhen(when), AgentPlace(place), failure)
    ordered(ecs_backends[account_id][region]).agent = order

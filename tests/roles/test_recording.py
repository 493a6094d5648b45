"""A recording has each request once, and nothing that AWS chooses or that changes with time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from environments.names import Names
from ops.errors import OpsError
from ops.roles.recording import Recorded, Recording, path, paths, read, recording_of
from tests.cases import every_case
from tests.products import OF_AEP

(PROD,) = (subject.environment for subject in OF_AEP if subject.environment.name == "prod")
NAMES = Names(PROD)
IMPLIED = {"aws:requestedregion": [PROD.region], "aws:resourceaccount": [PROD.account_id]}


def record(resource: str, role: str = "deployer", **keys: list[str]) -> Mapping[str, object]:
    """A record of the emulator."""
    context = {**IMPLIED, **{key.replace("__", ":"): values for key, values in keys.items()}}
    calls = {"operation": "ecs:RunTask", "action": "ecs:RunTask", "resource": resource, "context": context}
    return {"role": NAMES.role_arn(role), **calls}


@every_case(
    ("service", "given", "wanted"),
    [
        ("ec2", "vpc/vpc-0a1b2c3d4e5f60718", "vpc/vpc-1"),
        ("ecs", "task/aep-prod/58982329-f406-4433-a42e-4d4cf2d8e168", "task/aep-prod/1"),
        ("ecs", "task-definition/aep-backend-prod:17", "task-definition/aep-backend-prod:1"),
        ("elasticloadbalancing", "loadbalancer/app/aep-prod/a019a619fb8ff8aa", "loadbalancer/app/aep-prod/1"),
        ("rds", "snapshot:aep-prod-before-migration-7-20261125-120000", "snapshot:aep-prod-before-migration-7-1"),
        ("secretsmanager", "secret:/aep/prod/DATABASE_URL-x9Yz12", "secret:/aep/prod/DATABASE_URL-Ab1Cd2"),
        ("secretsmanager", "secret:/aep/prod/*", "secret:/aep/prod/*"),
    ],
)
def test_what_aws_chooses_is_left_out(service: str, given: str, wanted: str) -> None:
    (found,) = Recording.of([record(NAMES.arn(service, given))], NAMES).requests
    assert found.resource == NAMES.arn(service, wanted)


def test_a_key_is_named_by_its_alias_and_a_zone_only_if_values_have_it() -> None:
    arn = NAMES.arn("kms", "key/58982329-f406-4433-a42e-4d4cf2d8e168")
    key = record(arn, kms__resourcealiases=["alias/aep-prod-state"])
    zones = (record(f"arn:aws:route53:::hostedzone/{each}") for each in ("ZNEW123", PROD.edge.zone.id))
    found = {each.resource for each in Recording.of([key, *zones], NAMES).requests}
    zone = f"arn:aws:route53:::hostedzone/{PROD.edge.zone.id}"
    assert found == {NAMES.arn("kms", "key/alias/aep-prod-state"), "arn:aws:route53:::hostedzone/1", zone}


def test_a_request_is_recorded_once_in_any_order_of_its_keys_and_only_of_the_environments_roles() -> None:
    one = record("*", aws__tagkeys=["Owner", "Phase"], aws__requestedregion=["eu-west-1"])
    same = record("*", aws__tagkeys=["Phase", "Owner"], aws__requestedregion=["eu-west-1"])
    another = {**one, "role": "arn:aws:iam::999999999999:role/other"}
    keys = (("aws:requestedregion", ("eu-west-1",)), ("aws:tagkeys", ("Owner", "Phase")))
    wanted = (Recorded("deployer", "ecs:RunTask", "ecs:RunTask", "*", keys),)
    assert Recording.of([one, same, another], NAMES).requests == wanted


def test_recordings_of_one_environment_are_read_together(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    first = Recording.of([record("*", aws__tagkeys=["Owner"]), record("*")], NAMES)
    second = Recording.of([record("*"), record("*", role="planner")], NAMES)
    first.write(path(tmp_path, "prod"))
    second.write(path(tmp_path, "prod-go-live"))
    Recording("staging", first.requests).write(path(tmp_path, "staging"))
    assert read(path(tmp_path, "prod")) == first
    found = recording_of("prod", paths(tmp_path))
    assert found is not None
    assert set(found.requests) == {*first.requests, *second.requests}
    assert str(found) == str(recording_of("prod", reversed(paths(tmp_path))))
    assert recording_of("demo", paths(tmp_path)) is None


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2}', '{"version": 1, "environment": "x"}'])
def test_another_file_is_an_error_of_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "requests-prod.json"
    file.write_text(text)
    with pytest.raises(OpsError, match=r"^\S+requests-prod.json: isn't a recording of version 1 .*make rehearse$"):
        read(file)


def test_the_folder_of_a_recording_is_created(tmp_path: Path) -> None:
    """Go-live day records into the reports of a folder that has none yet."""
    recording = Recording.of([record("*")], NAMES)
    recording.write(tmp_path / "reports" / "requests-prod.json")
    assert read(tmp_path / "reports" / "requests-prod.json") == recording
